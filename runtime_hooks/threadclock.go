//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import "golang.org/x/sys/unix"

// A threadClock measures what processor time a thread takes: the one that made
// the clock, whoever reads it; see pthread_getcpuclockid(3).
type threadClock struct {
	id    int32
	start int64
}

// newThreadClock returns a clock of the calling thread.
func newThreadClock() threadClock {
	// The kernel's number for it: the complement of the thread's, of one thread
	// (4), as the scheduler counts (2).
	c := threadClock{id: int32(^unix.Gettid()<<3 | 4 | 2)}
	c.start = c.now()
	return c
}

// elapsed returns the time since the clock was made, in nanoseconds; next to
// nothing if the thread has ended.
func (c threadClock) elapsed() int64 { return c.now() - c.start }

func (c threadClock) now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(c.id, &ts); err != nil {
		return c.start
	}
	return ts.Nano()
}
