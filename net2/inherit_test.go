//go:build linux

package net2

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// connectedPair returns both ends of a connection that l accepted.
func connectedPair(t *testing.T, l *TCPListener) (client, server *TCPConn) {
	t.Helper()
	client, err := DialTCP("tcp", nil, l.Addr().(*TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

func listenTCP(t *testing.T, lc ListenConfig) *TCPListener {
	t.Helper()
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*TCPListener)
}

func option(t *testing.T, c syscall.Conn, level, name int) (value int) {
	t.Helper()
	rc, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	rc.Control(func(fd uintptr) { value, err = syscall.GetsockoptInt(int(fd), level, name) })
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAcceptedOptionsWhateverTheListener(t *testing.T) {
	control := func(network, address string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 0)
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 77)
		})
	}
	change := func(t *testing.T, l *TCPListener) {
		rc, err := l.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		rc.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 0)
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 0)
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 99)
		})
	}
	tests := []struct {
		name                        string
		lc                          ListenConfig
		prepare                     func(*testing.T, *TCPListener)
		nodelay, keepalive, idle, n int
		state                       uint32
	}{
		{"default", ListenConfig{}, nil, 1, 1, 15, 9, inheritWorks},
		{"control", ListenConfig{Control: control}, nil, 1, 1, 15, 9, inheritUntried},
		{"keepalive 40s", ListenConfig{KeepAlive: 40 * time.Second}, nil, 1, 1, 40, 9, inheritWorks},
		{"config", ListenConfig{KeepAliveConfig: KeepAliveConfig{Enable: true, Idle: -1, Count: 4}}, nil, 1, 1, 7200, 4, inheritWorks},
		{"keepalive off", ListenConfig{KeepAlive: -1}, nil, 1, 0, 7200, 9, inheritWorks},
		{"refused value", ListenConfig{KeepAlive: 1e6 * time.Second}, nil, 1, 1, 7200, 9, inheritFails},
		{"changed through SyscallConn", ListenConfig{}, change, 1, 1, 15, 9, inheritUntried},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := listenTCP(t, tt.lc)
			if tt.prepare != nil {
				tt.prepare(t, l)
			}
			for range 2 { // the first connection tries, the second relies on it
				_, c := connectedPair(t, l)
				for _, o := range []struct {
					name             string
					level, opt, want int
				}{
					{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, tt.nodelay},
					{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, tt.keepalive},
					{"TCP_KEEPIDLE", syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, tt.idle},
					{"TCP_KEEPCNT", syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, tt.n},
				} {
					if got := option(t, c, o.level, o.opt); got != o.want {
						t.Errorf("%s = %d, want %d", o.name, got, o.want)
					}
				}
			}
			if got := l.inherit.state.Load(); got != tt.state {
				t.Errorf("inheritance state = %d, want %d", got, tt.state)
			}
		})
	}
}
