package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"go.parity/conformance"
	"go.parity/conformance/nettest"
	"go.parity/conformance/report"
)

func TestMain(m *testing.M) {
	nettest.Child()
	child(sources())
	os.Exit(m.Run())
}

// fake is a source of one check for each status.
func fake(name string, statuses ...conformance.Status) report.Source {
	return report.Source{Part: conformance.Part{
		Name: name,
		Doc:  "a fake",
		Names: func(context.Context) ([]string, error) {
			var names []string
			for _, s := range statuses {
				names = append(names, "is "+string(s))
			}
			return names, nil
		},
		Run: func(ctx context.Context, match func(string) bool, tell func(conformance.Check)) error {
			for _, s := range statuses {
				if name := "is " + string(s); match(name) {
					tell(conformance.Check{Name: name, Status: s, Detail: "because " + string(s)})
				}
			}
			return ctx.Err()
		},
	}}
}

func failing(name string) report.Source {
	s := fake(name, conformance.Same)
	s.Run = func(context.Context, func(string) bool, func(conformance.Check)) error { return io.ErrUnexpectedEOF }
	return s
}

func call(ctx context.Context, sources []report.Source, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	c := command{stdout: &out, stderr: &err, sources: sources, host: thisHost(), env: os.Getenv}
	code = c.run(ctx, args)
	return code, out.String(), err.String()
}

func TestRunExitCodeAndVerdict(t *testing.T) {
	good, bad := fake("good", conformance.Same), fake("bad", conformance.Same, conformance.Differs)
	skipping := fake("skipping", conformance.Skipped)
	tests := []struct {
		name    string
		sources []report.Source
		args    []string
		code    int
		want    string // in stdout
	}{
		{"same", []report.Source{good}, nil, 0, "\nverdict: same, 1 of 1 alike\n"},
		{"different", []report.Source{good, bad}, nil, 1, "\nverdict: different: 1 of 3 checks differs\n"},
		{"different, told how to go on", []report.Source{good, bad}, nil, 1, "-v -run '^bad/is differs$'"},
		{"different, but not asked", []report.Source{good, bad}, []string{"-run", "same"}, 0, "\nverdict: same, 2 of 2 alike\n"},
		{"one part", []report.Source{good, bad}, []string{"good"}, 0, "\nverdict: same, 1 of 1 alike\n"},
		{"not all checked", []report.Source{fake("some", conformance.Same, conformance.Skipped)}, nil, 0, "\nverdict: same, 1 of 2 alike, 1 not checked: because skipped\n"},
		{"nothing checked of one part", []report.Source{good, skipping}, nil, 3, "\nverdict: unfinished: 1 of 2 alike, but there is no evidence from skipping,"},
		{"nothing checked", []report.Source{skipping}, nil, 3, "\nverdict: unfinished: nothing was compared"},
		{"part fails", []report.Source{good, failing("ill")}, nil, 3, "no evidence from ill\n"},
		{"verbose", []report.Source{good}, []string{"-v"}, 0, "is same"},
		{"list", []report.Source{good, bad}, []string{"-list"}, 0, "good/is same\nbad/is same\nbad/is differs\n"},
		{"list some", []report.Source{good, bad}, []string{"-list", "-run", "^bad/"}, 0, "bad/is same\nbad/is differs\n"},
		{"-h", []report.Source{good}, []string{"-h"}, 0, "  good       a fake\n"},
		{"help", []report.Source{good}, []string{"help"}, 0, "  good       a fake\n"},
		{"help on help", []report.Source{good}, []string{"help", "help"}, 0, "  good       a fake\n"},
		{"help has the exit codes", []report.Source{good}, []string{"help"}, 0, conformance.ExitCodes},
		{"help on study", []report.Source{good}, []string{"help", "study"}, 0, "usage: parity study"},
		{"study -h", []report.Source{good}, []string{"study", "-h"}, 0, conformance.ExitCodes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := call(t.Context(), tt.sources, tt.args...)
			if code != tt.code || !strings.Contains(stdout, tt.want) {
				t.Errorf("parity %q = %d, want %d and %q in:\n%s%s", tt.args, code, tt.code, tt.want, stdout, stderr)
			}
		})
	}
}

func TestRunMisuse(t *testing.T) {
	for _, args := range [][]string{
		{"-nonsense"}, {"-run", "("}, {"-run", "matches nothing"}, {"-list", "-run", "matches nothing"}, {"unknown"}, {"help", "me"}, {"help", "study", "accept"}, {"good", "-v"}, {"-json=perhaps"},
	} {
		code, _, stderr := call(t.Context(), []report.Source{fake("good", conformance.Same)}, args...)
		last := strings.TrimSuffix(stderr, "\n")
		last = last[strings.LastIndexByte(last, '\n')+1:]
		if code != conformance.ExitUsage || !strings.HasPrefix(last, "parity: ") || len(last) < len("parity: ")+5 {
			t.Errorf("parity %q = %d, %q, want %d and a line that says why", args, code, stderr, conformance.ExitUsage)
		}
		if strings.Count(stderr, "\n") != 1 && args[0] != "-run" {
			t.Errorf("parity %q prints %q, want one line", args, stderr)
		}
	}
}

func TestRunJSON(t *testing.T) {
	code, stdout, _ := call(t.Context(), []report.Source{fake("bad", conformance.Same, conformance.Differs)}, "-json")
	var r report.Report
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("parity -json printed %q: %v", stdout, err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Errorf("parity -json goes on after its document: %v", err)
	}
	if code != conformance.ExitDifferent || r.Verdict.Result != report.Different || r.Counts.Differs != 1 || len(r.Parts) != 1 || r.Host.Go == "" || len(r.Host.Preflight) == 0 || len(r.Host.Pollers) == 0 {
		t.Errorf("parity -json = %d, %+v, want %d and one difference", code, r, conformance.ExitDifferent)
	}
}

func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first, second := fake("first", conformance.Same), fake("second", conformance.Same)
	run := first.Run
	first.Run = func(ctx context.Context, match func(string) bool, tell func(conformance.Check)) error {
		defer cancel()
		return run(ctx, match, tell)
	}
	code, stdout, _ := call(ctx, []report.Source{first, second})
	if code != conformance.ExitInterrupted || !strings.Contains(stdout, "verdict: unfinished: interrupted after 1 check, all the same\n") {
		t.Errorf("parity interrupted = %d, want %d and what there is:\n%s", code, conformance.ExitInterrupted, stdout)
	}
}

// With a pattern that is bound to one part, the command does not ask the other
// parts for their names.
func TestRunBoundPattern(t *testing.T) {
	slow := fake("slow", conformance.Same)
	slow.Names = func(context.Context) ([]string, error) {
		t.Error("slow was asked for its names")
		return nil, nil
	}
	code, _, stderr := call(t.Context(), []report.Source{slow, fake("good", conformance.Same)}, "-run", "^good/is")
	if code != conformance.ExitSame {
		t.Errorf("parity -run ^good/is = %d, %s, want %d", code, stderr, conformance.ExitSame)
	}
}

// TestSources runs the quick evidence itself: each part names its checks, and
// one check of each kind that needs this program's main comes out the same.
func TestSources(t *testing.T) {
	code, stdout, stderr := call(t.Context(), sources(), "-json", "-run", "^(traffic/addresses/h1/|nettest/tcp4/dialed/net2-with-net2/(BasicIO|PastTimeout)$)")
	var r report.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("parity -json printed %q: %v", stdout, err)
	}
	n := len(conformance.Pollers())
	if code != conformance.ExitSame || r.Counts != (report.Counts{Checks: 5 * n, Same: 5 * n}) {
		t.Errorf("parity = %d, %+v, want %d and 5 checks that are the same with each of %d pollers:\n%s%s", code, r.Counts, conformance.ExitSame, n, stdout, stderr)
	}
}
