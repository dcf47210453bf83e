//go:build linux

package net2

import (
	"io"
	"net"
	"syscall"
)

// Buffers holds slices of bytes that WriteTo writes one after the other. To a
// connection of this package it writes many of them with one writev(2).
type Buffers [][]byte

// A buffersWriter is a connection that writes many buffers with one system call. Unlike
// a [BuffersWriter], it may be one for packets.
//
// std: net.buffersWriter
type buffersWriter interface {
	writeBuffers(*Buffers) (int64, error)
}

var (
	_ io.WriterTo   = (*Buffers)(nil)
	_ io.Reader     = (*Buffers)(nil)
	_ buffersWriter = (*conn)(nil)
	_ BuffersWriter = (*TCPConn)(nil)
	_ BuffersWriter = (*UnixConn)(nil)
)

// WriteTo writes the buffers to w and removes from v what it has written. It
// implements [io.WriterTo]. If w is a [BuffersWriter], that writes them.
//
// To a connection of package net it writes as net.Buffers does. The other way round is
// slower: net.Buffers does not know the connections of this package and writes to them
// one buffer at a time.
func (v *Buffers) WriteTo(w io.Writer) (n int64, err error) {
	if bw, ok := w.(BuffersWriter); ok {
		return bw.WriteBuffers(v)
	}
	if bw, ok := w.(buffersWriter); ok {
		return bw.writeBuffers(v)
	}
	return (*net.Buffers)(v).WriteTo(w)
}

// Read copies from the buffers into p and removes from v what it has copied. It
// implements [io.Reader].
func (v *Buffers) Read(p []byte) (n int, err error) {
	for len(p) > 0 && len(*v) > 0 {
		n0 := copy(p, (*v)[0])
		v.consume(int64(n0))
		p = p[n0:]
		n += n0
	}
	if len(*v) == 0 {
		err = io.EOF
	}
	return n, err
}

// consume removes the first n bytes, and the empty buffers after them.
//
// std: net.(*Buffers).consume
func (v *Buffers) consume(n int64) {
	for len(*v) > 0 {
		head := int64(len((*v)[0]))
		if head > n {
			(*v)[0] = (*v)[0][n:]
			return
		}
		n -= head
		(*v)[0] = nil
		*v = (*v)[1:]
	}
}

// std: net.(*conn).writeBuffers
func (c *conn) writeBuffers(v *Buffers) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.fd.pfd.Writev((*[][]byte)(v))
	if err != nil {
		return n, c.fd.opError("writev", wrapSyscallError("writev", err))
	}
	return n, nil
}

// WriteBuffers writes the buffers with as few system calls as possible, and removes
// from v what it has written; see writev(2). A type that embeds a connection and changes
// what Write writes must have a WriteBuffers of its own. Package net has no such method.
func (c *TCPConn) WriteBuffers(v *Buffers) (int64, error) {
	if c == nil {
		return 0, syscall.EINVAL
	}
	return c.writeBuffers(v)
}

// WriteBuffers is [TCPConn.WriteBuffers]. On "unixpacket" and "unixgram" the buffers
// make one packet.
func (c *UnixConn) WriteBuffers(v *Buffers) (int64, error) {
	if c == nil {
		return 0, syscall.EINVAL
	}
	return c.writeBuffers(v)
}

// ReadBuffers reads into the buffers of v, in order, and returns how many bytes it read
// in all; see readv(2). Like Read it waits for some bytes, and does not wait until all
// buffers are full. It fills 1,024 buffers at most, and returns [io.EOF] at the end.
// If there is no room in v, it reads nothing. Package net has no such method.
func (c *TCPConn) ReadBuffers(v [][]byte) (int64, error) {
	if c == nil {
		return 0, syscall.EINVAL
	}
	return c.readBuffers(v)
}

// ReadBuffers is [TCPConn.ReadBuffers]. On "unixpacket" and "unixgram" it reads one
// packet.
func (c *UnixConn) ReadBuffers(v [][]byte) (int64, error) {
	if c == nil {
		return 0, syscall.EINVAL
	}
	return c.readBuffers(v)
}

func (c *conn) readBuffers(v [][]byte) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if len(v) == 0 {
		return 0, nil
	}
	n, err := c.fd.pfd.Readv(v)
	if err != nil && err != io.EOF {
		err = c.fd.opError("readv", wrapSyscallError("readv", err))
	}
	return n, err
}
