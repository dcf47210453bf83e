//go:build linux

package runtimehooks

import "golang.org/x/sys/unix"

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
// Beside goroutines that compute the look is worth its system call, since it is what keeps a
// busy connection out of the poller; see crowded.
//
// A reader that was verified is one that waits for long. It does not wait without a look
// again until it has had to wait some times more: there is nothing to gain, and the watcher
// could never sleep.
//
// deviation: no-empty-read

// sweepEvery is the time, in nanoseconds, between two sweeps. A reader is verified by the
// second sweep after it began to wait.
const sweepEvery = 30e6

// sweepsInVain is how many sweeps that find nobody to verify end the sweeping.
const sweepsInVain = 4

// PollWatchEnd lets the watch tell when the peer ends the connection, which must be a TCP
// stream that the poller watches already. It reports whether PollWaitMore may be called from
// now on. Only the reader may call it.
func PollWatchEnd(pd *PollDesc) bool {
	w := pd.makeWatchDesc()
	raceDisable()
	defer raceEnable()
	return pd.setKickTarget(w) == NoError && w.watchTheEnd() == 0
}

// PollWaitMore is PollWait for a reader that has taken all there was to read, and has not
// called PollReset since. If ready is false and code is NoError, the caller must look before
// it waits again, and must call PollReset before that. rare says that the reader waited for
// so long that it gains nothing by not looking.
func PollWaitMore(pd *PollDesc) (code int, ready, rare bool) {
	if !pd.beginDrained() {
		return NoError, false, false
	}
	code = PollWait(pd, 'r')
	switch pd.endDrained() {
	case sideKicked:
		return NoError, false, false
	case sideVerified:
		rare = true
	}
	return code, code == NoError, rare
}

// beginDrained notes that the reader is about to wait, or returns false if it must look.
func (pd *PollDesc) beginDrained() bool {
	raceDisable()
	defer raceEnable()
	if crowded.Load() || saturated() {
		return false
	}
	w := pd.more.Load()
	w.reader.state.Store(sideWaits)
	if w.ended.Load() || w.odd.Load() { // after the store: see watchDesc.ended
		pd.leaveSide(w, 'r')
		return false
	}
	needWatcher() // after the store, too: see watcherState
	return true
}

// endDrained notes that the reader no longer waits, and returns the state before.
func (pd *PollDesc) endDrained() uint32 {
	raceDisable()
	defer raceEnable()
	return pd.leaveSide(pd.more.Load(), 'r')
}

// wakeReader wakes a reader that waits without a look, so that it looks. Only the watcher
// calls it.
func (w *watchDesc) wakeReader() {
	if w.reader.state.Load() == sideAway {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kickSide('r')
}

// unverified reports whether a reader waits without a look and the sweep has not verified
// it.
func (w *watchDesc) unverified() bool {
	state := w.reader.state.Load()
	return state == sideWaits || state == sideSeen
}

// anyUnverified reports whether there is somebody to verify.
//
//go:norace
func anyUnverified() bool {
	watches.mu.Lock()
	defer watches.mu.Unlock()
	for _, w := range watches.descs {
		if w != nil && w.unverified() {
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
		switch s := &w.reader; s.state.Load() {
		case sideWaits:
			more = true
			s.state.CompareAndSwap(sideWaits, sideSeen)
		case sideSeen:
			b.look = append(b.look, w)
		}
	}
	watches.mu.Unlock()
	if len(b.look) == 0 {
		return more
	}
	for _, w := range b.look {
		w.askReadable()
	}
	netwatch(b)
	for i, w := range b.look {
		w.askNoMore()
		b.look[i] = nil
	}
	return more
}

// askReadable asks the kernel whether the descriptor is readable: a change of the watch
// reports what is there already.
//
//go:norace
func (w *watchDesc) askReadable() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.ctl(unix.EPOLL_CTL_MOD, w.events|watchEnd|unix.EPOLLIN) // a callback's events stay
	}
}

// askNoMore ends askReadable, whose answer has come.
//
//go:norace
func (w *watchDesc) askNoMore() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reader.state.CompareAndSwap(sideSeen, sideVerified)
	if !w.closed && w.events == watchEnd|unix.EPOLLIN {
		w.ctl(unix.EPOLL_CTL_MOD, watchEnd)
	}
}
