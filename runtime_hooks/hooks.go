//go:build linux && !net2_portable

package runtimehooks

import "sync/atomic"

// A PollDesc is a descriptor's place in the poller that this process uses, the
// runtime's or our own. Nobody may copy it once it is open.
type PollDesc struct {
	own *pollDesc // in our own poller; nil in the runtime's
	runtimeDesc

	more atomic.Pointer[watchDesc] // nil as long as nobody needed it

	shut atomic.Uint32 // what PollShut was told
}

// PollOpen puts fd into the poller and watches it.
//
// If it fails, it returns the errno of epoll_ctl(2): EPERM for a descriptor that
// cannot be watched, such as a regular file's, ENOSPC when the user has too many
// watches, EEXIST and EBADF for a descriptor that is watched already or is not
// open. PollServerInit must have succeeded before.
//
// std: runtime.poll_runtime_pollOpen
func PollOpen(pd *PollDesc, fd uintptr) int {
	PollOpenOnDemand(pd, fd)
	if pd.own == nil {
		_, code := pd.watch()
		return -code
	}
	errno := pd.own.watchNow()
	if errno != 0 {
		PollUnblock(pd)
		PollClose(pd)
	}
	return errno
}

// PollOpenOnDemand is PollOpen, but the poller watches fd only from the moment when
// somebody first has to wait for it or sets a deadline. If the kernel then refuses the
// watch, that call returns the error; see PollWait.
//
// deviation: watch-on-demand
func PollOpenOnDemand(pd *PollDesc, fd uintptr) {
	if Poller() == pollerEpoll {
		pd.own = pollOpen(fd)
		return
	}
	pd.runtimeDesc.fd = fd
}

// PollClose stops watching the descriptor, which PollUnblock has marked and
// which the caller closes next.
//
// std: runtime.poll_runtime_pollClose
func PollClose(pd *PollDesc) {
	pd.closeWatch()
	if pd.own != nil {
		pollClose(pd.own)
		pd.own = nil
		return
	}
	pd.close()
}

// PollReset makes pd ready for a new operation in mode 'r' or 'w': it forgets a
// notification that an earlier operation left behind. If the operation must not start,
// PollReset returns ErrClosing, ErrTimeout or ErrNotPollable.
//
// std: runtime.poll_runtime_pollReset
func PollReset(pd *PollDesc, mode int) int {
	if pd.own != nil {
		return pollReset(pd.own, mode)
	}
	return pd.reset(mode)
}

// PollWait parks the goroutine until the descriptor may be ready in mode 'r' or 'w', or
// returns ErrClosing, ErrTimeout or ErrNotPollable. If the poller does not watch the
// descriptor yet and the kernel refuses the watch, PollWait returns the negated errno of
// epoll_ctl(2).
//
// std: runtime.poll_runtime_pollWait
func PollWait(pd *PollDesc, mode int) int {
	if pd.own != nil {
		return pollWait(pd.own, mode)
	}
	return pd.wait(mode)
}

// PollSetDeadline sets the deadline of mode 'r', 'w' or 'r'+'w' to d
// nanoseconds from now. If d is 0, it clears the deadline; if d is negative, the deadline
// has passed and a wait ends at once. It returns NoError, or a negated errno of
// epoll_ctl(2) as PollWait does.
//
// std: runtime.poll_runtime_pollSetDeadline
func PollSetDeadline(pd *PollDesc, d int64, mode int) int {
	if pd.own != nil {
		pollSetDeadline(pd.own, d, mode)
	} else if code := pd.setDeadline(d, mode); code != NoError {
		return code
	}
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

// PollUnblock marks pd as closing and wakes whoever waits on it. From here on
// PollReset and PollWait return ErrClosing.
//
// std: runtime.poll_runtime_pollUnblock
func PollUnblock(pd *PollDesc) {
	if pd.own != nil {
		pollUnblock(pd.own)
	} else {
		pd.unblock()
	}
	pd.fireClosing()
}

// isClosing reports whether PollUnblock has begun.
func (pd *PollDesc) isClosing() bool {
	if pd.own != nil {
		return pd.own.info()&pollClosing != 0
	}
	_, closing := pd.watched()
	return closing
}

// deadlinesNow returns the deadlines in nanotime: 0 for none, -1 for one that was set in the
// past.
func (pd *PollDesc) deadlinesNow() (rd, wd int64) {
	if pd.own != nil {
		return pd.own.deadlines()
	}
	return pd.deadlines()
}

// PollYield lets other goroutines run, if that may be better than to park, and reports
// whether it did. Only a reader may call it; yields is how often it did so before in this
// operation. If it returns true, the caller asks PollReset whether the operation may go on,
// and tries its system call again.
//
// deviation: yield-before-park
func PollYield(pd *PollDesc, yields int) bool {
	return pd.own == nil && yields < yieldMax && pd.yield(yields)
}
