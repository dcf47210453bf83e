//go:build linux

package socket

import "golang.org/x/sys/unix"

// Read reads into p; see read(2). The scheduler is told, as of any system call
// that may take long: measured, a processor that is kept through reads and
// writes gains nothing, and what queues on it waits when the kernel lets another
// process run.
func Read(fd int, p []byte) (int, Errno) {
	n, err := unix.Read(fd, p)
	return max(n, 0), errnoOf(err)
}

// Write writes p; see write(2), and Read.
func Write(fd int, p []byte) (int, Errno) {
	n, err := unix.Write(fd, p)
	return max(n, 0), errnoOf(err)
}
