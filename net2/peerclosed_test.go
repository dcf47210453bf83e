//go:build linux

package net2

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"
)

type peerWatcher interface {
	watchedConn
	PeerClosed() bool
	OnPeerClosed(func()) error
	StopPeerClosed() bool
	CloseRead() error
	CloseWrite() error
}

func TestPeerClosed(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(c peerWatcher, peer net.Conn)
		want bool
	}{
		{"nothing", func(peerWatcher, net.Conn) {}, false},
		{"data", func(_ peerWatcher, peer net.Conn) { peer.Write([]byte("x")) }, false},
		{"end", func(_ peerWatcher, peer net.Conn) { peer.Close() }, true},
		{"half end", func(_ peerWatcher, peer net.Conn) { peer.(interface{ CloseWrite() error }).CloseWrite() }, true},
		{"data and end", func(_ peerWatcher, peer net.Conn) { peer.Write([]byte("x")); peer.Close() }, true},
		{"reset", func(c peerWatcher, peer net.Conn) {
			if p, ok := peer.(*TCPConn); ok {
				p.SetLinger(0)
			}
			peer.Close()
		}, true},
		{"own CloseRead", func(c peerWatcher, _ net.Conn) { c.CloseRead() }, false},
		{"own CloseWrite", func(c peerWatcher, _ net.Conn) { c.CloseWrite() }, false},
		{"own CloseRead and CloseWrite", func(c peerWatcher, _ net.Conn) { c.CloseRead(); c.CloseWrite() }, false},
		{"own CloseWrite, then the end", func(c peerWatcher, peer net.Conn) { c.CloseWrite(); peer.Close() }, true},
		{"a deadline", func(c peerWatcher, _ net.Conn) { c.SetDeadline(time.Unix(1, 0)) }, false},
	} {
		check := func(t *testing.T, c peerWatcher) {
			t.Helper()
			if tt.want {
				if !settles(c.PeerClosed) {
					t.Error("PeerClosed() = false, want true")
				}
				c.Close()
				if !c.PeerClosed() {
					t.Error("PeerClosed() after Close = false, want true")
				}
				return
			}
			time.Sleep(5 * time.Millisecond)
			if c.PeerClosed() {
				t.Error("PeerClosed() = true, want false")
			}
		}
		for _, kind := range watchedPairs[:2] {
			t.Run(kind.name+"/"+tt.name, func(t *testing.T) {
				c, peer := kind.pair(t)
				w := c.(peerWatcher)
				w.PeerClosed()
				ran := make(chan struct{}, 1)
				if err := w.OnPeerClosed(func() { ran <- struct{}{} }); err != nil {
					t.Fatal(err)
				}
				tt.make(w, peer)
				if tt.want {
					wantSoon(t, "OnPeerClosed runs", ran)
				} else {
					wantNot(t, "OnPeerClosed runs", ran)
					if !w.StopPeerClosed() {
						t.Error("StopPeerClosed() = false, want true")
					}
				}
				check(t, w)
			})
			t.Run(kind.name+"/"+tt.name+" before the first call", func(t *testing.T) {
				c, peer := kind.pair(t)
				tt.make(c.(peerWatcher), peer)
				check(t, c.(peerWatcher))
			})
			t.Run(kind.name+"/"+tt.name+" beside OnReadable", func(t *testing.T) {
				c, peer := kind.pair(t)
				arm(t, c)
				tt.make(c.(peerWatcher), peer)
				check(t, c.(peerWatcher))
			})
		}
	}
}

// Who asks for the first time after Close gets no answer, and nobody else's descriptor is
// watched for it.
func TestPeerClosedAfterClose(t *testing.T) {
	for _, kind := range watchedPairs[:2] {
		c, peer := kind.pair(t)
		peer.Close()
		c.Close()
		w := c.(peerWatcher)
		if w.PeerClosed() || w.StopPeerClosed() || c.StopReadable() {
			t.Errorf("%s: after Close something is known that nobody asked for", kind.name)
		}
		if err := w.OnPeerClosed(func() { t.Error("it runs") }); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: OnPeerClosed after Close = %v, want %v", kind.name, err, ErrClosed)
		}
		w.CloseRead()
		w.CloseWrite()
	}
}

// After the first call PeerClosed is a load or two.
func TestPeerClosedCostsNothing(t *testing.T) {
	c, _ := watchedPairs[0].pair(t)
	w := c.(peerWatcher)
	w.PeerClosed()
	if n := allocsPerRun(100, func() { w.PeerClosed() }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkPeerClosed(b *testing.B) {
	c, _ := watchedPairs[0].pair(b)
	w := c.(peerWatcher)
	for b.Loop() {
		w.PeerClosed()
	}
}

// Close lets the function run too, and one that was taken back does not.
func TestOnPeerClosedAndClose(t *testing.T) {
	c, _ := watchedPairs[0].pair(t)
	w := c.(peerWatcher)
	ran := make(chan struct{}, 1)
	w.OnPeerClosed(func() { ran <- struct{}{} })
	w.StopPeerClosed()
	w.OnPeerClosed(func() { ran <- struct{}{} })
	c.Close()
	wantSoon(t, "OnPeerClosed runs", ran)
	wantNot(t, "OnPeerClosed runs twice", ran)
	runtime.KeepAlive(c)
}

func ExampleTCPConn_OnPeerClosed() {
	l, _ := Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	client, _ := Dial("tcp", l.Addr().String())
	server, _ := l.Accept()
	defer server.Close()

	gone := make(chan struct{})
	server.(*TCPConn).OnPeerClosed(func() { close(gone) })
	client.Close() // the client gives up while the server works for it
	<-gone
	fmt.Println(server.(*TCPConn).PeerClosed())
	// Output: true
}
