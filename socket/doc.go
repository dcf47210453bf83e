//go:build linux

// Package socket makes the system calls of the network: one function for each,
// on raw descriptors, returning a bare errno.
//
// The functions block no longer than the descriptor does; all that net2 makes
// are non-blocking, and the waiting is done in package poll. None retries
// EINTR or EAGAIN unless it says so. They are safe for concurrent use as far as
// the descriptor is: the caller sees to it that it is not closed meanwhile.
//
// Addresses travel as [Sockaddr], which holds them as the kernel reads and
// writes them, so that no call allocates.
package socket

import "golang.org/x/sys/unix"

// Errno is an error number; 0 is success.
type Errno = unix.Errno

// errnoOf returns the number behind an error of x/sys.
func errnoOf(err error) Errno {
	if err == nil {
		return 0
	}
	return err.(Errno)
}
