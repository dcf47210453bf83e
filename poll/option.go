//go:build linux

package poll

import (
	"syscall"

	"go.parity/socket"
)

// Getsockopt writes the value of an option to b and returns its length.
func (fd *FD) Getsockopt(level, name int, b []byte) (n int, err error) {
	err = fd.control(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Getsockopt(sysfd, level, name, b)
		return errno
	})
	return n, err
}

// GetsockoptUcred returns an option whose value is a process with its user and group.
func (fd *FD) GetsockoptUcred(level, name int) (cred *syscall.Ucred, err error) {
	err = fd.control(func(sysfd int) (errno socket.Errno) {
		cred, errno = socket.GetsockoptUcred(sysfd, level, name)
		return errno
	})
	return cred, err
}

// AttachFilter gives the program to the descriptor by the option name.
func (fd *FD) AttachFilter(name int, f socket.Filter) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.AttachFilter(sysfd, name, f) })
}

// Descriptor returns the number of the descriptor, unless it is closed. The number may
// be another's when Descriptor returns.
func (fd *FD) Descriptor() (sysfd int, ok bool) {
	err := fd.control(func(s int) socket.Errno {
		sysfd = s
		return 0
	})
	return sysfd, err == nil
}
