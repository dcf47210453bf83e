package study

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"go.parity/conformance"
	"go.parity/conformance/study/page"
	"go.parity/conformance/trace"
)

// writePage records every scenario and writes the study as a page.
func writePage(ctx context.Context, record recorder, w io.Writer) error {
	d := page.Data{Ours: page.Source(goSays(ctx, "list", "-f", "{{.Root}}", "go.parity/net2"))}
	if root := goSays(ctx, "env", "GOROOT"); root != "" {
		d.Std = page.Source(filepath.Join(root, "src"))
	}
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

// goSays is what the go command answers, "" where it cannot: the page then
// goes without that source.
func goSays(ctx context.Context, args ...string) string {
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
