//go:build linux

package net2

import (
	"context"
	"io"
	"syscall"
)

// ErrWouldBlock is what TryRead returns if there is nothing to read. It is
// [syscall.EAGAIN].
var ErrWouldBlock error = syscall.EAGAIN

// WaitRead waits until a Read would not block: for data, the end, an error, the read
// deadline ([os.ErrDeadlineExceeded]), or until ctx is done, when its error is that of
// DialContext. It consumes nothing, and needs no buffer. It may return without cause.
//
// Readability is the socket's: what a [bufio.Reader] or a TLS connection above it holds is
// not seen here. WaitRead takes the place of a Read: two do not wait at the same time.
func (c *conn) WaitRead(ctx context.Context) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.fd.pfd.WaitReadContext(ctx); err != nil {
		return c.fd.opError("wait", mapErr(wrapSyscallError("poll", err)))
	}
	return nil
}

// OnReadable lets f run once, in another goroutine, when a Read would not block, when the
// read deadline passes, or when the connection is closed. Until then the connection owns no
// goroutine, and the garbage collector leaves it alone. f may find nothing to read.
//
// f may block: that holds up no other function. Functions that return soon share goroutines,
// so one that calls [runtime.LockOSThread] must unlock its thread before it returns. If f has
// taken with TryRead all there was, to call OnReadable again costs no system call.
//
// What OnReadable was told before comes before f. While f runs it may call OnReadable again;
// the next function runs when f has returned. If a function waits already, the error wraps
// [syscall.EALREADY] and that function stays; after Close it wraps [ErrClosed]. A nil f is an
// error. As for WaitRead, only the socket counts.
func (c *conn) OnReadable(f func()) error { return c.arm(f, (*netFD).onReadable) }

// StopReadable takes the function of OnReadable back. It returns true if the function will
// not run, like the Stop method of [time.Timer].
func (c *conn) StopReadable() bool { return c.ok() && c.fd.pfd.StopReadable() }

// TryRead reads what is there, as Read does, but does not wait: if there is nothing, or
// another Read is under way, it returns [ErrWouldBlock] alone. It looks at no deadline.
func (c *conn) TryRead(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.fd.pfd.TryRead(b)
	if err == nil || err == ErrWouldBlock || err == io.EOF {
		return n, err
	}
	return n, c.fd.opError("read", wrapSyscallError("read", err))
}

func (c *conn) arm(f func(), arm func(*netFD, func()) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := arm(c.fd, f); err != nil {
		return c.fd.opError("wait", wrapSyscallError("epoll_ctl", err))
	}
	return nil
}

func (fd *netFD) onReadable(f func()) error   { return fd.pfd.OnReadable(f, fd) }
func (fd *netFD) onPeerClosed(f func()) error { return fd.pfd.OnPeerClosed(f, fd) }

// WaitAccept waits until an Accept would not block, or until ctx is done; see the WaitRead
// method of connections. Another may take the connection first.
func (l *TCPListener) WaitAccept(ctx context.Context) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.fd.waitAccept(ctx)
}

// WaitAccept waits until an Accept would not block, or until ctx is done; see the WaitRead
// method of connections. Another may take the connection first.
func (l *UnixListener) WaitAccept(ctx context.Context) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.fd.waitAccept(ctx)
}

func (fd *netFD) waitAccept(ctx context.Context) error {
	if err := fd.pfd.WaitReadContext(ctx); err != nil {
		return fd.listenerError("wait", mapErr(wrapSyscallError("poll", err)))
	}
	return nil
}
