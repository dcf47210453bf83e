//go:build linux

package scenario

import (
	"context"
	"encoding/json"
	"net"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
					t.Fatal(c.Skip) // the host lacks nothing, so the script is wrong
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
			t.Errorf("%q is not a name like subject/operation/condition", s.Name)
		}
	}
	for _, s := range Scenarios() {
		// A function that initialises a variable is named for that variable.
		if name := runtime.FuncForPC(reflect.ValueOf(s.run).Pointer()).Name(); strings.Contains(name, ".init") || strings.Contains(name, "glob.") {
			t.Errorf("the script of %s is %s: a stack trace would not tell it", s.Name, name)
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

// TestRecordingsAreHandedOver reads from the checks what was judged.
func TestRecordingsAreHandedOver(t *testing.T) {
	var checks []conformance.Check
	names := []string{"tcp/accept/addresses", "tcp/close/twice", "nil/tcp-conn", "file/from/no-sockets"}
	err := Part().Run(t.Context(), func(name string) bool { return slices.Contains(names, name) }, func(c conformance.Check) { checks = append(checks, c) })
	if err != nil {
		t.Fatal(err)
	}
	got, err := conformance.Recordings[Comparison](checks)
	if err != nil || len(got) != len(names) {
		t.Fatalf("Recordings() = %d, %v, want %d", len(got), err, len(names))
	}
	for _, c := range got {
		if !slices.Contains(names, c.Name) || c.Outcome != Same || len(c.Net.Observations) == 0 {
			t.Errorf("the recording of %s is %s with %d observations, want some that are the same", c.Name, c.Outcome, len(c.Net.Observations))
		}
	}
}

func TestObservationsSurviveJSON(t *testing.T) {
	want := Observation{"all", []any{
		nil, true, false, int64(7), "text", []any{int64(1), nil, []any{"deep"}},
		Addr{"*net.TCPAddr", "tcp", "127.0.0.1:#1", 4}, Object{Type: "*TCPConn"}, Object{"*os.File", "$DIR/f"},
		Panic{"runtime.Error", "nil"}, Err{Text: "EOF", Layers: []Layer{{Type: "*errors.errorString", Text: "EOF"}}, Is: []string{"io.EOF"}, As: []string{}},
	}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Observation
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after JSON (-want +got):\n%s", diff)
	}
}

func TestSkippedScenarioSaysWhy(t *testing.T) {
	s := &Scenario{
		Name: "skipped", Doc: "needs what is not there",
		needs: []host.Need{host.Loopback, host.NoLowPorts, host.RawSockets}, // no user has both of the last two
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

// A disguisedConn is a connection that the recorder takes for the connection
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
