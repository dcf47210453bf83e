package nettest

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"go.parity/conformance"
	"go.parity/conformance/stack"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

// TestConn puts every kind through nettest.TestConn, for whoever wants it in go
// test.
func TestConn(t *testing.T) {
	var names []string
	for _, k := range kinds {
		if k.network == "tcp6" && !nettest.SupportsIPv6() {
			continue
		}
		names = append(names, k.String())
	}
	testKinds(t, names)
}

func TestPart(t *testing.T) {
	names, err := Part().Names(t.Context())
	if err != nil {
		t.Fatalf("Names() = %v, want no error", err)
	}
	// One kind for each network, and all uses.
	match := func(name string) bool {
		return strings.Contains(name, "/dialed/net2-with-net2/") || !strings.Contains(name, "-with-")
	}
	var got []string
	err = Part().Run(t.Context(), match, func(c conformance.Check) {
		got = append(got, c.Name)
		t.Run(c.Name, func(t *testing.T) {
			switch c.Status {
			case conformance.Same:
			case conformance.Skipped, conformance.Missing:
				t.Skip(c.Detail)
			default:
				t.Errorf("status = %v, want same\n%s", c.Status, c.Detail)
			}
		})
	})
	if err != nil {
		t.Fatalf("Run() = %v, want no error", err)
	}
	want := slices.DeleteFunc(names, func(name string) bool { return !match(name) })
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Run reported %q, want %q", got, want)
	}
}

func TestPartCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	all := func(string) bool { return true }
	err := Part().Run(ctx, all, func(conformance.Check) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run cancelled = %v, want %v", err, context.Canceled)
	}
}

// A judge that passes every connection would prove nothing.
func TestJudgeFailsBrokenConn(t *testing.T) {
	if os.Getenv("CONFORMANCE_NETTEST_BROKEN") != "" {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			c1, c2, stop, err := kinds[0].pipe(t.TempDir())
			return undying{c1}, c2, stop, err
		})
		return
	}
	t.Setenv("CONFORMANCE_NETTEST_BROKEN", "1")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	results := make(map[string]string)
	err = runProgram(t.Context(), exe, []string{"-test.v=test2json", "-test.run=^TestJudgeFailsBrokenConn$", "-test.timeout=30s"}, nil, "TestJudgeFailsBrokenConn", func(r result) {
		results[r.name] = r.action
	})
	if err != nil {
		t.Fatalf("running the broken tests = %v, want no error", err)
	}
	for _, test := range tests {
		want := "PASS"
		if test == "PastTimeout" {
			want = "FAIL"
		}
		if got := results["TestJudgeFailsBrokenConn/"+test]; got != want {
			t.Errorf("%s on a connection without write deadlines = %q, want %q", test, got, want)
		}
	}
}

// An undying connection reports a byte written past its deadline.
type undying struct{ net.Conn }

func (c undying) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) && n == 0 {
		time.Sleep(time.Millisecond)
		return 1, err
	}
	return n, err
}

func TestParse(t *testing.T) {
	const out = "\x16=== RUN   Conn\n" +
		"\x16=== RUN   Conn/kinds/tcp4/A\n" +
		"\x16=== NAME  Conn/kinds/tcp4/A\n" +
		"    x.go:1: went wrong\n" +
		"no end of line\x16--- FAIL: Conn/kinds/tcp4/A (0.25s)\n" +
		"\x16=== RUN   Conn/kinds/tcp4/B\n" +
		"\x16--- PASS: Conn/kinds/tcp4/B (0.00s)\n"
	for _, tt := range []struct {
		name, out string
		ended     bool
		last      string
	}{
		{"whole", out + "\x16--- FAIL: Conn (0.30s)\nFAIL\n", true, ""},
		{"cut short", out + "\x16=== RUN   Conn/kinds/tcp4/C\npanic: no\n", false, "panic: no\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []result
			ended, last, err := parse(strings.NewReader(tt.out), root, func(r result) { got = append(got, r) })
			if ended != tt.ended || last != tt.last || err != nil {
				t.Errorf("parse() = %v, %q, %v, want %v, %q, nil", ended, last, err, tt.ended, tt.last)
			}
			want := []result{
				{"tcp4/A", "FAIL", 250 * time.Millisecond, "    x.go:1: went wrong\nno end of line"},
				{"tcp4/B", "PASS", 0, ""},
			}
			if !slices.Equal(got, want) {
				t.Errorf("parse() reported %v, want %v", got, want)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	pass, fail, skip := result{action: "PASS"}, result{action: "FAIL", output: "why"}, result{action: "SKIP", output: "why"}
	for _, tt := range []struct {
		name          string
		control, mine result
		want          conformance.Status
	}{
		{"both pass", pass, pass, conformance.Same},
		{"net2 fails", pass, fail, conformance.Differs},
		{"both fail", fail, fail, conformance.Skipped},
		{"net fails", fail, pass, conformance.Skipped},
		{"no control, fails", result{}, fail, conformance.Differs},
		{"skipped", pass, skip, conformance.Skipped},
	} {
		if got := verdict("x", tt.control, tt.mine); got.Status != tt.want || got.Status != conformance.Same && got.Detail == "" {
			t.Errorf("verdict(%s) = %v %q, want %v with its reason", tt.name, got.Status, got.Detail, tt.want)
		}
	}
}

func TestUseDiffers(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  use
		want conformance.Status
	}{
		{"other notes", use{run: func(s *stack.Stack, n *notes) error { n.add("stack", s.Name); return nil }}, conformance.Differs},
		{"error", use{run: func(s *stack.Stack, n *notes) error {
			if s.Name == "net2" {
				return net.ErrClosed
			}
			return nil
		}}, conformance.Differs},
		{"panic", use{run: func(s *stack.Stack, n *notes) error {
			if s.Name == "net2" {
				panic("no")
			}
			return nil
		}}, conformance.Differs},
		{"descriptor left", use{run: func(s *stack.Stack, n *notes) error {
			c, err := s.ListenPacket("udp4", "127.0.0.1:0")
			if err == nil && s.Name == "net" {
				err = c.Close()
			} else {
				t.Cleanup(func() { c.Close() })
			}
			return err
		}}, conformance.Differs},
		{"foreign where that is no limit", use{run: func(s *stack.Stack, n *notes) error {
			if s.Name == "net2" {
				return errForeign
			}
			return nil
		}}, conformance.Differs},
		{"net fails", use{run: func(s *stack.Stack, n *notes) error { return net.ErrClosed }}, conformance.Skipped},
	} {
		if got := tt.use.compare(); got.Status != tt.want {
			t.Errorf("compare(%s) = %v %q, want %v", tt.name, got.Status, got.Detail, tt.want)
		}
	}
}
