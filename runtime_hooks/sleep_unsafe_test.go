//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keepProcessorAsleep sleeps in a system call that the scheduler is not told of:
// nobody else runs on the processor meanwhile.
func keepProcessorAsleep(t *testing.T, d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	if _, _, errno := unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0); errno != 0 && errno != unix.EINTR {
		t.Errorf("nanosleep: %v", errno)
	}
}
