//go:build linux && !net2_portable

package runtimehooks

// A PollDesc is a descriptor's place in a poller: the runtime's or our own,
// whichever this process uses, for its whole life. It must not be copied once
// it is open.
type PollDesc struct {
	own *pollDesc // in our own poller; nil in the runtime's
	runtimeDesc
}

// PollOpen puts fd into the poller and watches it.
//
// On failure it returns the errno of epoll_ctl(2): EPERM for a descriptor that
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

// PollOpenOnDemand is PollOpen, but fd is watched only from when somebody first
// has to wait for it or sets a deadline. If that fails, it is whoever waits or
// sets the deadline that is told; see PollWait.
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
	if pd.own != nil {
		pollClose(pd.own)
		pd.own = nil
		return
	}
	pd.close()
}

// PollReset makes pd ready for a new operation in mode 'r' or 'w': it forgets
// a notification that an earlier operation left behind. It returns ErrClosing,
// ErrTimeout or ErrNotPollable when the operation must not start.
//
// std: runtime.poll_runtime_pollReset
func PollReset(pd *PollDesc, mode int) int {
	if pd.own != nil {
		return pollReset(pd.own, mode)
	}
	return pd.reset(mode)
}

// PollWait parks the goroutine until the descriptor may be ready in mode 'r'
// or 'w', or returns ErrClosing, ErrTimeout or ErrNotPollable; or a negated
// errno of epoll_ctl(2), when the descriptor is not watched yet and the kernel
// refuses the watch.
//
// std: runtime.poll_runtime_pollWait
func PollWait(pd *PollDesc, mode int) int {
	if pd.own != nil {
		return pollWait(pd.own, mode)
	}
	return pd.wait(mode)
}

// PollSetDeadline sets the deadline of mode 'r', 'w' or 'r'+'w' to d
// nanoseconds from now. 0 clears it; a negative d is a deadline that has
// passed, which ends a wait at once. It returns NoError, or a negated errno of
// epoll_ctl(2) as PollWait does.
//
// std: runtime.poll_runtime_pollSetDeadline
func PollSetDeadline(pd *PollDesc, d int64, mode int) int {
	if pd.own != nil {
		pollSetDeadline(pd.own, d, mode)
		return NoError
	}
	return pd.setDeadline(d, mode)
}

// PollDeadlines returns how many nanoseconds from now the deadlines of pd are: 0
// for none, negative for one that has passed.
func PollDeadlines(pd *PollDesc) (r, w int64) {
	rd, wd := pd.deadlines()
	if pd.own != nil {
		rd, wd = pd.own.deadlines()
	}
	return fromNow(rd), fromNow(wd)
}

// PollUnblock marks pd as closing and wakes whoever waits on it. From here on
// PollReset and PollWait return ErrClosing.
//
// std: runtime.poll_runtime_pollUnblock
func PollUnblock(pd *PollDesc) {
	if pd.own != nil {
		pollUnblock(pd.own)
		return
	}
	pd.unblock()
}

// PollYield gives way to other goroutines, if that may be better than to park,
// and reports whether it did. yields is how often it did so in this operation,
// which is a reader's. The caller then sees to it that nothing ends the
// operation, with PollReset, and tries its system call again.
//
// deviation: yield-before-park
func PollYield(pd *PollDesc, yields int) bool {
	return pd.own == nil && yields < yieldMax && pd.yield(yields)
}
