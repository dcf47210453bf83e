package study

import (
	"context"
	"errors"
	"io"

	"go.parity/conformance"
	"go.parity/conformance/study/page"
	"go.parity/conformance/trace"
)

// writePage records every scenario and writes the study as a page.
func writePage(ctx context.Context, record recorder, w io.Writer) error {
	var d page.Data
	d.Std, d.Ours = page.Sources(ctx)
	for _, s := range trace.Scenarios() {
		onNet, onNet2, err := record(ctx, s)
		if errors.Is(err, trace.ErrForbidden) {
			d.NotRecorded = err.Error()
			break
		}
		if err != nil {
			return err
		}
		diff := trace.Compare(s, onNet, onNet2)
		d.Diffs = append(d.Diffs, diff)
		if trace.Poller != conformance.Runtime {
			continue
		}
		own, err := trace.RecordWith(ctx, conformance.Epoll, s, trace.Net2)
		if err != nil {
			return err
		}
		if o := trace.CompareWith(conformance.Epoll, s, onNet, own); !trace.Alike(s, diff, o) {
			d.Own = append(d.Own, o)
		}
	}
	return page.Write(w, d)
}
