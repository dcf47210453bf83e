//go:build linux

package runtimehooks

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Waiting without a look.
//
// A reader of a TCP stream that got less than it had room for has taken all there was, and
// the poller will report what comes later. So it can wait at once for more: the system call
// that would find nothing is spared. It is one call in three of a server that answers
// requests.
//
// What can go wrong is that there is something to read and no event to come. An event is
// an edge: data and the end that arrive together are one, and the read took the data alone.
// So the watch tells the end by itself, and wakes such a reader to look. That is enough for
// all that we know of, but for urgent data: a read stops short of the mark, and what stands
// behind it has had its edge. (EPOLLPRI would tell, but the kernel hands each segment to a
// watch that asks for it.) For that, and for what nobody thought of, there is the sweep: a
// reader that has waited for a while is verified once, by asking the kernel whether its
// descriptor is readable. If it is, the reader is woken, and never again trusted to wait
// without a look.
//
// A reader that was verified is one that waits for long. It does not wait without a look
// again until it has had to wait some times more: there is nothing to gain, and the watcher
// could never sleep.
//
// deviation: no-empty-read

// A drainedReader is the reader of a watchDesc as the watcher sees it.
type drainedReader struct {
	// state is changed by the reader from and to drainedAway, and by the watcher from one
	// of the other states to another.
	state atomic.Uint32

	// odd says that the sweep found something to read that no event had told of.
	odd atomic.Bool

	drainedTarget
}

const (
	drainedAway     uint32 = iota // no reader waits without a look
	drainedWaits                  // one does
	drainedSeen                   // and did already when the last sweep passed
	drainedVerified               // and there was nothing to read then
	drainedKicked                 // and the watcher has woken it so that it looks
)

// sweepEvery is the time, in nanoseconds, between two sweeps. A reader is verified by the
// second sweep after it began to wait.
const sweepEvery = 30e6

// sweepsInVain is how many sweeps that find nobody to verify end the sweeping.
const sweepsInVain = 4

// PollWatchEnd lets the watch tell when the peer ends the connection, which must be a TCP
// stream that the poller watches already. It reports whether PollWaitMore may be called from
// now on. Only the reader may call it, once.
func PollWatchEnd(pd *PollDesc) bool {
	raceDisable()
	defer raceEnable()
	target, ok := pd.drainedTarget()
	if !ok {
		return false
	}
	w, errno := openWatch(pd.sysfd(), target)
	if errno != 0 {
		return false
	}
	pd.ends.Store(w)
	return true
}

// PollWaitMore is PollWait for a reader that has taken all there was to read, and has not
// called PollReset since. If ready is false and code is NoError, the caller must look before
// it waits again, and must call PollReset before that. rare says that the reader waited for
// so long that it gains nothing by not looking.
func PollWaitMore(pd *PollDesc) (code int, ready, rare bool) {
	w := pd.beginDrained()
	if w == nil {
		return NoError, false, false
	}
	code = PollWait(pd, 'r')
	switch pd.endDrained(w) {
	case drainedKicked:
		return NoError, false, false
	case drainedVerified:
		rare = true
	}
	return code, code == NoError, rare
}

// beginDrained notes that the reader is about to wait, or returns nil if it must not.
func (pd *PollDesc) beginDrained() *watchDesc {
	raceDisable()
	defer raceEnable()
	w := pd.ends.Load()
	w.drained.state.Store(drainedWaits)
	if w.ended.Load() || w.drained.odd.Load() { // after the store: see watchDesc.ended
		pd.leaveDrained(w)
		return nil
	}
	needWatcher() // after the store, too: see watcherState
	return w
}

// endDrained notes that the reader no longer waits, and returns the state before.
func (pd *PollDesc) endDrained(w *watchDesc) uint32 {
	raceDisable()
	defer raceEnable()
	return pd.leaveDrained(w)
}

func (pd *PollDesc) leaveDrained(w *watchDesc) uint32 {
	state := w.drained.state.Swap(drainedAway)
	if state == drainedKicked {
		pd.afterKick(w)
	}
	return state
}

// wakeDrained wakes the reader of w so that it looks. Only the watcher calls it.
//
//go:norace
func (w *watchDesc) wakeDrained() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.closed {
		state := w.drained.state.Load()
		if state == drainedAway {
			return
		}
		// Only the reader changes the state beside us.
		if w.drained.state.CompareAndSwap(state, drainedKicked) {
			w.drained.kick()
			return
		}
	}
}

// unverified reports whether a reader waits without a look and the sweep has not verified
// it.
func (d *drainedReader) unverified() bool {
	switch d.state.Load() {
	case drainedWaits, drainedSeen, drainedKicked:
		return true
	}
	return false
}

// somebodyNeedsWatcher reports whether there is somebody to verify, or the watch is to end.
//
//go:norace
func somebodyNeedsWatcher() bool {
	watches.mu.Lock()
	defer watches.mu.Unlock()
	if watches.inUse == 0 {
		return true
	}
	for _, w := range watches.descs {
		if w != nil && w.drained.unverified() {
			return true
		}
	}
	return false
}

// sweep verifies the readers that have waited since the last sweep, and reports whether
// there is anybody whom the next one must look at. Only the watcher calls it.
//
//go:norace
func sweep(b *watchBuffers) (more bool) {
	b.look = b.look[:0]
	watches.mu.Lock()
	for _, w := range watches.descs {
		if w == nil {
			continue
		}
		switch d := &w.drained; d.state.Load() {
		case drainedWaits:
			more = true
			d.state.CompareAndSwap(drainedWaits, drainedSeen)
		case drainedSeen:
			b.look = append(b.look, w)
		case drainedKicked:
			// A deadline that somebody set at the same moment may have undone the kick.
			more = true
			b.look = append(b.look, w)
		}
	}
	watches.mu.Unlock()
	if len(b.look) == 0 {
		return more
	}
	// A change of the watch reports what is there already.
	for _, w := range b.look {
		w.watchFor(watchEnd | unix.EPOLLIN)
	}
	netwatch(b)
	for i, w := range b.look {
		w.watchFor(watchEnd)
		w.drained.state.CompareAndSwap(drainedSeen, drainedVerified)
		b.look[i] = nil
	}
	return more
}

// watchFor changes what the kernel watches for.
//
//go:norace
func (w *watchDesc) watchFor(events uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.ctl(unix.EPOLL_CTL_MOD, events)
	}
}
