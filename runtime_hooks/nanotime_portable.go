//go:build linux && net2_portable

package runtimehooks

import "time"

// nanotime is the clock that deadlines are kept in: the monotonic one, in real
// time everywhere. Package time reads it without a system call, but tells a
// bubble's.
func nanotime() int64 {
	if bubbled() {
		return realTime()
	}
	return sinceEpoch()
}

// realTime asks outside any bubble. It stands apart from nanotime, for what a
// function literal changes is allocated.
func realTime() (t int64) {
	inRealTime(func() { t = sinceEpoch() })
	return t
}

// sinceEpoch never returns 0, which stands for no time.
func sinceEpoch() int64 { return int64(time.Since(epoch)) + 1 }
