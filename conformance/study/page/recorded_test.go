package page

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.parity/conformance"
	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// recorded reads the exact recording of a scenario with a poller, each side by
// itself.
func recorded(t *testing.T, scenario, poller string) (net, net2 []*trace.Call) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "trace", "testdata", scenario+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, sections, _ := strings.Cut(string(text), "\n\n")
	for section := range strings.SplitSeq(sections, "\n\n") {
		head, rows, _ := strings.Cut(section, "\n")
		pollers, _, _ := strings.Cut(head, ": ")
		if !slices.Contains(strings.Split(pollers, ", "), poller) {
			continue
		}
		for l := range strings.Lines(rows) {
			l = strings.TrimSuffix(l, "\n")
			if strings.HasPrefix(l, "    ") {
				continue // what is said of the call above
			}
			if l[0] != '+' {
				net = append(net, parseCall(l[2:]))
			}
			if l[0] != '-' {
				net2 = append(net2, parseCall(l[2:]))
			}
		}
	}
	return net, net2
}

// Each call of the exact recordings belongs to a step, on both stacks and with
// both pollers.
func TestEveryRecordedCallHasItsStep(t *testing.T) {
	for _, s := range trace.Scenarios() {
		p, ok := way.Lookup(s.Step)
		if !ok {
			continue
		}
		for _, poller := range []string{conformance.Runtime, conformance.Epoll} {
			net, net2 := recorded(t, s.Name, poller)
			for _, side := range []struct {
				stack string
				calls []*trace.Call
				cut   cut
			}{
				{"net", net, cutUp(passage{s.Name, false}, p.Steps, net, func(s way.Step) []string { return s.StdCalls })},
				{"net2", net2, cutUp(passage{s.Name, poller == conformance.Epoll}, p.Steps, net2, func(s way.Step) []string { return s.OursCalls })},
			} {
				for _, c := range side.calls {
					if side.cut[c] == 0 {
						t.Errorf("%s, poller %s: no step of %s makes %s on %s", s.Name, poller, p.Name, c, side.stack)
					}
				}
			}
		}
	}
}

// Calls that look alike belong to the steps that make them: the descriptor, the
// scenario and the poller tell them apart.
func TestRecordedCallsHaveTheRightStep(t *testing.T) {
	for _, test := range []struct{ scenario, poller, call, step string }{
		{"listen-first", conformance.Runtime, "uname(", "KernelVersion"},
		{"listen-first", conformance.Runtime, "epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd,", "poll_runtime_pollServerInit"},
		{"listen-first", conformance.Runtime, "epoll_ctl(epoll, EPOLL_CTL_ADD, listener,", "netpollopen"},
		{"listen", conformance.Runtime, "epoll_ctl(epoll, EPOLL_CTL_ADD, listener,", "netpollopen"},
		{"listen-first", conformance.Epoll, "epoll_create1(EPOLL_CLOEXEC) = epoll", "netpollinit"},
		{"listen-first", conformance.Epoll, "epoll_create1(EPOLL_CLOEXEC) = runtime-epoll", "poll_runtime_pollServerInit"},
		{"listen-first", conformance.Epoll, "epoll_ctl(runtime-epoll, EPOLL_CTL_ADD, epoll,", "netpollinit"},
		{"listen", conformance.Epoll, "epoll_ctl(epoll, EPOLL_CTL_ADD, listener,", "netpollopen"},
		{"read-parks", conformance.Runtime, "epoll_ctl(epoll, EPOLL_CTL_ADD, conn,", "(*runtimeDesc).watch"},
		{"read-parks", conformance.Epoll, "epoll_ctl(epoll, EPOLL_CTL_ADD, conn,", "netpollwatch"},
		{"request-parks", conformance.Epoll, "epoll_ctl(epoll, EPOLL_CTL_MOD, conn,", "netpollwatch"},
		{"deadline", conformance.Runtime, "read(", "(*FD).Read"},
		{"close-wakes", conformance.Runtime, "read(", "(*FD).Read"},
		{"half-close", conformance.Runtime, "read(", "(*FD).Shutdown"},
		{"udp-dial", conformance.Runtime, "getsockname(", "(*sysDialer).dialUDP"},
		{"udp-dial", conformance.Runtime, "write(", "(*FD).Write"},
		{"udp-listen", conformance.Runtime, "getsockname(", "(*netFD).listenDatagram"},
		{"unix-listen", conformance.Runtime, "epoll_ctl(epoll, EPOLL_CTL_DEL, listener", "(*UnixListener).close"},
		{"unix-listen", conformance.Runtime, "getsockname(", "(*netFD).listenStream"},
		{"unix-accept", conformance.Runtime, "getsockname(", "(*UnixListener).AcceptUnix"},
		{"unix-accept", conformance.Runtime, "close(conn", "(*netFD).init"},
		{"unix-dial", conformance.Runtime, "getsockname(", "(*sysDialer).dialUnix"},
		{"file", conformance.Runtime, "fcntl(conn, F_DUPFD_CLOEXEC", "(*FD).Dup"},
		{"file-conn", conformance.Runtime, "fcntl(conn-dup, F_DUPFD_CLOEXEC", "dupFileSocket"},
		{"file-conn", conformance.Runtime, "getsockname(", "newFileFD"},
		{"file-conn", conformance.Runtime, "epoll_ctl(epoll, EPOLL_CTL_ADD,", "(*netFD).init"},
	} {
		i := slices.IndexFunc(trace.Scenarios(), func(s trace.Scenario) bool { return s.Name == test.scenario })
		if i < 0 {
			t.Skip("nothing is recorded on this system")
		}
		p, _ := way.Lookup(trace.Scenarios()[i].Step)
		_, calls := recorded(t, test.scenario, test.poller)
		told, name := func(s way.Step) []string { return s.OursCalls }, func(s way.Step) string { return cmp.Or(s.Std.Name, s.Ours.Name) }
		if !slices.ContainsFunc(calls, func(c *trace.Call) bool { return strings.HasPrefix(c.String(), test.call) }) {
			calls, _ = recorded(t, test.scenario, test.poller)
			told = func(s way.Step) []string { return s.StdCalls }
		}
		made := cutUp(passage{test.scenario, test.poller == conformance.Epoll}, p.Steps, calls, told)
		found := false
		for _, c := range calls {
			if !strings.HasPrefix(c.String(), test.call) {
				continue
			}
			found = true
			got := "none"
			if n := made[c]; n > 0 {
				got = name(p.Steps[n-1])
			}
			if got != test.step {
				t.Errorf("%s, poller %s: %s is made at %s, want %s", test.scenario, test.poller, c, got, test.step)
			}
		}
		if !found {
			t.Errorf("%s, poller %s: there is no call %s", test.scenario, test.poller, test.call)
		}
	}
}
