//go:build linux

package life

import (
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/conformance/goroutine"
	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

// The stack of a goroutine that waits moves: the collector shrinks it, after
// calls that made it large. What the goroutine reads into is where it was, or
// moved with it.
func TestStackMovesWhileParked(t *testing.T) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) {
		there, back := tokens(0, 0)
		for _, how := range []struct {
			name string
			read func(e *end, p []byte) (int, error)
		}{
			{"Read", func(e *end, p []byte) (int, error) { return e.conn.Read(p) }},
			{"RawConn.Read", readGrowing},
		} {
			t.Run(how.name, func(t *testing.T) {
				a, b := k.open(t, s)
				for range rounds(s, 20)/20 + 1 {
					e := &end{stack: s, kind: k, conn: a, out: there, in: back}
					id, got := make(chan int64, 1), make(chan error, 1)
					go func() {
						id <- goroutine.ID()
						grow(2000) // and the stack is large, and almost empty
						got <- readOnStack(e, how.read)
					}()
					reader := <-id
					if !settle.Within(patience, func() bool { return goroutine.Blocked(reader) }) {
						t.Fatal("the reader does not wait")
					}
					for range 3 {
						runtime.GC() // halves the stack each time
					}
					write(t, b, back)
					within(t, how.name, func() {
						if err := <-got; err != nil {
							t.Errorf("%s on a stack that moved = %v, want nil", how.name, err)
						}
					})
				}
			})
		}
	})
}

// readOnStack reads into an array of its own.
func readOnStack(e *end, read func(e *end, p []byte) (int, error)) error {
	var p [64]byte
	n, err := read(e, p[:])
	grow(500) // moves it again
	if err != nil {
		return err
	}
	return e.check(p[min(e.kind.header, n):n])
}

// readGrowing makes the stack grow under the read lock, each time before it
// waits.
func readGrowing(e *end, p []byte) (n int, err error) {
	rc, err := e.conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var inner error
	err = rc.Read(func(fd uintptr) bool {
		grow(3000)
		n, _, inner = unix.Recvfrom(int(fd), p, unix.MSG_DONTWAIT)
		return inner != unix.EAGAIN
	})
	if err != nil {
		return 0, err
	}
	return n, inner
}

// grow calls itself, with something on the stack.
//
//go:noinline
func grow(depth int) byte {
	var b [64]byte
	b[depth%len(b)] = 1
	if depth == 0 {
		return b[0]
	}
	return grow(depth-1) + b[1]
}
