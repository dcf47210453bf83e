//go:build linux && !net2_portable

package runtimehooks

import (
	"math"
	"sync"
	"sync/atomic"
)

// The runtime's poller, on demand.
//
// A runtimeDesc is put into the runtime's poller by whoever first has to wait
// for its descriptor or sets a deadline, through the hooks that the runtime gives
// internal/poll. From then on everything about the wait is the runtime's: what a
// dump, a profile, the race detector and the report of a deadlock say of it, and
// its deadlines.
//
// Nothing is lost by coming late. The first watch reports what is there already
// (epoll_ctl(2)), so that a byte which came between the system call that found
// nothing and the watch ends the wait.
//
// Each of the hooks runs with the race detector's eyes on synchronisation closed,
// for the runtime's own order nothing that the detector sees: a lock or an atomic
// here would order what the user has not ordered, and hide a race of theirs.

// A runtimeDesc is a descriptor's place in the runtime's poller.
type runtimeDesc struct {
	fd uintptr // constant while in use

	// rpd is the runtime's pollDesc, nil as long as nobody had to wait.
	rpd atomic.Pointer[runtimePollDesc]

	// closing is set, and rpd is, under mu, so that a watch begins before
	// unblock, which then ends it, or not at all.
	mu      sync.Mutex
	closing atomic.Bool

	waits uint8 // how often yield was asked; the reader's own

	// The deadlines in nanotime, 0 for none, -1 for one that was set in the past.
	rd, wd atomic.Int64
}

// watch returns the runtime's pollDesc, and puts the descriptor into the
// runtime's poller if it is not there yet. It returns ErrClosing, or a negated
// errno of epoll_ctl(2), if that is not to be had.
func (pd *runtimeDesc) watch() (*runtimePollDesc, int) {
	raceDisable()
	defer raceEnable()
	if rpd := pd.rpd.Load(); rpd != nil {
		return rpd, NoError
	}
	pd.mu.Lock()
	defer pd.mu.Unlock()
	if rpd := pd.rpd.Load(); rpd != nil {
		return rpd, NoError
	}
	if pd.closing.Load() {
		return nil, ErrClosing
	}
	rpd, errno := runtime_pollOpen(pd.fd)
	if errno != 0 {
		return nil, -errno
	}
	pd.rpd.Store(rpd)
	return rpd, NoError
}

// watched returns the runtime's pollDesc, nil if the descriptor is not in its
// poller, and whether it is being closed.
func (pd *runtimeDesc) watched() (rpd *runtimePollDesc, closing bool) {
	raceDisable()
	rpd, closing = pd.rpd.Load(), pd.closing.Load()
	raceEnable()
	return rpd, closing
}

func (pd *runtimeDesc) reset(mode int) int {
	rpd, closing := pd.watched()
	switch {
	case rpd != nil:
		return runtime_pollReset(rpd, mode)
	case closing:
		return ErrClosing
	}
	return NoError
}

func (pd *runtimeDesc) wait(mode int) int {
	rpd, code := pd.watch()
	if code != NoError {
		return code
	}
	return runtime_pollWait(rpd, mode)
}

func (pd *runtimeDesc) setDeadline(d int64, mode int) int {
	rpd, closing := pd.watched()
	if rpd == nil {
		if d == 0 || closing {
			return NoError // there is nothing to clear, and nobody to tell
		}
		var code int
		if rpd, code = pd.watch(); code < 0 {
			return code
		} else if code != NoError {
			return NoError
		}
	}
	pd.noteDeadline(d, mode)
	runtime_pollSetDeadline(rpd, d, mode)
	return NoError
}

// noteDeadline keeps the deadline for yield and deadlines to see.
func (pd *runtimeDesc) noteDeadline(d int64, mode int) {
	switch {
	case d < 0:
		d = -1
	case d > 0:
		if d += nanotime(); d <= 0 {
			d = math.MaxInt64
		}
	}
	raceDisable()
	if mode != 'w' {
		pd.rd.Store(d)
	}
	if mode != 'r' {
		pd.wd.Store(d)
	}
	raceEnable()
}

func (pd *runtimeDesc) deadlines() (rd, wd int64) {
	raceDisable()
	defer raceEnable()
	return pd.rd.Load(), pd.wd.Load()
}

func (pd *runtimeDesc) unblock() {
	raceDisable()
	defer raceEnable()
	pd.mu.Lock()
	defer pd.mu.Unlock()
	if pd.closing.Swap(true) {
		panic("runtimehooks: PollUnblock of a closing descriptor")
	}
	if rpd := pd.rpd.Load(); rpd != nil {
		runtime_pollUnblock(rpd)
	}
}

func (pd *runtimeDesc) close() {
	rpd, closing := pd.watched()
	if !closing {
		panic("runtimehooks: PollClose without PollUnblock")
	}
	if rpd != nil {
		runtime_pollClose(rpd)
	}
}
