package traffic

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/stack"
)

func TestMain(m *testing.M) {
	warmUp(context.Background())
	before := takeStock()
	code := m.Run()
	if left := before.settle(usual.settle); code == 0 && left != (leftover{}) {
		fmt.Fprintln(os.Stderr, "left behind:", left)
		code = 1
	}
	os.Exit(code)
}

func TestPartSame(t *testing.T) {
	ctx := t.Context()
	names, err := Part().Names(ctx)
	if err != nil {
		t.Fatalf("Names() = %v, want no error", err)
	}
	next := 0
	all := func(string) bool { return true }
	err = Part().Run(ctx, all, func(c conformance.Check) {
		if next >= len(names) || names[next] != c.Name {
			t.Errorf("check %d is %q, which Names does not announce there", next, c.Name)
		}
		next++
		t.Run(c.Name, func(t *testing.T) {
			switch c.Status {
			case conformance.Same:
			case conformance.Skipped:
				t.Skip(c.Detail)
			default:
				t.Errorf("status = %v, want same\n%s", c.Status, c.Detail)
			}
		})
	})
	if err != nil {
		t.Errorf("Run() = %v, want no error", err)
	}
	if next != len(names) {
		t.Errorf("Run reported %d checks, want %d", next, len(names))
	}
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	all := func(string) bool { return true }
	n := 0
	err := Part().Run(ctx, all, func(conformance.Check) {
		n++
		cancel()
	})
	if err != context.Canceled || n != 1 {
		t.Errorf("Run cancelled in the first report = %v after %d checks, want %v after 1", err, n, context.Canceled)
	}
}

// The control must see what a scenario is about; otherwise equality means
// nothing.
func TestControlGetsThrough(t *testing.T) {
	for _, trial := range trials() {
		if trial.proto.name != "h1" && trial.proto.name != "h1tls" {
			continue
		}
		t.Run(trial.String(), func(t *testing.T) {
			got := play(t.Context(), trial, control, usual)
			if got.Err != nil || len(got.Notes) == 0 {
				t.Fatalf("play() = %d notes, %v, want some notes and no error", len(got.Notes), got.Err)
			}
			if got.Left != (leftover{}) {
				t.Errorf("net left behind %v", got.Left)
			}
			for _, n := range got.Notes {
				if r, ok := n.Got.(reply); ok && r.Status+r.Err == "" {
					t.Errorf("note %q is neither a response nor an error", n.What)
				}
			}
		})
	}
}

// Each break is a stack with one fault, in its client's or its server's half.
// The scenarios named must tell it from net.
var breaks = []struct {
	name      string
	client    bool // break the client's stack, not the server's
	how       func(*stack.Stack) *stack.Stack
	scenarios string // names under HTTP/1.1
	want      string // a part of the detail of each
}{
	{"server loses a byte", false, onAccept(func(c net.Conn) net.Conn {
		return &faulty{Conn: c, read: func(b []byte) (int, error) { return c.Read(b[:max(1, len(b)-1)]) }, lose: 70_000}
	}), "bodies proxy files proxy-upgrade", ""},
	{"client's bytes are wrong", true, onDial(func(c net.Conn) net.Conn {
		return &faulty{Conn: c, flip: 5000}
	}), "bodies at-once upgrade files", ""},
	{"every third connection is dropped", false, func(s *stack.Stack) *stack.Stack {
		var n atomic.Int64
		return onAccept(func(c net.Conn) net.Conn {
			if n.Add(1)%3 == 0 {
				c.Close()
			}
			return c
		})(s)
	}, "at-once churn", ""},
	{"connections keep their descriptor", false, onAccept(func(c net.Conn) net.Conn {
		f, err := c.(*net.TCPConn).File()
		if err == nil {
			leaked.Store(f, true)
		}
		return c
	}), "lengths", "left behind: "},
	{"connections keep a goroutine", true, onDial(func(c net.Conn) net.Conn {
		end := stuck
		go func() { <-end }()
		return c
	}), "lengths", "left behind: "},
	{"a read ignores its deadline", false, onAccept(func(c net.Conn) net.Conn {
		return &faulty{Conn: c, noDeadline: true}
	}), "idle-timeout server-timeouts", "hung|i/o timeout"},
	{"a deadline is another error", false, onAccept(func(c net.Conn) net.Conn {
		return &faulty{Conn: c, read: func(b []byte) (int, error) {
			n, err := c.Read(b)
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}}
	}), "server-timeouts", "UnexpectedEOF|unexpected EOF"},
	{"closing does not close", false, func(s *stack.Stack) *stack.Stack {
		broken, listen := *s, s.ListenContext
		broken.ConfigListen = func(ctx context.Context, _ stack.ListenConfig, network, address string) (net.Listener, error) {
			ln, err := listen(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &undead{Listener: ln, closed: make(chan struct{})}, nil
		}
		return &broken
	}, "shutdown", ""},
	{"dialling forgets its context", true, func(s *stack.Stack) *stack.Stack {
		broken, dial := *s, s.DialContext
		broken.DialerDialContext = func(ctx context.Context, _ stack.Dialer, network, address string) (net.Conn, error) {
			return dial(context.Background(), network, address)
		}
		return &broken
	}, "trace", "ConnectStart"},
	{"errors are bare", true, func(s *stack.Stack) *stack.Stack {
		broken, dial := *s, s.DialContext
		broken.DialerDialContext = func(ctx context.Context, _ stack.Dialer, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if oe, ok := err.(*net.OpError); ok {
				return nil, oe.Err
			}
			return c, err
		}
		return &broken
	}, "failures trace shutdown", "OpError"},
	{"no half close", true, onDial(func(c net.Conn) net.Conn {
		return struct{ net.Conn }{c}
	}), "hijack addresses", "CloseWrite"},
	{"connections are made anew", false, onAccept(func(c net.Conn) net.Conn {
		return &faulty{Conn: c, write: func(b []byte) (int, error) {
			n, err := c.Write(b)
			c.(*net.TCPConn).CloseWrite()
			return n, err
		}}
	}), "keep-alive stream", ""},
	{"reset becomes a close", false, onAccept(func(c net.Conn) net.Conn {
		return struct{ net.Conn }{c}
	}), "failures", "ECONNRESET|reset"},
}

var (
	leaked sync.Map
	stuck  chan struct{}
)

func TestBrokenStackDiffers(t *testing.T) {
	stuck = make(chan struct{})
	defer func() {
		close(stuck)
		leaked.Range(func(f, _ any) bool {
			f.(*os.File).Close()
			return true
		})
		leaked.Clear()
		runtime.GC() // closes what came to listeners that do not close
	}()
	little := patience{run: time.Second, settle: time.Second}
	for _, b := range breaks {
		for _, s := range scenarios {
			if !strings.Contains(" "+b.scenarios+" ", " "+s.name+" ") {
				continue
			}
			t.Run(strings.ReplaceAll(b.name, " ", "-")+"/"+s.name, func(t *testing.T) {
				p := control
				if b.client {
					p.client = b.how(p.client)
				} else {
					p.server = b.how(p.server)
				}
				tr := trial{s, h1}
				check := verdict(play(t.Context(), tr, control, usual), play(t.Context(), tr, p, little))
				if check.Status != conformance.Differs {
					t.Fatalf("verdict() = %v %s, want %v", check.Status, check.Detail, conformance.Differs)
				}
				found := false
				for want := range strings.SplitSeq(b.want, "|") {
					found = found || strings.Contains(check.Detail, want)
				}
				if !found {
					t.Errorf("detail lacks %q:\n%s", b.want, check.Detail)
				}
			})
		}
	}
}

func TestJudgeControlFails(t *testing.T) {
	check := verdict(&outcome{Err: io.EOF}, &outcome{})
	if check.Status != conformance.Skipped || check.Detail == "" {
		t.Errorf("verdict(net failed) = %v %q, want %v and a reason", check.Status, check.Detail, conformance.Skipped)
	}
}

func TestPlayPanics(t *testing.T) {
	tr := trial{scenario{play: func(*environment) error { panic("no luck") }}, h1}
	got := play(t.Context(), tr, control, usual)
	if got.Err == nil || !strings.Contains(got.Err.Error(), "no luck") {
		t.Errorf("play(panics) = %v, want the panic's value", got.Err)
	}
}

func onAccept(f func(net.Conn) net.Conn) func(*stack.Stack) *stack.Stack {
	return func(s *stack.Stack) *stack.Stack {
		broken, listen := *s, s.ListenContext
		broken.ConfigListen = func(ctx context.Context, _ stack.ListenConfig, network, address string) (net.Listener, error) {
			ln, err := listen(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return accepting{ln, f}, nil
		}
		return &broken
	}
}

type accepting struct {
	net.Listener
	f func(net.Conn) net.Conn
}

func (l accepting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.f(c), nil
}

func (l accepting) SetDeadline(t time.Time) error {
	return l.Listener.(*net.TCPListener).SetDeadline(t)
}

func onDial(f func(net.Conn) net.Conn) func(*stack.Stack) *stack.Stack {
	return func(s *stack.Stack) *stack.Stack {
		broken, dial := *s, s.DialContext
		broken.DialerDialContext = func(ctx context.Context, _ stack.Dialer, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return f(c), nil
		}
		return &broken
	}
}

// A faulty connection does one thing wrong.
type faulty struct {
	net.Conn
	read, write func([]byte) (int, error)
	noDeadline  bool
	lose, flip  int64 // the byte read to lose or to change
	got         atomic.Int64
}

func (c *faulty) Read(b []byte) (int, error) {
	read := c.Conn.Read
	if c.read != nil {
		read = c.read
	}
	n, err := read(b)
	end := c.got.Add(int64(n))
	start := end - int64(n)
	if at := c.lose - start; c.lose > 0 && 0 <= at && at < int64(n) {
		copy(b[at:n], b[at+1:n])
		n--
	}
	if at := c.flip - start; c.flip > 0 && 0 <= at && at < int64(n) {
		b[at] ^= 1
	}
	return n, err
}

func (c *faulty) Write(b []byte) (int, error) {
	if c.write != nil {
		return c.write(b)
	}
	return c.Conn.Write(b)
}

func (c *faulty) SetReadDeadline(t time.Time) error {
	if c.noDeadline {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *faulty) SetDeadline(t time.Time) error {
	if c.noDeadline {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// An undead listener goes on after its Close, until the next one.
type undead struct {
	net.Listener
	once   sync.Once
	closed chan struct{}
}

func (l *undead) Accept() (net.Conn, error) {
	type accepted struct {
		c   net.Conn
		err error
	}
	ch := make(chan accepted, 1)
	go func() {
		c, err := l.Listener.Accept()
		ch <- accepted{c, err}
	}()
	select {
	case a := <-ch:
		return a.c, a.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *undead) Close() error {
	again := true
	l.once.Do(func() {
		again = false
		close(l.closed)
	})
	if again {
		return l.Listener.Close()
	}
	return nil
}
