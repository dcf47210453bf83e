//go:build linux

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Writev writes iovecs, one after the other; see writev(2).
//
// The array of iovecs is converted in the call's argument list, where the
// compiler keeps it alive and in place, and through it, being typed memory,
// the buffers.
func Writev(fd int, iovecs []Iovec) (int, Errno) {
	r, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(iovecs))), uintptr(len(iovecs)))
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}
