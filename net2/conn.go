//go:build linux

package net2

import (
	"io"
	"os"
	"syscall"
	"time"
)

// conn is what the connections have in common.
//
// std: net.conn
type conn struct{ fd *netFD }

func (c *conn) ok() bool { return c != nil && c.fd != nil }

// opError makes err an error of the connection with both its addresses.
func (fd *netFD) opError(op string, err error) error {
	return &OpError{Op: op, Net: fd.net, Source: fd.localAddr(), Addr: fd.remoteAddr(), Err: err}
}

// listenerError makes err an error of a listener, or of the connection's own
// end: its address alone.
func (fd *netFD) listenerError(op string, err error) error {
	return &OpError{Op: op, Net: fd.net, Addr: fd.localAddr(), Err: err}
}

// Read implements [Conn]; see read(2). It returns io.EOF at the end of a
// stream, and errors that wrap os.ErrDeadlineExceeded and ErrClosed.
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

// Write implements [Conn]; see write(2). It writes all of b or returns an error
// and how much it wrote before.
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

// Close closes the connection. Reads and writes that wait return errors that
// wrap ErrClosed.
func (c *conn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.fd.Close(); err != nil {
		return c.fd.opError("close", err)
	}
	return nil
}

// LocalAddr returns this end's address, the same one each time: do not change
// it.
func (c *conn) LocalAddr() Addr {
	if !c.ok() {
		return nil
	}
	return c.fd.localAddr()
}

// RemoteAddr returns the peer's address, the same one each time: do not change
// it.
func (c *conn) RemoteAddr() Addr {
	if !c.ok() {
		return nil
	}
	return c.fd.remoteAddr()
}

// SetDeadline implements [Conn]: reads and writes fail from t on, those that
// wait too. The zero time clears the deadline.
func (c *conn) SetDeadline(t time.Time) error {
	return c.setOwn(func(fd *netFD) error { return fd.pfd.SetDeadline(t) })
}

// SetReadDeadline is SetDeadline for reads.
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.setOwn(func(fd *netFD) error { return fd.pfd.SetReadDeadline(t) })
}

// SetWriteDeadline is SetDeadline for writes.
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.setOwn(func(fd *netFD) error { return fd.pfd.SetWriteDeadline(t) })
}

// SetReadBuffer sets the size of the kernel's receive buffer; see SO_RCVBUF in
// socket(7).
func (c *conn) SetReadBuffer(bytes int) error {
	return c.setOwn(func(fd *netFD) error { return setReadBuffer(fd, bytes) })
}

// SetWriteBuffer sets the size of the kernel's send buffer; see SO_SNDBUF in
// socket(7).
func (c *conn) SetWriteBuffer(bytes int) error {
	return c.setOwn(func(fd *netFD) error { return setWriteBuffer(fd, bytes) })
}

// setOwn does op on the connection's socket and makes its error a "set" error
// with this end's address.
func (c *conn) setOwn(op func(fd *netFD) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := op(c.fd); err != nil {
		return c.fd.listenerError("set", err)
	}
	return nil
}

// File returns a file of a duplicate of the connection's descriptor, for the
// caller to close. Neither closing affects the other. Its Fd method puts both
// into blocking mode.
func (c *conn) File() (*os.File, error) {
	f, err := c.fd.dup()
	if err != nil {
		err = c.fd.opError("file", err)
	}
	return f, err
}

// closeRead and closeWrite are the exported methods of stream connections.

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
