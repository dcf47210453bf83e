package bench

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkRead reads 64 bytes that have arrived already.
func BenchmarkRead(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		read := reader(b, s)
		for b.Loop() {
			read()
		}
	})
}

// BenchmarkReadDeadline sets a deadline before each read.
func BenchmarkReadDeadline(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		read := deadlineReader(b, s)
		for b.Loop() {
			read()
		}
	})
}

// BenchmarkWrite writes 64 bytes.
func BenchmarkWrite(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		write := writer(b, s)
		for b.Loop() {
			write()
		}
	})
}

func reader(tb testing.TB, s Stack) func() {
	c, fd := rawPeer(tb, s, false)
	mem, buf := buffer(tb, 64), make([]byte, 64)
	return func() {
		writeRaw(tb, fd, mem, 64)
		if n, err := c.Read(buf); n != 64 || err != nil {
			tb.Errorf("Read() = %d, %v, want 64", n, err)
		}
	}
}

func deadlineReader(tb testing.TB, s Stack) func() {
	c, fd := rawPeer(tb, s, false)
	mem, buf := buffer(tb, 64), make([]byte, 64)
	return func() {
		writeRaw(tb, fd, mem, 64)
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			tb.Errorf("SetReadDeadline() = %v", err)
		}
		if n, err := c.Read(buf); n != 64 || err != nil {
			tb.Errorf("Read() = %d, %v, want 64", n, err)
		}
	}
}

func writer(tb testing.TB, s Stack) func() {
	c, fd := rawPeer(tb, s, false)
	mem, buf := buffer(tb, 64), make([]byte, 64)
	return func() {
		if n, err := c.Write(buf); n != 64 || err != nil {
			tb.Errorf("Write() = %d, %v, want 64", n, err)
		}
		readRaw(tb, fd, mem, 64)
	}
}

// echoer makes a round trip to a server whose read has to wait.
func echoer(tb testing.TB, s Stack) func() {
	c, fd := rawPeer(tb, s, false)
	mem := buffer(tb, 64)
	var server sync.WaitGroup
	server.Go(func() {
		_ = echo(c, 64) // ends with the peer
	})
	tb.Cleanup(func() {
		if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
			tb.Errorf("shutdown: %v", err)
		}
		server.Wait()
	})
	return func() {
		for range 10 {
			runtime.Gosched() // the server comes to wait
		}
		writeRaw(tb, fd, mem, 64)
		readRaw(tb, fd, mem, 64)
	}
}

// udpEcho starts a server and returns a client and the server's address.
func udpEcho(tb testing.TB, s Stack) (UDPConn, netip.AddrPort) {
	tb.Helper()
	server, err := s.ListenUDP("udp4", loopback)
	must(tb, err)
	client, err := s.ListenUDP("udp4", loopback)
	must(tb, err)
	var group sync.WaitGroup
	group.Go(func() {
		_ = echoUDP(server) // ends when it is closed
	})
	tb.Cleanup(func() {
		must(tb, client.Close())
		must(tb, server.Close())
		group.Wait()
	})
	to, err := netip.ParseAddrPort(server.LocalAddr().String())
	must(tb, err)
	return client, to
}

func TestOperationsDoNotAllocate(t *testing.T) {
	for _, test := range []struct {
		name string
		op   func(testing.TB, Stack) func()
	}{
		{"Read", reader},
		{"Read after SetReadDeadline", deadlineReader},
		{"Write", writer},
		{"Read that waits, and Write", echoer},
		{"UDP AddrPort", func(tb testing.TB, s Stack) func() {
			client, to := udpEcho(tb, s)
			buf := make([]byte, 64)
			return func() {
				if _, err := client.WriteToUDPAddrPort(buf, to); err != nil {
					tb.Errorf("WriteToUDPAddrPort() = %v", err)
				}
				if n, _, err := client.ReadFromUDPAddrPort(buf); n != 64 || err != nil {
					tb.Errorf("ReadFromUDPAddrPort() = %d, %v, want 64", n, err)
				}
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, s := range Stacks() {
				t.Run("impl="+s.Name, func(t *testing.T) {
					op := test.op(t, s)
					op() // what is made on first use
					if got := testing.AllocsPerRun(500, op); got != 0 {
						t.Errorf("%s allocates %v times, want 0", test.name, got)
					}
				})
			}
		})
	}
}
