//go:build linux && race

package socket

import "golang.org/x/sys/unix"

// For the race detector a write happens before the read that sees its bytes.
// The calls of x/sys tell it so.

func read(fd int, p []byte, schedule bool) (int, Errno) {
	n, err := unix.Read(fd, p)
	return max(n, 0), errnoOf(err)
}

func write(fd int, p []byte, schedule bool) (int, Errno) {
	n, err := unix.Write(fd, p)
	return max(n, 0), errnoOf(err)
}
