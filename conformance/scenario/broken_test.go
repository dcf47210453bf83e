//go:build linux

package scenario

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A brokenConn does one thing differently from the connection within.
type brokenConn struct {
	disguisedConn
	read      func(c TCPConn, b []byte) (int, error)
	write     func(c TCPConn, b []byte) (int, error)
	close     func(c TCPConn) error
	localAddr func(c TCPConn) net.Addr
}

func (c *brokenConn) Read(b []byte) (int, error) {
	if c.read != nil {
		return c.read(c.TCPConn, b)
	}
	return c.TCPConn.Read(b)
}

func (c *brokenConn) Write(b []byte) (int, error) {
	if c.write != nil {
		return c.write(c.TCPConn, b)
	}
	return c.TCPConn.Write(b)
}

func (c *brokenConn) Close() error {
	if c.close != nil {
		return c.close(c.TCPConn)
	}
	return c.TCPConn.Close()
}

func (c *brokenConn) LocalAddr() net.Addr {
	if c.localAddr != nil {
		return c.localAddr(c.TCPConn)
	}
	return c.TCPConn.LocalAddr()
}

// dialling is net with connections from DialTCP that are broken in one thing.
func dialling(broken brokenConn) *Stack {
	st := *stackNet
	st.DialTCP = func(network string, laddr, raddr *net.TCPAddr) (TCPConn, error) {
		c, err := stackNet.DialTCP(network, laddr, raddr)
		if err != nil {
			return nil, err
		}
		one := broken
		one.TCPConn = c
		return &one, nil
	}
	return &st
}

// A deafListener ignores its deadlines.
type deafListener struct{ TCPListener }

func (l deafListener) disguised() any              { return l.TCPListener }
func (l deafListener) SetDeadline(time.Time) error { return nil }

// inner rewrites the innermost error of an OpError.
func inner(err, with error) error {
	if op, ok := err.(*net.OpError); ok {
		other := *op
		other.Err = with
		return &other
	}
	return err
}

// TestBrokenStackDiffers proves that the scenarios can fail: each stack here
// is net with one fault, which a scenario must find and name.
func TestBrokenStackDiffers(t *testing.T) {
	var leaked []int // descriptors, to close after
	defer func() {
		for _, fd := range leaked {
			unix.Close(fd)
		}
	}()
	stop := make(chan struct{}) // ends goroutines that are left behind
	defer close(stop)

	listening := func(listen func(network string, laddr *net.TCPAddr) (TCPListener, error)) *Stack {
		st := *stackNet
		st.ListenTCP = listen
		st.AcceptTCP = func(l TCPListener) (TCPConn, error) {
			if deaf, ok := l.(deafListener); ok {
				l = deaf.TCPListener
			}
			return stackNet.AcceptTCP(l)
		}
		return &st
	}

	for _, tt := range []struct {
		name     string
		scenario string
		stack    *Stack
		want     []string // in the detail
	}{
		{
			"read gives another errno", "tcp/close/reset-reading",
			dialling(brokenConn{read: func(c TCPConn, b []byte) (int, error) {
				n, err := c.Read(b)
				if errors.Is(err, unix.ECONNRESET) {
					err = inner(err, os.NewSyscallError("read", unix.ENOTCONN))
				}
				return n, err
			}}),
			[]string{"ECONNRESET", "ENOTCONN", "first parting:", "broken: read:"},
		},
		{
			"read gives a bare errno", "tcp/close/reset-reading",
			dialling(brokenConn{read: func(c TCPConn, b []byte) (int, error) {
				n, err := c.Read(b)
				if errors.Is(err, unix.ECONNRESET) {
					err = inner(err, unix.ECONNRESET)
				}
				return n, err
			}}),
			[]string{"*os.SyscallError"},
		},
		{
			"local address has another length", "tcp/accept/addresses",
			dialling(brokenConn{localAddr: func(c TCPConn) net.Addr {
				a := c.LocalAddr().(*net.TCPAddr)
				return &net.TCPAddr{IP: a.IP.To16(), Port: a.Port}
			}}),
			[]string{"client local", "IP of 16 bytes", "identical"},
		},
		{
			"local address is the peer's", "tcp/accept/addresses",
			dialling(brokenConn{localAddr: func(c TCPConn) net.Addr { return c.RemoteAddr() }}),
			[]string{"client local"},
		},
		{
			"write counts less", "tcp/io/stream",
			dialling(brokenConn{write: func(c TCPConn, b []byte) (int, error) {
				n, err := c.Write(b)
				return max(n-1, 0), err
			}}),
			[]string{"write"},
		},
		{
			"a timeout is another error of the same text", "tcp/deadline/past",
			dialling(brokenConn{read: func(c TCPConn, b []byte) (int, error) {
				n, err := c.Read(b)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					err = inner(err, errors.New("i/o timeout"))
				}
				return n, err
			}}),
			[]string{"os.ErrDeadlineExceeded", "*poll.DeadlineExceededError"},
		},
		{
			"close succeeds twice", "tcp/close/twice",
			dialling(brokenConn{close: func(c TCPConn) error { c.Close(); return nil }}),
			[]string{"close again"},
		},
		{
			"close panics", "tcp/close/twice",
			dialling(brokenConn{close: func(c TCPConn) error {
				if err := c.Close(); err != nil {
					return nil
				}
				panic("broken")
			}}),
			[]string{"the script did not end: panic: broken"},
		},
		{
			"an option is not set", "tcp/accept/options",
			func() *Stack {
				st := *stackNet
				st.AcceptTCP = func(l TCPListener) (TCPConn, error) {
					c, err := stackNet.AcceptTCP(l)
					if err == nil {
						c.SetNoDelay(false)
					}
					return c, err
				}
				return &st
			}(),
			[]string{"accepted: TCP_NODELAY"},
		},
		{
			"a descriptor is left open", "tcp/accept/close",
			listening(func(network string, laddr *net.TCPAddr) (TCPListener, error) {
				if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err == nil {
					leaked = append(leaked, fd)
				}
				return stackNet.ListenTCP(network, laddr)
			}),
			[]string{"broken: descriptor left open: socket:["},
		},
		{
			"a goroutine is left behind", "tcp/accept/order",
			listening(func(network string, laddr *net.TCPAddr) (TCPListener, error) {
				go func() { <-stop }()
				return stackNet.ListenTCP(network, laddr)
			}),
			[]string{"broken: goroutine left behind:", "TestBrokenStackDiffers"},
		},
		{
			"accept ignores its deadline", "tcp/accept/deadline-past",
			listening(func(network string, laddr *net.TCPAddr) (TCPListener, error) {
				l, err := stackNet.ListenTCP(network, laddr)
				if err != nil {
					return nil, err
				}
				return deafListener{l}, nil
			}),
			[]string{"broken: the script did not end: it hangs", "[IO wait]"},
		},
		{
			"listen gives the wrong error", "tcp/listen/bad-address",
			func() *Stack {
				st := *stackNet
				st.Listen = func(network, address string) (net.Listener, error) {
					l, err := stackNet.Listen(network, address)
					if err != nil {
						err = errors.Unwrap(err)
					}
					return l, err
				}
				return &st
			}(),
			[]string{"*net.OpError"},
		},
		{
			"control is not called", "tcp/dial/control-error",
			func() *Stack {
				st := *stackNet
				st.DialerDial = func(d Dialer, network, address string) (net.Conn, error) {
					d.Control = nil
					return stackNet.DialerDial(d, network, address)
				}
				return &st
			}(),
			[]string{"control: nil, error"},
		},
		{
			"nil receivers are let through", "nil/tcp-listener",
			func() *Stack {
				st := *stackNet
				st.NilTCPListener = func() TCPListener { return stackNet.ZeroTCPListener() }
				st.ZeroTCPListener = func() TCPListener { return lenientListener{} }
				return &st
			}(),
			[]string{"zero: Close"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.stack.Name = "broken"
			limit := defaultLimit
			if strings.Contains(tt.name, "ignores") {
				limit = 200 * time.Millisecond
			}
			c := compare(t.Context(), limited(t, tt.scenario, limit), stackNet, tt.stack)
			if c.Outcome != Differs {
				t.Fatalf("%s is %s", tt.scenario, c.Outcome)
			}
			for _, want := range tt.want {
				if !strings.Contains(c.Detail, want) {
					t.Errorf("the detail lacks %q:\n%s", want, c.Detail)
				}
			}
		})
	}
}

// A lenientListener is happy with everything.
type lenientListener struct{}

func (lenientListener) Accept() (net.Conn, error)             { return nil, nil }
func (lenientListener) Addr() net.Addr                        { return &net.TCPAddr{} }
func (lenientListener) Close() error                          { return nil }
func (lenientListener) File() (*os.File, error)               { return nil, nil }
func (lenientListener) SetDeadline(time.Time) error           { return nil }
func (lenientListener) SyscallConn() (syscall.RawConn, error) { return nil, nil }

// TestSoundStackIsTheSame guards against scenarios that fail by themselves.
func TestSoundStackIsTheSame(t *testing.T) {
	for _, name := range []string{"tcp/close/reset-reading", "tcp/accept/addresses", "tcp/accept/deadline-past", "nil/tcp-listener"} {
		t.Run(name, func(t *testing.T) {
			st := dialling(brokenConn{})
			st.Name = "wrapped"
			c := compare(t.Context(), limited(t, name, defaultLimit), stackNet, st)
			if c.Outcome != Same {
				t.Errorf("%s is %s:\n%s", name, c.Outcome, c.Detail)
			}
		})
	}
}

// TestChanceIsNotADifference checks that the runner repeats a run in which the
// kernel chose a port twice, and that runs that always part are not the same.
func TestChanceIsNotADifference(t *testing.T) {
	ports := []int{40001, 40002, 40003}
	runs := 0
	s := &Scenario{Name: "chance", Doc: "ports", run: func(t *T) {
		runs++
		second := 1
		if runs == 2 {
			second = 0
		}
		t.Rec("first", &net.TCPAddr{Port: ports[0]})
		t.Rec("second", &net.TCPAddr{Port: ports[second]})
	}}
	if c := compare(t.Context(), s, stackNet, stackNet2); c.Outcome != Same || runs != 4 {
		t.Errorf("a port that was chosen twice once: %s after %d runs, want the same after 4", c.Outcome, runs)
	}
	s.run = func(t *T) {
		second := 1
		if t.Name == "net2" {
			second = 0
		}
		t.Rec("first", &net.TCPAddr{Port: ports[0]})
		t.Rec("second", &net.TCPAddr{Port: ports[second]})
	}
	if c := compare(t.Context(), s, stackNet, stackNet2); c.Outcome != Differs {
		t.Errorf("a port that is always taken for another: %s, want a difference", c.Outcome)
	}
}
