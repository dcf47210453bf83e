//go:build linux && (race || msan || asan)

package socket

import "syscall"

// Package syscall reports its calls to the race detector and the sanitizers, by way
// of variables of its own that os and net share. So in their builds these calls go
// through package syscall: what happens before a write then happens before the read of
// its bytes, whichever packages make the two calls.

// Read reads into p; see read(2).
func Read(fd int, p []byte) (int, Errno) {
	n, err := syscall.Read(fd, p)
	return max(n, 0), errnoOf(err)
}

// Write writes p; see write(2), which sets the flags of send(2) by itself.
func Write(fd int, p []byte, flags int) (int, Errno) {
	n, err := syscall.Write(fd, p)
	return max(n, 0), errnoOf(err)
}
