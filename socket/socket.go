//go:build linux

package socket

import (
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socket makes a socket(2), non-blocking and closed on exec.
//
// std: net.sysSocket
func Socket(family, sotype, proto int) (int, Errno) {
	fd, err := unix.Socket(family, sotype|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
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

// Close closes fd; see close(2). Like net, it does not look at EINTR: on Linux
// the descriptor is gone even then.
func Close(fd int) Errno { return errnoOf(unix.Close(fd)) }

// dupCloexecUnsupported is set for good when F_DUPFD_CLOEXEC was refused.
var dupCloexecUnsupported atomic.Bool

// DupCloseOnExec duplicates fd; see F_DUPFD_CLOEXEC in fcntl(2). Where that is
// refused as unknown, by an emulation or a filter, it does so by dup(2). With an
// error comes the name of the call that failed.
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

// dupCloseOnExecOld keeps a child from being forked between the two calls.
//
// std: internal/poll.dupCloseOnExecOld
func dupCloseOnExecOld(fd int) (int, string, Errno) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dup, err := unix.Dup(fd)
	if err != nil {
		return -1, "dup", errnoOf(err)
	}
	unix.CloseOnExec(dup)
	return dup, "", 0
}

// SetNonblock sets or clears O_NONBLOCK, which every duplicate of fd shares.
func SetNonblock(fd int, nonblock bool) Errno {
	return errnoOf(unix.SetNonblock(fd, nonblock))
}
