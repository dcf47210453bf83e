// Package host finds out what this host and this user can give, before
// anything is judged: where net itself cannot do something, nothing can be said
// of net2. It asks net and the kernel, never net2.
//
// All parts name what their checks need in the terms of this package, so that a
// report groups what was not possible by what is lacking.
package host

import (
	"strings"
	"sync"

	"go.parity/conformance/words"
)

// A Need is something that a check needs and that not every host or user has.
type Need string

const (
	Linux           Need = "linux"
	Loopback        Need = "loopback"
	IPv6            Need = "ipv6"
	MappedIPv4      Need = "mapped-ipv4"
	Multicast       Need = "multicast"
	MulticastIPv6   Need = "multicast-ipv6"
	MultipathTCP    Need = "multipath-tcp"
	Localhost       Need = "localhost"
	Descriptors     Need = "descriptors"
	ManyDescriptors Need = "many-descriptors"
	TempDir         Need = "temp-dir"
	Proc            Need = "proc"
	Ptrace          Need = "ptrace"
	Seccomp         Need = "seccomp"
	GoCommand       Need = "go-command"
	RaceDetector    Need = "race-detector"
	RawSockets      Need = "raw-sockets"
	RawSocketsIPv6  Need = "raw-sockets-ipv6"
	NoLowPorts      Need = "no-low-ports"   // a user who may not listen on them
	NoRawSockets    Need = "no-raw-sockets" // a user who may not open them
	RuntimePoller   Need = "runtime-poller" // net2 waits where net does
	NetItself       Need = "net"            // that net does not fail, for a reason unknown
)

// A Lack says what a check needs that is not here.
type Lack struct {
	Need Need
	Why  string // what the host, or net, answered; "" where there is no more to say
}

// Reason says what is needed: it is the same for all checks that need it.
func (l *Lack) Reason() string { return "needs " + traits[l.Need].words }

// Without says, for a sentence with "not possible", under which circumstances
// the check is not.
func (l *Lack) Without() string { return traits[l.Need].without }

func (l *Lack) Error() string {
	if l.Why == "" {
		return l.Reason()
	}
	return l.Reason() + ": " + l.Why
}

// A probe tries whether something is there. It returns in a few words what it
// found.
type probe func() (found string, err error)

// A survey remembers what the probes found: each is asked once.
type survey struct {
	probes map[Need]probe // what has no probe is there
	mu     sync.Mutex
	known  map[Need]answer
}

type answer struct {
	found string
	err   error
}

var here = &survey{probes: probes()}

func (s *survey) ask(n Need) answer {
	p, ok := s.probes[n]
	if !ok {
		return answer{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.known[n]
	if !ok {
		a.found, a.err = p()
		if s.known == nil {
			s.known = make(map[Need]answer)
		}
		s.known[n] = a
	}
	return a
}

// lacking returns the first of the needs that is not met. What a need rests on
// comes before it: where there is no loopback interface, nobody asks for IPv6.
func (s *survey) lacking(needs ...Need) *Lack {
	for _, n := range needs {
		if l := s.lacking(traits[n].restsOn...); l != nil {
			return l
		}
		if a := s.ask(n); a.err != nil {
			return &Lack{n, words.OneLine(a.err.Error())}
		}
	}
	return nil
}

// explain returns the lack of which the text of a failure tells, or nil.
func (s *survey) explain(text string) *Lack {
	for _, n := range order {
		for line := range strings.Lines(text) {
			if !traits[n].tells(line) {
				continue
			}
			if l := s.lacking(n); l != nil {
				return &Lack{l.Need, words.OneLine(line)}
			}
		}
	}
	return nil
}

// blame is explain for a failure that is net's own, so that it has a reason
// even if its text does not tell: a script that hangs for want of a descriptor
// in another goroutine.
func (s *survey) blame(text string) *Lack {
	if l := s.explain(text); l != nil {
		return l
	}
	for _, n := range []Need{RawSockets, Loopback, Descriptors, Proc, TempDir} {
		if t := traits[n].blamed; t != nil && !t(text) {
			continue
		}
		if l := s.lacking(n); l != nil {
			return &Lack{n, words.FirstLine(text)}
		}
	}
	return &Lack{NetItself, words.FirstLine(text)}
}

// Lacking returns the first of the needs that is not met here, or nil.
func Lacking(needs ...Need) *Lack { return here.lacking(needs...) }

// Explain returns what is lacking here if the text of a failure tells of it,
// or else nil: "too many open files" is explained where a process may have but
// few.
func Explain(text string) *Lack { return here.explain(text) }

// Blame says why net itself fails here.
func Blame(text string) *Lack { return here.blame(text) }

// A Finding is one line of the preflight.
type Finding struct {
	Need   Need   `json:"need"`
	Words  string `json:"words"` // what it is
	Here   bool   `json:"here"`
	Detail string `json:"detail,omitempty"` // what was found, or why it is not there
}

// preflight lists what most checks rest on.
var preflight = []Need{Loopback, IPv6, Descriptors, Ptrace, TempDir, GoCommand, Proc, RawSockets, NoLowPorts}

// Preflight finds out what is here of what most checks rest on.
func Preflight() []Finding { return here.preflight() }

func (s *survey) preflight() []Finding {
	var list []Finding
	for _, n := range preflight {
		f := Finding{Need: n, Words: traits[n].words, Here: true, Detail: s.ask(n).found}
		if l := s.lacking(n); l != nil {
			f.Here, f.Detail = false, l.Why
		}
		list = append(list, f)
	}
	return list
}
