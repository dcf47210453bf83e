//go:build linux

package scenario

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
)

func TestScenarios(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			c, err := Run(t.Context(), s.Name)
			if err != nil {
				t.Fatal(err)
			}
			switch c.Outcome {
			case Skipped:
				if c.Needs == host.NetItself {
					t.Fatal(c.Skip) // with everything here, the script is wrong
				}
				t.Skip(c.Skip)
			case Differs:
				t.Error(c.Detail)
			}
			if testing.Verbose() {
				for _, o := range c.Net.Observations {
					t.Log(o)
				}
			}
		})
	}
}

func TestScenariosAreDescribed(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range Scenarios() {
		if names[s.Name] {
			t.Errorf("two scenarios are named %s", s.Name)
		}
		names[s.Name] = true
		if s.Doc == "" || strings.Contains(s.Doc, "\n") || s.run == nil {
			t.Errorf("%s: no script, or no doc of one line: %q", s.Name, s.Doc)
		}
		if strings.ToLower(s.Name) != s.Name || strings.Count(s.Name, "/") == 0 || strings.Contains(s.Name, " ") {
			t.Errorf("%q is no name like subject/operation/condition", s.Name)
		}
	}
	if n := len(names); n < 150 {
		t.Errorf("%d scenarios, want at least 150", n)
	}
}

func TestPart(t *testing.T) {
	p := Part()
	names, err := p.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"tcp/accept/close", "tcp/listen/in-use"}
	for _, name := range want {
		if !slices.Contains(names, name) {
			t.Fatalf("Names() lacks %s", name)
		}
	}
	var got []string
	match := func(name string) bool { return slices.Contains(want, name) }
	err = p.Run(t.Context(), match, func(c conformance.Check) {
		got = append(got, c.Name)
		if c.Status != conformance.Same || c.Elapsed <= 0 {
			t.Errorf("Run reports %+v, want the same in some time", c)
		}
	})
	if slices.Sort(got); err != nil || !slices.Equal(got, want) {
		t.Errorf("Run() reports %q, %v, want %q", got, err, want)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = p.Run(ctx, match, func(c conformance.Check) { t.Errorf("a cancelled Run reports %+v", c) })
	if err != context.Canceled {
		t.Errorf("a cancelled Run returns %v, want %v", err, context.Canceled)
	}
}

func TestRun(t *testing.T) {
	c, err := Run(t.Context(), "tcp/accept/order")
	if err != nil {
		t.Fatal(err)
	}
	if c.Outcome != Same || len(c.Net.Observations) == 0 || len(c.Net.Observations) != len(c.Net2.Observations) {
		t.Errorf("Run(tcp/accept/order) = %+v, want two full recordings that are the same", c)
	}
	if c.Net.Stack != "net" || c.Net2.Stack != "net2" {
		t.Errorf("recordings are of %s and %s, want net and net2", c.Net.Stack, c.Net2.Stack)
	}
	if _, err := Run(t.Context(), "no/such/scenario"); err == nil {
		t.Error("Run of a name that is none succeeds")
	}
}

func TestSkippedScenarioSaysWhy(t *testing.T) {
	s := &Scenario{
		Name: "skipped", Doc: "needs what is not there",
		needs: []host.Need{host.Loopback, host.NoLowPorts, host.RawSockets}, // nobody has both of these
		run:   func(*T) { t.Error("the script of a skipped scenario ran") },
	}
	c := compare(t.Context(), s, stackNet, stackNet2)
	if want := host.Lacking(s.needs...); c.Outcome != Skipped || c.Skip != want.Error() || c.Needs != want.Need {
		t.Errorf("compare() = %s, %q, want it skipped: %q", c.Outcome, c.Skip, want)
	}
}

func TestRecorderHidesWhatTheKernelChose(t *testing.T) {
	r := newRecorder()
	r.hide("/tmp/s123", "$DIR")
	for _, tt := range []struct{ name, in, want string }{
		{"first port", "dial tcp 127.0.0.1:40001: refused", "dial tcp 127.0.0.1:#1: refused"},
		{"second port", "[::1]:40002->[::1]:40001", "[::1]:#2->[::1]:#1"},
		{"a port that nobody chose", "127.0.0.1:80 and :65535", "127.0.0.1:80 and :65535"},
		{"no port", "40001 bytes", "40001 bytes"},
		{"a name that the kernel chose", "@0001f then @0001e then @0001f", "@auto1 then @auto2 then @auto1"},
		{"a directory", "/tmp/s123/socket", "$DIR/socket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.text(tt.in); got != tt.want {
				t.Errorf("text(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestTypeNames(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want string
	}{
		{stackNet.NilTCPConn(), "*TCPConn"},
		{stackNet2.NilTCPConn(), "*TCPConn"},
		{stackNet2.NilUnixListener(), "*UnixListener"},
		{&net.TCPAddr{}, "*net.TCPAddr"},
		{&net.OpError{}, "*net.OpError"},
		{net.UnknownNetworkError(""), "net.UnknownNetworkError"},
		{disguisedConn{TCPConn: stackNet.NilTCPConn()}, "*TCPConn"},
	} {
		if got := typeName(tt.v); got != tt.want {
			t.Errorf("typeName(%T) = %q, want %q", tt.v, got, tt.want)
		}
	}
}

// A disguisedConn is a connection whose type is recorded as that of the one
// within.
type disguisedConn struct{ TCPConn }

func (c disguisedConn) disguised() any { return c.TCPConn }

// limited is a scenario with less time.
func limited(t *testing.T, name string, limit time.Duration) *Scenario {
	for _, s := range Scenarios() {
		if s.Name == name {
			s.limit = limit
			return &s
		}
	}
	t.Fatalf("no scenario is named %s", name)
	return nil
}
