//go:build linux

package socket

import (
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socket makes a socket that does not block and that exec closes; see socket(2).
//
// std: net.sysSocket
func Socket(family, sotype, proto int) (int, Errno) {
	fd, err := syscall.Socket(family, sotype|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return -1, errnoOf(err)
	}
	return fd, 0
}

// Listen makes fd accept connections; see listen(2).
func Listen(fd, backlog int) Errno { return errnoOf(unix.Listen(fd, backlog)) }

// Shutdown ends one direction of fd, or both: SHUT_RD, SHUT_WR, SHUT_RDWR; see
// shutdown(2).
func Shutdown(fd, how int) Errno { return errnoOf(unix.Shutdown(fd, how)) }

// Close closes fd; see close(2). Like net, it does not try again after EINTR: on
// Linux the descriptor is gone even then.
func Close(fd int) Errno { return errnoOf(syscall.Close(fd)) }

// dupCloexecUnsupported says that the kernel has refused F_DUPFD_CLOEXEC once.
var dupCloexecUnsupported atomic.Bool

// DupCloseOnExec duplicates fd; see F_DUPFD_CLOEXEC in fcntl(2). If an emulation or
// a filter does not know that command, it calls dup(2). If it fails, it returns the
// name of the call that failed too.
//
// std: internal/poll.DupCloseOnExec
func DupCloseOnExec(fd int) (dup int, call string, errno Errno) {
	if dupCloexecUnsupported.Load() {
		return dupCloseOnExecOld(fd)
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	switch err {
	case nil:
		return dup, "", 0
	case unix.EINVAL, unix.ENOSYS:
		dupCloexecUnsupported.Store(true)
		return dupCloseOnExecOld(fd)
	}
	return -1, "fcntl", errnoOf(err)
}

// dupCloseOnExecOld makes two calls, and makes sure that nobody forks a child between
// them.
//
// std: internal/poll.dupCloseOnExecOld
func dupCloseOnExecOld(fd int) (int, string, Errno) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dup, err := unix.Dup(fd)
	if err != nil {
		return -1, "dup", errnoOf(err)
	}
	syscall.CloseOnExec(dup)
	return dup, "", 0
}

// SetNonblock sets or clears O_NONBLOCK, which every duplicate of fd shares.
func SetNonblock(fd int, nonblock bool) Errno {
	return errnoOf(syscall.SetNonblock(fd, nonblock))
}
