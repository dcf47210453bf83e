//go:build linux

package poll

import (
	"io"
	"net"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// FD is a descriptor of the network. Once Init has returned, several goroutines
// may call its methods at the same time.
type FD struct {
	fdmu fdMutex
	pd   pollDesc

	// Sysfd is the descriptor. The caller sets it before Init; destroy sets it to
	// -1. Only whoever holds a reference of fdmu may use it.
	Sysfd int

	// destroy releases csema, and Close waits for it.
	csema runtimehooks.Sema

	// shares counts the calls of Share.
	shares atomic.Uint32

	// IsStream says that a read or a write may move less than it was asked to;
	// immutable.
	IsStream bool

	// ZeroReadIsEOF says that a read of 0 bytes means the end, as on all sockets
	// except those for datagrams; immutable.
	ZeroReadIsEOF bool

	// DrainsShort says that a read which returns less than it had room for may have taken
	// all there was: the descriptor is a TCP stream. Immutable.
	DrainsShort bool

	// OnDemand says that the poller need not watch the descriptor before
	// somebody waits for it. The caller sets it before Init.
	OnDemand bool

	drained drained

	iovecs *[]socket.Iovec // Writev keeps it for its next call; the write lock guards it
}

// Init puts the descriptor into the poller. If the poller refuses it, Init returns
// the errno.
//
// std: internal/poll.(*FD).Init
func (fd *FD) Init() error { return fd.pd.init(fd.Sysfd, fd.OnDemand) }

// Share notes that others may hold the open file behind the descriptor: a
// duplicate, or the number itself. They may change its options and its addresses,
// so from now on we assume nothing about these.
func (fd *FD) Share() { fd.shares.Add(1) }

// Shares returns how often Share was called.
func (fd *FD) Shares() uint32 { return fd.shares.Load() }

// Close closes the descriptor. Operations that are under way, operations that start
// later and a second Close return [net.ErrClosed]. Close returns when the kernel
// has closed the descriptor: a port that it held is then free.
//
// std: internal/poll.(*FD).Close
func (fd *FD) Close() error {
	if !fd.fdmu.increfAndClose() {
		return net.ErrClosed
	}
	fd.pd.evict()
	waits := fd.pd.pollable()
	err := fd.decref()
	// Whoever is in a system call leaves soon and destroys the descriptor. Outside
	// the poller the call may block for good, so there we do not wait.
	if waits {
		fd.csema.Acquire()
	}
	return err
}

// destroy closes the descriptor; whoever drops the last reference calls it. It
// takes the descriptor out of the poller first, while the number is still ours.
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
	fd.noteShut(how)
	return fd.control(func(sysfd int) socket.Errno { return socket.Shutdown(sysfd, how) })
}

// noteShut lets PeerClosed tell our own end from the peer's.
func (fd *FD) noteShut(how int) {
	if fd.incref() != nil {
		return
	}
	defer fd.decref()
	switch how {
	case unix.SHUT_RD:
		runtimehooks.PollShut(&fd.pd.desc, 'r')
	case unix.SHUT_WR:
		runtimehooks.PollShut(&fd.pd.desc, 'w')
	case unix.SHUT_RDWR:
		runtimehooks.PollShut(&fd.pd.desc, 'r'+'w')
	}
}

// control calls op, which must not wait, and keeps the descriptor open meanwhile.
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

// Dup duplicates the descriptor. If it fails, it returns the errno and the name of
// the system call that failed.
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

// eof returns the error of a read that moved n bytes: io.EOF if that was the end.
//
// std: internal/poll.(*FD).eofError
func (fd *FD) eof(n int) error {
	if n == 0 && fd.ZeroReadIsEOF {
		return io.EOF
	}
	return nil
}
