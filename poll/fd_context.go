//go:build linux

package poll

import (
	"context"
	"net"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// Operations that end when a context is done. They look first, and tell the context of
// themselves only before they wait; so whoever finds something to read pays nothing. What
// the kernel gave is returned, whatever becomes of the context.

// ReadContext is Read, and ends with the error of ctx when ctx is done.
func (fd *FD) ReadContext(ctx context.Context, p []byte) (int, error) {
	if ctx.Done() == nil {
		return fd.Read(p)
	}
	if len(p) == 0 {
		if err := fd.doneBefore(ctx); err != nil {
			return 0, err
		}
		return fd.Read(p)
	}
	if fd.IsStream && len(p) > maxRW {
		p = p[:maxRW]
	}
	n := 0
	err := fd.readIOContext(ctx, func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Read(sysfd, p)
		return errno
	})
	if err != nil {
		return 0, err
	}
	return n, fd.eof(n)
}

// ReadFromContext is ReadFrom, and ends with the error of ctx when ctx is done.
func (fd *FD) ReadFromContext(ctx context.Context, p []byte, sa *socket.Sockaddr) (int, error) {
	if ctx.Done() == nil {
		return fd.ReadFrom(p, sa)
	}
	n := 0
	err := fd.readIOContext(ctx, func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Recvfrom(sysfd, p, 0, sa)
		return errno
	})
	if err != nil {
		return 0, err
	}
	return n, fd.eof(n)
}

// AcceptContext is Accept, and ends with the error of ctx when ctx is done.
func (fd *FD) AcceptContext(ctx context.Context, sa *socket.Sockaddr) (int, error) {
	if ctx.Done() == nil {
		return fd.Accept(sa)
	}
	s := -1
	err := fd.readIOContext(ctx, func(sysfd int) (errno socket.Errno) {
		for {
			if s, errno = socket.Accept4(sysfd, sa); errno != unix.ECONNABORTED {
				return errno
			}
		}
	})
	return s, err
}

// WriteContext is Write, and ends with the error of ctx when ctx is done.
func (fd *FD) WriteContext(ctx context.Context, p []byte) (int, error) {
	if ctx.Done() == nil {
		return fd.Write(p)
	}
	if err := fd.doneBefore(ctx); err != nil {
		return 0, err
	}
	w := sending{p: p}
	return w.result(fd.writeIOContext(ctx, func(sysfd int) socket.Errno { return fd.writeSome(sysfd, &w) }))
}

// WaitReadContext waits until a read would not wait, and consumes nothing.
func (fd *FD) WaitReadContext(ctx context.Context) error {
	return fd.readIOContext(ctx, func(sysfd int) socket.Errno {
		ready, errno := socket.Readable(sysfd)
		if errno == 0 && !ready {
			errno = unix.EAGAIN
		}
		return errno
	})
}

// readIOContext is readIO for an operation that ends when ctx is done.
func (fd *FD) readIOContext(ctx context.Context, op func(sysfd int) socket.Errno) error {
	if err := fd.doneBefore(ctx); err != nil {
		return err
	}
	if err := fd.readLock(); err != nil {
		return err
	}
	defer fd.readUnlock()
	if err := fd.prepareRead(); err != nil {
		return err
	}
	return fd.untilDone(ctx, 'r', op)
}

// writeIOContext is readIOContext for writing.
func (fd *FD) writeIOContext(ctx context.Context, op func(sysfd int) socket.Errno) error {
	if err := fd.writeLock(); err != nil {
		return err
	}
	defer fd.writeUnlock()
	if err := fd.pd.prepareWrite(); err != nil {
		return err
	}
	return fd.untilDone(ctx, 'w', op)
}

// doneBefore returns the error of an operation that cannot begin because ctx is done. That
// the descriptor is closed counts first, as before a deadline.
func (fd *FD) doneBefore(ctx context.Context) error {
	err := ctx.Err()
	if err != nil && fd.fdmu.state.Load()&mutexClosed != 0 {
		return net.ErrClosed
	}
	return err
}

// untilDone calls op, and again each time the descriptor becomes ready, until op returns
// something other than EAGAIN or ctx is done. The caller holds the lock of that side, and
// has prepared it.
func (fd *FD) untilDone(ctx context.Context, mode int, op func(sysfd int) socket.Errno) error {
	w := contextWait{ctx: ctx, pd: &fd.pd, mode: mode}
	defer w.end()
	for {
		switch errno := op(fd.Sysfd); {
		case errno == 0:
			return nil
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && fd.pd.pollable():
			if err := w.wait(); err != nil {
				return err
			}
		default:
			return errno
		}
	}
}

// A contextWait is the wait of one operation for a descriptor and a context.
type contextWait struct {
	ctx  context.Context
	pd   *pollDesc
	mode int
	stop func() bool // nil as long as the context has not been told
}

// wait waits until the descriptor is ready, or somebody wakes it for another cause. It
// returns the error of the context when that is done.
func (w *contextWait) wait() error {
	desc, mode := &w.pd.desc, w.mode
	if w.stop == nil && w.ctx.Done() != nil {
		call := runtimehooks.PollCall(desc, mode)
		w.stop = context.AfterFunc(w.ctx, func() { runtimehooks.PollKick(desc, mode, call) })
	}
	if code := runtimehooks.PollKickable(desc, mode); code != runtimehooks.NoError {
		return convertErr(code)
	}
	code := runtimehooks.NoError
	err := w.ctx.Err() // after PollKickable: whom the context kicks must wait, or see it here
	if err == nil {
		code = runtimehooks.PollWait(desc, mode)
	}
	if runtimehooks.PollUnkickable(desc, mode) && err == nil {
		if err = w.ctx.Err(); err == nil {
			return w.pd.prepare(mode)
		}
	}
	if err != nil {
		return err
	}
	return convertErr(code)
}

// end makes sure that the context wakes no later operation.
func (w *contextWait) end() {
	if w.stop != nil {
		w.stop()
		runtimehooks.PollCallEnds(&w.pd.desc, w.mode)
	}
}
