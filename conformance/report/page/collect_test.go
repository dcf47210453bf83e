package page

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/report"
	"go.parity/conformance/trace"
)

// TestCollectShowsWhatWasJudged has the parts hand over what the sample shows.
func TestCollectShowsWhatWasJudged(t *testing.T) {
	want := sample()
	want.Study = "" // WriteStudy's
	part := func(name, poller string, recordings ...any) report.Part {
		p := report.Part{Name: name, Poller: poller}
		for _, r := range recordings {
			c := conformance.Check{Name: name, Status: conformance.Same}
			c.Record(r)
			p.Checks = append(p.Checks, c)
		}
		return p
	}
	want.OwnTraces = []*trace.Diff{{Scenario: "another"}}
	r := &report.Report{Parts: []report.Part{
		part("api", ""), part("scenario", "runtime"), part("trace", "runtime", want.Traces[0]), part("trace", "epoll", want.OwnTraces[0]),
		part("fault", "runtime", want.Faults),
	}}
	for _, row := range want.API {
		r.Parts[0].Checks = append(r.Parts[0].Checks, part("api", "", row).Checks...)
	}
	for _, c := range want.Scenarios {
		r.Parts[1].Checks = append(r.Parts[1].Checks, part("scenario", "", c).Checks...)
	}
	got, err := Collect(r, want.Bench)
	if err != nil {
		t.Fatal(err)
	}
	want.Report = r
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(report.Part{}, trace.Diff{})); diff != "" {
		t.Errorf("Collect() (-want +got):\n%s", diff)
	}
	r.Parts[1].Checks[0].Recording = []byte("{")
	if _, err := Collect(r, nil); err == nil {
		t.Error("Collect() of a recording that is cut off succeeds")
	}
}

func TestPageTellsOfThePreflight(t *testing.T) {
	d := sample()
	d.Report.Host.Preflight = []host.Finding{
		{Need: host.Loopback, Words: "the loopback interface", Here: true, Detail: "127.0.0.1"},
		{Need: host.IPv6, Words: "IPv6 on the loopback interface", Detail: "no such address"},
		{Need: host.Proc, Words: "/proc", Here: true, Detail: "/proc"},
	}
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<dt>Has</dt><dd>127.0.0.1, /proc</dd>", "<dt>Lacks</dt><dd>IPv6 on the loopback interface: no such address</dd>",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
