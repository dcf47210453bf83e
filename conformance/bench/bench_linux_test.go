package bench

// What the benchmarks and the allocation gates share.

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// perStack runs body on net and on net2.
func perStack(b *testing.B, body func(b *testing.B, s Stack)) {
	b.Helper()
	for _, s := range Stacks() {
		b.Run("impl="+s.Name, func(b *testing.B) {
			b.ReportAllocs()
			body(b, s)
		})
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func listen(tb testing.TB, s Stack) net.Listener {
	tb.Helper()
	ln, err := s.Listen("tcp", listenAddr)
	must(tb, err)
	tb.Cleanup(func() { must(tb, ln.Close()) })
	return ln
}

// rawPeer returns a connection of the stack and the descriptor at its other
// end, which no stack knows: the benchmark measures one side alone.
func rawPeer(tb testing.TB, s Stack, block bool) (net.Conn, int) {
	tb.Helper()
	ln := listen(tb, s)
	sa, err := sockaddr(ln.Addr().String())
	must(tb, err)
	fd, err := connectTCP(sa, [4]byte{}, block)
	must(tb, err)
	tb.Cleanup(func() { rawClose(fd) })
	c, err := ln.Accept()
	must(tb, err)
	tb.Cleanup(func() { must(tb, c.Close()) })
	return c, fd
}

func buffer(tb testing.TB, size int) arena {
	tb.Helper()
	mem, err := newArena(size)
	must(tb, err)
	tb.Cleanup(mem.free)
	return mem
}

// writeRaw and readRaw move n bytes on a descriptor that does not block.
func writeRaw(tb testing.TB, fd int, mem arena, n int) {
	if got, e := rawWrite(fd, mem.addr, n); e != 0 || got != n {
		tb.Errorf("write(%d bytes) = %d, %v", n, got, e)
	}
}

func readRaw(tb testing.TB, fd int, mem arena, n int) {
	for n > 0 {
		got, e := rawRead(fd, mem.addr, len(mem.mem))
		if e == unix.EAGAIN {
			if err := waitFor(fd, unix.POLLIN); err != nil {
				tb.Errorf("poll: %v", err)
				return
			}
			continue
		}
		if e != 0 || got == 0 {
			tb.Errorf("read = %d, %v", got, e)
			return
		}
		n -= got
	}
}

// drain drops what arrives on fd, a blocking descriptor, until the peer closes.
// It has ended when the test's clean-up is done.
func drain(tb testing.TB, fd int) {
	tb.Helper()
	mem, err := newArena(discardSize)
	must(tb, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			n, e := rawDiscard(fd, mem.addr, discardSize)
			if e != unix.EINTR && (e != 0 || n == 0) {
				return
			}
		}
	}()
	tb.Cleanup(func() {
		if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil && err != unix.ENOTCONN {
			tb.Errorf("shutdown: %v", err)
		}
		<-done
		mem.free()
	})
}

// descriptors raises the limit of open descriptors to n, or skips.
func descriptors(tb testing.TB, n uint64) {
	tb.Helper()
	have, err := RaiseDescriptors(n)
	must(tb, err)
	if have < n {
		tb.Skipf("%d descriptors needed, %d allowed", n, have)
	}
}

// sizes runs body for messages of each size.
func sizes(b *testing.B, list []int, body func(b *testing.B, size int)) {
	b.Helper()
	for _, size := range list {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) { body(b, size) })
	}
}
