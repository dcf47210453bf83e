//go:build linux

package netns

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

// stacks are the control and the stack that is judged.
var stacks = []*stack.Stack{stack.Net, stack.Net2}

// A script is what two hosts do in some weather. Its result is what it notes.
type script struct {
	name string
	// shows is what the control must have noted, so that the script is known to
	// have met what it is about; shows6 over IPv6, if that is something else.
	shows, shows6 []string
	run           func(*play)
}

// A play is one run of a script, on one stack.
type play struct {
	*testing.T
	*router
	family      *family
	stack       *stack.Stack
	here, there *host

	mu    sync.Mutex
	notes []string
}

// TestNetworksThatMisbehave runs every script on both stacks, over both versions of IP.
// What the stacks note is equal.
func TestNetworksThatMisbehave(t *testing.T) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			if err := lacking[f]; err != nil {
				t.Skipf("this test needs network namespaces and a tun device: %v", err)
			}
			testScripts(t, f)
		})
	}
}

func testScripts(t *testing.T, f *family) {
	for _, sc := range scripts {
		shows := sc.shows
		if f == ipv6 && sc.shows6 != nil {
			shows = sc.shows6
		}
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			var notes [2][]string
			var playing sync.WaitGroup
			for i, s := range stacks {
				playing.Go(func() { notes[i] = perform(t, s, f, sc) })
			}
			playing.Wait()
			if t.Failed() {
				return
			}
			t.Log(strings.Join(notes[0], "\n"))
			for _, want := range shows {
				if !strings.Contains(strings.Join(notes[0], "\n"), want) {
					t.Errorf("the control did not meet %q", want)
				}
			}
			if diff := cmp.Diff(notes[0], notes[1]); diff != "" {
				t.Errorf("net (-) and net2 (+) differ:\n%s", diff)
			}
		})
	}
}

// perform runs a script on one stack, between two hosts made for it.
func perform(t *testing.T, s *stack.Stack, f *family, sc script) []string {
	p := &play{T: t, family: f, stack: s}
	var err error
	if p.here, err = newHost(f.here, f.bits); err != nil {
		t.Error(err)
		return nil
	}
	if p.there, err = newHost(f.there, f.bits); err != nil {
		p.here.close()
		t.Error(err)
		return nil
	}
	p.router = newRouter(f, p.here, p.there)
	defer p.router.close()
	if problem := p.act(sc); problem != "" {
		t.Errorf("%s: %s, after\n%s", s.Name, problem, strings.Join(p.notes, "\n"))
	}
	return p.notes
}

// A halt ends a script that cannot go on.
type halt string

// act runs the script, and returns why it could not go on, if it could not.
func (p *play) act(sc script) (problem string) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case halt:
			problem = string(v)
		default:
			panic(v)
		}
	}()
	sc.run(p)
	return ""
}

// must ends the script if something failed that is only preparation.
func (p *play) must(err error) {
	if err != nil {
		panic(halt(err.Error()))
	}
}

// awaits waits for what nobody announces.
func (p *play) awaits(what string, done func() bool) {
	if !settle.Within(patience, done) {
		panic(halt("this did not come: " + what))
	}
}

// awaitsAnswer waits until the router has refused a packet in this weather.
func (p *play) awaitsAnswer() {
	p.awaits("the router's answer", func() bool {
		p.router.mu.Lock()
		defer p.router.mu.Unlock()
		return p.answered > 0
	})
}

// note adds to the script's result.
func (p *play) note(what string, values ...any) {
	var words []string
	for _, v := range values {
		if err, ok := v.(error); ok {
			v = describe(err)
		}
		words = append(words, fmt.Sprint(v))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, what+": "+strings.Join(words, " "))
}

var ports = regexp.MustCompile(`:[0-9]+\b`)

// describe says everything about an error but its ports: the text, the types of
// its layers, the errno, and what it answers. Who dials with a time limit gets
// the error of the context or that of the descriptor's deadline, by chance in
// net too: both are net.Error and say "i/o timeout", and no more is promised.
func describe(err error) string {
	s := ports.ReplaceAllString(err.Error(), ":port")
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && op.Err.Error() == "i/o timeout" {
		return fmt.Sprintf("%s %T timeout=%t", s, err, op.Timeout())
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		s += fmt.Sprintf(" %T", e)
		if op, ok := e.(*net.OpError); ok {
			s += fmt.Sprintf("{%s %s source=%t addr=%t}", op.Op, op.Net, op.Source != nil, op.Addr != nil)
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		s += " " + unix.ErrnoName(errno)
	}
	var ne net.Error
	if errors.As(err, &ne) {
		//lint:ignore SA1019 programs still ask
		s += fmt.Sprintf(" timeout=%t temporary=%t", ne.Timeout(), ne.Temporary())
	}
	for _, known := range []error{net.ErrClosed, os.ErrDeadlineExceeded, io.EOF} {
		if errors.Is(err, known) {
			s += " is " + known.Error()
		}
	}
	return s
}
