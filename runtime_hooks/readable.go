//go:build linux

package runtimehooks

import "golang.org/x/sys/unix"

// PollOnReadable lets f run, once, in another goroutine: when the descriptor is
// readable, at the read deadline, or at PollUnblock. keep stays reachable until then. It
// returns NoError, ErrClosing, or a negated errno: EALREADY if a function waits already, or
// one of epoll_create1(2) or epoll_ctl(2).
func PollOnReadable(pd *PollDesc, f func(), keep any) int {
	w := pd.makeWatchDesc()
	if !w.readable.arm(f, keep) {
		return -int(unix.EALREADY)
	}
	errno := w.watchReadable()
	if code, ok := pd.armed(&w.readable, errno); !ok {
		return code
	}
	if rd, _ := pd.deadlinesNow(); rd != 0 {
		w.readable.fireAt(rd)
	}
	return NoError
}

// PollOnPeerClosed is PollOnReadable for the end that the peer makes, or PollUnblock.
func PollOnPeerClosed(pd *PollDesc, f func(), keep any) int {
	w := pd.makeWatchDesc()
	if !w.peerGone.arm(f, keep) {
		return -int(unix.EALREADY)
	}
	raceDisable()
	errno := w.watchTheEnd()
	gone := w.gone.Load() // after arm: see happened
	raceEnable()
	if code, ok := pd.armed(&w.peerGone, errno); !ok {
		return code
	}
	if gone {
		w.peerGone.fire()
	}
	return NoError
}

// armed reports whether c stays armed after the watch answered errno, and if not, why. A
// close that came before c was armed has not fired it.
func (pd *PollDesc) armed(c *callback, errno unix.Errno) (code int, ok bool) {
	closing := pd.isClosing() // after arm: see fireClosing
	if errno == 0 && !closing {
		return NoError, true
	}
	if !c.stop() {
		return NoError, true // it runs already
	}
	if closing {
		return ErrClosing, false
	}
	return -int(errno), false
}

// fireClosing lets the functions run that wait for the descriptor. The caller has marked it
// as closing before.
func (pd *PollDesc) fireClosing() {
	if w := pd.watchDesc(); w != nil {
		w.readable.fire()
		w.peerGone.fire()
	}
}

// moveReadable lets the function of PollOnReadable know of another read deadline.
func (pd *PollDesc) moveReadable() {
	if w := pd.watchDesc(); w != nil && w.readable.isArmed() {
		rd, _ := pd.deadlinesNow()
		w.readable.fireAt(rd)
	}
}

// PollStopReadable takes the function of PollOnReadable back, and reports whether it will
// not run.
func PollStopReadable(pd *PollDesc) bool {
	w := pd.watchDesc()
	return w != nil && w.readable.stop()
}

// PollStopPeerClosed takes the function of PollOnPeerClosed back.
func PollStopPeerClosed(pd *PollDesc) bool {
	w := pd.watchDesc()
	return w != nil && w.peerGone.stop()
}

// PollPeerGone reports whether the peer has ended its side or the connection, and whether
// the watch tells that. It may be called after PollClose.
func PollPeerGone(pd *PollDesc) (gone, told bool) {
	raceDisable()
	defer raceEnable()
	w := pd.more.Load()
	if w == nil {
		return false, false
	}
	gone = w.gone.Load()
	return gone, gone || w.toldEnd.Load()
}

// PollTellPeerGone lets the watch tell PollPeerGone from now on, and returns what it would
// say, or the negated errno of what failed.
//
//go:norace
func PollTellPeerGone(pd *PollDesc) (gone bool, code int) {
	w := pd.makeWatchDesc()
	raceDisable()
	defer raceEnable()
	if errno := w.watchTheEnd(); errno != 0 {
		return false, -int(errno)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed && w.toldEnd.CompareAndSwap(false, true) {
		useWatch(1)
	}
	return w.gone.Load(), NoError
}

// PollShut notes that the program itself shuts down directions of the connection, before it
// does: 'r', 'w' or 'r'+'w'.
func PollShut(pd *PollDesc, mode int) {
	raceDisable()
	defer raceEnable()
	var shut uint32
	if mode != 'w' {
		shut |= shutRead
	}
	if mode != 'r' {
		shut |= shutWrite
	}
	pd.shut.Or(shut)
	if w := pd.more.Load(); w != nil { // after the store: see makeWatchDesc
		w.shut.Or(shut)
	}
}

// watchRead is what we watch for on behalf of a callback. The watch stays when the event has
// come, so that the next arming need not ask for it: see emptySince. EPOLLPRI tells of urgent
// data, at whose mark a read stops short.
const watchRead = unix.EPOLLIN | unix.EPOLLPRI | unix.EPOLLRDHUP | unix.EPOLLET

// watchReadable watches until the descriptor is readable. The caller has armed w.readable
// before.
//
//go:norace
func (w *watchDesc) watchReadable() unix.Errno {
	raceDisable()
	defer raceEnable()
	if empty, event := w.emptySince(); empty {
		if event {
			w.readable.fire()
		}
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0
	}
	errno := w.watchFor(watchRead)
	w.watchesRead.Store(errno == 0)
	return errno
}

// emptySince reports whether a read has taken all there was and the watch tells what comes
// later, and if so, whether an event has come since the read began.
//
// An event is an edge: it may have come, and found nobody armed, before the caller armed the
// callback. Nobody misses it: the read took the number of events before it looked, the
// watcher counts an event before it looks whether a callback is armed, and the caller armed
// its own before it looks at that number here. What the read did not see comes after the
// number was taken, and so does its event. Either the number differs here, or the watcher
// finds the callback armed. TestEventCountsBeforeTheLook fails without this order, and now and
// then TestArmingSeesAnEventThatCameBefore.
//
// A read's word holds for one event: a function that does not read has the kernel look again.
func (w *watchDesc) emptySince() (empty, event bool) {
	at := w.emptyAt.Load()
	if at == 0 || !w.watchesRead.Load() || w.ended.Load() {
		return false, false
	}
	if w.happenings.Load() == at {
		return true, false
	}
	w.emptyAt.Store(0)
	return true, true
}

// PollBeforeRead is called before a read that may tell PollTookAll, and returns what that
// wants to know.
func PollBeforeRead(pd *PollDesc) (mark uint32) {
	raceDisable()
	defer raceEnable()
	if w := pd.more.Load(); w != nil {
		return w.happenings.Load()
	}
	return 0
}

// PollTookAll notes that a read has found nothing, or that it has taken less than it had
// room for (short), and that this means that nothing is left. mark is what PollBeforeRead
// returned. Only who holds the read lock may call it.
func PollTookAll(pd *PollDesc, mark uint32, short bool) {
	raceDisable()
	defer raceEnable()
	if w := pd.more.Load(); w != nil && !(short && w.urgent.Load()) {
		w.emptyAt.Store(mark)
	}
}
