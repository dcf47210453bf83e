//go:build linux

package net2

import (
	"io"
	"os"
	"syscall"
	"time"
)

// conn holds the methods that all connections share.
//
// std: net.conn
type conn struct{ fd *netFD }

func (c *conn) ok() bool { return c != nil && c.fd != nil }

// opError wraps err as an error of the connection, with both addresses.
func (fd *netFD) opError(op string, err error) error {
	return &OpError{Op: op, Net: fd.net, Source: fd.localAddr(), Addr: fd.remoteAddr(), Err: err}
}

// listenerError wraps err as an error of a listener or of the connection's own
// end, with the local address alone.
func (fd *netFD) listenerError(op string, err error) error {
	return &OpError{Op: op, Net: fd.net, Addr: fd.localAddr(), Err: err}
}

// Read receives into b and returns how many bytes it received; see read(2). It
// returns io.EOF at the end of a stream. After a deadline its error wraps
// [os.ErrDeadlineExceeded], and after Close it wraps [ErrClosed].
func (c *conn) Read(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.fd.Read(b)
	if err != nil && err != io.EOF {
		err = c.fd.opError("read", err)
	}
	return n, err
}

// Write sends b; see write(2). It writes all of b, or returns how many bytes it
// wrote and an error. After a deadline the error wraps [os.ErrDeadlineExceeded],
// and after Close it wraps [ErrClosed].
func (c *conn) Write(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.fd.Write(b)
	if err != nil {
		err = c.fd.opError("write", err)
	}
	return n, err
}

// Close closes the connection. Reads and writes that wait return errors that wrap
// [ErrClosed].
func (c *conn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.fd.Close(); err != nil {
		return c.fd.opError("close", err)
	}
	return nil
}

// LocalAddr returns the address of this end. Every call returns the same one, so
// callers must not change it.
func (c *conn) LocalAddr() Addr {
	if !c.ok() {
		return nil
	}
	return c.fd.localAddr()
}

// RemoteAddr returns the address of the peer, or nil if there is no peer. Every
// call returns the same one, so callers must not change it.
func (c *conn) RemoteAddr() Addr {
	if !c.ok() {
		return nil
	}
	return c.fd.remoteAddr()
}

// SetDeadline sets the moment from which on reads and writes fail, also those that
// already wait. The zero time means no deadline.
func (c *conn) SetDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.fd.setError(c.fd.pfd.SetDeadline(t))
}

// SetReadDeadline is SetDeadline for reads alone.
func (c *conn) SetReadDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.fd.setError(c.fd.pfd.SetReadDeadline(t))
}

// SetWriteDeadline is SetDeadline for writes alone. A write that fails may have
// sent a part of its bytes.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.fd.setError(c.fd.pfd.SetWriteDeadline(t))
}

// SetReadBuffer sets the size of the kernel's receive buffer; see SO_RCVBUF in
// socket(7).
func (c *conn) SetReadBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.fd.setError(setReadBuffer(c.fd, bytes))
}

// SetWriteBuffer sets the size of the kernel's send buffer; see SO_SNDBUF in
// socket(7).
func (c *conn) SetWriteBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.fd.setError(setWriteBuffer(c.fd, bytes))
}

// setOwn calls op with the connection's socket and wraps its error as a "set" error
// with the address of this end.
func (c *conn) setOwn(op func(fd *netFD) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.fd.setError(op(c.fd))
}

// setError wraps err, if it is not nil, as a "set" error with the address of this end.
func (fd *netFD) setError(err error) error {
	if err == nil {
		return nil
	}
	return fd.listenerError("set", err)
}

// File returns an [os.File] with a duplicate of the connection's descriptor. The
// caller must close it; closing the file does not close the connection, nor the
// other way round. The Fd method of the file puts the socket, and so the
// connection too, into blocking mode.
func (c *conn) File() (*os.File, error) {
	f, err := c.fd.dup()
	if err != nil {
		err = c.fd.opError("file", err)
	}
	return f, err
}

// closeRead and closeWrite stand behind the exported methods of stream
// connections.

func (c *conn) closeRead() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.fd.closeRead(); err != nil {
		return c.fd.opError("close", err)
	}
	return nil
}

func (c *conn) closeWrite() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.fd.closeWrite(); err != nil {
		return c.fd.opError("close", err)
	}
	return nil
}

// The interfaces of beyond.go.
var (
	_ ReadableConn = (*TCPConn)(nil)
	_ ReadableConn = (*UnixConn)(nil)
	_ PeerWatcher  = (*TCPConn)(nil)
	_ PeerWatcher  = (*UnixConn)(nil)
	_ ContextConn  = (*TCPConn)(nil)
	_ ContextConn  = (*UDPConn)(nil)
	_ ContextConn  = (*UnixConn)(nil)
	_ ContextConn  = (*IPConn)(nil)
)
