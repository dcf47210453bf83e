//go:build linux

package socket

import "syscall"

// Package syscall reports its calls to the race detector and the sanitizers, by way
// of variables of its own that os and net share. So these calls go through package
// syscall: what happens before a write then happens before the read of its bytes,
// whichever packages make the two calls.

// Read reads into p; see read(2). It tells the scheduler, as one does for a system
// call that may take long. We measured the other way: a processor that is kept
// through reads and writes gains nothing, and the goroutines in its queue wait while
// the kernel runs another process.
func Read(fd int, p []byte) (int, Errno) {
	n, err := syscall.Read(fd, p)
	return max(n, 0), errnoOf(err)
}

// Write writes p; see write(2), and Read.
func Write(fd int, p []byte) (int, Errno) {
	n, err := syscall.Write(fd, p)
	return max(n, 0), errnoOf(err)
}
