//go:build linux

package load

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/leftover"
	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

var crowd = flag.Int("load.crowd", 2000, "how many connections are open at once, over several processes")

// roleEnv tells a child of the crowd test which stack it is on and what it is.
const roleEnv = "LOAD_CROWD_ROLE"

// spareDescriptors is what a process needs beside its connections.
const spareDescriptors = 60

// TestCrowdIsServedAndLeavesNothing opens as many connections at once as the
// flag says, each over a pair of processes: as many pairs as it takes with the
// limit of descriptors, at least two, each on an address of its own. All
// connections talk, all end; then all of that again. Afterwards no process has
// a descriptor or goroutine more, and the second crowd left no more memory
// than the first.
func TestCrowdIsServedAndLeavesNothing(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	most := int(min(limit.Cur, 25000)) - spareDescriptors // an address has 28,000 ports
	pairs := max(2, (*crowd+most-1)/most)
	onEach(t, func(t *testing.T, s *stack.Stack) {
		var members []*member
		for i := range pairs {
			srv := start(t, s, "server", fmt.Sprintf("127.0.3.%d:0", i+1))
			members = append(members, srv, start(t, s, "client", srv.listens))
		}
		first := wave(t, members, *crowd/pairs)
		second := wave(t, members, *crowd/pairs)
		for i, m := range members {
			t.Logf("%s, %s %d: before: %v; after one crowd: %v; after two: %v", s.Name, m.role, i/2, m.began, first[i], second[i])
			if second[i].Descriptors > m.began.Descriptors || second[i].Goroutines > m.began.Goroutines {
				t.Errorf("%s %d began with %v, ended with %v", m.role, i/2, m.began, second[i])
			}
			if grown := second[i].Heap - first[i].Heap; grown > heapMargin {
				t.Errorf("%s %d: the second crowd left %.1f MB more on the heap", m.role, i/2, mega(grown))
			}
		}
	})
}

// wave opens n connections in each pair of processes, lets all of them talk,
// ends them, and returns what each process then holds.
func wave(t *testing.T, members []*member, n int) []holdings {
	t.Helper()
	all(members, "client", func(m *member) { m.ask(t, "open", n) })
	all(members, "client", func(m *member) { m.ask(t, "talk", 0) })
	crowded := members[0].ask(t, "hold", 0)
	t.Logf("%d connections in each of %d pairs; a server holds %v", n, len(members)/2, crowded)
	all(members, "client", func(m *member) { m.ask(t, "close", 0) })
	all(members, "server", func(m *member) { m.ask(t, "empty", 0) })
	var left []holdings
	for _, m := range members {
		left = append(left, m.ask(t, "hold", 0))
	}
	return left
}

// all lets the members of a role do something at once.
func all(members []*member, role string, do func(*member)) {
	var doing sync.WaitGroup
	for _, m := range members {
		if m.role == role {
			doing.Go(func() { do(m) })
		}
	}
	doing.Wait()
}

// A member is a process of the crowd. It does what it is asked to, one request a
// line, and answers each with a line.
type member struct {
	role    string
	listens string // the server's address
	began   holdings

	requests *json.Encoder
	answers  *json.Decoder
}

type request struct {
	Do string // open N more, talk over all, close all, wait until empty, hold
	N  int
}

type answer struct {
	Address  string
	Holdings holdings
	Error    string
}

// start starts a member, which ends when the test ends.
func start(t *testing.T, s *stack.Stack, role, address string) *member {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role, "LOAD_CROWD_STACK="+s.Name, "LOAD_CROWD_ADDRESS="+address)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // the member's sign to end
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	})
	m := &member{role: role, requests: json.NewEncoder(in), answers: json.NewDecoder(bufio.NewReader(out))}
	var hello answer
	if err := m.answers.Decode(&hello); err != nil || hello.Error != "" {
		t.Fatalf("%s: %v %s", role, err, hello.Error)
	}
	m.listens, m.began = hello.Address, hello.Holdings
	return m
}

// ask makes the member do something, and waits until it is done.
func (m *member) ask(t *testing.T, what string, n int) holdings {
	t.Helper()
	if err := m.requests.Encode(request{what, n}); err != nil {
		t.Errorf("%s: %s: %v", m.role, what, err)
	}
	var a answer
	if err := m.answers.Decode(&a); err != nil || a.Error != "" {
		t.Errorf("%s: %s: %v %s", m.role, what, err, a.Error)
	}
	return a.Holdings
}

// inCrowd is main of a member.
func inCrowd(role string) int {
	s := stack.Net
	if os.Getenv("LOAD_CROWD_STACK") == stack.Net2.Name {
		s = stack.Net2
	}
	if err := leftover.WarmUp(s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	address := os.Getenv("LOAD_CROWD_ADDRESS")
	do := (&guests{stack: s, address: address}).do
	if role == "server" {
		srv, err := listen(s, "tcp", address, echo)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer srv.stop()
		address, do = srv.Addr().String(), srv.do
	}
	requests, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	answers.Encode(answer{Address: address, Holdings: hold()})
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return 0
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		var a answer
		if r.Do == "hold" {
			a.Holdings = hold()
		} else if err := do(r); err != nil {
			a.Error = err.Error()
		}
		answers.Encode(a)
	}
}

// do waits until nobody is served any more.
func (srv *server) do(r request) error {
	var open int
	var lost error
	if !settle.Within(patience, func() bool {
		open, lost = srv.open()
		return open == 0
	}) {
		return fmt.Errorf("%d connections are still being served", open)
	}
	return lost
}

// guests are the connections of a client.
type guests struct {
	stack   *stack.Stack
	address string
	conns   []net.Conn
}

// hosts is how many of its connections a client handles at once.
const hosts = 32

func (g *guests) do(r request) error {
	switch r.Do {
	case "open":
		g.conns = make([]net.Conn, r.N)
		return g.each(func(i int) (err error) {
			g.conns[i], err = g.stack.Dial("tcp", g.address)
			return err
		})
	case "talk":
		return g.each(func(i int) error {
			g.conns[i].SetDeadline(time.Now().Add(patience))
			return exchange(g.conns[i], fmt.Appendf(nil, "guest %d", i))
		})
	case "close":
		defer func() { g.conns = nil }()
		return g.each(func(i int) error { return g.conns[i].Close() })
	}
	return fmt.Errorf("nobody knows how to %q", r.Do)
}

// each does something with every connection's number, and returns the first
// error.
func (g *guests) each(do func(i int) error) error {
	var doing sync.WaitGroup
	var once sync.Once
	var first error
	for host := range hosts {
		doing.Go(func() {
			for i := host; i < len(g.conns); i += hosts {
				if err := do(i); err != nil {
					once.Do(func() { first = fmt.Errorf("connection %d of %d: %w", i, len(g.conns), err) })
					return
				}
			}
		})
	}
	doing.Wait()
	return first
}
