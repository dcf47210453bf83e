//go:build linux

package poll

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// A new socket has an event for the poller, which looks at it while Close
// closes the descriptor. Even so, the socket is gone when Close returns: its
// port is free, and its peer sees the end.
func TestFDCloseIsDoneWhenItReturns(t *testing.T) {
	t.Run("port", func(t *testing.T) {
		s := newSocket(t, unix.AF_INET, unix.SOCK_DGRAM)
		noErrno(t, "Bind", socket.Bind(s, loopback(0)))
		at := localAddr(t, s)
		for i := range rounds(3000) {
			fd := &FD{Sysfd: s}
			wantErr(t, "Init()", fd.Init(), nil)
			wantErr(t, "Close()", fd.Close(), nil)
			s = newSocket(t, unix.AF_INET, unix.SOCK_DGRAM)
			if errno := socket.Bind(s, at); errno != 0 {
				t.Errorf("round %d: Bind to the port after Close = %v, want success", i, errno)
				break
			}
		}
		socket.Close(s)
	})
	t.Run("peer", func(t *testing.T) {
		for i := range rounds(3000) {
			a, b := rawPair(t, unix.SOCK_STREAM)
			fd := &FD{Sysfd: a, IsStream: true}
			wantErr(t, "Init()", fd.Init(), nil)
			wantErr(t, "Close()", fd.Close(), nil)
			n, errno := socket.Write(b, []byte("x"), 0)
			socket.Close(b)
			if errno != unix.EPIPE {
				t.Fatalf("round %d: Write to the peer after Close = %d, %v, want EPIPE", i, n, errno)
			}
		}
	})
}

// A thread that looks at a socket for the poller holds the socket, and may go
// to sleep with it if it finds nothing there any more. If the program has read
// what was there and closes the connection at that moment, the connection must
// end even so.
func TestCloseReachesPeer(t *testing.T) {
	patience := unix.NsecToTimeval(int64(5 * time.Second))
	for i := range rounds(20000) {
		a, b := rawPair(t, unix.SOCK_STREAM)
		noErrno(t, "SetNonblock", socket.SetNonblock(b, false))
		if err := unix.SetsockoptTimeval(b, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
			t.Fatal(err)
		}
		fd := &FD{Sysfd: a, IsStream: true, ZeroReadIsEOF: true}
		wantErr(t, "Init()", fd.Init(), nil)
		_, errno := socket.Write(b, []byte("x"), 0)
		noErrno(t, "Write", errno)
		var x [8]byte
		spin(i % 64)
		if n, err := fd.Read(x[:]); n != 1 || err != nil {
			t.Fatalf("Read = %d, %v, want 1, nil", n, err)
		}
		wantErr(t, "Close()", fd.Close(), nil)
		n, errno := socket.Read(b, x[:])
		socket.Close(b)
		if n != 0 || errno != 0 {
			t.Fatalf("round %d: the peer's Read after Close = %d, %v, want 0, nil", i, n, errno)
		}
	}
}

// spin takes a moment, longer for a larger n.
func spin(n int) {
	for range n * 256 {
		continue
	}
}
