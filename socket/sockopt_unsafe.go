//go:build linux

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// x/sys returns no length of an option that it knows as a struct, and it takes and
// returns others as strings, which it allocates. These calls convert the pointers in
// the argument list of the system call, where the compiler keeps the memory behind
// them alive and in place.

// Getsockopt writes the value of an option to b, as far as there is room, and
// returns its length there; see getsockopt(2).
func Getsockopt(fd, level, name int, b []byte) (int, Errno) {
	n := uint32(len(b))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// Setsockopt sets an option to the value in b; see setsockopt(2).
func Setsockopt(fd, level, name int, b []byte) Errno {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
	return errno
}
