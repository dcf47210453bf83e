//go:build linux && !race && !msan && !asan

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read and Write call recvfrom(2) and sendto(2) with no address: read(2) and write(2)
// reach the same functions of the kernel through the layer for files, and pay for it.
//
// They tell the scheduler, as one does for a system call that may take long. We measured
// the other way: a processor that is kept through reads and writes gains nothing, and the
// goroutines in its queue wait while the kernel runs another process.
//
// deviation: recv-for-read

// Read receives into p, which must not be empty; see recv(2).
func Read(fd int, p []byte) (int, Errno) {
	r, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// Write sends p; see send(2). On a socket for sequenced packets flags must be MSG_EOR,
// which write(2) sets there by itself, and 0 on all others.
func Write(fd int, p []byte, flags int) (int, Errno) {
	r, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}
