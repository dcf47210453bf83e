package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.parity/conformance/goroutine"
	"go.parity/conformance/stack"
)

// childEnv names, in the environment of a child, its scenario and its stack.
const childEnv = "PARITY_TRACE_CHILD"

// controlFD is the child's end of its connection to the peer.
const controlFD = 3

// The child is the running binary itself, whether that is the parity command or
// a test. This init catches it before any main runs, because a binary whose main
// forgot to ask would start itself over and over.
func init() {
	if job, ok := os.LookupEnv(childEnv); ok {
		// It runs in another goroutine, because a goroutine that runs an init is
		// tied to the first thread and would change threads with each park.
		done := make(chan error)
		go func() { done <- runChild(job) }()
		if err := <-done; err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func runChild(job string) error {
	name, stackName, _ := strings.Cut(job, " ")
	s, ok := lookup(name)
	st, ok2 := stacks[stackName]
	if !ok || !ok2 {
		return fmt.Errorf("no scenario and stack %q", job)
	}
	c := &child{Stack: st, cold: s.cold, control: bufio.NewReader(rawFile(controlFD))}
	if !s.cold {
		if err := c.warmUp(); err != nil {
			return fmt.Errorf("warming up: %w", err)
		}
	}
	return s.child(c)
}

// stacks are the stacks that a child can be told to play on.
var stacks = map[string]*stack.Stack{Net: stack.Net, Net2: stack.Net2}

// A child plays one side of a scenario, on one stack, and is traced.
type child struct {
	*stack.Stack
	cold    bool
	idle    net.PacketConn // receives nothing; made by warmUp
	control *bufio.Reader
	mu      sync.Mutex // of control
}

// record runs f between the two marks.
func (c *child) record(f func() error) error {
	if !c.cold {
		if err := c.settle(); err != nil {
			return err
		}
	}
	mark(begin)
	err := f()
	mark(end)
	return err
}

// tell sends the peer a line.
func (c *child) tell(line string) error {
	_, err := io.WriteString(rawFile(controlFD), line+"\n")
	return err
}

// hear waits for a line of the peer.
func (c *child) hear() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line, err := c.control.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// bye tells the peer that the recording is done and waits until the peer lets it
// go, so that no connection breaks during a recording.
func (c *child) bye() error {
	if err := c.tell("bye"); err != nil {
		return err
	}
	_, err := c.hear()
	return err
}

// warmUp has the stack do what it does once in a process: ask what the host can
// do, read somaxconn, make the poller.
func (c *child) warmUp() error {
	ln, err := c.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	conn, err := c.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	other, err := ln.Accept()
	if err != nil {
		return err
	}
	if err := other.Close(); err != nil {
		return err
	}
	c.idle, err = c.ListenPacket("udp", "127.0.0.1:0")
	return err
}

// settle waits until the poller has taken the events that the preparations left
// behind. An event that came later would wake the recording's first wait for
// nothing. A poller may leave events where they are while nobody waits, so
// settle has somebody wait.
func (c *child) settle() error {
	waited := make(chan error)
	go func() {
		_, _, err := c.idle.ReadFrom(make([]byte, 1))
		waited <- err
	}()
	err := pollersAreQuiet()
	if err := c.idle.SetReadDeadline(longAgo); err != nil {
		return err
	}
	if waitErr := wantTimeout(<-waited); err == nil {
		err = waitErr
	}
	return errors.Join(err, c.idle.SetReadDeadline(time.Time{}))
}

// untilReadParks returns when a Read of this process has parked its goroutine.
func untilReadParks() {
	for {
		for _, trace := range goroutine.Traces() {
			head, calls, _ := strings.Cut(trace, "\n")
			if (strings.Contains(head, "[IO wait") || strings.Contains(head, "[chan receive")) && strings.Contains(calls, ".(*conn).Read(") {
				return
			}
		}
		runtime.Gosched()
	}
}

// listener makes a TCP listener on one address and tells the peer which.
func (c *child) listener() (net.Listener, error) { return c.listenAndTell("tcp", "127.0.0.1:0") }

// listenerAny makes one on all of the host's addresses.
func (c *child) listenerAny() (net.Listener, error) { return c.listenAndTell("tcp4", "0.0.0.0:0") }

func (c *child) listenAndTell(network, address string) (net.Listener, error) {
	ln, err := c.Listen(network, address)
	if err != nil {
		return nil, err
	}
	return ln, c.tell(ln.Addr().String())
}

// conn accepts a connection of the peer.
func (c *child) conn() (net.Conn, error) {
	ln, err := c.listener()
	if err != nil {
		return nil, err
	}
	return ln.Accept()
}

// expect is a step that must succeed.
func expect(n int, err error, want int) error {
	if err == nil && n != want {
		err = fmt.Errorf("got %d bytes, want %d", n, want)
	}
	return err
}

// halfCloser and filer are what the connections of both stacks have besides
// net.Conn.
type (
	halfCloser interface{ CloseWrite() error }
	filer      interface{ File() (*os.File, error) }
)

// wantTimeout accepts the error of a deadline and nothing else.
func wantTimeout(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return fmt.Errorf("got %v, want %w", err, os.ErrDeadlineExceeded)
}

// soon is a deadline that passes at once, but not before it is set.
func soon() time.Time { return time.Now().Add(time.Millisecond) }

var longAgo = time.Unix(1, 0)
