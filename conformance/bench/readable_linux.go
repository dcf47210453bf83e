package bench

// The measured process on what net2 adds: no goroutine and no buffer for a
// connection that waits; a function runs when there is something to read.

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"go.parity/net2"
)

// readable starts the workload's server on OnReadable and TryRead.
func (j *work) readable(req request) error {
	w := req.Workload
	ln, err := net2.ListenTCP("tcp", loopbackTCP())
	if err != nil {
		return err
	}
	j.addr = ln.Addr().String()
	go func() {
		for {
			c, err := ln.AcceptTCP()
			if err != nil {
				j.meter.fail(err)
				return
			}
			j.conns.Add(1)
			s := &readableConn{job: j, c: c, once: w.Kind == KindOnce}
			s.again = s.ready
			s.wait()
		}
	}()
	return nil
}

// loopbackTCP is listenAddr.
func loopbackTCP() *net2.TCPAddr {
	a, err := net2.ResolveTCPAddr("tcp", listenAddr)
	if err != nil {
		panic(fmt.Sprintf("bench: %v", err)) // the address is ours
	}
	return a
}

// A readableConn is a connection of that server.
type readableConn struct {
	job   *work
	c     *net2.TCPConn
	once  bool
	again func() // ready, as a value that is made once
}

var echoBuffers = sync.Pool{New: func() any { return new([echoBuffer]byte) }}

// wait lets ready run when there is something to read.
func (s *readableConn) wait() {
	if err := s.c.OnReadable(s.again); err != nil {
		s.end(err)
	}
}

// ready answers what is there.
func (s *readableConn) ready() {
	buf := echoBuffers.Get().(*[echoBuffer]byte)
	defer echoBuffers.Put(buf)
	n, err := s.c.TryRead(buf[:])
	if err == nil {
		_, err = s.c.Write(buf[:n])
	}
	switch {
	case err != nil && err != net2.ErrWouldBlock:
		s.end(err)
	case s.once && n > 0:
		s.end(nil)
	default:
		s.wait()
	}
}

// end closes the connection. It is not a failure if the other side ended it.
func (s *readableConn) end(err error) {
	_ = s.c.Close() // nothing more to do with it
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
		s.job.meter.fail(err)
	}
}
