//go:build linux && race

package socket

import (
	"runtime"
	"unsafe"
)

// raceRead and raceWrite tell the race detector of memory that the kernel reads or
// writes.

func raceRead(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceReadRange(p, n)
	}
}

func raceWrite(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceWriteRange(p, n)
	}
}
