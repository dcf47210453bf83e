package bench

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkEcho has a goroutine at each end of each connection, with both ends
// on the stack.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			perStack(b, func(b *testing.B, s Stack) { benchmarkEcho(b, s, conns, 64, false) })
		})
	}
}

// BenchmarkEchoDeadline sets a deadline before each read of the server.
func BenchmarkEchoDeadline(b *testing.B) {
	for _, conns := range []int{1, 64} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			perStack(b, func(b *testing.B, s Stack) { benchmarkEcho(b, s, conns, 64, true) })
		})
	}
}

func benchmarkEcho(b *testing.B, s Stack, conns, size int, deadline bool) {
	descriptors(b, uint64(2*conns)+512)
	ln := listen(b, s)
	var servers sync.WaitGroup
	clients := make([]net.Conn, conns)
	for i := range clients {
		c, err := s.Dial("tcp", ln.Addr().String())
		must(b, err)
		clients[i] = c
		server, err := ln.Accept()
		must(b, err)
		servers.Go(func() {
			serve := echo
			if deadline {
				serve = echoDeadline
			}
			if err := serve(server, size); err != io.EOF {
				b.Errorf("server: %v, want the client to end it", err)
			}
			if err := server.Close(); err != nil {
				b.Error(err)
			}
		})
	}

	var left atomic.Int64
	left.Store(int64(b.N))
	var group sync.WaitGroup
	b.ResetTimer()
	for _, c := range clients {
		group.Go(func() {
			buf := make([]byte, size)
			for left.Add(-1) >= 0 {
				if _, err := c.Write(buf); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	for _, c := range clients {
		must(b, c.Close())
	}
	servers.Wait()
}

// BenchmarkUDPEcho runs a client and a server on one stack, with the methods
// that take and return a netip.AddrPort.
func BenchmarkUDPEcho(b *testing.B) {
	sizes(b, []int{64, 1200}, func(b *testing.B, size int) {
		perStack(b, func(b *testing.B, s Stack) {
			client, to := udpEcho(b, s)
			buf := make([]byte, size)
			for b.Loop() {
				if _, err := client.WriteToUDPAddrPort(buf, to); err != nil {
					b.Fatal(err)
				}
				if n, _, err := client.ReadFromUDPAddrPort(buf); err != nil || n != size {
					b.Fatalf("ReadFromUDPAddrPort() = %d bytes, %v, want %d", n, err, size)
				}
			}
		})
	})
}
