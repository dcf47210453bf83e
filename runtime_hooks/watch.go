//go:build linux

package runtimehooks

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The watch: a small epoll instance beside the poller, for what the poller does not tell.
//
// The poller wakes whoever waits, and does not say for what. A descriptor that needs more
// gets a watchDesc here too. Two epoll instances that watch the same descriptor do not
// disturb each other. The instance, and the goroutine that takes its events (watcher), are
// there as long as a descriptor needs them.

// A watchDesc is a descriptor's place in the watch.
//
// It refers to nothing by which the garbage collector would take its connection for one
// that is in use.
type watchDesc struct {
	fd    int32  // constant
	index int32  // place in watches, constant
	tag   uint32 // of its events, constant

	// ended says that the peer has ended its side or reset the connection; it stays
	// so. The watcher stores it before it looks at the state of drained, and a reader
	// stores that state before it looks at ended: of the two, at least one sees the
	// other. TestDrainedReaderSeesTheEnd fails without this order.
	ended atomic.Bool

	drained drainedReader

	mu     sync.Mutex // guards the following
	events uint32     // what the kernel watches for
	closed bool
}

// watchEnd is what we watch for from the beginning. EPOLLHUP and EPOLLERR need not be
// asked for.
const watchEnd = unix.EPOLLRDHUP | unix.EPOLLET

// watches holds the watchDescs that are in use. An event carries the place and the tag of
// its watchDesc; if the tag is another one's, somebody has closed the descriptor since.
var watches struct {
	mu      sync.Mutex
	ready   bool
	epfd    int // while ready is set
	descs   []*watchDesc
	free    []int32
	inUse   int
	lastTag uint32
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

// openWatch returns a watchDesc for fd that watches for the end, or an errno of
// epoll_create1(2) or epoll_ctl(2). If the end has come already, its event comes now.
//
//go:norace
func openWatch(fd int, target drainedTarget) (*watchDesc, unix.Errno) {
	watches.mu.Lock()
	defer watches.mu.Unlock()
	if errno := watchInit(); errno != 0 {
		return nil, errno
	}
	watches.lastTag++
	w := &watchDesc{fd: int32(fd), tag: watches.lastTag}
	if n := len(watches.free); n > 0 {
		w.index = watches.free[n-1]
		watches.free = watches.free[:n-1]
	} else {
		w.index = int32(len(watches.descs))
		watches.descs = append(watches.descs, nil)
	}
	w.drained.drainedTarget = target
	watches.descs[w.index] = w
	watches.inUse++
	if errno := w.ctl(unix.EPOLL_CTL_ADD, watchEnd); errno != 0 {
		w.forget()
		return nil, errno
	}
	return w, 0
}

// forget gives the place of w back. The caller holds watches.mu. The watcher ends the watch
// when it has slept enough with nobody in it.
//
//go:norace
func (w *watchDesc) forget() {
	watches.descs[w.index] = nil
	watches.free = append(watches.free, w.index)
	if watches.inUse--; watches.inUse == 0 {
		needWatcher()
	}
}

// close ends the watch. The caller closes the descriptor next; see pollClose on why the
// kernel must not be left to it.
//
//go:norace
func (w *watchDesc) close() {
	raceDisable()
	defer raceEnable()
	w.mu.Lock()
	w.closed = true
	w.ctl(unix.EPOLL_CTL_DEL, 0)
	w.mu.Unlock()
	watches.mu.Lock()
	w.forget()
	watches.mu.Unlock()
}

// watchDesc returns the place of pd in the watch, or nil.
func (pd *PollDesc) watchDesc() *watchDesc {
	raceDisable()
	defer raceEnable()
	return pd.ends.Load()
}

// unwatchEnd ends the watch if there is one.
func (pd *PollDesc) unwatchEnd() {
	if w := pd.watchDesc(); w != nil {
		w.close()
	}
}

// ctl changes what the kernel watches for; see epoll_ctl(2). The caller holds w.mu, or
// nobody else knows w.
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
func netwatch(b *watchBuffers) {
	for {
		n, errno := epollPwait(watches.epfd, b.events[:])
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return // a filter of system calls; whoever depends on the watch has the sweep
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
func (w *watchDesc) happened(events uint32) {
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		w.ended.Store(true)
	} else if w.drained.state.Load() == drainedSeen {
		stats.sweepFinds.Add(1)
		w.drained.odd.Store(true) // the sweep asked, and there is something to read
	}
	w.wakeDrained()
}

// watchBuffers stay from one netwatch to the next.
type watchBuffers struct {
	events [netpollEvents]unix.EpollEvent
	look   []*watchDesc
}
