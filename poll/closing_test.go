//go:build linux

package poll

import (
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// A socket that has just been made has an event for the poller, which looks at
// it while Close closes the descriptor. All the same the socket is gone when
// Close returns: its port is free, and its peer sees the end.
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
			n, errno := socket.Write(b, []byte("x"), false)
			socket.Close(b)
			if errno != unix.EPIPE {
				t.Fatalf("round %d: Write to the peer after Close = %d, %v, want EPIPE", i, n, errno)
			}
		}
	})
}
