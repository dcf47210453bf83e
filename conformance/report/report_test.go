package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"go.parity/conformance"
	"go.parity/conformance/host"
)

// fake returns a source that reports the checks, under the names that it
// announces.
func fake(name string, names []string, err error, checks ...conformance.Check) Source {
	return Source{Part: conformance.Part{
		Name:  name,
		Doc:   "a fake",
		Names: func(context.Context) ([]string, error) { return names, nil },
		Run: func(_ context.Context, match func(string) bool, report func(conformance.Check)) error {
			for _, c := range checks {
				if match(c.Name) {
					report(c)
				}
			}
			return err
		},
	}}
}

func check(name string, s conformance.Status, detail string) conformance.Check {
	return conformance.Check{Name: name, Status: s, Detail: detail}
}

func all(string) bool { return true }

func TestGatherVerdict(t *testing.T) {
	abcdef := []string{"a", "b", "c", "d", "e", "f"}
	ab, abc := abcdef[:2], abcdef[:3]
	without := func(name string, n host.Need) conformance.Check {
		return conformance.NotPossible(name, &host.Lack{Need: n, Why: "because of " + name})
	}
	polled := func(poller string, c conformance.Check) Source {
		s := fake("x", ab[:1], nil, c)
		s.Poller = poller
		return s
	}
	same := fake("fine", ab, nil, check("a", conformance.Same, ""), check("b", conformance.Same, ""))
	partial := fake("api", ab, nil, check("a", conformance.Missing, ""), check("b", conformance.Same, ""))
	partial.Partial = true
	tests := []struct {
		name    string
		sources []Source
		want    Result
		text    string // of the verdict
	}{
		{"same", []Source{same}, Same, "same, 2 of 2 alike"},
		{"differs", []Source{same, fake("x", ab, nil, check("a", conformance.Differs, "-1 +2"), check("b", conformance.Same, ""))},
			Different, "different: 1 of 4 checks differs"},
		{"missing", []Source{fake("x", ab, nil, check("a", conformance.Missing, ""), check("b", conformance.Missing, ""))},
			Different, "different: 2 of 2 checks differ"},
		{"missing where that is listed", []Source{partial}, Same, "same, 1 of 2 alike, 1 listed as missing"},
		{"not possible", []Source{same, fake("x", abc, nil, check("a", conformance.Same, ""), without("b", host.IPv6), without("c", host.IPv6))},
			Same, "same, 3 of 5 alike, 2 not possible without IPv6"},
		{"not possible for two reasons", []Source{same, fake("x", abc, nil, without("a", host.NoLowPorts), without("b", host.MappedIPv4), check("c", conformance.Same, ""))},
			Same, "same, 3 of 5 alike, 1 not possible as root, 1 not possible without IPv6"},
		{"not possible for many reasons", []Source{same, fake("x", abcdef, nil, without("a", host.IPv6), without("b", host.Ptrace), without("c", host.Proc),
			without("d", host.Localhost), without("e", host.Multicast), without("f", host.NoRawSockets)), same},
			Unfinished, "unfinished: 4 of 10 alike, but there is no evidence from x, 1 not possible without IPv6, 1 not possible without ptrace, " +
				"1 not possible without /proc, 1 not possible without localhost in /etc/hosts, 2 for 2 other reasons"},
		{"not made for a reason of the part's own", []Source{same, fake("x", ab, nil, check("a", conformance.Skipped, "no moon\nat all"), check("b", conformance.Same, ""))},
			Same, "same, 3 of 4 alike, 1 not checked: no moon"},
		{"nothing possible", []Source{fake("x", ab[:1], nil, without("a", host.IPv6))},
			Unfinished, "unfinished: nothing was compared, 1 not possible without IPv6"},
		{"nothing possible in one part", []Source{same, fake("x", ab[:1], nil, without("a", host.Loopback))},
			Unfinished, "unfinished: 2 of 3 alike, but there is no evidence from x, 1 not possible without a loopback interface"},
		{"nothing possible with any poller", []Source{same, polled("runtime", without("a", host.Ptrace)), polled("epoll", without("a", host.Ptrace))},
			Unfinished, "unfinished: 2 of 4 alike, but there is no evidence from x, 2 not possible without ptrace"},
		{"nothing possible with one poller", []Source{polled("runtime", check("a", conformance.Same, "")), polled("epoll", without("a", host.RuntimePoller))},
			Unfinished, "unfinished: 1 of 2 alike, but there is no evidence from x with epoll, 1 not possible with a poller of net2's own"},
		{"part not possible", []Source{same, fake("x", ab, fmt.Errorf("making it: %w", &host.Lack{Need: host.GoCommand}))},
			Unfinished, "unfinished: 2 of 2 alike, but there is no evidence from x, not possible without the go command"},
		{"part fails", []Source{same, fake("x", ab, errors.New("no such toolchain"))},
			Unfinished, "unfinished: 2 of 2 alike, but there is no evidence from x"},
		{"part fails beside a difference", []Source{fake("y", ab[:1], nil, check("a", conformance.Differs, "")), fake("x", ab, errors.New("no"))},
			Different, "different: 1 of 1 check differs"},
		{"not possible beside a difference", []Source{fake("y", ab, nil, check("a", conformance.Differs, ""), without("b", host.IPv6))},
			Different, "different: 1 of 2 checks differs, 1 not possible without IPv6"},
		{"check without result", []Source{same, fake("x", ab, nil, check("a", conformance.Same, ""))},
			Unfinished, "unfinished: 3 of 3 alike, but there is no evidence from x"},
		{"check out of nowhere", []Source{same, fake("x", ab[:1], nil, check("a", conformance.Same, ""), check("z", conformance.Same, ""))},
			Unfinished, "unfinished: 4 of 4 alike, but there is no evidence from x"},
		{"check told twice", []Source{same, fake("x", ab[:1], nil, check("a", conformance.Same, ""), check("a", conformance.Same, ""))},
			Unfinished, "unfinished: 4 of 4 alike, but there is no evidence from x"},
		{"panic", []Source{same, {Part: conformance.Part{
			Name:  "x",
			Names: func(context.Context) ([]string, error) { return ab, nil },
			Run:   func(context.Context, func(string) bool, func(conformance.Check)) error { panic("no luck") },
		}}}, Unfinished, "unfinished: 2 of 2 alike, but there is no evidence from x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Gather(t.Context(), Host{}, tt.sources, all, func(Progress) {})
			if r.Verdict.Result != tt.want || r.Verdict.Text != tt.text {
				t.Errorf("Gather().Verdict = %q, %q, want %q, %q", r.Verdict.Result, r.Verdict.Text, tt.want, tt.text)
			}
		})
	}
}

func TestGatherOrderAndMatch(t *testing.T) {
	s := fake("x", []string{"a", "b", "c"}, nil,
		check("c", conformance.Same, ""), check("a", conformance.Same, ""), check("b", conformance.Same, ""))
	other := fake("y", []string{"a"}, nil, check("a", conformance.Same, ""))
	var seen []string
	r := Gather(t.Context(), Host{}, []Source{s, other}, func(name string) bool { return name == "x/c" || name == "x/a" }, func(p Progress) {
		seen = append(seen, fmt.Sprint(p.Part, " ", p.Done, "/", p.Total, " ", p.Ended))
	})
	if len(r.Parts) != 1 {
		t.Fatalf("Gather() = %d parts, want only the one that matches", len(r.Parts))
	}
	var names []string
	for _, c := range r.Parts[0].Checks {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"a", "c"}, names); diff != "" {
		t.Errorf("checks in another order than announced (-want +got):\n%s", diff)
	}
	want := []string{"x 0/0 false", "x 1/2 false", "x 2/2 false", "x 2/2 true", "y 0/0 false"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestGatherInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	obedient := fake("x", []string{"a", "b"}, nil, check("a", conformance.Same, ""))
	run := obedient.Run
	obedient.Run = func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
		run(ctx, match, report)
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	r := Gather(ctx, Host{}, []Source{obedient, fake("y", []string{"a"}, nil)}, all, func(Progress) {})
	if want := "unfinished: interrupted after 1 check, all the same"; r.Verdict.Text != want || len(r.Parts) != 1 {
		t.Errorf("Gather() interrupted = %q with %d parts, want %q with 1", r.Verdict.Text, len(r.Parts), want)
	}
}

// A part that ignores the interrupt must not hold up an interrupted run. It may
// go on reporting to nobody.
func TestGatherInterruptedDeaf(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release, ended := make(chan struct{}), make(chan struct{})
	deaf := fake("x", []string{"a"}, nil)
	deaf.Run = func(_ context.Context, _ func(string) bool, report func(conformance.Check)) error {
		defer close(ended)
		cancel()
		<-release
		report(check("a", conformance.Differs, ""))
		return nil
	}
	start := time.Now()
	r := Gather(ctx, Host{}, []Source{deaf}, all, func(Progress) {})
	if took := time.Since(start); took > grace+2*time.Second {
		t.Errorf("Gather() took %v, want about %v", took, grace)
	}
	close(release)
	<-ended
	if len(r.Parts[0].Checks) != 0 || r.Verdict.Result != Unfinished {
		t.Errorf("Gather() = %d checks, %v, want none, %v", len(r.Parts[0].Checks), r.Verdict.Result, Unfinished)
	}
}

func TestWriteJSONFields(t *testing.T) {
	r := Gather(t.Context(), Host{Kernel: "k", Date: time.Unix(0, 0).UTC()}, []Source{
		fake("x", []string{"a"}, nil, check("a", conformance.Differs, "<why>")),
	}, all, func(Progress) {})
	r.Elapsed, r.Parts[0].Elapsed = 5, 4
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	counts := `{"checks": 1, "same": 0, "differs": 1, "missing": 0, "skipped": 0}`
	if err := json.Unmarshal([]byte(`{
		"schema": 2,
		"host": {"kernel": "k", "go": "", "platform": "", "cpus": 0, "pollers": null, "user": "", "date": "1970-01-01T00:00:00Z", "preflight": null},
		"parts": [{"name": "x", "doc": "a fake", "partial": false, "elapsed": 4, "counts": `+counts+`,
			"checks": [{"name": "a", "status": "differs", "detail": "<why>", "elapsed": 0}]}],
		"counts": `+counts+`,
		"verdict": {"result": "different", "text": "different: 1 of 1 check differs", "not_checked": []},
		"elapsed": 5
	}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("WriteJSON() (-want +got):\n%s", diff)
	}
}

func TestTextWrite(t *testing.T) {
	api := fake("api", []string{"A", "B"}, nil, check("A", conformance.Missing, ""), check("B", conformance.Missing, ""))
	api.Partial = true
	bad := fake("traffic", []string{"it's", "fine", "no"}, nil,
		check("it's", conformance.Differs, "-net +net2\n-1\n+2"), check("fine", conformance.Same, ""), conformance.NotPossible("no", &host.Lack{Need: host.IPv6, Why: "no such address"}))
	bad.Advice = "Mend it."
	r := Gather(t.Context(), Host{}, []Source{api, bad}, all, func(Progress) {})
	r.Elapsed = 1500 * time.Millisecond
	for i := range r.Parts {
		r.Parts[i].Elapsed = 20 * time.Millisecond
	}
	var b strings.Builder
	if err := (Text{Command: "parity"}).Write(&b, r); err != nil {
		t.Fatal(err)
	}
	const want = `  part      checks     same  differs  missing  skipped     time
  api            2        -        -        2        -     20ms
  traffic        3        1        1        -        1     20ms
  all            5        1        1        2        1     1.5s

differs  traffic/it's
    -net +net2
    -1
    +2
    what to do: Mend it.
    to see it alone: parity -v -run '^traffic/it'\''s$'

missing  api, 2 (listed, no divergence)
    A, B

not checked
       1  needs IPv6 on the loopback interface: no such address

verdict: different: 1 of 5 checks differs, 1 not possible without IPv6
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("Write() (-want +got):\n%s", diff)
	}
	b.Reset()
	if err := (Text{Color: true, Verbose: true}).Write(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x1b[31mdiffers\x1b[0m", "\x1b[32msame   \x1b[0m", "\x1b[31m-1\x1b[0m", "needs IPv6"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("Write() in colour lacks %q:\n%s", want, b.String())
		}
	}
}

func TestTextHeader(t *testing.T) {
	h := Host{Kernel: "k", Preflight: []host.Finding{
		{Need: host.Loopback, Words: "the loopback interface", Here: true, Detail: "127.0.0.1"},
		{Need: host.IPv6, Words: "IPv6 on the loopback interface", Detail: "no such address"},
		{Need: host.Proc, Words: "/proc", Here: true, Detail: "/proc"},
	}}
	var b strings.Builder
	if err := (Text{}).Header(&b, h); err != nil {
		t.Fatal(err)
	}
	const want = "  has     127.0.0.1, /proc\n  lacks   IPv6 on the loopback interface: no such address\n"
	if !strings.Contains(b.String(), want) {
		t.Errorf("Header() = %q, want it to end with %q", b.String(), want)
	}
}

func TestTextListWraps(t *testing.T) {
	var b strings.Builder
	Text{Width: 20}.list(&b, []string{"alpha", "beta", "gamma", "delta"})
	const want = "    alpha, beta,\n    gamma, delta\n"
	if b.String() != want {
		t.Errorf("list() = %q, want %q", b.String(), want)
	}
}
