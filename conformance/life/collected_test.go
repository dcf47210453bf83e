//go:build linux

package life

import (
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"go.parity/conformance/descriptors"
	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

// collected runs the garbage collector until no more than n descriptors are
// open.
func collected(t *testing.T, n int) {
	t.Helper()
	if !settle.Within(patience, func() bool {
		runtime.GC()
		return descriptors.Count() <= n
	}) {
		open, _ := descriptors.Open()
		t.Fatalf("%d descriptors open, want %d: %v", descriptors.Count(), n, open)
	}
}

// A connection that nobody has any more is closed by the garbage collector, and
// its peer sees the end.
func TestCollectedConnIsClosed(t *testing.T) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) {
		runtime.GC()
		before := descriptors.Count()
		var peers []net.Conn
		for i := range 40 {
			pair, stop, err := k.serve(s, place{k.name, i % workers})
			if err != nil {
				t.Fatal(err)
			}
			a, b, err := pair()
			stop()
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 {
				a, b = b, a
			}
			if i%4 >= 2 {
				waitOnce(a) // the poller watches it
			}
			peers = append(peers, b)
		}
		collected(t, before+len(peers))
		for _, b := range peers {
			if k.stream {
				b.SetDeadline(time.Now().Add(patience))
				if n, err := b.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("Read of a peer whose other end was collected = %d, %v, want 0, EOF", n, err)
				}
			}
			b.Close()
		}
		collected(t, before)
	})
}

// waitOnce waits in the poller for a moment.
func waitOnce(c net.Conn) {
	c.SetReadDeadline(time.Now().Add(50 * time.Microsecond))
	c.Read(make([]byte, 1))
	c.SetReadDeadline(time.Time{})
}

// So is a listener, with the connections that nobody accepted, and whatever the
// File functions made.
func TestCollectedListenerIsClosed(t *testing.T) {
	onEach(t, func(t *testing.T, s *stack.Stack) {
		runtime.GC()
		before := descriptors.Count()
		for range 10 {
			leaveListeners(t, s)
		}
		collected(t, before)
	})
}

// leaveListeners opens what nobody closes.
func leaveListeners(t *testing.T, s *stack.Stack) {
	at := place{kind: "left"}
	for _, l := range []struct{ network, address string }{
		{"tcp4", "127.0.0.1:0"}, {"unix", at.name()}, {"unixpacket", at.name()},
	} {
		l, err := s.Listen(l.network, l.address)
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(listener).File()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.FileListener(f); err != nil {
			t.Error(err)
		}
		if _, err := s.Dial(l.Addr().Network(), l.Addr().String()); err != nil {
			t.Error(err)
		}
		l.(listener).SetDeadline(time.Now().Add(time.Hour)) // a timer must not keep it
	}
	c, err := s.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.FilePacketConn(f); err != nil {
		t.Error(err)
	}
	if _, err := s.FileConn(f); err != nil {
		t.Error(err)
	}
}

// A connection lives while a goroutine waits in it, and while somebody has its
// RawConn.
func TestUsedConnIsNotCollected(t *testing.T) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) {
		there, back := tokens(0, 0)
		pair, stop, err := k.serve(s, place{k.name, 0})
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		a, b, err := pair()
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		e := &end{stack: s, kind: k, conn: a, out: there, in: back}
		rc, err := e.raw()
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan error)
		go func(c net.Conn) {
			p := make([]byte, 100)
			n, err := c.Read(p)
			if err == nil {
				err = back.foreign(p[min(k.header, n):n])
			}
			got <- err
		}(a)
		a, e = nil, nil
		for range 5 {
			runtime.GC()
		}
		if _, err := b.Write(back.bytes(1)); err != nil {
			t.Fatal(err)
		}
		within(t, "Read", func() {
			if err := <-got; err != nil {
				t.Errorf("Read that waited while the collector ran = %v, want nil", err)
			}
		})
		for range 5 {
			runtime.GC()
		}
		works(t, rc)
	})
}

// works checks that a RawConn still has its descriptor.
func works(t *testing.T, rc syscall.RawConn) {
	t.Helper()
	var serr error
	err := rc.Control(func(fd uintptr) { _, serr = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE) })
	if err != nil || serr != nil {
		t.Errorf("RawConn.Control after the collector ran = %v, %v, want nil", err, serr)
	}
}
