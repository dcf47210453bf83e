//go:build linux

package net2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a context makes of a call that waits, and of one that has not begun.
func TestContextEndsTheCall(t *testing.T) {
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ul, err := Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer ul.Close()
	udp, err := ListenUDP("udp", &UDPAddr{IP: IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	c, _ := watchedPairs[0].pair(t)
	full, _ := watchedPairs[0].pair(t)
	full.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	io.Copy(full, zeros{})
	full.SetWriteDeadline(time.Time{})
	buf := make([]byte, 1<<20)
	calls := []struct {
		op   string
		call func(ctx context.Context) error
	}{
		{"read", func(ctx context.Context) error { _, err := c.ReadContext(ctx, buf[:1]); return err }},
		{"write", func(ctx context.Context) error { _, err := full.WriteContext(ctx, buf); return err }},
		{"read", func(ctx context.Context) error { _, _, err := udp.ReadFromUDPAddrPortContext(ctx, buf); return err }},
		{"accept", func(ctx context.Context) error { _, err := l.(*TCPListener).AcceptContext(ctx); return err }},
		{"accept", func(ctx context.Context) error { _, err := ul.(*UnixListener).AcceptContext(ctx); return err }},
		{"wait", c.WaitRead},
	}
	for _, tt := range calls {
		want := func(err, cause error, timeout bool) {
			t.Helper()
			var op *OpError
			if !errors.As(err, &op) || op.Op != tt.op || !errors.Is(err, cause) || op.Timeout() != timeout {
				t.Errorf("%s: %#v, want an OpError of %v", tt.op, err, cause)
			}
		}
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			result := make(chan error)
			go func() { result <- tt.call(ctx) }()
			time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
			cancel()
			want(<-result, context.Canceled, false)
			want(tt.call(ctx), context.Canceled, false)
			ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
			want(tt.call(ctx), context.DeadlineExceeded, true)
			cancel()
		}
	}
	// That a connection is closed counts before a context, as before a deadline.
	for _, closer := range []io.Closer{l, ul, udp, c, full} {
		closer.Close()
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range calls {
		if err := tt.call(done); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close, with a context that is done: %v, want %v", tt.op, err, ErrClosed)
		}
	}
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A deadline that was set before stays, at its time, whatever contexts end meanwhile; and
// whichever comes first ends the call.
func TestContextLeavesDeadlines(t *testing.T) {
	c, peer := watchedPairs[0].pair(t)
	begin := time.Now()
	const after = 100 * time.Millisecond
	c.SetReadDeadline(begin.Add(after))
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
		_, err := c.ReadContext(ctx, make([]byte, 1))
		cancel()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("ReadContext() = %v, want %v", err, context.DeadlineExceeded)
		}
		if time.Since(begin) > patience {
			t.Fatal("the deadline does not end a read any more")
		}
	}
	if early := after - time.Since(begin); early > 0 {
		t.Errorf("the deadline came %v early", early)
	}
	c.SetReadDeadline(time.Time{})
	peer.Write([]byte("x"))
	if n, err := c.ReadContext(context.Background(), make([]byte, 8)); n != 1 || err != nil {
		t.Errorf("ReadContext() = %d, %v, want 1, nil", n, err)
	}
}

// A context that is done beside the data loses no byte, and wakes no later call.
func TestContextRacesData(t *testing.T) {
	rounds := 5000
	if testing.Short() {
		rounds /= 10
	}
	c, peer := watchedPairs[0].pair(t)
	go func() {
		p := make([]byte, 1)
		for i := range rounds {
			p[0] = byte(i)
			peer.Write(p)
			if i%3 == 0 {
				time.Sleep(time.Duration(rand.IntN(100)) * time.Microsecond)
			}
		}
	}()
	buf := make([]byte, 3)
	canceled := 0
	for got := 0; got < rounds; {
		ctx, cancel := context.WithCancel(context.Background())
		stop := time.AfterFunc(time.Duration(rand.IntN(60))*time.Microsecond, cancel)
		n, err := c.ReadContext(ctx, buf)
		stop.Stop()
		cancel()
		if err != nil {
			if canceled++; !errors.Is(err, context.Canceled) || n != 0 {
				t.Fatalf("ReadContext() = %d, %v, want %v", n, err, context.Canceled)
			}
		}
		for _, b := range buf[:n] {
			if b != byte(got) {
				t.Fatalf("byte %d is %d", got, b)
			}
			got++
		}
	}
	t.Logf("%d bytes, %d calls canceled", rounds, canceled)
}

func TestContextThatIsReadyCostsNothing(t *testing.T) {
	c, peer := watchedPairs[0].pair(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := make([]byte, 1)
	if n := allocsPerRun(100, func() {
		peer.Write(p)
		for {
			if _, err := c.TryRead(p); err == nil {
				break
			}
		}
		c.WriteContext(ctx, p)
		peer.Read(p)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	udp, err := ListenUDP("udp", &UDPAddr{IP: IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	to := netip.MustParseAddrPort(udp.LocalAddr().String())
	if n := allocsPerRun(100, func() {
		udp.WriteToUDPAddrPort(p, to)
		if _, from, err := udp.ReadFromUDPAddrPortContext(ctx, p); from != to || err != nil {
			t.Errorf("from %v, %v", from, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a datagram, want 0", n)
	}
}

// A context that takes an accept back loses no connection.
func TestAcceptContextLosesNone(t *testing.T) {
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const conns = 200
	go func() {
		for range conns {
			c, err := Dial("tcp", l.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		}
	}()
	for n := 0; n < conns; {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(200))*time.Microsecond)
		c, err := l.(*TCPListener).AcceptContext(ctx)
		cancel()
		if err == nil {
			n++
			c.Close()
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

func ExampleTCPConn_ReadContext() {
	l, _ := Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	c, _ := Dial("tcp", l.Addr().String())
	defer c.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := c.(*TCPConn).ReadContext(ctx, make([]byte, 64))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}
