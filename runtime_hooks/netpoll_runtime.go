//go:build linux && !net2_portable

package runtimehooks

import (
	"math"
	"sync"
	"sync/atomic"
)

// The runtime's poller, on demand.
//
// Whoever first has to wait for a descriptor, or sets a deadline, puts its runtimeDesc into
// the runtime's poller, through the hooks that the runtime gives internal/poll. From then
// on the runtime does everything about the wait: its deadlines, and what a dump, a profile,
// the race detector and the report of a deadlock say about it.
//
// Coming late loses nothing. The first watch reports what is there already
// (epoll_ctl(2)): if a byte came after the system call that found nothing and before the
// watch, it ends the wait.
//
// Each hook runs while the race detector ignores synchronisation. The runtime's own hooks
// order nothing that the detector sees; a lock or an atomic here would order what the user
// has not ordered, and hide a race of theirs.

// A runtimeDesc is a descriptor's place in the runtime's poller.
type runtimeDesc struct {
	fd uintptr // constant while in use

	// rpd is the runtime's pollDesc, or nil as long as nobody had to wait.
	rpd atomic.Pointer[runtimePollDesc]

	// mu guards the stores to closing and rpd, so that a watch begins either
	// before unblock, which then ends it, or not at all.
	mu      sync.Mutex
	closing atomic.Bool

	waits uint8 // how often the reader called yield; only the reader uses it

	// The deadlines in nanotime, 0 for none, -1 for one that was set in the past.
	rd, wd atomic.Int64
}

// watch returns the runtime's pollDesc, and puts the descriptor into the runtime's poller
// if it is not there yet. If it cannot, it returns ErrClosing or a negated errno of
// epoll_ctl(2).
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

// watched returns the runtime's pollDesc, or nil if the descriptor is not in its poller,
// and whether somebody is closing the descriptor.
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

// deadlineTarget returns the runtime's pollDesc for a deadline of d, or nil and what
// PollSetDeadline then returns.
func (pd *runtimeDesc) deadlineTarget(d int64) (*runtimePollDesc, int) {
	rpd, closing := pd.watched()
	if rpd != nil {
		return rpd, NoError
	}
	if d == 0 || closing {
		return nil, NoError // no deadline was set, and nobody waits
	}
	rpd, code := pd.watch()
	if code > NoError {
		code = NoError
	}
	return rpd, code
}

func (pd *PollDesc) setDeadline(d int64, mode int) int {
	if w := pd.watchDesc(); w != nil {
		return pd.setDeadlineWatched(d, mode, w)
	}
	rpd, code := pd.deadlineTarget(d)
	if rpd == nil {
		return code
	}
	pd.noteDeadline(d, mode)
	runtime_pollSetDeadline(rpd, d, mode)
	if w := pd.watchDesc(); w != nil {
		w.kickAgain()
	}
	return NoError
}

// noteDeadline keeps the deadline for yield and deadlines.
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
