//go:build linux && !race

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The pointers are converted in the call's argument list, where the compiler
// keeps the array alive and in place; the kernel is told its length.

func read(fd int, p []byte, schedule bool) (int, Errno) {
	var r uintptr
	var errno Errno
	if schedule {
		r, _, errno = unix.Syscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	} else {
		r, _, errno = unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	}
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

func write(fd int, p []byte, schedule bool) (int, Errno) {
	var r uintptr
	var errno Errno
	if schedule {
		r, _, errno = unix.Syscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	} else {
		r, _, errno = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	}
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}
