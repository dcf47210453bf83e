//go:build linux && race

package socket

import (
	"runtime"
	"syscall"
	"unsafe"
)

// raceReadv tells the race detector that the kernel has written n bytes to the
// buffers, and that what came before the write of these bytes comes before what
// follows here. Only package syscall can say the second, after a read of its own; one
// of 0 bytes takes nothing from a socket.
func raceReadv(fd int, iovecs []Iovec, n int) {
	syscall.Read(fd, nil)
	for _, v := range iovecs {
		m := min(n, int(v.Len))
		if m == 0 {
			return
		}
		runtime.RaceWriteRange(unsafe.Pointer(v.Base), m)
		n -= m
	}
}
