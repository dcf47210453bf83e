//go:build linux

package life

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// A kind is a sort of connection.
type kind struct {
	name  string
	needs host.Need
	// header is how many bytes of its own the kernel puts before the data of
	// every read that does not ask for the sender.
	header int
	// stream says that a read may cut and join what was written.
	stream bool
	// serve returns a function that makes one pair of connected ends after the
	// other, and a function that ends it.
	serve func(s *stack.Stack, at place) (pair func() (a, b net.Conn, err error), stop func(), err error)
}

var kinds = []kind{
	{name: "tcp", needs: host.Loopback, stream: true, serve: serveTCP(false)},
	{name: "mptcp", needs: host.MultipathTCP, stream: true, serve: serveTCP(true)},
	{name: "udp", needs: host.Loopback, serve: serveUDP},
	{name: "unix", needs: host.Linux, stream: true, serve: serveUnix},
	{name: "unixpacket", needs: host.Linux, serve: serveUnix},
	{name: "unixgram", needs: host.Linux, serve: serveUnixgram},
	{name: "ip", needs: host.RawSockets, header: 20, serve: serveIP},
}

// onEachKind runs a test on every kind of connection of every stack.
func onEachKind(t *testing.T, test func(t *testing.T, s *stack.Stack, k kind)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if lack := host.Lacking(k.needs); lack != nil {
				t.Skip(lack)
			}
			onEach(t, func(t *testing.T, s *stack.Stack) { test(t, s, k) })
		})
	}
}

// A place gives the addresses of one worker, which no other worker uses, so that
// only a wrong descriptor can bring bytes of another worker.
type place struct {
	kind   string
	worker int
}

// ip returns one of the worker's IPv4 addresses.
func (p place) ip(generation, side int) string {
	return fmt.Sprintf("127.%d.%d.%d", 1+p.worker, generation%250, 1+side)
}

// name returns an abstract name that is never used again.
func (p place) name() string {
	return fmt.Sprintf("@life-%s-%d-%d", p.kind, os.Getpid(), serial())
}

var last atomic.Int64

// serial returns another number each time.
func serial() int { return int(last.Add(1)) }

func serveTCP(multipath bool) func(*stack.Stack, place) (func() (a, b net.Conn, err error), func(), error) {
	return func(s *stack.Stack, at place) (func() (a, b net.Conn, err error), func(), error) {
		l, err := s.ConfigListen(context.Background(), stack.ListenConfig{MultipathTCP: &multipath}, "tcp4", at.ip(0, 0)+":0")
		if err != nil {
			return nil, nil, err
		}
		return func() (a, b net.Conn, err error) {
			return meet(l, func() (net.Conn, error) {
				return s.DialerDial(stack.Dialer{MultipathTCP: &multipath}, "tcp4", l.Addr().String())
			})
		}, func() { l.Close() }, nil
	}
}

func serveUnix(s *stack.Stack, at place) (func() (a, b net.Conn, err error), func(), error) {
	l, err := s.Listen(at.kind, at.name())
	if err != nil {
		return nil, nil, err
	}
	return func() (a, b net.Conn, err error) {
		return meet(l, func() (net.Conn, error) { return s.Dial(at.kind, l.Addr().String()) })
	}, func() { l.Close() }, nil
}

// meet dials and accepts. On this host a connect is done before anybody
// accepts.
func meet(l net.Listener, dial func() (net.Conn, error)) (a, b net.Conn, err error) {
	a, err = dial()
	if err != nil {
		return nil, nil, err
	}
	b, err = l.Accept()
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	return a, b, nil
}

// serveUDP makes two sockets that take datagrams only from each other. Between
// fork and exec a child still holds a port that was closed here, so a port that is
// not free is left alone.
func serveUDP(s *stack.Stack, at place) (func() (a, b net.Conn, err error), func(), error) {
	return func() (a, b net.Conn, err error) {
		for range 100 {
			a, b, err = connectUDP(s, at, serial())
			if !errors.Is(err, syscall.EADDRINUSE) {
				break
			}
		}
		return a, b, err
	}, func() {}, nil
}

// connectUDP makes two connected sockets. Each needs the other's port, so a third
// socket holds the first port until the second is known.
func connectUDP(s *stack.Stack, at place, generation int) (a, b net.Conn, err error) {
	one := &net.UDPAddr{IP: net.ParseIP(at.ip(generation, 0))}
	other := &net.UDPAddr{IP: net.ParseIP(at.ip(generation, 1))}
	holder, err := s.ListenUDP("udp4", one)
	if err != nil {
		return nil, nil, err
	}
	one = holder.LocalAddr().(*net.UDPAddr)
	b, err = s.DialUDP("udp4", other, one)
	holder.Close()
	if err != nil {
		return nil, nil, err
	}
	a, err = s.DialUDP("udp4", one, b.LocalAddr().(*net.UDPAddr))
	if err != nil {
		b.Close()
		return nil, nil, err
	}
	return a, b, nil
}

// serveIP makes raw sockets. Until it is connected, a raw socket gets all packets
// of its protocol, and may get one even later, if the kernel was about to deliver
// it. So each worker has a protocol of its own, out of those that nobody uses.
func serveIP(s *stack.Stack, at place) (func() (a, b net.Conn, err error), func(), error) {
	const unassigned, processes = 148, 13
	network := fmt.Sprintf("ip4:%d", unassigned+os.Getpid()%processes*workers+at.worker)
	return func() (a, b net.Conn, err error) {
		generation := serial()
		one := &net.IPAddr{IP: net.ParseIP(at.ip(generation, 0))}
		other := &net.IPAddr{IP: net.ParseIP(at.ip(generation, 1))}
		a, err = s.DialIP(network, one, other)
		if err != nil {
			return nil, nil, err
		}
		b, err = s.DialIP(network, other, one)
		if err != nil {
			a.Close()
			return nil, nil, err
		}
		if err := errors.Join(empty(a), empty(b)); err != nil {
			a.Close()
			b.Close()
			return nil, nil, err
		}
		return a, b, nil
	}, func() {}, nil
}

// empty takes what a raw socket received from everybody before it was
// connected.
func empty(c net.Conn) error {
	rc, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	return rc.Control(func(fd uintptr) {
		for p := make([]byte, 1); err == nil; {
			_, _, err = unix.Recvfrom(int(fd), p, unix.MSG_DONTWAIT)
		}
	})
}

// serveUnixgram makes one end that is connected and one that is bound. The bound
// end answers whoever wrote to it.
func serveUnixgram(s *stack.Stack, at place) (func() (a, b net.Conn, err error), func(), error) {
	return func() (a, b net.Conn, err error) {
		one := &net.UnixAddr{Net: "unixgram", Name: at.name()}
		other := &net.UnixAddr{Net: "unixgram", Name: at.name()}
		b, err = s.ListenUnixgram("unixgram", other)
		if err != nil {
			return nil, nil, err
		}
		a, err = s.DialUnix("unixgram", one, other)
		if err != nil {
			b.Close()
			return nil, nil, err
		}
		return a, answering{b.(stack.UnixConn), one}, nil
	}, func() {}, nil
}

// answering is a bound socket whose Write goes to one address.
type answering struct {
	stack.UnixConn
	to *net.UnixAddr
}

func (c answering) Write(p []byte) (int, error) { return c.WriteToUnix(p, c.to) }

// open makes a pair of a kind, alone.
func (k kind) open(t *testing.T, s *stack.Stack) (a, b net.Conn) {
	t.Helper()
	pair, stop, err := k.serve(s, place{k.name, 0})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	a, b, err = pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}
