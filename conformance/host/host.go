// Package host finds out what this host offers to this user before anything is
// judged: where net itself cannot do something, the suite can say nothing about
// net2. The package asks net and the kernel, never net2.
//
// All parts name what their checks need in the terms of this package, so that a
// report can group the checks that were not possible by what the host lacks.
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
	NoLowPorts      Need = "no-low-ports"   // a user who may not listen on low ports
	NoRawSockets    Need = "no-raw-sockets" // a user who may not open raw sockets
	RuntimePoller   Need = "runtime-poller" // net2 waits where net does
	NetItself       Need = "net"            // net does not fail for an unknown reason
)

// A Lack names a need of a check that this host does not meet.
type Lack struct {
	Need Need
	Why  string // what the host, or net, answered; "" where there is no more to say
}

// Reason says what is needed, in the same words for all checks that need it.
func (l *Lack) Reason() string { return "needs " + traits[l.Need].words }

// Without completes a sentence that says "not possible": it names the
// circumstances.
func (l *Lack) Without() string { return traits[l.Need].without }

func (l *Lack) Error() string {
	if l.Why == "" {
		return l.Reason()
	}
	return l.Reason() + ": " + l.Why
}

// A probe tries whether a need is met. It says in a few words what it found.
type probe func() (found string, err error)

// A survey remembers what the probes found. It runs each probe once.
type survey struct {
	probes map[Need]probe // a need without a probe is met
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

// lacking returns the first of the needs that is not met. It first checks what
// a need rests on: without a loopback interface it does not ask for IPv6.
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

// explain returns the lack that the text of a failure points to, or nil.
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

// blame is explain for a failure of net itself. It finds a reason even if the
// text does not tell it, as when a script hangs because another goroutine got
// no descriptor.
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

// Explain returns the lack of this host that the text of a failure points to,
// or nil: it explains "too many open files" where a process may open only a
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

// preflight lists the needs that most checks rest on.
var preflight = []Need{Loopback, IPv6, Descriptors, Ptrace, TempDir, GoCommand, Proc, RawSockets, NoLowPorts}

// Preflight finds out which of the needs that most checks rest on are met here.
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
