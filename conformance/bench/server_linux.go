package bench

// The measured process on net and net2: ordinary Go, a goroutine for each
// connection.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// serve starts w's server on a stack, or its client, which dials addr.
func (j *work) serve(stack string, w Workload, addr string) error {
	for _, s := range Stacks() {
		if s.Name == stack {
			return j.serveOn(s, w, addr)
		}
	}
	return fmt.Errorf("no stack %q", stack)
}

func (j *work) serveOn(s Stack, w Workload, addr string) error {
	switch w.Kind {
	case KindDial:
		j.drive = func() {
			for range w.Conns {
				go j.dial(s, addr)
			}
		}
		return nil
	case KindUDP:
		c, err := s.ListenUDP("udp4", loopback)
		if err != nil {
			return err
		}
		j.addr = c.LocalAddr().String()
		go func() { j.meter.fail(echoUDP(c)) }()
		return nil
	}

	ln, err := s.Listen("tcp", listenAddr)
	if err != nil {
		return err
	}
	j.addr = ln.Addr().String()
	switch w.Kind {
	case KindEcho, KindBurst, KindIdle:
		if w.Deadline {
			go j.accept(ln, func(c net.Conn) error { return echoDeadline(c, echoBuffer) })
		} else {
			go j.accept(ln, func(c net.Conn) error { return echo(c, echoBuffer) })
		}
	case KindOnce:
		go j.accept(ln, func(c net.Conn) error { return once(c, w.Size) })
	case KindAccept:
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					j.meter.fail(err)
					return
				}
				j.conns.Add(1)
				_ = c.Close() // its peer may have reset it
			}
		}()
	case KindStream:
		go j.accept(ln, func(c net.Conn) error { return stream(c, w.Size) })
	case KindSendfile:
		f, err := transferFile(w.Size)
		if err != nil {
			return err
		}
		go j.accept(ln, func(c net.Conn) error { return sendFile(c, f) })
	case KindSplice:
		go func() {
			if err := splice(ln); err != nil {
				j.meter.fail(err)
			}
		}()
	case KindHTTP:
		go func() {
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, HTTPBody) // a peer that is gone has nothing to hear
			})
			j.meter.fail(http.Serve(ln, h))
		}()
	default:
		return fmt.Errorf("no server for %q", w.Kind)
	}
	return nil
}

// accept hands every connection to a goroutine of its own. It is not a failure
// of the server if the other side ends the connection; it is one if accepting
// ends.
func (j *work) accept(ln net.Listener, handle func(net.Conn) error) {
	for {
		c, err := ln.Accept()
		if err != nil {
			j.meter.fail(err)
			return
		}
		j.conns.Add(1)
		go func() {
			defer func() { _ = c.Close() }() // every handler is done with c, whatever became of it
			err := handle(c)
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
				j.meter.fail(err)
			}
		}()
	}
}

// echoBuffer is larger than any message, like the buffer of a server that does
// not know what comes. A read that fills its buffer would be followed by
// another.
const echoBuffer = 4 << 10

func echo(c net.Conn, size int) error {
	buf := make([]byte, size)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}

func echoDeadline(c net.Conn, size int) error {
	buf := make([]byte, size)
	for {
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			return err
		}
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}

func once(c net.Conn, size int) error {
	buf := make([]byte, size)
	if _, err := io.ReadFull(c, buf); err != nil {
		return err
	}
	_, err := c.Write(buf)
	return err
}

func stream(c net.Conn, size int) error {
	buf := make([]byte, size)
	for {
		if _, err := c.Write(buf); err != nil {
			return err
		}
	}
}

// transferFile returns a file of size bytes, in memory.
func transferFile(size int) (*os.File, error) {
	fd, err := unix.MemfdCreate("transfer", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "transfer")
	chunk := make([]byte, 1<<20)
	for i := range chunk {
		chunk[i] = byte(i)
	}
	for off := 0; off < size; off += len(chunk) {
		if _, err := f.Write(chunk[:min(len(chunk), size-off)]); err != nil {
			_ = f.Close() // the error that counts is the one above
			return nil, err
		}
	}
	return f, nil
}

// sendFile sends f once for each byte that c brings.
func sendFile(c net.Conn, f *os.File) error {
	var b [1]byte
	for {
		if _, err := c.Read(b[:]); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(c, f); err != nil {
			return err
		}
	}
}

// splice passes the first connection on to the second.
func splice(ln net.Listener) error {
	src, err := ln.Accept()
	if err != nil {
		return err
	}
	dst, err := ln.Accept()
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return err
}

func echoUDP(c UDPConn) error {
	buf := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		if _, err := c.WriteToUDPAddrPort(buf[:n], from); err != nil {
			return err
		}
	}
}

// dial dials and closes until the process ends.
func (j *work) dial(s Stack, addr string) {
	rec := j.meter.recorder()
	for {
		j.queue.enter()
		begin := now()
		c, err := s.Dial("tcp", addr)
		at := now()
		if err != nil {
			j.meter.fail(err)
			return
		}
		if err := c.Close(); err != nil {
			j.meter.fail(err)
			return
		}
		rec.add(at, at-begin)
	}
}
