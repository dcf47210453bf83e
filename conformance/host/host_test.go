package host

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// poor returns a host that lacks the needs.
func poor(needs ...Need) *survey {
	s := &survey{probes: make(map[Need]probe)}
	for n := range traits {
		s.probes[n] = func() (string, error) {
			if slices.Contains(needs, n) {
				return "", errors.New("no " + string(n))
			}
			return "some " + string(n), nil
		}
	}
	// Each of these would say that the host is another one.
	delete(s.probes, NetItself)
	delete(s.probes, RuntimePoller)
	return s
}

func TestLacking(t *testing.T) {
	tests := []struct {
		name  string
		host  *survey
		needs []Need
		want  string // "" for nothing
	}{
		{"nothing is needed", poor(IPv6), nil, ""},
		{"all is here", poor(IPv6), []Need{Loopback, Proc}, ""},
		{"one is not", poor(IPv6), []Need{Loopback, IPv6}, "needs IPv6 on the loopback interface: no ipv6"},
		{"what it rests on comes first", poor(IPv6, Loopback), []Need{IPv6}, "needs the loopback interface: no loopback"},
		{"what that rests on too", poor(IPv6, Loopback), []Need{MappedIPv4}, "needs the loopback interface: no loopback"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if l := tt.host.lacking(tt.needs...); l != nil {
				got = l.Error()
			}
			if got != tt.want {
				t.Errorf("lacking(%v) = %q, want %q", tt.needs, got, tt.want)
			}
		})
	}
}

func TestExplainAndBlame(t *testing.T) {
	file := os.TempDir() + "/s1: no such file or directory"
	tests := []struct {
		name              string
		host              *survey
		text              string
		explained, blamed Need // "" for none
		why               string
	}{
		{"descriptors", poor(Descriptors), "accept4: too many open files", Descriptors, Descriptors, "accept4: too many open files"},
		{"descriptors, but there are many", poor(), "accept4: too many open files", "", NetItself, "accept4: too many open files"},
		{"a folder", poor(TempDir), "mkdir " + file, TempDir, TempDir, "mkdir " + file},
		{"a folder beside many descriptors", poor(Descriptors), "mkdir " + file, "", Descriptors, "mkdir " + file},
		{"/proc", poor(Proc), "open /proc/self/fd: no such file", Proc, Proc, "open /proc/self/fd: no such file"},
		{"loopback", poor(Loopback, IPv6), "dial tcp 127.0.0.1:1: connect: network is unreachable", Loopback, Loopback,
			"dial tcp 127.0.0.1:1: connect: network is unreachable"},
		{"IPv6", poor(IPv6), "listen tcp6 [::1]:0: bind: cannot assign requested address", IPv6, IPv6,
			"listen tcp6 [::1]:0: bind: cannot assign requested address"},
		{"an address that is nobody's", poor(IPv6), "listen tcp4 10.1.1.1:0: bind: cannot assign requested address", "", NetItself,
			"listen tcp4 10.1.1.1:0: bind: cannot assign requested address"},
		{"raw sockets", poor(RawSockets), "listen ip4:253: socket: operation not permitted", "", RawSockets,
			"listen ip4:253: socket: operation not permitted"},
		{"a later line", poor(Descriptors), "it hangs\nsocket: too many open files\n", Descriptors, Descriptors, "socket: too many open files"},
		{"a hang where little works", poor(Loopback), "it hangs", "", Loopback, "it hangs"},
		{"a hang where all works", poor(), "it hangs\nat line 7", "", NetItself, "it hangs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var explained Need
			if l := tt.host.explain(tt.text); l != nil {
				explained = l.Need
			}
			if explained != tt.explained {
				t.Errorf("explain(%q) = %q, want %q", tt.text, explained, tt.explained)
			}
			if l := tt.host.blame(tt.text); l.Need != tt.blamed || l.Why != tt.why {
				t.Errorf("blame(%q) = %q, %q, want %q, %q", tt.text, l.Need, l.Why, tt.blamed, tt.why)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	got := poor(Ptrace).preflight()
	if len(got) != len(preflight) {
		t.Fatalf("preflight() = %d findings, want %d", len(got), len(preflight))
	}
	for _, f := range got {
		here, detail := f.Need != Ptrace, "some "+string(f.Need)
		if !here {
			detail = "no ptrace"
		}
		if f.Here != here || f.Detail != detail || f.Words == "" {
			t.Errorf("preflight() found %+v, want %v and %q", f, here, detail)
		}
	}
}

// TestTraits makes sure that the table is complete: there are words for
// whatever is lacking.
func TestTraits(t *testing.T) {
	for n, trait := range traits {
		if trait.words == "" || trait.without == "" {
			t.Errorf("%s has no words", n)
		}
		for _, r := range trait.restsOn {
			if _, ok := traits[r]; !ok {
				t.Errorf("%s rests on %q, which is unknown", n, r)
			}
		}
		if (trait.tells != nil) != slices.Contains(order, n) {
			t.Errorf("%s: explained by texts = %v, in the order of explanations = %v", n, trait.tells != nil, slices.Contains(order, n))
		}
	}
	for n := range probes() {
		if _, ok := traits[n]; !ok {
			t.Errorf("%s has a probe and no words", n)
		}
	}
}

// TestProbes asks this host: each answer must say what is there, or why it is
// not.
func TestProbes(t *testing.T) {
	for n, p := range probes() {
		found, err := p()
		t.Logf("%s: %q, %v", n, found, err)
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%s is lacking for no reason", n)
		}
	}
	if l, r := here.ask(NoRawSockets).err, here.ask(RawSockets).err; (l == nil) == (r == nil) {
		t.Errorf("raw sockets may be opened: %v, and may not: %v", r, l)
	}
}
