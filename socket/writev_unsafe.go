//go:build linux

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Writev writes iovecs, one after the other; see writev(2).
//
// Writev converts the array of iovecs in the argument list of the system call, where
// the compiler keeps the array alive and in place. The array is typed memory, so it
// keeps the buffers alive.
func Writev(fd int, iovecs []Iovec) (int, Errno) {
	r, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(iovecs))), uintptr(len(iovecs)))
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// Readv reads into iovecs, one after the other; see readv(2), and Writev.
func Readv(fd int, iovecs []Iovec) (int, Errno) {
	r, _, errno := unix.Syscall(unix.SYS_READV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(iovecs))), uintptr(len(iovecs)))
	if errno != 0 {
		return 0, errno
	}
	raceReadv(fd, iovecs, int(r))
	return int(r), 0
}
