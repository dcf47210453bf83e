//go:build linux

package runtimehooks

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The watch: a small epoll instance beside the poller, for what the poller does not tell.
//
// The poller wakes whoever waits, and does not say for what. A descriptor of which a program
// wants to know more stands here too. Two epoll instances that watch the same descriptor do
// not disturb each other. The instance, and the goroutine that takes its events (watcher),
// are there as long as a descriptor needs them.

// A watchDesc is what we know about a descriptor beyond what its poller needs: its place in
// the watch, and who waits so that others may wake them without a cause (kick).
//
// It refers to nothing by which the garbage collector would take its connection for one
// that is in use, unless a callback is armed.
type watchDesc struct {
	fd int32 // constant

	// ended says that no more will come: an event told of the end of the stream, or of an
	// error. It stays so. The watcher stores it before it looks at the state of the reader,
	// and a reader stores that state before it looks at ended: of the two, at least one sees
	// the other. TestDrainedReaderSeesTheEnd fails without this order.
	ended atomic.Bool

	// gone says that the peer has ended its side or reset the connection. It stays so.
	gone atomic.Bool

	// toldEnd says that the watch tells the end, so that PollPeerGone need not ask.
	toldEnd atomic.Bool

	// shut holds the directions that the program itself has shut down.
	shut atomic.Uint32

	// odd says that the sweep found something to read that no event had told of.
	odd atomic.Bool

	// happenings is the number of events so far, from 1 on, and emptyAt what it was before a
	// read that took all there was; 0 if there is no such read. See emptySince.
	happenings, emptyAt atomic.Uint32

	// watchesRead says that the kernel watches for watchRead.
	watchesRead atomic.Bool

	// urgent says that there was urgent data. It stays so.
	urgent atomic.Bool

	// inVain is how many events in a row found no callback armed. It is the watcher's.
	inVain int

	reader, writer waitSide

	readable, peerGone callback

	mu sync.Mutex // guards the following
	kickTarget
	index  int32  // place in watches, or -1
	tag    uint32 // of its events
	events uint32 // what the kernel watches for
	forEnd bool   // whether somebody wants to know of the end for good
	closed bool
}

// shutRead and shutWrite are the bits of watchDesc.shut.
const (
	shutRead uint32 = 1 << iota
	shutWrite
)

// watchEnd is what we watch for on behalf of who wants to know of the end. EPOLLHUP and
// EPOLLERR need not be asked for.
const watchEnd = unix.EPOLLRDHUP | unix.EPOLLET

// watches holds the watchDescs that are in the watch. An event carries the place and the tag
// of its watchDesc; if the tag is another one's, somebody has closed the descriptor since.
var watches struct {
	mu      sync.Mutex
	ready   bool
	epfd    int // while ready is set
	descs   []*watchDesc
	free    []int32
	inUse   int
	lastTag uint32
}

// watchDesc returns what we know of pd beyond the usual, or nil.
func (pd *PollDesc) watchDesc() *watchDesc {
	raceDisable()
	defer raceEnable()
	return pd.more.Load()
}

// makeWatchDesc is watchDesc, and makes one if there is none.
//
//go:norace
func (pd *PollDesc) makeWatchDesc() *watchDesc {
	raceDisable()
	defer raceEnable()
	if w := pd.more.Load(); w != nil {
		return w
	}
	w := &watchDesc{fd: int32(pd.sysfd()), index: -1}
	w.happenings.Store(1)
	if !pd.more.CompareAndSwap(nil, w) {
		return pd.more.Load()
	}
	w.shut.Or(pd.shut.Load()) // after the store: see PollShut
	return w
}

// watchInit starts the watch, if it is not there, or returns the errno of what failed. The
// caller holds watches.mu.
//
//go:norace
func watchInit() unix.Errno {
	if watches.ready {
		return 0
	}
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err.(unix.Errno)
	}
	watches.epfd = epfd
	if errno := startWatcher(epfd); errno != 0 {
		return errno
	}
	watches.ready = true
	return 0
}

// watchFor changes what the kernel watches for; if w is not in the watch yet, it puts it
// there. What is there already has its event now. watchFor returns an errno of
// epoll_create1(2) or epoll_ctl(2), or 0. The caller holds w.mu.
//
//go:norace
func (w *watchDesc) watchFor(events uint32) unix.Errno {
	if w.index >= 0 {
		return w.ctl(unix.EPOLL_CTL_MOD, events)
	}
	watches.mu.Lock()
	defer watches.mu.Unlock()
	if errno := watchInit(); errno != 0 {
		return errno
	}
	watches.lastTag++
	w.tag = watches.lastTag
	if n := len(watches.free); n > 0 {
		w.index = watches.free[n-1]
		watches.free = watches.free[:n-1]
	} else {
		w.index = int32(len(watches.descs))
		watches.descs = append(watches.descs, nil)
	}
	watches.descs[w.index] = w
	watches.inUse++
	errno := w.ctl(unix.EPOLL_CTL_ADD, events)
	if errno != 0 {
		w.forget()
	}
	return errno
}

// forget gives the place of w back. The caller holds watches.mu and w.mu. The watcher ends
// the watch when it has been empty for watchLinger.
//
//go:norace
func (w *watchDesc) forget() {
	watches.descs[w.index] = nil
	watches.free = append(watches.free, w.index)
	w.index = -1
	if watches.inUse--; watches.inUse == 0 {
		needWatcher()
	}
}

// ctl changes what the kernel watches for; see epoll_ctl(2). The caller holds w.mu.
//
//go:norace
func (w *watchDesc) ctl(op int, events uint32) unix.Errno {
	ev := unix.EpollEvent{Events: events, Fd: w.index, Pad: int32(w.tag)}
	if err := unix.EpollCtl(watches.epfd, op, int(w.fd), &ev); err != nil {
		return err.(unix.Errno)
	}
	w.events = events
	return 0
}

// watchTheEnd keeps the end in watch for good. The caller does not hold w.mu.
//
//go:norace
func (w *watchDesc) watchTheEnd() unix.Errno {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forEnd || w.closed {
		return 0
	}
	w.forEnd = true
	events := uint32(watchEnd)
	if w.index >= 0 && w.events&unix.EPOLLIN != 0 {
		events = w.events // the callback's, which tell of the end too
	}
	errno := w.watchFor(events)
	w.forEnd = errno == 0
	return errno
}

// closeWatch ends the watch of pd, if there is one. The caller closes the descriptor next;
// see pollClose on why the kernel must not be left to it.
//
//go:norace
func (pd *PollDesc) closeWatch() {
	w := pd.watchDesc()
	if w == nil {
		return
	}
	raceDisable()
	defer raceEnable()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.toldEnd.Load() {
		useWatch(-1)
	}
	if w.index < 0 {
		return
	}
	w.ctl(unix.EPOLL_CTL_DEL, 0)
	watches.mu.Lock()
	w.forget()
	watches.mu.Unlock()
}

// watchDescOf returns the watchDesc that an event is for, or nil.
//
//go:norace
func watchDescOf(ev *unix.EpollEvent) *watchDesc {
	watches.mu.Lock()
	defer watches.mu.Unlock()
	if int(ev.Fd) >= len(watches.descs) {
		return nil
	}
	if w := watches.descs[ev.Fd]; w != nil && w.tag == uint32(ev.Pad) {
		return w
	}
	return nil
}

// netwatch takes the events that are there. Only the watcher calls it.
//
//go:norace
func netwatch(b *watchBuffers) {
	for {
		n, errno := epollPwait(watches.epfd, b.events[:])
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			panic("runtimehooks: epoll_pwait: " + errno.Error())
		}
		for i := range b.events[:n] {
			if w := watchDescOf(&b.events[i]); w != nil {
				w.happened(b.events[i].Events)
			}
		}
		if n < len(b.events) {
			return
		}
	}
}

// happened notes events of the descriptor of w.
//
//go:norace
func (w *watchDesc) happened(events uint32) {
	end := events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
	if end {
		w.ended.Store(true)
	}
	if events&unix.EPOLLPRI != 0 {
		w.urgent.Store(true)
	}
	w.happenings.Add(1) // before the look at the callback: see emptySince
	if w.peerEnded(events) {
		w.gone.Store(true)
		w.peerGone.fire()
	}
	if events&unix.EPOLLIN != 0 || end {
		w.tellReadable()
	}
	if !end && w.reader.state.Load() == sideSeen {
		stats.sweepFinds.Add(1)
		w.odd.Store(true) // the sweep asked, and there is something to read
	}
	w.wakeReader()
}

// peerEnded reports whether events tell that the peer has ended its side or the connection.
// What the program has shut down itself, it hears of as well.
func (w *watchDesc) peerEnded(events uint32) bool {
	shut := w.shut.Load()
	switch {
	case events&unix.EPOLLERR != 0:
		return true
	case events&unix.EPOLLHUP != 0:
		return shut != shutRead|shutWrite
	}
	return events&unix.EPOLLRDHUP != 0 && shut&shutRead == 0
}

// tellReadable lets the callback run that waits for w to be readable, or notes that none does.
// Only the watcher calls it.
//
//go:norace
func (w *watchDesc) tellReadable() {
	if w.readable.disarm() {
		w.inVain = 0
		w.readable.enqueue()
	} else if w.inVain++; w.inVain >= eventsInVain && w.watchesRead.Load() {
		w.inVain = 0
		w.watchLess()
	}
}

// eventsInVain is how many events in a row may find no callback armed before the watch for
// them ends: the program reads in another way by now, or what it does takes long.
const eventsInVain = 4

// watchLess ends the watch for what a callback waits for, unless one is armed.
//
//go:norace
func (w *watchDesc) watchLess() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchesRead.Store(false)
	if w.readable.isArmed() { // after the store: whoever arms it now sees that, and waits for w.mu
		w.watchesRead.Store(true)
		return
	}
	if w.closed || w.index < 0 {
		return
	}
	events := uint32(unix.EPOLLET)
	if w.forEnd {
		events = watchEnd
	}
	w.ctl(unix.EPOLL_CTL_MOD, events)
}

// watchBuffers stay from one netwatch to the next.
type watchBuffers struct {
	events [netpollEvents]unix.EpollEvent
	look   []*watchDesc
}
