package bench

import (
	"io"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkStream writes 64 KiB at a time to a peer that drops them.
func BenchmarkStream(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		c, fd := rawPeer(b, s, true)
		drain(b, fd)
		buf := make([]byte, streamSize)
		b.SetBytes(streamSize)
		for b.Loop() {
			if _, err := c.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkWritev writes 64 buffers of 1 KiB with one call of Buffers.WriteTo.
func BenchmarkWritev(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		const buffers, size = 64, 1 << 10
		c, fd := rawPeer(b, s, true)
		drain(b, fd)
		whole := make([][]byte, buffers)
		for i := range whole {
			whole[i] = make([]byte, size)
		}
		bufs := make([][]byte, buffers)
		var left [][]byte // WriteTo takes from it what it wrote
		b.SetBytes(buffers * size)
		for b.Loop() {
			copy(bufs, whole)
			left = bufs
			if n, err := s.BuffersWriteTo(&left, c); n != buffers*size || err != nil {
				b.Fatalf("WriteTo() = %d, %v, want %d", n, err, buffers*size)
			}
		}
	})
}

// BenchmarkSendfile copies a file of 64 MiB to a connection.
func BenchmarkSendfile(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		c, fd := rawPeer(b, s, true)
		drain(b, fd)
		f, err := transferFile(transferSize)
		must(b, err)
		defer f.Close()
		b.SetBytes(transferSize)
		for b.Loop() {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				b.Fatal(err)
			}
			if n, err := io.Copy(c, f); n != transferSize || err != nil {
				b.Fatalf("Copy() = %d, %v, want %d", n, err, transferSize)
			}
		}
	})
}

// BenchmarkSplice copies 64 MiB from one connection to another.
func BenchmarkSplice(b *testing.B) {
	perStack(b, func(b *testing.B, s Stack) {
		src, in := rawPeer(b, s, true)
		dst, out := rawPeer(b, s, true)
		drain(b, out)
		mem, err := newArena(discardSize)
		must(b, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for writeAll(in, mem.addr, discardSize) == nil {
				continue // until the shutdown below
			}
		}()
		b.SetBytes(transferSize)
		for b.Loop() {
			if n, err := io.CopyN(dst, src, transferSize); n != transferSize || err != nil {
				b.Fatalf("CopyN() = %d, %v, want %d", n, err, transferSize)
			}
		}
		must(b, unix.Shutdown(in, unix.SHUT_RDWR))
		<-done
		mem.free()
	})
}
