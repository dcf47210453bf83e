//go:build linux

package poll

import (
	"io"
	"net"
	"sync/atomic"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// FD is a descriptor of the network. Its methods are safe for concurrent use
// once Init has returned.
type FD struct {
	fdmu fdMutex
	pd   pollDesc

	// Sysfd is the descriptor, set before Init; -1 once it is destroyed. Only
	// who holds a reference of fdmu may use it.
	Sysfd int

	// csema is released when the descriptor is destroyed; Close waits for it.
	csema runtimehooks.Sema

	// shares counts how often the open file was shown to others; see Share.
	shares atomic.Uint32

	// IsStream says that reads and writes may be cut short; immutable.
	IsStream bool

	// ZeroReadIsEOF says that a read of nothing is the end, as on all but
	// datagram sockets; immutable.
	ZeroReadIsEOF bool

	// OnDemand says that the poller need not watch the descriptor before
	// somebody waits for it; set before Init.
	OnDemand bool

	iovecs *[]socket.Iovec // kept for Writev, guarded by the write lock
}

// Init puts the descriptor into the poller, or returns the errno of the
// attempt.
//
// std: internal/poll.(*FD).Init
func (fd *FD) Init() error { return fd.pd.init(fd.Sysfd, fd.OnDemand) }

// Share notes that others may have got hold of the open file behind the
// descriptor: a duplicate, or the number itself. They may change its options
// and its addresses; from now on nothing is assumed of these.
func (fd *FD) Share() { fd.shares.Add(1) }

// Shares returns how often the open file was shared so far.
func (fd *FD) Shares() uint32 { return fd.shares.Load() }

// Close closes the descriptor. Operations under way return [net.ErrClosed],
// as does every one that starts from now on, and a second Close. Close returns
// when the descriptor is closed: a port that it held is free.
//
// std: internal/poll.(*FD).Close
func (fd *FD) Close() error {
	if !fd.fdmu.increfAndClose() {
		return net.ErrClosed
	}
	fd.pd.evict()
	waits := fd.pd.pollable()
	err := fd.decref()
	// Who is in a system call leaves soon and destroys the descriptor, except
	// outside the poller, where it may block for good.
	if waits {
		fd.csema.Acquire()
	}
	return err
}

// destroy closes the descriptor when the last reference is gone. The poller
// must let go of it first, while the number is still ours.
//
// std: internal/poll.(*FD).destroy
func (fd *FD) destroy() error {
	fd.pd.close()
	errno := socket.Close(fd.Sysfd)
	fd.Sysfd = -1
	fd.csema.Release()
	if errno != 0 {
		return errno
	}
	return nil
}

// incref takes a reference or returns [net.ErrClosed].
//
// std: internal/poll.(*FD).incref
func (fd *FD) incref() error {
	if !fd.fdmu.incref() {
		return net.ErrClosed
	}
	return nil
}

// std: internal/poll.(*FD).decref
func (fd *FD) decref() error {
	if fd.fdmu.decref() {
		return fd.destroy()
	}
	return nil
}

// readLock takes a reference and the read lock or returns [net.ErrClosed].
//
// std: internal/poll.(*FD).readLock
func (fd *FD) readLock() error {
	if !fd.fdmu.rwlock(true) {
		return net.ErrClosed
	}
	return nil
}

// std: internal/poll.(*FD).readUnlock
func (fd *FD) readUnlock() {
	if fd.fdmu.rwunlock(true) {
		fd.destroy()
	}
}

// writeLock takes a reference and the write lock or returns [net.ErrClosed].
//
// std: internal/poll.(*FD).writeLock
func (fd *FD) writeLock() error {
	if !fd.fdmu.rwlock(false) {
		return net.ErrClosed
	}
	return nil
}

// std: internal/poll.(*FD).writeUnlock
func (fd *FD) writeUnlock() {
	if fd.fdmu.rwunlock(false) {
		fd.destroy()
	}
}

// Shutdown ends one direction; see shutdown(2).
//
// std: internal/poll.(*FD).Shutdown
func (fd *FD) Shutdown(how int) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.Shutdown(sysfd, how) })
}

// control does op, which does not wait, while the descriptor is kept open.
func (fd *FD) control(op func(sysfd int) socket.Errno) error {
	if err := fd.incref(); err != nil {
		return err
	}
	defer fd.decref()
	if errno := op(fd.Sysfd); errno != 0 {
		return errno
	}
	return nil
}

// Dup duplicates the descriptor. With an errno comes the name of the call that
// failed.
//
// std: internal/poll.(*FD).Dup
func (fd *FD) Dup() (dup int, call string, err error) {
	fd.Share()
	dup = -1
	err = fd.control(func(sysfd int) (errno socket.Errno) {
		dup, call, errno = socket.DupCloseOnExec(sysfd)
		return errno
	})
	return dup, call, err
}

// eof is the error of an operation that read n bytes.
//
// std: internal/poll.(*FD).eofError
func (fd *FD) eof(n int) error {
	if n == 0 && fd.ZeroReadIsEOF {
		return io.EOF
	}
	return nil
}
