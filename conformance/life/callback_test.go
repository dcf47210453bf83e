//go:build linux

package life

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.parity/conformance/descriptors"
	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// escapes are the ways in which a callback may not return.
var escapes = []struct {
	name string
	do   func()
}{
	{"panic", func() { panic(errEscape) }},
	{"Goexit", runtime.Goexit},
}

var errEscape = errors.New("the callback does not return")

// A caller is a function that calls another one with a descriptor.
type caller struct {
	name string
	// call makes the stack call the callback, if it can, on something of the
	// caller's.
	call func(s *stack.Stack, k kind, c net.Conn, callback func()) error
}

// onConn are the callers on a connection.
var onConn = []caller{
	{"RawConn.Control", func(_ *stack.Stack, _ kind, c net.Conn, callback func()) error {
		return raw(c, func(rc syscall.RawConn) error { return rc.Control(func(uintptr) { callback() }) })
	}},
	{"RawConn.Read", func(_ *stack.Stack, _ kind, c net.Conn, callback func()) error {
		return raw(c, func(rc syscall.RawConn) error {
			return rc.Read(func(uintptr) bool { callback(); return true })
		})
	}},
	{"RawConn.Write", func(_ *stack.Stack, _ kind, c net.Conn, callback func()) error {
		return raw(c, func(rc syscall.RawConn) error {
			return rc.Write(func(uintptr) bool { callback(); return true })
		})
	}},
	{"ReadFrom a reader", func(s *stack.Stack, _ kind, c net.Conn, callback func()) error {
		if c, ok := c.(stack.TCPConn); ok {
			return second(c.ReadFrom(readerFunc(func([]byte) (int, error) { callback(); return 0, nil })))
		}
		return errNotThere
	}},
	{"WriteTo a writer", func(s *stack.Stack, k kind, c net.Conn, callback func()) error {
		if c, ok := c.(stack.TCPConn); ok {
			return second(c.WriteTo(writerFunc(func(p []byte) (int, error) { callback(); return len(p), nil })))
		}
		return errNotThere
	}},
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func raw(c net.Conn, f func(syscall.RawConn) error) error {
	rc, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	return f(rc)
}

// escaped runs f in a goroutine that may end in every way, and says how it
// ended.
func escaped(t *testing.T, f func() error) string {
	t.Helper()
	how := make(chan string, 1)
	go func() {
		ended := "Goexit"
		defer func() {
			if r := recover(); r != nil {
				ended = fmt.Sprint("panic: ", r)
			}
			how <- ended
		}()
		ended = fmt.Sprint("returned ", f())
	}()
	var ended string
	within(t, "the callback's caller", func() { ended = <-how })
	return ended
}

// After a callback that did not return, the connection holds no lock: one can
// read, write and close it.
func TestCallbackOnConnDoesNotReturn(t *testing.T) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) {
		for _, from := range onConn {
			for _, escape := range escapes {
				t.Run(from.name+"/"+escape.name, func(t *testing.T) {
					before := descriptors.Count()
					a, b := k.open(t, s)
					there, back := tokens(0, 0)
					e := &end{stack: s, kind: k, conn: a, out: there, in: back, choose: chance(0)}
					write(t, b, back)
					called := false
					ended := escaped(t, func() error {
						return from.call(s, k, a, func() { called = true; escape.do() })
					})
					if want := (map[string]string{"panic": "panic: " + errEscape.Error(), "Goexit": "Goexit"})[escape.name]; called && ended != want {
						t.Errorf("%s with a callback that did not return %s, want %s", from.name, ended, want)
					} else if !called && ended != "returned "+errNotThere.Error() {
						t.Fatalf("%s did not call: %s", from.name, ended)
					}
					write(t, b, back)
					for _, u := range []use{{"Read", read}, {"Write", func(*end) error { return second(a.Write(there.bytes(10))) }}} {
						within(t, u.name, func() {
							if err := u.do(e); err != nil {
								t.Errorf("%s after the callback = %v, want nil", u.name, err)
							}
						})
					}
					within(t, "Close", func() {
						if err := a.Close(); err != nil {
							t.Errorf("Close after the callback = %v, want nil", err)
						}
					})
					b.Close()
					collected(t, before)
				})
			}
		}
	})
}

func write(t *testing.T, c net.Conn, out token) {
	t.Helper()
	if _, err := c.Write(out.bytes(10)); err != nil {
		t.Fatal(err)
	}
}

// A Control function that does not return leaves no lock and, in net2, no
// descriptor. net leaves its socket open for ever.
func TestControlDoesNotReturn(t *testing.T) {
	type control = func(network, address string, c syscall.RawConn) error
	listenStream := func(s *stack.Stack, network, address string, f control) error {
		l, err := s.ConfigListen(context.Background(), stack.ListenConfig{Control: f}, network, address)
		if err == nil {
			err = l.Close()
		}
		return err
	}
	listenPacket := func(s *stack.Stack, network, address string, f control) error {
		c, err := s.ConfigListenPacket(context.Background(), stack.ListenConfig{Control: f}, network, address)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	dial := func(s *stack.Stack, network, address string, f control) error {
		c, err := s.DialerDial(stack.Dialer{Control: f, Timeout: time.Minute}, network, address)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	dialContext := func(s *stack.Stack, network, address string, f control) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		d := stack.Dialer{ControlContext: func(_ context.Context, network, address string, c syscall.RawConn) error {
			return f(network, address, c)
		}}
		c, err := s.DialerDialContext(ctx, d, network, address)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	at := place{kind: "control"}
	for _, tt := range []struct {
		name             string
		needs            host.Need
		network, address string
		call             func(s *stack.Stack, network, address string, f control) error
	}{
		{"Listen tcp", host.Loopback, "tcp4", "127.0.0.1:0", listenStream},
		{"Listen unix", host.Linux, "unix", at.name(), listenStream},
		{"ListenPacket udp", host.Loopback, "udp4", "127.0.0.1:0", listenPacket},
		{"ListenPacket multicast", host.Multicast, "udp4", "224.0.0.254:0", listenPacket},
		{"ListenPacket unixgram", host.Linux, "unixgram", at.name(), listenPacket},
		{"ListenPacket ip", host.RawSockets, "ip4:253", "127.0.0.1", listenPacket},
		{"Dial tcp", host.Loopback, "tcp4", "127.0.0.1:9", dial},
		{"Dial udp", host.Loopback, "udp4", "127.0.0.1:9", dial},
		{"Dial unix", host.Linux, "unix", at.name(), dial},
		{"Dial ip", host.RawSockets, "ip4:253", "127.0.0.1", dial},
		{"DialContext tcp", host.Loopback, "tcp4", "127.0.0.1:9", dialContext},
		{"DialContext unixpacket", host.Linux, "unixpacket", at.name(), dialContext},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if lack := host.Lacking(tt.needs); lack != nil {
				t.Skip(lack)
			}
			for _, escape := range escapes {
				for _, inside := range []string{"Control", "RawConn.Control"} {
					t.Run(escape.name+" in "+inside, func(t *testing.T) {
						onEach(t, func(t *testing.T, s *stack.Stack) {
							before, _ := descriptors.Open()
							ended := escaped(t, func() error {
								return tt.call(s, tt.network, tt.address, func(_, _ string, c syscall.RawConn) error {
									if inside == "Control" {
										escape.do()
									}
									return c.Control(func(uintptr) { escape.do() })
								})
							})
							if !strings.HasPrefix(ended, escape.name) {
								t.Errorf("it %s, want %s", ended, escape.name)
							}
							left := closeLeft(t, before)
							if s == stack.Net2 && left != 0 {
								t.Errorf("%d sockets left, want 0", left)
							}
							t.Logf("%d sockets left", left)
						})
					})
				}
			}
		})
	}
}

// closeLeft closes the sockets that were not open before and returns how many
// they were.
func closeLeft(t *testing.T, before map[int]string) (left int) {
	t.Helper()
	runtime.GC()
	now, err := descriptors.Open()
	if err != nil {
		t.Fatal(err)
	}
	for fd, what := range now {
		if before[fd] != what && strings.HasPrefix(what, "socket:") {
			left++
			os.NewFile(uintptr(fd), what).Close()
		}
	}
	return left
}
