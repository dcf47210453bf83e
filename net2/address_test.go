//go:build linux

package net2

import (
	"sync"
	"syscall"
	"testing"

	"go.parity/socket"
)

func TestLocalAddrKnownAfterClose(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			l, err := ListenTCP("tcp", mustResolve(t, address))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, server := connectedPair(t, l)
			server.Close()
			if got, want := server.LocalAddr().String(), client.RemoteAddr().String(); got != want {
				t.Errorf("LocalAddr() after Close = %s, want %s", got, want)
			}
			if got, want := server.RemoteAddr().String(), client.LocalAddr().String(); got != want {
				t.Errorf("RemoteAddr() after Close = %s, want %s", got, want)
			}
		})
	}
}

func mustResolve(t *testing.T, address string) *TCPAddr {
	t.Helper()
	a, err := ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLocalAddrSameForAllWhoAsk(t *testing.T) {
	l, err := ListenTCP("tcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, server := connectedPair(t, l)
	got := make([]Addr, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = server.LocalAddr() })
	}
	server.Close()
	wg.Wait()
	for i, a := range got {
		if a != got[0] || a == nil {
			t.Errorf("LocalAddr() of goroutine %d = %v (%p), want %v (%p)", i, a, a, got[0], got[0])
		}
	}
}

// A zone is a name that may change: we look it up when we learn the address.
func TestZoneLookedUpAtOnce(t *testing.T) {
	lo, err := InterfaceByName("lo")
	if err != nil {
		t.Skip("no interface lo: ", err)
	}
	fd := newFD(-1, syscall.AF_INET6, syscall.SOCK_STREAM, "tcp")
	var lsa, rsa socket.Sockaddr
	lsa.SetInet6([16]byte{0xfe, 0x80, 15: 1}, 1, uint32(lo.Index))
	rsa.SetInet6([16]byte{0xfe, 0x80, 15: 2}, 2, 0)
	fd.setAddrs(&lsa, &rsa)
	if a, ok := fd.laddr.load().(*TCPAddr); !ok || a.Zone != "lo" {
		t.Errorf("local address = %v before anybody asked, want one with zone lo", fd.laddr.load())
	}
	if a := fd.raddr.load(); a != nil {
		t.Errorf("peer's address, without a zone, = %v before anybody asked, want none", a)
	}
}

// Whoever has seen the descriptor may change the socket's address.
func TestLocalAddrKnownBeforeOthersSeeTheSocket(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	for _, tt := range []struct {
		name string
		show func(c *TCPConn, known func()) error
	}{
		{"Control", func(c *TCPConn, known func()) error {
			rc, err := c.SyscallConn()
			if err != nil {
				return err
			}
			return rc.Control(func(uintptr) { known() })
		}},
		{"Read", func(c *TCPConn, known func()) error {
			rc, err := c.SyscallConn()
			if err != nil {
				return err
			}
			return rc.Read(func(uintptr) bool { known(); return true })
		}},
		{"Write", func(c *TCPConn, known func()) error {
			rc, err := c.SyscallConn()
			if err != nil {
				return err
			}
			return rc.Write(func(uintptr) bool { known(); return true })
		}},
		{"File", func(c *TCPConn, known func()) error {
			f, err := c.File()
			if err != nil {
				return err
			}
			defer f.Close()
			known()
			return nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, server := connectedPair(t, l)
			if server.fd.laddr.load() != nil {
				t.Fatal("the local address is known before anybody asked")
			}
			err := tt.show(server, func() {
				if a := server.fd.laddr.load(); a == nil || a.String() != l.Addr().String() {
					t.Errorf("local address when the socket is shown = %v, want %v", a, l.Addr())
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
