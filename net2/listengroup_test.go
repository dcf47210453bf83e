//go:build linux

package net2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func listenGroup(t *testing.T, lc ListenConfig, n int) *ListenGroup {
	t.Helper()
	g, err := lc.ListenGroup(context.Background(), "tcp", "127.0.0.1:0", n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// greet accepts until the listener is closed, and sends each connection a byte. Before
// that it waits a moment, so that connections queue.
func greet(l Listener, slow time.Duration, served *atomic.Int64) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		time.Sleep(slow)
		c.Write([]byte("x"))
		c.Close()
		served.Add(1)
	}
}

// Visitors dial an address again and again, and want a byte from each connection.
type visitors struct {
	stop   chan struct{}
	wg     sync.WaitGroup
	served atomic.Int64
	mu     sync.Mutex
	failed map[string]int
}

func visit(addr string, many int) *visitors {
	v := &visitors{stop: make(chan struct{}), failed: make(map[string]int)}
	for range many {
		v.wg.Go(func() {
			for {
				select {
				case <-v.stop:
					return
				default:
				}
				if err := v.once(addr); err != nil {
					v.mu.Lock()
					v.failed[err.Error()]++
					v.mu.Unlock()
				}
			}
		})
	}
	return v
}

func (v *visitors) once(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer c.Close()
	if n, err := c.Read(make([]byte, 1)); n != 1 {
		return fmt.Errorf("read: %w", errors.Unwrap(err))
	}
	v.served.Add(1)
	return nil
}

// after waits for n more connections.
func (v *visitors) after(t *testing.T, n int64) {
	t.Helper()
	want := v.served.Load() + n
	for end := time.Now().Add(5 * time.Minute); v.served.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections in 5 minutes, want %d", v.served.Load(), want)
		}
	}
}

// end stops them and fails the test if a connection failed.
func (v *visitors) end(t *testing.T) {
	t.Helper()
	close(v.stop)
	v.wg.Wait()
	if len(v.failed) > 0 {
		t.Errorf("of %d connections some failed: %v", v.served.Load(), v.failed)
	}
	t.Logf("%d connections", v.served.Load())
}

func TestListenGroupSpreadsConnections(t *testing.T) {
	g := listenGroup(t, ListenConfig{}, 4)
	served := make([]atomic.Int64, 4)
	var accepting sync.WaitGroup
	for i, l := range g.Listeners() {
		if l.Addr().String() != g.Addr().String() {
			t.Errorf("listener %d is at %v, the group at %v", i, l.Addr(), g.Addr())
		}
		accepting.Go(func() { greet(l, 0, &served[i]) })
	}
	connects := 2000
	if *long {
		connects = 10_000
	}
	v := visit(g.Addr().String(), 4)
	v.after(t, int64(connects))
	v.end(t)
	if err := g.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	accepting.Wait()
	total := int64(0)
	for i := range served {
		total += served[i].Load()
	}
	for i := range served {
		if n := served[i].Load(); float64(n) > 1.3*float64(total)/4 {
			t.Errorf("listener %d accepted %d of %d connections, want at most 1.3 of a quarter", i, n, total)
		}
	}
	if err := g.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("a second Close() = %v, want %v", err, ErrClosed)
	}
}

func TestListenGroupSize(t *testing.T) {
	if g := listenGroup(t, ListenConfig{}, 0); len(g.Listeners()) != runtime.GOMAXPROCS(0) {
		t.Errorf("a group of 0 has %d listeners, want GOMAXPROCS, %d", len(g.Listeners()), runtime.GOMAXPROCS(0))
	}
	var lc ListenConfig
	for _, tt := range []struct {
		network, address string
		n                int
		want             error
	}{
		{"tcp", "127.0.0.1:0", -1, syscall.EINVAL},
		{"udp", "127.0.0.1:0", 2, net.UnknownNetworkError("udp")},
		{"unix", "@x", 2, net.UnknownNetworkError("unix")},
		{"tcp", "192.0.2.1:0", 2, syscall.EADDRNOTAVAIL},
	} {
		g, err := lc.ListenGroup(context.Background(), tt.network, tt.address, tt.n)
		var op *OpError
		if g != nil || !errors.As(err, &op) || !errors.Is(err, tt.want) {
			t.Errorf("ListenGroup(%q, %q, %d) = %v, %v, want %v", tt.network, tt.address, tt.n, g, err, tt.want)
		}
	}
	var none *ListenGroup
	if none.Listeners() != nil || none.Addr() != nil || none.Close() != syscall.EINVAL || none.Drain(context.Background()) != syscall.EINVAL {
		t.Error("the methods of a nil group do not answer nil and EINVAL")
	}
}

// If one listener cannot be made, none is left.
func TestListenGroupAllOrNothing(t *testing.T) {
	made := 0
	lc := ListenConfig{Control: func(string, string, syscall.RawConn) error {
		if made++; made == 3 {
			return errors.New("the third")
		}
		return nil
	}}
	before := openFiles()
	if g, err := lc.ListenGroup(context.Background(), "tcp", "127.0.0.1:0", 4); g != nil || err == nil {
		t.Errorf("ListenGroup = %v, %v, want an error", g, err)
	}
	if after := openFiles(); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

func TestReusePort(t *testing.T) {
	first := listenTCP(t, ListenConfig{ReusePort: true})
	lc := ListenConfig{ReusePort: true}
	second, err := lc.Listen(context.Background(), "tcp", first.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	if _, err := Listen("tcp", first.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Listen without ReusePort = %v, want %v", err, syscall.EADDRINUSE)
	}
	c, err := lc.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	again, err := lc.ListenPacket(context.Background(), "udp", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestBacklog(t *testing.T) {
	for name, lc := range map[string]ListenConfig{"plain TCP": {Backlog: 7, ReusePort: true}, "Multipath TCP": {Backlog: 7}} {
		l := listenTCP(t, lc)
		for want := range 3 {
			if !settles(func() bool { n, limit, err := l.Backlog(); return n == want && limit == 7 && err == nil }) {
				n, limit, err := l.Backlog()
				t.Errorf("%s: Backlog() = %d, %d, %v, want %d, 7, nil", name, n, limit, err, want)
			}
			c, err := Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		if n := allocsPerRun(100, func() { l.Backlog() }); n != 0 {
			t.Errorf("%s: Backlog allocates %v objects, want 0", name, n)
		}
	}
	l := listenTCP(t, ListenConfig{Backlog: 1 << 30})
	if _, limit, err := l.Backlog(); limit <= 0 || limit == 1<<30 || err != nil {
		t.Errorf("Backlog() = %d, %v, want the host's limit", limit, err)
	}
	l.Close()
	if _, _, err := l.Backlog(); !errors.Is(err, ErrClosed) {
		t.Errorf("Backlog() after Close = %v, want %v", err, ErrClosed)
	}
	for _, none := range []*TCPListener{nil, {}} {
		_, _, err := none.Backlog()
		if err != syscall.EINVAL || none.Drain(context.Background()) != syscall.EINVAL {
			t.Errorf("Backlog and Drain of %v = %v, want %v", none, err, syscall.EINVAL)
		}
	}
}

// Listeners of a group end one after the other, and no connection fails.
func TestDrainInGroup(t *testing.T) { drainInGroup(t) }

// The same where the kernel hands over what has begun.
func TestDrainInGroupMigrates(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	sysctl(t, "ipv4/tcp_migrate_req", "1")
	drainInGroup(t)
}

func drainInGroup(t *testing.T) {
	g := listenGroup(t, ListenConfig{}, 4)
	served := make([]atomic.Int64, 4)
	var accepting sync.WaitGroup
	for i, l := range g.Listeners() {
		accepting.Go(func() { greet(l, 200*time.Microsecond, &served[i]) })
	}
	connects, ending := int64(200), []int{1, 0}
	if *long {
		connects, ending = 25_000, []int{1, 0, 3}
	}
	v := visit(g.Addr().String(), 16)
	v.after(t, connects)
	for _, i := range ending {
		if err := g.Listeners()[i].Drain(context.Background()); err != nil {
			t.Fatalf("Drain() of listener %d = %v", i, err)
		}
		if _, err := g.Listeners()[i].Accept(); !errors.Is(err, ErrClosed) {
			t.Errorf("Accept after Drain = %v, want %v", err, ErrClosed)
		}
		before := served[i].Load()
		v.after(t, connects)
		if after := served[i].Load(); after > before+1 { // one may have been under way
			t.Errorf("listener %d accepted %d connections after its end", i, after-before)
		}
	}
	v.end(t)
	if err := g.Listeners()[1].Drain(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Drain() of a closed listener = %v, want %v", err, ErrClosed)
	}
	g.Close()
	accepting.Wait()
}

// Without a group it takes privileges. What waits is handed out, and what comes later
// finds the next listener.
func TestDrainRefusesNewConnections(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	old := listenTCP(t, ListenConfig{ReusePort: true})
	addr := old.Addr().String()
	const waiting = 20
	conns := make([]net.Conn, waiting)
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	drained := make(chan error, 1)
	go func() { drained <- old.Drain(context.Background()) }()
	// Nobody accepts yet, so Drain waits.
	for range waiting {
		c, err := old.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte("x"))
		c.Close()
	}
	late := make(chan error, 1)
	go func() {
		c, err := net.Dial("tcp", addr) // its first packet may be dropped
		if err == nil {
			c.Close()
		}
		late <- err
	}()
	if _, err := old.Accept(); !errors.Is(err, ErrClosed) {
		// The dial was faster than Drain: the listener takes it as one that has begun.
		t.Logf("Accept = %v", err)
	}
	if err := <-drained; err != nil {
		if errors.Is(err, os.ErrPermission) {
			t.Skip(err)
		}
		t.Fatalf("Drain() = %v", err)
	}
	next, err := (&ListenConfig{ReusePort: true}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	for i, c := range conns {
		if n, err := c.Read(make([]byte, 1)); n != 1 {
			t.Errorf("connection %d that waited: Read = %d, %v, want its byte", i, n, err)
		}
	}
	if err := <-late; err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a dial while the listener drains = %v, want a connection", err)
	}
}

// Where nothing is possible, nothing changes.
func TestDrainImpossible(t *testing.T) {
	l := listenTCP(t, ListenConfig{}) // Multipath TCP has no filters
	rc, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	proto := 0
	rc.Control(func(fd uintptr) {
		proto, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PROTOCOL)
	})
	if proto != protoMPTCP {
		t.Skip("the host has no Multipath TCP")
	}
	err = l.Drain(context.Background())
	if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, new(*OptionError)) {
		t.Errorf("Drain() on Multipath TCP = %v, want %v", err, errors.ErrUnsupported)
	}
	connectedPair(t, l)
}

func TestDrainContextDone(t *testing.T) {
	g := listenGroup(t, ListenConfig{}, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l := g.Listeners()[0]
	if migratesRequests() {
		t.Skip("this host migrates, so that Drain waits for nothing")
	}
	if err := l.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Drain(cancelled) = %v, want %v", err, context.Canceled)
	}
	if _, err := l.Accept(); !errors.Is(err, ErrClosed) {
		t.Errorf("Accept after Drain = %v, want %v", err, ErrClosed)
	}
	defer func() {
		if recover() == nil {
			t.Error("Drain(nil) did not panic")
		}
	}()
	var none context.Context
	l.Drain(none)
}
