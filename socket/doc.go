//go:build linux

// Package socket makes the system calls of the network. It has one function for
// each call, which takes a raw descriptor and returns a bare errno.
//
// A function waits only if the descriptor is in blocking mode. The descriptors of
// net2 never are; package poll does the waiting. No function tries again after EINTR
// or EAGAIN unless its comment says so. Several goroutines may call a function with
// the same descriptor if the kernel allows that; the caller must keep the descriptor
// open meanwhile.
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
