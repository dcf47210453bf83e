//go:build ignore

package net2

import (
	"syscall"

	"go.parity/poll"
	"go.parity/socket"
)

// The tests of the fast paths look at what internal/poll did; here it is what
// package poll did.

type stdPoll_FD = poll.FD

var stdPoll_TestHookDidSendFile, _ = func(*poll.FD, uintptr, int64, error, bool) {}, &poll.SeamSendFile

var stdPollSplice, _ = poll.Splice, &poll.SeamSplice

var stdPoll_TestHookDidWritev, _ = func(int) {}, &socket.SeamWritev

func init() {
	poll.SeamSendFile = func(dst *poll.FD, src int, size int64) (int64, bool, error) {
		written, handled, err := poll.SendFile(dst, src, size)
		stdPoll_TestHookDidSendFile(dst, uintptr(src), written, err, handled)
		return written, handled, err
	}
	poll.SeamSplice = func(dst, src *poll.FD, remain int64) (int64, bool, error) {
		return stdPollSplice(dst, src, remain)
	}
	socket.SeamWritev = func(fd int, iovecs []socket.Iovec) (int, socket.Errno) {
		n, errno := socket.Writev(fd, iovecs)
		if errno == 0 {
			stdPoll_TestHookDidWritev(n)
		}
		return n, errno
	}
}

// WriteOnce makes one system call.
func stdPoll_FD_WriteOnce(fd *poll.FD, p []byte) (n int, err error) {
	rawErr := fd.RawWrite(func(s uintptr) bool {
		n, err = syscall.Write(int(s), p)
		return true
	})
	if rawErr != nil {
		return 0, rawErr
	}
	return n, err
}
