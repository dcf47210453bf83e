package bench

import (
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkConnectRequestClose connects, sends 64 bytes, and reads the answer
// and then its end, after which the server closes. Both ends are on the stack.
func BenchmarkConnectRequestClose(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		const size = 64
		ln := listen(b, s)
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return // the end of the benchmark
				}
				go func() {
					if err := once(c, size); err != nil {
						b.Error(err)
					}
					if err := c.Close(); err != nil {
						b.Error(err)
					}
				}()
			}
		}()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			buf := make([]byte, size)
			for pb.Next() {
				c, err := s.Dial("tcp", ln.Addr().String())
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := c.Write(buf); err != nil {
					b.Error(err)
				}
				if n, err := io.ReadFull(c, buf); err != nil {
					b.Errorf("answer of %d bytes: %v", n, err)
				}
				if _, err := c.Read(buf); err != io.EOF {
					b.Errorf("after the answer: %v, want %v", err, io.EOF)
				}
				// A reset leaves nothing in TIME_WAIT.
				if err := c.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
					b.Error(err)
				}
				if err := c.Close(); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkAccept accepts connections that wait already, and closes them.
func BenchmarkAccept(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		const batch = 256 // less than any backlog
		ln := listen(b, s)
		sa, err := sockaddr(ln.Addr().String())
		must(b, err)
		fds := make([]int, 0, batch)
		b.StopTimer()
		for left := b.N; left > 0; {
			for range min(batch, left) {
				fd, err := connectTCP(sa, [4]byte{}, false)
				must(b, err)
				fds = append(fds, fd)
			}
			b.StartTimer()
			for range fds {
				c, err := ln.Accept()
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			for _, fd := range fds {
				rawClose(fd)
			}
			left -= len(fds)
			fds = fds[:0]
		}
	})
}

// BenchmarkDial dials and closes. The other side accepts with two raw calls.
func BenchmarkDial(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		ln, addr, err := listenTCP()
		must(b, err)
		defer rawClose(ln)
		must(b, resetOnClose(ln))
		var c net.Conn
		for b.Loop() {
			if c, err = s.Dial("tcp", addr); err != nil {
				b.Fatal(err)
			}
			fd, e := rawAccept(ln)
			for e == unix.EAGAIN {
				must(b, waitFor(ln, unix.POLLIN))
				fd, e = rawAccept(ln)
			}
			if e != 0 {
				b.Fatalf("accept4: %v", e)
			}
			if err := c.Close(); err != nil {
				b.Fatal(err)
			}
			rawClose(fd)
		}
	})
}
