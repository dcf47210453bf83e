//go:build linux

package runtimehooks

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A conn uses the hooks as their caller must: one goroutine a side, the
// descriptor closed when the last operation has left.
type conn struct {
	fd int
	pd *PollDesc

	mu      sync.Mutex
	refs    int // operations, and one for whoever has yet to close
	closing bool
	closed  *atomic.Int64 // counts descriptors closed
}

func newConn(fd int, closed *atomic.Int64) (*conn, error) {
	pd, errno := openDesc(uintptr(fd))
	if errno != 0 {
		unix.Close(fd)
		return nil, fmt.Errorf("PollOpen(%d) = %v, want no error", fd, unix.Errno(errno))
	}
	return &conn{fd: fd, pd: pd, refs: 1, closed: closed}, nil
}

func (c *conn) incref() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	c.refs++
	return true
}

func (c *conn) decref() {
	c.mu.Lock()
	c.refs--
	last := c.refs == 0
	c.mu.Unlock()
	if last {
		PollClose(c.pd)
		unix.Close(c.fd)
		c.closed.Add(1)
	}
}

// close makes every operation return, and may be called by anyone.
func (c *conn) close() {
	c.mu.Lock()
	first := !c.closing
	c.closing = true
	c.mu.Unlock()
	if first {
		PollUnblock(c.pd)
		c.decref()
	}
}

// do runs a system call until it does not return EAGAIN. It returns 0 at the
// end of the stream, and -1 where the poller or the kernel refuses.
func (c *conn) do(mode int, call func(fd int, b []byte) (int, error), b []byte) int {
	if !c.incref() {
		return -1
	}
	defer c.decref()
	if PollReset(c.pd, mode) != NoError {
		return -1
	}
	for {
		n, err := call(c.fd, b)
		switch {
		case err == nil:
			return n
		case err == unix.EINTR:
		case err != unix.EAGAIN, PollWait(c.pd, mode) != NoError:
			return -1
		}
	}
}

func (c *conn) read(b []byte) int { return c.do('r', unix.Read, b) }

func (c *conn) write(b []byte) bool {
	for len(b) > 0 {
		n := c.do('w', unix.Write, b)
		if n < 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// connPair returns two ends with small buffers, so that writers wait too.
func connPair(closed *atomic.Int64) (a, b *conn, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	for _, fd := range fds {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	}
	if a, err = newConn(fds[0], closed); err != nil {
		unix.Close(fds[1])
		return nil, nil, err
	}
	if b, err = newConn(fds[1], closed); err != nil {
		a.close()
		return nil, nil, err
	}
	return a, b, nil
}

// bounded runs f and fails with a dump when it does not come to an end.
func bounded(t *testing.T, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * patience):
		t.Fatalf("has not ended after %v:\n%s", 2*patience, head(stacks(), 20000))
	}
}

// Connections are made, carry traffic, get deadlines and are closed from
// another goroutine at any moment, thousands of times.
func TestDescriptorsUnderLoad(t *testing.T) {
	workers, rounds := 8, 150
	if testing.Short() {
		rounds = 20
	}
	var opened, closed, echoed, cut atomic.Int64
	before := Stats()
	stop := make(chan bool)
	var beside sync.WaitGroup
	beside.Go(func() {
		// A new process holds every descriptor until it replaces its image, so
		// a descriptor that we close before then stays in epoll.
		for range 3 {
			if out, err := child("nothing").CombinedOutput(); err != nil {
				t.Errorf("child = %v, want success; it wrote %q", err, out)
			}
		}
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				runtime.GC()
			}
		}
	})
	bounded(t, func() {
		var wg sync.WaitGroup
		for worker := range workers {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(worker), 1))
				for range rounds {
					opened.Add(2)
					if err := converse(rnd, &closed, &echoed, &cut); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
	close(stop)
	beside.Wait()
	if closed.Load() != opened.Load() {
		t.Errorf("descriptors closed = %d, want %d", closed.Load(), opened.Load())
	}
	if echoed.Load() == 0 || cut.Load() == 0 {
		t.Errorf("conversations = %d whole and %d cut short, want some of both", echoed.Load(), cut.Load())
	}
	if got := Stats(); got.Open != before.Open || got.Waiters != before.Waiters {
		t.Errorf("Stats() = %d open, %d waiters, want %d, %d", got.Open, got.Waiters, before.Open, before.Waiters)
	}
}

// converse sends messages to and fro over one connection. Whether it is left
// alone, closed by a third party or timed out is up to rnd.
func converse(rnd *rand.Rand, closed, echoed, cut *atomic.Int64) error {
	a, b, err := connPair(closed)
	if err != nil {
		return err
	}
	fate, when := rnd.IntN(4), rnd.IntN(2000)
	message := make([]byte, 1+rnd.IntN(20000))
	for i := range message {
		message[i] = byte(i + when)
	}
	messages := 1 + rnd.IntN(4)

	var wg sync.WaitGroup
	defer wg.Wait()
	defer a.close()
	wg.Go(func() { // echoes
		defer b.close()
		buf := make([]byte, 1024)
		for {
			n := b.read(buf)
			if n <= 0 || !b.write(buf[:n]) {
				return
			}
		}
	})
	wg.Go(func() { // writes, while this goroutine reads
		for range messages {
			if !a.write(message) {
				return
			}
		}
	})
	switch fate {
	case 0:
		wg.Go(func() { spin(50 * when); a.close() })
	case 1:
		wg.Go(func() { spin(50 * when); b.close() })
	case 2:
		if a.incref() {
			PollSetDeadline(a.pd, int64(when)*1000, 'r'+'w')
			PollSetDeadline(a.pd, int64(when)*500, []int{'r', 'w'}[when%2])
			a.decref()
		}
	default:
		if a.incref() {
			PollSetDeadline(a.pd, int64(time.Hour), 'r'+'w')
			a.decref()
		}
	}

	buf := make([]byte, len(message))
	for range messages {
		for at := 0; at < len(buf); {
			n := a.read(buf[at:])
			if n <= 0 {
				if fate == 3 {
					return fmt.Errorf("read(%d) = %d after %d of %d bytes, want them all", a.fd, n, at, len(buf))
				}
				cut.Add(1)
				return nil
			}
			at += n
		}
		if !bytes.Equal(buf, message) {
			return fmt.Errorf("read(%d) = other bytes than were written", a.fd)
		}
		clear(buf)
	}
	echoed.Add(1)
	return nil
}

// Thousands are open at a time, with a reader on each.
func TestThousandsOfWaitersAllWoken(t *testing.T) {
	n := 1500
	if testing.Short() {
		n = 300
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	n = min(n, int(min(limit.Cur, 1<<20))/2-50)

	var closed atomic.Int64
	before := Stats()
	conns := make([][2]*conn, n)
	for i := range conns {
		a, b, err := connPair(&closed)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = [2]*conn{a, b}
	}
	if got := Stats().Open - before.Open; Poller() != "runtime" && got != 2*n {
		t.Errorf("Stats().Open grew by %d, want %d", got, 2*n)
	}
	var readers sync.WaitGroup
	var read, ended atomic.Int64
	for _, c := range conns {
		readers.Go(func() {
			var buf [1]byte
			if c[0].read(buf[:]) == 1 {
				read.Add(1)
			}
			if c[0].read(buf[:]) == -1 {
				ended.Add(1)
			}
		})
	}
	waiting := func(what string, n int) {
		t.Helper()
		if Poller() == "runtime" {
			return // it does not tell
		}
		eventually(t, what, func() bool { return Stats().Waiters-before.Waiters == n })
	}
	waiting("all readers wait", n)
	for _, c := range conns {
		c[1].write([]byte("x"))
	}
	eventually(t, "all readers have read", func() bool { return read.Load() == int64(n) })
	waiting("all readers wait again", n)
	for i, c := range conns {
		if i%2 == 0 {
			c[0].close()
		} else {
			PollSetDeadline(c[0].pd, int64(1+i), 'r')
		}
	}
	bounded(t, readers.Wait)
	if ended.Load() != int64(n) {
		t.Errorf("reads ended by close or deadline = %d, want %d", ended.Load(), n)
	}
	for _, c := range conns {
		c[0].close()
		c[1].close()
	}
	if closed.Load() != int64(2*n) {
		t.Errorf("descriptors closed = %d, want %d", closed.Load(), 2*n)
	}
	waiting("nobody waits", 0)
	if got := Stats().Open; got != before.Open {
		t.Errorf("Stats().Open = %d, want %d", got, before.Open)
	}
}
