//go:build linux

package net2

import (
	"sync"
	"testing"
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
