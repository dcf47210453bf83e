//go:build linux

package load

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"go.parity/conformance/stack"
)

var (
	churn     = flag.Duration("load.churn", 2*time.Second, "how long connections come and go")
	churnRate = flag.Int("load.churnrate", 1000, "how many connections come and go in a second")
	idlers    = flag.Int("load.idle", 200, "how many connections are open beside those that come and go")
)

const (
	// churners is how many connections come and go at once.
	churners = 16
	// churnHosts is how many addresses the server has. A connection that ended
	// keeps its client's port for a minute, and a server's address has no more
	// than some 28,000 of them.
	churnHosts = 8
)

// TestChurnLosesAndLeavesNothing makes and ends connections beside others that
// stay. Each that comes gets its own bytes back, those that stayed are still
// good at the end, and the process holds what it held before.
func TestChurnLosesAndLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *stack.Stack) {
		beside := standBy(t, s, *idlers)
		churnFor(t, s, 500*time.Millisecond) // fills the pools that stay
		before := hold()
		t.Logf("before: %v", before)
		y := churnFor(t, s, *churn)
		t.Logf("%s, %v: %v", s.Name, *churn, y)
		for _, err := range y.errors {
			t.Error(err)
		}
		wantAsBefore(t, fmt.Sprintf("%v of churn", *churn), before)
		for i, c := range beside {
			if err := exchange(c, fmt.Appendf(nil, "still number %d", i)); err != nil {
				t.Fatalf("connection %d, which stayed: %v", i, err)
			}
		}
	})
}

// standBy opens n connections that stay until the test ends. They send no
// keep-alive probes: thousands opened at once probe at once, loopback drops what
// is more than net.core.netdev_max_backlog, the same ones each time, and after
// two and a half minutes the kernel takes the peers for dead.
func standBy(t *testing.T, s *stack.Stack, n int) []net.Conn {
	t.Helper()
	l, err := s.ConfigListen(t.Context(), stack.ListenConfig{KeepAlive: -1}, "tcp", "127.0.1.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := serve(l, echo)
	var conns []net.Conn
	t.Cleanup(func() {
		for _, c := range conns {
			c.Close()
		}
		srv.stop()
	})
	for i := range n {
		c, err := s.DialerDial(stack.Dialer{KeepAlive: -1}, "tcp", l.Addr().String())
		if err != nil {
			t.Fatalf("connection %d of %d: %v", i, n, err)
		}
		conns = append(conns, c)
		if err := exchange(c, fmt.Appendf(nil, "number %d", i)); err != nil {
			t.Fatalf("connection %d of %d: %v", i, n, err)
		}
	}
	return conns
}

func churnFor(t *testing.T, s *stack.Stack, length time.Duration) *tally {
	t.Helper()
	var hosts []*server
	defer func() {
		for _, srv := range hosts {
			srv.stop()
		}
	}()
	for i := range churnHosts {
		srv, err := listen(s, "tcp", fmt.Sprintf("127.0.2.%d:0", i+1), echo)
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, srv)
	}
	y := new(tally)
	stop := make(chan struct{})
	var working sync.WaitGroup
	for n := range churners {
		w := &worker{tally: y, Rand: rand.New(rand.NewPCG(1, uint64(n))), stack: s}
		visits := duty{name: "churn", begin: func(*worker) (func() error, func(), error) {
			return func() error { return w.visit(hosts[w.IntN(churnHosts)]) }, func() {}, nil
		}}
		working.Go(func() { w.work(visits, churners*time.Second/time.Duration(*churnRate), stop) })
	}
	watch(t, time.Now(), length)
	close(stop)
	working.Wait()
	return y
}

// visit makes a connection for one message. Which side ends it first is left to
// chance, and so is whether with a reset.
func (w *worker) visit(srv *server) error {
	c, err := w.dialTo("tcp", srv.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := w.say(c, 1<<10); err != nil {
		return err
	}
	switch w.IntN(3) {
	case 0:
		return c.(stack.TCPConn).SetLinger(0)
	case 1:
		return c.(stack.TCPConn).CloseWrite()
	}
	return nil
}
