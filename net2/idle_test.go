//go:build linux

package net2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const patience = 10 * time.Second

// A watchedConn is what these tests need of a connection.
type watchedConn interface {
	net.Conn
	WaitRead(context.Context) error
	OnReadable(func()) error
	StopReadable() bool
	TryRead([]byte) (int, error)
	ReadContext(context.Context, []byte) (int, error)
	WriteContext(context.Context, []byte) (int, error)
}

// watchedPairs makes connections of each kind; peer is the other end.
var watchedPairs = []struct {
	name string
	pair func(t testing.TB) (c watchedConn, peer net.Conn)
}{
	{"tcp", func(t testing.TB) (watchedConn, net.Conn) { return acceptedPair[*TCPConn](t, "tcp", "127.0.0.1:0") }},
	{"unix", func(t testing.TB) (watchedConn, net.Conn) {
		return acceptedPair[*UnixConn](t, "unix", filepath.Join(t.TempDir(), "s"))
	}},
	{"udp", func(t testing.TB) (watchedConn, net.Conn) {
		a, err := ListenUDP("udp", &UDPAddr{IP: IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		b, err := DialUDP("udp", nil, a.LocalAddr().(*UDPAddr))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close(); b.Close() })
		return a, b
	}},
}

func acceptedPair[C any](t testing.TB, network, address string) (C, net.Conn) {
	t.Helper()
	l, err := Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, err := Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); d.Close() })
	return any(c).(C), d
}

func forEachWatched(t *testing.T, f func(t *testing.T, c watchedConn, peer net.Conn)) {
	for _, tt := range watchedPairs {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := tt.pair(t)
			f(t, c, peer)
		})
	}
}

func wantSoon(t testing.TB, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s: not within %v\n%s", what, patience, buf[:runtime.Stack(buf, true)])
	}
}

func wantNot(t testing.TB, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
		t.Fatalf("%s, want not", what)
	case <-time.After(20 * time.Millisecond):
	}
}

// arm arms c with a function that says that it ran.
func arm(t testing.TB, c watchedConn) chan struct{} {
	t.Helper()
	ran := make(chan struct{}, 10)
	if err := c.OnReadable(func() { ran <- struct{}{} }); err != nil {
		t.Fatalf("OnReadable() = %v, want nil", err)
	}
	return ran
}

func TestOnReadableRunsOnce(t *testing.T) {
	for _, cause := range []struct {
		name   string
		make   func(c watchedConn, peer net.Conn)
		stream bool
	}{
		{"data", func(_ watchedConn, peer net.Conn) { peer.Write([]byte("x")) }, false},
		{"the end", func(_ watchedConn, peer net.Conn) { peer.Close() }, true},
		{"reset", func(_ watchedConn, peer net.Conn) {
			if c, ok := peer.(*TCPConn); ok {
				c.SetLinger(0)
			}
			peer.Close()
		}, true},
		{"close", func(c watchedConn, _ net.Conn) { c.Close() }, false},
		{"deadline", func(c watchedConn, _ net.Conn) { c.SetReadDeadline(time.Now().Add(time.Millisecond)) }, false},
		{"deadline passed", func(c watchedConn, _ net.Conn) { c.SetDeadline(time.Unix(1, 0)) }, false},
	} {
		forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
			if _, udp := c.(*UDPConn); udp && cause.stream {
				return
			}
			t.Run(cause.name, func(t *testing.T) {
				ran := arm(t, c)
				wantNot(t, "it runs without a cause", ran)
				cause.make(c, peer)
				wantSoon(t, "it runs", ran)
				wantNot(t, "it runs twice", ran)
				if c.StopReadable() {
					t.Error("StopReadable() = true after it ran")
				}
			})
		})
		forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
			if _, udp := c.(*UDPConn); udp && cause.stream || cause.name == "close" {
				return
			}
			t.Run(cause.name+" before", func(t *testing.T) {
				cause.make(c, peer)
				for range 3 { // what is there already counts each time
					wantSoon(t, "it runs", arm(t, c))
				}
			})
		})
	}
}

// A deadline that is moved or cleared does not count.
func TestOnReadableDeadlineMoved(t *testing.T) {
	c, _ := watchedPairs[0].pair(t)
	c.SetReadDeadline(time.Now().Add(time.Hour))
	ran := arm(t, c)
	c.SetReadDeadline(time.Now().Add(2 * time.Hour))
	c.SetReadDeadline(time.Time{})
	wantNot(t, "it runs at a deadline that was cleared", ran)
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	wantSoon(t, "it runs", ran)
}

func TestOnReadableRefuses(t *testing.T) {
	forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
		if err := c.OnReadable(nil); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("OnReadable(nil) = %v, want EINVAL", err)
		}
		ran := arm(t, c)
		if err := c.OnReadable(func() { t.Error("the second function runs") }); !errors.Is(err, syscall.EALREADY) {
			t.Errorf("OnReadable twice = %v, want EALREADY", err)
		}
		peer.Write([]byte("x"))
		wantSoon(t, "the first runs", ran)
		c.Close()
		var op *OpError
		err := c.OnReadable(func() { t.Error("it runs after Close") })
		if !errors.Is(err, ErrClosed) || !errors.As(err, &op) {
			t.Errorf("OnReadable after Close = %v, want an OpError of ErrClosed", err)
		}
		time.Sleep(5 * time.Millisecond)
	})
	none := new(TCPConn)
	if err := none.OnReadable(func() {}); err != syscall.EINVAL {
		t.Errorf("OnReadable of the zero value = %v, want EINVAL", err)
	}
}

func TestStopReadable(t *testing.T) {
	forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
		ran := arm(t, c)
		if !c.StopReadable() || c.StopReadable() {
			t.Error("StopReadable() twice, want true and then false")
		}
		peer.Write([]byte("x"))
		wantNot(t, "it runs after StopReadable", ran)
		wantSoon(t, "it runs when armed again", arm(t, c))
	})
}

// What is armed while a function runs waits for that to return.
func TestOnReadableNeverTwoAtATime(t *testing.T) {
	forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
		var running, most atomic.Int32
		done := make(chan struct{})
		n := 0
		var f func()
		f = func() {
			if now := running.Add(1); now > most.Load() {
				most.Store(now)
			}
			defer running.Add(-1)
			if n++; n == 100 {
				close(done)
				return
			}
			if err := c.OnReadable(f); err != nil {
				t.Errorf("OnReadable() = %v, want nil", err)
				close(done)
			}
			time.Sleep(50 * time.Microsecond)
			if n == 50 {
				runtime.Goexit()
			}
		}
		peer.Write([]byte("x"))
		c.OnReadable(f)
		wantSoon(t, "all run", done)
		if most.Load() != 1 {
			t.Errorf("%d ran at a time, want 1", most.Load())
		}
	})
}

// Each function that was armed runs, or StopReadable says that it will not; none does both.
func TestOnReadableRandom(t *testing.T) {
	steps := 20_000
	if testing.Short() {
		steps /= 10
	}
	var wg sync.WaitGroup
	for i := range 8 {
		c, peer := watchedPairs[i%len(watchedPairs)].pair(t)
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 7))
			var armed, ran, stopped atomic.Int64
			buf := make([]byte, 64)
			for range steps / 8 {
				switch rnd.IntN(6) {
				case 0, 1:
					if c.OnReadable(func() { ran.Add(1) }) == nil {
						armed.Add(1)
					}
				case 2:
					if c.StopReadable() {
						stopped.Add(1)
					}
				case 3:
					peer.Write([]byte("x"))
				case 4:
					c.TryRead(buf)
				case 5:
					c.SetReadDeadline([]time.Time{{}, time.Now().Add(time.Duration(rnd.IntN(200)) * time.Microsecond), time.Unix(1, 0)}[rnd.IntN(3)])
				}
			}
			c.Close()
			if !settles(func() bool { return armed.Load() == ran.Load()+stopped.Load() }) {
				t.Errorf("%d armed, %d ran, %d stopped", armed.Load(), ran.Load(), stopped.Load())
			}
		})
	}
	wg.Wait()
}

// Whatever a function leaves unread, and whatever comes while it is not armed, it is told of.
func TestOnReadableLosesNothing(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds /= 10
	}
	for _, tt := range watchedPairs[:2] { // of streams
		for _, size := range []int{1, 5, 64} {
			t.Run(fmt.Sprintf("%s, %d bytes at a time", tt.name, size), func(t *testing.T) {
				t.Parallel()
				c, peer := tt.pair(t)
				buf := make([]byte, size)
				var echo func()
				echo = func() {
					n, err := c.TryRead(buf)
					if err != nil && err != ErrWouldBlock {
						return
					}
					c.Write(buf[:n])
					c.OnReadable(echo)
				}
				c.OnReadable(echo)
				rnd := rand.New(rand.NewPCG(uint64(size), 7))
				peer.SetDeadline(time.Now().Add(patience + time.Duration(rounds)*time.Millisecond))
				back := make([]byte, 64)
				for i := range rounds {
					sent := 0
					for range 1 + rnd.IntN(3) {
						n, err := peer.Write(back[:1+rnd.IntN(10)])
						if err != nil {
							t.Fatal(err)
						}
						sent += n
						if rnd.IntN(2) == 0 {
							runtime.Gosched()
						}
					}
					if _, err := io.ReadFull(peer, back[:sent]); err != nil {
						t.Fatalf("round %d: %d bytes do not come back: %v", i, sent, err)
					}
				}
			})
		}
	}
}

// An armed connection is not collected; one that is not armed is, and closed.
func TestArmedConnectionIsReachable(t *testing.T) {
	peers := make(chan net.Conn, 1)
	ran := make(chan struct{}, 1)
	func() {
		c, peer := watchedPairs[0].pair(&noCleanup{TB: t})
		c.OnReadable(func() { ran <- struct{}{} })
		c.(*TCPConn).PeerClosed()
		peers <- peer
	}()
	peer := <-peers
	defer peer.Close()
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	peer.Write([]byte("x"))
	wantSoon(t, "it runs", ran)
	collected := make(chan struct{})
	go func() { io.Copy(io.Discard, peer); close(collected) }()
	for range 1000 {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-time.After(time.Millisecond):
		}
	}
	t.Error("the connection was not closed when nobody could reach it")
}

// noCleanup forgets cleanups, which would keep what they close.
type noCleanup struct{ testing.TB }

func (noCleanup) Cleanup(func()) {}

func TestTryRead(t *testing.T) {
	forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
		buf := make([]byte, 8)
		if n, err := c.TryRead(buf); n != 0 || err != ErrWouldBlock || !errors.Is(err, syscall.EAGAIN) {
			t.Errorf("TryRead() = %d, %v, want 0, ErrWouldBlock", n, err)
		}
		if n := allocsPerRun(100, func() { c.TryRead(buf) }); n != 0 {
			t.Errorf("TryRead that finds nothing allocates %v", n)
		}
		peer.Write([]byte("abc"))
		c.SetReadDeadline(time.Unix(1, 0)) // at which it does not look
		wantSoon(t, "data", arm(t, c))
		if !settles(func() bool { n, err := c.TryRead(buf); return string(buf[:n]) == "abc" && err == nil }) {
			t.Error("TryRead does not find what was sent")
		}
		c.SetReadDeadline(time.Time{})
		reading := make(chan struct{})
		go func() { defer close(reading); c.Read(buf) }()
		time.Sleep(5 * time.Millisecond)
		if _, err := c.TryRead(make([]byte, 8)); err != ErrWouldBlock {
			t.Errorf("TryRead beside a Read = %v, want ErrWouldBlock", err)
		}
		peer.Write([]byte("x"))
		wantSoon(t, "Read returns", reading)
		c.Close()
		if _, err := c.TryRead(buf); !errors.Is(err, ErrClosed) {
			t.Errorf("TryRead after Close = %v, want ErrClosed", err)
		}
	})
	c, peer := watchedPairs[0].pair(t)
	peer.Close()
	if !settles(func() bool { _, err := c.TryRead(make([]byte, 1)); return err == io.EOF }) {
		t.Error("TryRead does not find the end")
	}
}

func TestWaitRead(t *testing.T) {
	background := context.Background()
	forEachWatched(t, func(t *testing.T, c watchedConn, peer net.Conn) {
		waited := make(chan error)
		wait := func(ctx context.Context) { waited <- c.WaitRead(ctx) }
		go wait(background)
		peer.Write([]byte("x"))
		if err := <-waited; err != nil {
			t.Errorf("WaitRead() = %v, want nil", err)
		}
		for range 3 { // it consumes nothing
			if err := c.WaitRead(background); err != nil {
				t.Errorf("WaitRead() with data = %v, want nil", err)
			}
		}
		c.Read(make([]byte, 8))

		ctx, cancel := context.WithCancel(background)
		go wait(ctx)
		time.Sleep(time.Millisecond)
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("WaitRead() canceled = %v, want %v", err, context.Canceled)
		}
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if err := c.WaitRead(background); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("WaitRead() = %v, want %v", err, os.ErrDeadlineExceeded)
		}
		c.SetReadDeadline(time.Time{})
		go wait(background)
		time.Sleep(time.Millisecond)
		c.Close()
		if err := <-waited; !errors.Is(err, ErrClosed) {
			t.Errorf("WaitRead() closed = %v, want %v", err, ErrClosed)
		}
	})
}

func TestWaitAccept(t *testing.T) {
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	waited := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { waited <- l.(*TCPListener).WaitAccept(ctx) }()
	c, err := Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := <-waited; err != nil {
		t.Errorf("WaitAccept() = %v, want nil", err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	go func() { waited <- l.(*TCPListener).WaitAccept(ctx) }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("WaitAccept() canceled = %v, want %v", err, context.Canceled)
	}
}

func ExampleTCPConn_OnReadable() {
	l, _ := Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	done := make(chan struct{})
	go func() {
		c, _ := l.Accept()
		conn := c.(*TCPConn)
		// An idle connection has no goroutine and no buffer.
		conn.OnReadable(func() {
			defer close(done)
			defer conn.Close()
			buf := make([]byte, 64)
			n, _ := conn.TryRead(buf)
			fmt.Printf("%s\n", buf[:n])
		})
	}()
	c, _ := Dial("tcp", l.Addr().String())
	defer c.Close()
	io.WriteString(c, "hello")
	<-done
	// Output: hello
}
