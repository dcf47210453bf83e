//go:build linux

package net2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

// A counting connection counts what passes through it, as wrappers of connections do.
type counting struct {
	*TCPConn
	writes, buffers int
}

func (c *counting) Write(b []byte) (int, error) {
	c.writes++
	return c.TCPConn.Write(b)
}

func (c *counting) WriteBuffers(v *Buffers) (int64, error) {
	c.buffers++
	return c.TCPConn.WriteBuffers(v)
}

func TestBuffersWriteToAsksTheWrapper(t *testing.T) {
	client, server := connectedPair(t, plainListener(t))
	w := &counting{TCPConn: client}
	v := Buffers{[]byte("head"), []byte("body"), []byte("tail")}
	if n, err := v.WriteTo(w); n != 12 || err != nil || len(v) != 0 {
		t.Fatalf("WriteTo = %d, %v and leaves %d buffers, want 12, nil, 0", n, err, len(v))
	}
	if w.buffers != 1 || w.writes != 0 {
		t.Errorf("the wrapper saw %d WriteBuffers and %d Write, want 1 and 0", w.buffers, w.writes)
	}
	info, err := client.Info()
	if err != nil || info.DataSegmentsSent != 1 {
		t.Errorf("the kernel sent %d segments, %v, want 1: one writev", info.DataSegmentsSent, err)
	}
	b := make([]byte, 16)
	if n, err := io.ReadAtLeast(server, b, 12); string(b[:n]) != "headbodytail" || err != nil {
		t.Errorf("Read = %q, %v", b[:n], err)
	}
}

func TestReadBuffersFillsInOrder(t *testing.T) {
	client, server := connectedPair(t, plainListener(t))
	head, none, body, rest := make([]byte, 3), []byte{}, make([]byte, 5), make([]byte, 9)
	client.Write([]byte("0123456789"))
	n, err := server.ReadBuffers([][]byte{head, none, nil, body, rest})
	if got := fmt.Sprintf("%s|%s|%s", head, body, rest[:2]); n != 10 || err != nil || got != "012|34567|89" {
		t.Errorf("ReadBuffers = %d, %v with %q, want 10, nil with 012|34567|89", n, err, got)
	}
	for _, empty := range [][][]byte{nil, {}, {nil, none}} {
		if n, err := server.ReadBuffers(empty); n != 0 || err != nil {
			t.Errorf("ReadBuffers(%v) = %d, %v, want 0, nil", empty, n, err)
		}
	}
	server.SetReadDeadline(time.Unix(1, 0))
	if n, err := server.ReadBuffers([][]byte{head}); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ReadBuffers after the deadline = %d, %v, want 0, %v", n, err, os.ErrDeadlineExceeded)
	}
	server.SetReadDeadline(time.Time{})
	client.Close()
	if n, err := server.ReadBuffers([][]byte{head}); n != 0 || err != io.EOF {
		t.Errorf("ReadBuffers at the end = %d, %v, want 0, EOF", n, err)
	}
	server.Close()
	if n, err := server.ReadBuffers([][]byte{head}); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("ReadBuffers after Close = %d, %v, want 0, %v", n, err, ErrClosed)
	}
	for _, zero := range []*TCPConn{nil, {}} {
		_, rerr := zero.ReadBuffers([][]byte{head})
		_, werr := zero.WriteBuffers(&Buffers{head})
		if rerr != syscall.EINVAL || werr != syscall.EINVAL {
			t.Errorf("ReadBuffers and WriteBuffers of %v = %v, %v, want %v", zero, rerr, werr, syscall.EINVAL)
		}
	}
	for _, zero := range []*UnixConn{nil, {}} {
		_, rerr := zero.ReadBuffers([][]byte{head})
		_, werr := zero.WriteBuffers(&Buffers{head})
		if rerr != syscall.EINVAL || werr != syscall.EINVAL {
			t.Errorf("ReadBuffers and WriteBuffers of %v = %v, %v, want %v", zero, rerr, werr, syscall.EINVAL)
		}
	}
}

// One readv takes 1,024 buffers; the rest stays for the next.
func TestReadBuffersManyBuffers(t *testing.T) {
	client, server := connectedPair(t, plainListener(t))
	data := make([]byte, 3000)
	for i := range data {
		data[i] = byte(i)
	}
	client.Write(data)
	if !settles(func() bool { info, err := server.Info(); return err == nil && info.BytesReceived == 3000 }) {
		t.Fatal("the data has not come")
	}
	v := make([][]byte, 3000)
	got := make([]byte, 3000)
	for i := range v {
		v[i] = got[i : i+1]
	}
	for _, want := range []int64{1024, 1024, 952} {
		n, err := server.ReadBuffers(v)
		if n != want || err != nil {
			t.Fatalf("ReadBuffers of %d buffers = %d, %v, want %d", len(v), n, err, want)
		}
		v = v[n:]
	}
	if !bytes.Equal(got, data) {
		t.Error("the buffers do not hold what was sent")
	}
}

func TestReadBuffersOfPackets(t *testing.T) {
	for _, network := range []string{"unixpacket", "unixgram"} {
		a, b := unixPair(t, network)
		if n, err := a.WriteBuffers(&Buffers{[]byte("he"), []byte("ad")}); n != 4 || err != nil {
			t.Fatalf("%s: WriteBuffers = %d, %v, want 4, nil", network, n, err)
		}
		a.Write([]byte("next"))
		p, q := make([]byte, 3), make([]byte, 3)
		if n, err := b.ReadBuffers([][]byte{p, q}); n != 4 || err != nil || string(p)+string(q[:1]) != "head" {
			t.Errorf("%s: ReadBuffers = %d, %v with %q %q, want one packet", network, n, err, p, q)
		}
	}
}

func TestReadBuffersAllocatesNothing(t *testing.T) {
	client, server := connectedPair(t, plainListener(t))
	frame := Buffers{make([]byte, 4), make([]byte, 12), make([]byte, 1000)}
	all := make([]byte, 1016)
	n := allocsPerRun(100, func() {
		client.Write(all)
		server.ReadBuffers(frame)
	})
	if n != 0 && !raceEnabled {
		t.Errorf("Write and ReadBuffers allocate %v objects, want 0", n)
	}
}

// What was done before a Write is done when ReadBuffers returns its bytes; the race
// detector must see it so.
func TestReadBuffersOrdersMemory(t *testing.T) {
	client, server := connectedPair(t, plainListener(t))
	for i := range 100 {
		shared := 0
		go func() {
			shared = i
			client.Write([]byte("x"))
		}()
		if n, err := server.ReadBuffers([][]byte{make([]byte, 1)}); n != 1 || err != nil {
			t.Fatalf("ReadBuffers = %d, %v, want 1, nil", n, err)
		}
		if shared != i {
			t.Fatalf("shared = %d, want %d", shared, i)
		}
	}
}

// A frame of a head, a head of its own and 64 KiB, as ReadBuffers reads it and as Read
// and copy do.
func BenchmarkReadFrame(b *testing.B) {
	const size = 64 << 10
	head, meta, body := make([]byte, 8), make([]byte, 24), make([]byte, size)
	frame := make([]byte, len(head)+len(meta)+len(body))
	buf := make([]byte, len(frame))
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	client, err := Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	server := conn.(*TCPConn)
	for name, read := range map[string]func() error{
		"ReadBuffers": func() error {
			v := [][]byte{head, meta, body}
			for len(v) > 0 {
				n, err := server.ReadBuffers(v)
				if err != nil {
					return err
				}
				for n > 0 {
					m := min(n, int64(len(v[0])))
					v[0] = v[0][m:]
					n -= m
					if len(v[0]) == 0 {
						v = v[1:]
					}
				}
			}
			return nil
		},
		"Read": func() error {
			if _, err := io.ReadFull(server, buf); err != nil {
				return err
			}
			copy(head, buf)
			copy(meta, buf[len(head):])
			copy(body, buf[len(head)+len(meta):])
			return nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if _, err := client.Write(frame); err != nil {
					b.Fatal(err)
				}
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
