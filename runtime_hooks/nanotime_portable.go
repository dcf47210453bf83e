//go:build linux && net2_portable

package runtimehooks

import "golang.org/x/sys/unix"

// nanotime is the clock that deadlines are kept in: the monotonic one, in real
// time everywhere. Package time would tell a bubble's.
func nanotime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("runtimehooks: clock_gettime: " + err.Error())
	}
	return ts.Nano()
}
