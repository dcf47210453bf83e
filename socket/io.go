//go:build linux

package socket

import "syscall"

// What package syscall tells the race detector and the sanitizers of a call, it
// tells them by variables of its own, which os and net share: these calls go
// through it, so that what came before a write comes before the read of its
// bytes, whichever package makes it.

// Read reads into p; see read(2). The scheduler is told, as of any system call
// that may take long: measured, a processor that is kept through reads and
// writes gains nothing, and what queues on it waits when the kernel lets another
// process run.
func Read(fd int, p []byte) (int, Errno) {
	n, err := syscall.Read(fd, p)
	return max(n, 0), errnoOf(err)
}

// Write writes p; see write(2), and Read.
func Write(fd int, p []byte) (int, Errno) {
	n, err := syscall.Write(fd, p)
	return max(n, 0), errnoOf(err)
}
