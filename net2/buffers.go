//go:build linux

package net2

import (
	"io"
	"net"
	"syscall"
)

// Buffers are runs of bytes to write. To a connection of this package they go
// in as few writev(2) as possible.
type Buffers [][]byte

// buffersWriter is what a connection has that does that.
//
// std: net.buffersWriter
type buffersWriter interface {
	writeBuffers(*Buffers) (int64, error)
}

var (
	_ io.WriterTo   = (*Buffers)(nil)
	_ io.Reader     = (*Buffers)(nil)
	_ buffersWriter = (*conn)(nil)
)

// WriteTo writes the buffers to w, and drops from v what was written. It
// implements [io.WriterTo]. To a connection of package net they go as its own
// Buffers do. Package net's Buffers know no connection of this package: to that
// they go one by one.
func (v *Buffers) WriteTo(w io.Writer) (n int64, err error) {
	if bw, ok := w.(buffersWriter); ok {
		return bw.writeBuffers(v)
	}
	return (*net.Buffers)(v).WriteTo(w)
}

// Read reads from the buffers, and drops from v what was read. It implements
// [io.Reader].
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

// consume drops the first n bytes, and the empty buffers after them.
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
