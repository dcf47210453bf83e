//go:build linux

package poll

import (
	"net"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// Several goroutines may send and receive on one datagram socket at a time. A datagram
// goes whole or not at all, so the lock need not be held around the system call. It is
// there for the wait: at most one goroutine waits for each direction.
//
// An operation that finds the lock free takes it, and then does what one on a stream
// does. Any other operation tries its system call with a reference alone. Only if that
// finds nothing does it queue for the lock.
//
// Nobody stays asleep beside a datagram. Whoever parks has forgotten old notifications,
// then found nothing, and holds the lock all the while. A datagram that comes after that
// notifies the poller, and an operation without the lock forgets no notification. If such
// an operation takes the datagram, the waiter wakes in vain, and waits on. Whoever is in
// the queue for the lock is woken by the one who leaves it.

// rwlockIfFree takes a reference, and the lock for reading or writing if it is free and
// nobody waits for it. It reports whether it took the lock, and whether the descriptor
// is open.
func (mu *fdMutex) rwlockIfFree(read bool) (locked, ok bool) {
	bit, _, mask, _ := mu.side(read)
	for {
		old := mu.state.Load()
		if old&mutexClosed != 0 {
			return false, false
		}
		// With the queue not empty we must not bar its first, who has been woken.
		free := old&(bit|mask) == 0
		next := addRef(old)
		if free {
			next |= bit
		}
		if mu.state.CompareAndSwap(old, next) {
			return free, true
		}
	}
}

// isDatagram reports whether each read takes, and each write sends, one whole packet
// that has nothing to do with the one before it.
func (fd *FD) isDatagram() bool { return !fd.IsStream && !fd.ZeroReadIsEOF }

// readShared is readIO for datagrams: several may run at the same time.
func (fd *FD) readShared(op func(sysfd int) socket.Errno) error {
	if !fd.isDatagram() {
		return fd.readIO(op)
	}
	done, err := fd.enter('r', op)
	if done || err != nil {
		return err
	}
	defer fd.readUnlock()
	return fd.reading(op, true)
}

// writeShared is readShared for writing.
func (fd *FD) writeShared(op func(sysfd int) socket.Errno) error {
	if !fd.isDatagram() {
		return fd.writeIO(op)
	}
	done, err := fd.enter('w', op)
	if done || err != nil {
		return err
	}
	defer fd.writeUnlock()
	return fd.writing(op)
}

// enter takes the lock of mode if it is free. Otherwise it tries op without the lock,
// and takes the lock, for which it waits, if op returns EAGAIN. It reports whether op is
// done; if op is not done and err is nil, the caller has the lock.
func (fd *FD) enter(mode int, op func(sysfd int) socket.Errno) (done bool, err error) {
	locked, ok := fd.fdmu.rwlockIfFree(mode == 'r')
	switch {
	case !ok:
		return false, net.ErrClosed
	case locked:
		return false, nil
	}
	done, err = fd.try(mode, op)
	fd.decref()
	if done || err != nil {
		return done, err
	}
	if mode == 'r' {
		return false, fd.readLock()
	}
	return false, fd.writeLock()
}

// try calls op once, with a reference alone, and reports whether that was all: op did
// not return EAGAIN.
func (fd *FD) try(mode int, op func(sysfd int) socket.Errno) (done bool, err error) {
	if err := fd.pd.check(mode); err != nil {
		return false, err
	}
	for {
		switch errno := op(fd.Sysfd); errno {
		case 0:
			return true, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return false, nil
		default:
			return false, errno
		}
	}
}
