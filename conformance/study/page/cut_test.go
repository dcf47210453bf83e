package page

import (
	"slices"
	"strings"
	"testing"

	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// parseCall reads a call as a recording writes it, if its arguments are words.
func parseCall(s string) *trace.Call {
	name, rest, _ := strings.Cut(s, "(")
	args, result, _ := strings.Cut(rest, ") = ")
	return &trace.Call{Name: name, Args: strings.Split(args, ", "), Result: result}
}

func TestCutUpGivesEachCallItsStep(t *testing.T) {
	for _, test := range []struct {
		path  string
		calls []string
		names []string // of the functions whose steps make them, "" for none
	}{
		{"listen", []string{ // the probes were made before
			"socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_MPTCP) = listener",
			"setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, 1) = 0",
			"bind(listener, 127.0.0.1:0) = 0",
		}, []string{"sysSocket", "setDefaultListenerSockopts", "Bind"}},
		{"listen", []string{ // a probe is a whole
			"socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_MPTCP) = socket",
			"close(socket) = 0",
			"socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_MPTCP) = listener",
			"shutdown(listener, SHUT_RD) = 0",
		}, []string{"supportsMultipathTCP", "supportsMultipathTCP", "sysSocket", ""}},
		{"accept", []string{ // the same step asks again after the wait
			"accept4(listener, …, SOCK_CLOEXEC|SOCK_NONBLOCK) = -1 EAGAIN",
			"accept4(listener, 127.0.0.1:peer, SOCK_CLOEXEC|SOCK_NONBLOCK) = conn",
			"setsockopt(conn, SOL_TCP, TCP_NODELAY, 1) = 0",
			"setsockopt(conn, SOL_TCP, TCP_KEEPCNT, 9) = 0",
		}, []string{"accept", "accept", "newTCPConn", "newTCPConn"}},
	} {
		p, _ := way.Lookup(test.path)
		var calls []*trace.Call
		for _, c := range test.calls {
			calls = append(calls, parseCall(c))
		}
		c := cutUp(passage{test.path, false}, p.Steps, calls, func(s way.Step) []string { return s.StdCalls })
		var got []string
		for _, call := range calls {
			name := ""
			if n := c[call]; n > 0 {
				name = p.Steps[n-1].Std.Name
			}
			got = append(got, name)
		}
		if !slices.Equal(got, test.names) {
			t.Errorf("the steps of %q are %q, want %q", test.calls, got, test.names)
		}
	}
}
