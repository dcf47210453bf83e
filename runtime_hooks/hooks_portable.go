//go:build linux && net2_portable

package runtimehooks

import "sync/atomic"

// The hooks of hooks.go for a build that has only one poller.

// A PollDesc is a descriptor's place in the poller.
type PollDesc struct {
	own  *pollDesc
	more atomic.Pointer[watchDesc] // nil as long as nobody needed it
	shut atomic.Uint32             // what PollShut was told
}

// PollOpen puts fd into the poller and watches it, or returns the errno of
// epoll_ctl(2).
func PollOpen(pd *PollDesc, fd uintptr) int {
	PollOpenOnDemand(pd, fd)
	errno := pd.own.watchNow()
	if errno != 0 {
		PollUnblock(pd)
		PollClose(pd)
	}
	return errno
}

// PollOpenOnDemand is PollOpen, but the poller watches fd only from the moment when
// somebody first has to wait for it.
func PollOpenOnDemand(pd *PollDesc, fd uintptr) { pd.own = pollOpen(fd) }

// PollClose stops watching the descriptor, which PollUnblock has marked and
// which the caller closes next.
func PollClose(pd *PollDesc) {
	pd.closeWatch()
	pollClose(pd.own)
	pd.own = nil
}

// PollReset makes pd ready for a new operation in mode 'r' or 'w'.
func PollReset(pd *PollDesc, mode int) int { return pollReset(pd.own, mode) }

// PollWait parks the goroutine until the descriptor may be ready in mode 'r'
// or 'w'.
func PollWait(pd *PollDesc, mode int) int { return pollWait(pd.own, mode) }

// PollSetDeadline sets the deadline of mode 'r', 'w' or 'r'+'w' to d
// nanoseconds from now. 0 clears the deadline; a negative d has passed.
func PollSetDeadline(pd *PollDesc, d int64, mode int) int {
	pollSetDeadline(pd.own, d, mode)
	if mode != 'w' {
		pd.moveReadable()
	}
	return NoError
}

// PollDeadlines returns the nanoseconds that are left until the deadlines of pd: 0 if
// there is no deadline, negative if it has passed.
func PollDeadlines(pd *PollDesc) (r, w int64) {
	rd, wd := pd.deadlinesNow()
	return fromNow(rd), fromNow(wd)
}

// PollUnblock marks pd as closing and wakes whoever waits on it.
func PollUnblock(pd *PollDesc) {
	pollUnblock(pd.own)
	pd.fireClosing()
}

// isClosing reports whether PollUnblock has begun.
func (pd *PollDesc) isClosing() bool { return pd.own.info()&pollClosing != 0 }

// deadlinesNow returns the deadlines in nanotime: 0 for none, -1 for one that was set in the
// past.
func (pd *PollDesc) deadlinesNow() (rd, wd int64) { return pd.own.deadlines() }

// PollYield always reports false: only the runtime's scheduler can let other goroutines
// run while the caller stays runnable.
func PollYield(*PollDesc, int) bool { return false }

// saturated always reports false: nobody looks.
func saturated() bool { return false }
