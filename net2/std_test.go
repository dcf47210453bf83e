//go:build linux

package net2

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Package net's connection of the same socket reads what the peer writes, leaves
// the options alone and closes for itself.
func TestStdConn(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	client, server := connectedPair(t, l)
	if err := server.SetKeepAliveConfig(KeepAliveConfig{Enable: true, Idle: 77 * time.Second, Interval: 33 * time.Second, Count: 5}); err != nil {
		t.Fatal(err)
	}
	if err := server.SetNoDelay(false); err != nil {
		t.Fatal(err)
	}
	c, err := StdConn(server)
	if err != nil {
		t.Fatalf("StdConn(server) = %v, want nil", err)
	}
	if _, ok := c.(*net.TCPConn); !ok {
		t.Errorf("StdConn(server) is a %T, want a *net.TCPConn", c)
	}
	if got, want := c.LocalAddr().String(), server.LocalAddr().String(); got != want {
		t.Errorf("LocalAddr() = %s, want %s", got, want)
	}
	for _, o := range []tcpOption{
		{syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 0},
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 77},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 33},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 5},
	} {
		if got := option(t, server, o.level, o.name); got != o.value {
			t.Errorf("option %d of level %d = %d after StdConn, want %d", o.name, o.level, got, o.value)
		}
	}
	var b [1]byte
	client.Write([]byte("x"))
	if n, err := c.Read(b[:]); n != 1 || err != nil {
		t.Errorf("Read of net's = %d, %v, want 1, nil", n, err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close of net's = %v, want nil", err)
	}
	client.Write([]byte("y"))
	if n, err := server.Read(b[:]); n != 1 || err != nil {
		t.Errorf("Read of ours after net's is closed = %d, %v, want 1, nil", n, err)
	}
}

// A read that waits goes on waiting until data comes: the socket never leaves
// non-blocking mode.
func TestStdConnBesideARead(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	client, server := connectedPair(t, l)
	read := make(chan error, 1)
	go func() {
		_, err := server.Read(make([]byte, 1))
		read <- err
	}()
	for range 100 {
		c, err := StdConn(server)
		if err != nil {
			t.Fatalf("StdConn(server) = %v, want nil", err)
		}
		c.Close()
	}
	client.Write([]byte("x"))
	if err := <-read; err != nil {
		t.Errorf("Read = %v, want nil", err)
	}
}

func TestStdConnHasTheDeadlines(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	_, server := connectedPair(t, l)
	for _, tt := range []struct {
		name string
		at   time.Time
	}{
		{"passed", time.Unix(1, 0)},
		{"near", time.Now().Add(20 * time.Millisecond)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server.SetReadDeadline(tt.at)
			c, err := StdConn(server)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read = %v, want %v", err, os.ErrDeadlineExceeded)
			}
		})
	}
}

func TestStdListenerAndPacketConn(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	sl, err := StdListener(l)
	if err != nil {
		t.Fatalf("StdListener = %v, want nil", err)
	}
	l.Close()
	client, err := Dial("tcp", sl.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := sl.Accept()
	if err != nil {
		t.Fatalf("Accept of net's = %v, want nil", err)
	}
	server.Close()
	sl.Close()

	path := filepath.Join(t.TempDir(), "s")
	ul, err := Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	sul, err := StdListener(ul)
	if err != nil {
		t.Fatalf("StdListener = %v, want nil", err)
	}
	sul.Close()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file of the socket after net's is closed: %v, want it there", err)
	}
	ul.Close()

	p, err := ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sp, err := StdPacketConn(p)
	if err != nil {
		t.Fatalf("StdPacketConn = %v, want nil", err)
	}
	defer sp.Close()
	if _, ok := sp.(*net.UDPConn); !ok {
		t.Errorf("StdPacketConn is a %T, want a *net.UDPConn", sp)
	}
}

func TestStdConnRefuses(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	_, closed := connectedPair(t, l)
	closed.Close()
	pipe, other := Pipe()
	defer pipe.Close()
	defer other.Close()
	for _, tt := range []struct {
		name string
		c    Conn
		want error
	}{
		{"nil", nil, syscall.EINVAL},
		{"nil connection", (*TCPConn)(nil), syscall.EINVAL},
		{"zero connection", &TCPConn{}, syscall.EINVAL},
		{"foreign", pipe, syscall.EINVAL},
		{"closed", closed, ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, err := StdConn(tt.c); c != nil || !errors.Is(err, tt.want) {
				t.Errorf("StdConn = %v, %v, want nil, %v", c, err, tt.want)
			}
		})
	}
	_, err := closed.File()
	if _, got := StdConn(closed); got.Error() != err.Error() {
		t.Errorf("StdConn of a closed connection = %q, want what File says: %q", got, err)
	}
	if l, err := StdListener(nil); l != nil || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("StdListener(nil) = %v, %v, want nil, %v", l, err, syscall.EINVAL)
	}
	if p, err := StdPacketConn((*UDPConn)(nil)); p != nil || err != error(syscall.EINVAL) {
		t.Errorf("StdPacketConn(nil) = %v, %v, want nil, %v", p, err, syscall.EINVAL)
	}
}
