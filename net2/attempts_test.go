//go:build linux

package net2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func tcpAddrs(list ...string) (addrs addrList) {
	for _, s := range list {
		host, port, err := SplitHostPort(s)
		if err != nil {
			panic(err)
		}
		n := 0
		fmt.Sscan(port, &n)
		addrs = append(addrs, &TCPAddr{IP: ParseIP(host), Port: n})
	}
	return addrs
}

func TestInterleaved(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"none", "", ""},
		{"one version", "1.0.0.1:1 1.0.0.2:1", "1.0.0.1:1 1.0.0.2:1"},
		{"IPv6 first", "[::1]:1 [::2]:1 1.0.0.1:1 1.0.0.2:1", "[::1]:1 1.0.0.1:1 [::2]:1 1.0.0.2:1"},
		{"IPv4 first", "1.0.0.1:1 [::1]:1 [::2]:1 [::3]:1", "1.0.0.1:1 [::1]:1 [::2]:1 [::3]:1"},
		{"few of the second", "[::1]:1 [::2]:1 [::3]:1 1.0.0.1:1", "[::1]:1 1.0.0.1:1 [::2]:1 [::3]:1"},
	} {
		var got []string
		for _, a := range tcpAddrs(strings.Fields(tt.in)...).interleaved() {
			got = append(got, a.String())
		}
		if want := strings.Fields(tt.want); !slices.Equal(got, want) {
			t.Errorf("%s: interleaved() = %v, want %v", tt.name, got, want)
		}
	}
}

// staggered dials the addresses with a delay, and returns in which order the attempts
// began.
func staggered(ctx context.Context, delay time.Duration, addrs addrList) (c Conn, tried []string, err error) {
	var mu sync.Mutex
	var order []string // the losers go on when the dial has returned
	d := Dialer{AttemptDelay: delay, Control: func(_, address string, _ syscall.RawConn) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, address)
		return nil
	}}
	sd := &sysDialer{Dialer: d, network: "tcp", address: "name"}
	c, err = sd.dialStaggered(ctx, addrs)
	mu.Lock()
	defer mu.Unlock()
	return c, slices.Clone(order), err
}

// deadPort returns an address of this host at which nobody listens.
func deadPort(t *testing.T) string {
	t.Helper()
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A failure starts the next attempt at once, long before the delay.
func TestStaggeredGoesOnAfterFailure(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	dead := deadPort(t)
	c, tried, err := staggered(context.Background(), time.Hour, tcpAddrs(dead, dead, l.Addr().String(), dead))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.RemoteAddr().String() != l.Addr().String() || len(tried) != 3 {
		t.Errorf("connected to %v after %v, want %v after 3 attempts", c.RemoteAddr(), tried, l.Addr())
	}
}

// If all fail, the error is that of the first address.
func TestStaggeredReturnsTheFirstError(t *testing.T) {
	first, second := deadPort(t), deadPort(t)
	_, tried, err := staggered(context.Background(), time.Nanosecond, tcpAddrs(first, second, second))
	var op *OpError
	if !errors.As(err, &op) || op.Addr.String() != first || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the error is %v, want that of %s", err, first)
	}
	if len(tried) < 3 {
		t.Errorf("attempts: %v, want 3", tried)
	}
	_, _, err = staggered(context.Background(), time.Second, nil)
	if want := (&OpError{Op: "dial", Net: "tcp", Err: errMissingAddress}); err == nil || err.Error() != want.Error() {
		t.Errorf("without an address the error is %v, want %v", err, want)
	}
}

func TestAttemptDelayNegative(t *testing.T) {
	d := Dialer{AttemptDelay: -1}
	var op *OpError
	if _, err := d.Dial("tcp", "name.invalid:1"); !errors.Is(err, syscall.EINVAL) || !errors.As(err, &op) {
		t.Errorf("Dial = %v, want %v", err, syscall.EINVAL)
	}
}

func TestStaggeredContextDone(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, tried, err := staggered(done, time.Second, tcpAddrs("127.0.0.1:1", "127.0.0.1:1"))
	if !errors.Is(err, context.Canceled) || len(tried) != 0 {
		t.Errorf("with a context that is done: %v after %v, want %v and no attempt", err, tried, context.Canceled)
	}
}

// Three of four addresses do not answer, and the dial has all of its time for the
// fourth.
func TestStaggeredBlackHoles(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	blackHole(t)
	l := listenTCP(t, ListenConfig{})
	addrs := tcpAddrs("10.77.0.2:80", "10.77.0.3:80", "10.77.0.4:80", l.Addr().String())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	start := time.Now()
	c, tried, err := staggered(ctx, 20*time.Millisecond, addrs)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	t.Logf("connected after %v", time.Since(start))
	if len(tried) != 4 {
		t.Errorf("attempts: %v, want 4", tried)
	}

	// Dials that somebody cancels leave nothing.
	rounds := 50
	if *long {
		rounds = 10_000
	}
	before := openFiles()
	for range rounds {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(500*time.Microsecond, cancel)
		c, _, err := staggered(ctx, 50*time.Microsecond, addrs[:3])
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a dial that was cancelled = %v, %v, want %v", c, err, context.Canceled)
		}
		cancel()
	}
	if !settles(func() bool { return openFiles() <= before }) {
		t.Errorf("%d descriptors are open, %d were before", openFiles(), before)
	}
}

// The losers of a race are closed.
func TestStaggeredClosesLosers(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	at := l.Addr().String()
	before := openFiles()
	for range 100 {
		c, _, err := staggered(context.Background(), time.Nanosecond, tcpAddrs(at, at, at, at))
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if !settles(func() bool { return openFiles() <= before }) {
		t.Errorf("%d descriptors are open, %d were before", openFiles(), before)
	}
}

// Through the exported function: an IPv6 address that refuses comes before.
func TestAttemptDelayDialsAName(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := SplitHostPort(l.Addr().String())
	d := Dialer{AttemptDelay: 10 * time.Millisecond, Timeout: 10 * time.Second}
	c, err := d.Dial("tcp", JoinHostPort("localhost", port))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
