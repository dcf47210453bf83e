//go:build linux

package load

import (
	"flag"
	"net"
	"sync"
	"testing"
	"time"

	"go.parity/conformance/pattern"
	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

var slowReaders = flag.Int("load.readers", 100, "how many peers ask for much and read nothing")

// TestSlowReadersDoNotGrowMemory lets peers take connections to a server that
// has much to send, and read nothing. The server's writers wait, its memory does
// not grow with what it still has to send, its deadline frees it from them, and
// another peer that reads is served meanwhile.
func TestSlowReadersDoNotGrowMemory(t *testing.T) {
	onEach(t, func(t *testing.T, s *stack.Stack) {
		page := pattern.Bytes(1 << 20) // all connections send the same bytes
		const pages = 64               // more than the kernel takes for one connection
		var mu sync.Mutex
		sent := 0
		srv, err := listen(s, "tcp4", "127.0.0.1:0", func(c net.Conn) {
			for range pages {
				n, err := c.Write(page)
				mu.Lock()
				sent += n
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer srv.stop()

		before := hold()
		var slow []net.Conn
		defer func() {
			for _, c := range slow {
				c.Close()
			}
		}()
		for range *slowReaders {
			c, err := s.Dial("tcp4", srv.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c.(stack.TCPConn).SetReadBuffer(4 << 10)
			slow = append(slow, c)
		}
		settled(t, func() int {
			mu.Lock()
			defer mu.Unlock()
			return sent
		})
		during := hold()
		readsAll(t, s, srv, pages*len(page))
		t.Logf("%s: %d slow readers, %.1f MB asked for; before: %v; during: %v", s.Name, len(slow),
			mega(len(slow)*pages*len(page)), before, during)
		if grown := during.Heap - before.Heap; grown > len(slow)*perConnection+heapMargin {
			t.Errorf("%d slow readers: the heap grew by %.1f MB", len(slow), mega(grown))
		}

		srv.mu.Lock()
		for c := range srv.conns {
			c.SetWriteDeadline(time.Now())
		}
		srv.mu.Unlock()
		within(t, "the writers whose deadline is over end", func() bool {
			open, _ := srv.open()
			return open == 0
		})
	})
}

// perConnection is what the two ends of a connection and the goroutines that
// serve them may take on the heap and in stacks.
const perConnection = 32 << 10

// readsAll asks the server for everything, and reads it.
func readsAll(t *testing.T, s *stack.Stack, srv *server, want int) {
	t.Helper()
	c, err := s.Dial("tcp4", srv.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 256<<10)
	for got := 0; got < want; {
		c.SetReadDeadline(time.Now().Add(patience))
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("a peer that reads got %d of %d bytes: %v", got, want, err)
		}
		got += n
	}
}

// settled waits until a figure has stayed the same for a while: nobody says when
// the kernel's buffers are full.
func settled(t *testing.T, figure func() int) {
	t.Helper()
	last, since := figure(), time.Now()
	within(t, "the writers come to a stand", func() bool {
		if now := figure(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 300*time.Millisecond
	})
}

// within fails the test if something does not come to pass in time.
func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	if !settle.Within(patience, done) {
		t.Fatalf("%s: not within %v", what, patience)
	}
}
