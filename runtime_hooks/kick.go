//go:build linux

package runtimehooks

import "sync/atomic"

// Waking without a cause.
//
// Whoever waits in the poller is woken by an event, a deadline or a close. The watcher and a
// context that is done wake for another cause, so that the one who waits looks again. That
// one says before it waits that it may be kicked, and after the wait that it may not, and
// learns there whether it was.

// A waitSide is the reader or the writer of a watchDesc as those who kick see it.
//
// state is changed by the reader or writer from and to sideAway, and by others from one of
// the other states to another. Others change it under the lock of the watchDesc, or are the
// watcher.
type waitSide struct {
	state atomic.Uint32
	call  atomic.Uint32 // the number of the operation that may be kicked by it
}

const (
	sideAway     uint32 = iota // nobody waits who may be kicked
	sideWaits                  // a reader waits without a look; see drained.go
	sideSeen                   // and did already when the last sweep passed
	sideVerified               // and there was nothing to read then, or it had looked itself
	sideKicked                 // somebody has woken it
)

func (w *watchDesc) side(mode int) *waitSide {
	if mode == 'r' {
		return &w.reader
	}
	return &w.writer
}

// PollCall returns the number of the operation in mode 'r' or 'w' that is under way, for
// PollKick. Only who holds the lock of that side may call it.
func PollCall(pd *PollDesc, mode int) uint32 {
	w := pd.makeWatchDesc()
	raceDisable()
	defer raceEnable()
	return w.side(mode).call.Load()
}

// PollCallEnds makes PollKick of the operation that is under way do nothing.
func PollCallEnds(pd *PollDesc, mode int) {
	w := pd.watchDesc()
	raceDisable()
	defer raceEnable()
	w.mu.Lock() // a kick is over, or does not begin
	w.side(mode).call.Add(1)
	w.mu.Unlock()
}

// PollKick wakes the operation number call if it waits between PollKickable and
// PollUnkickable.
func PollKick(pd *PollDesc, mode int, call uint32) {
	w := pd.watchDesc()
	raceDisable()
	defer raceEnable()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.side(mode).call.Load() == call {
		w.kickSide(mode)
	}
}

// PollKickable says that the caller is about to wait in PollWait, after PollReset and a look,
// and may be kicked. The caller then looks whether the cause of a kick is there already; who
// kicks makes the cause first. Of the two, at least one sees the other. It returns a negated
// errno of epoll_ctl(2) if the poller cannot watch the descriptor, or an error of PollWait.
func PollKickable(pd *PollDesc, mode int) int {
	w := pd.makeWatchDesc()
	raceDisable()
	defer raceEnable()
	if code := pd.setKickTarget(w); code != NoError {
		return code
	}
	w.side(mode).state.Store(sideVerified)
	return NoError
}

// PollUnkickable ends what PollKickable began, and reports whether somebody kicked.
func PollUnkickable(pd *PollDesc, mode int) bool {
	w := pd.watchDesc()
	raceDisable()
	defer raceEnable()
	return pd.leaveSide(w, mode) == sideKicked
}

// leaveSide notes that nobody waits any more who may be kicked, and returns the state before.
func (pd *PollDesc) leaveSide(w *watchDesc, mode int) uint32 {
	s := w.side(mode)
	if s.state.Load() == sideAway {
		return sideAway
	}
	state := s.state.Swap(sideAway)
	if state == sideKicked {
		w.mu.Lock() // waits for the end of the kick
		pd.afterKick(w, mode)
		w.mu.Unlock()
	}
	return state
}

// kickSide wakes who waits in mode and may be kicked. The caller holds w.mu.
//
//go:norace
func (w *watchDesc) kickSide(mode int) {
	s := w.side(mode)
	for !w.closed {
		state := s.state.Load()
		if state == sideAway {
			return
		}
		if s.state.CompareAndSwap(state, sideKicked) {
			w.kick(mode)
			return
		}
	}
}
