//go:build linux

package runtimehooks

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Our own poller: an epoll instance whose events one goroutine takes.
//
// That goroutine, poller, waits in turn in the runtime's poller, which watches
// our epoll descriptor, so that no thread blocks on our behalf. When our epoll has
// events the runtime wakes it; it takes them with epoll_wait(2) and timeout 0 and
// readies whoever waited for them.
//
// The runtime watches our descriptor edge-triggered: an event that comes while
// we take others is a new edge and ends the next wait at once. So the poller takes
// events until a call returns fewer than there was room for, and only then waits again.

// netpollEvents is how many events one epoll_wait takes, the runtime's number.
const netpollEvents = 128

var netpollServer struct {
	mu    sync.Mutex
	ready atomic.Bool
	epfd  int // valid once ready is set
}

// netpollGenericInit starts our own poller, once. If it fails, it returns the errno, and
// may be called again.
//
// std: runtime.netpollGenericInit
func netpollGenericInit() error {
	if netpollServer.ready.Load() {
		return nil
	}
	netpollServer.mu.Lock()
	defer netpollServer.mu.Unlock()
	if netpollServer.ready.Load() {
		return nil
	}
	if errno := netpollinit(); errno != 0 {
		return errno
	}
	netpollServer.ready.Store(true)
	return nil
}

// netpollinit makes the epoll instance and starts the goroutine that waits for
// it. The caller holds netpollServer.mu.
//
// std: runtime.netpollinit
// deviation: nested-poller
func netpollinit() unix.Errno {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err.(unix.Errno)
	}
	if errno := startPoller(epfd); errno != 0 {
		return errno
	}
	netpollServer.epfd = epfd
	return 0
}

// The events that we watch for, edge-triggered, on behalf of readers and of writers.
const (
	netpollIn  = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	netpollOut = unix.EPOLLOUT | unix.EPOLLET
)

// netpollwatch makes sure that we watch the descriptor of pd for the events of waiters in
// mode 'r' or 'w'. We do not watch for more, because watching costs: each datagram that
// leaves makes its socket writable again, and so does each byte that the peer of a unix
// socket reads. With EPOLLOUT from the beginning BenchmarkUDPEcho had 0.68 of net's
// throughput; without, it has as much as net.
//
// We do not miss what came after the waiter looked: EPOLL_CTL_ADD and EPOLL_CTL_MOD report
// what is there already.
func netpollwatch(pd *pollDesc, mode int) unix.Errno {
	events := uint32(netpollIn)
	if mode == 'w' {
		events |= netpollOut
	}
	if pd.watched.Load()&events == events {
		return 0
	}
	pd.mu.Lock()
	defer pd.mu.Unlock()
	watched := pd.watched.Load()
	events |= watched
	if events == watched {
		return 0
	}
	change := netpollopen
	if watched != 0 {
		change = netpollmodify
	}
	errno := change(pd, events)
	if errno == 0 {
		pd.watched.Store(events)
	}
	return errno
}

// netpollopen watches the descriptor of pd.
//
// std: runtime.netpollopen
func netpollopen(pd *pollDesc, events uint32) unix.Errno {
	return epollctl(netpollServer.epfd, unix.EPOLL_CTL_ADD, pd, events)
}

// netpollmodify changes the events that we watch for.
func netpollmodify(pd *pollDesc, events uint32) unix.Errno {
	return epollctl(netpollServer.epfd, unix.EPOLL_CTL_MOD, pd, events)
}

// unwatch ends the watch if netpollwatch began one. Nobody begins another, because pd is
// being closed.
func (pd *pollDesc) unwatch() {
	if pd.watched.Load() != 0 {
		netpollclose(pd)
		pd.watched.Store(0)
	}
}

// netpollclose stops watching the descriptor of pd.
//
// std: runtime.netpollclose
func netpollclose(pd *pollDesc) unix.Errno {
	return epollctl(netpollServer.epfd, unix.EPOLL_CTL_DEL, pd, 0)
}

// epollctl changes how we watch the descriptor of pd; see epoll_ctl(2). An event carries
// the index of pd and the tag of this use, not a pointer. As long as we do not watch for
// EPOLLOUT, it carries the complement of the index.
func epollctl(epfd, op int, pd *pollDesc, events uint32) unix.Errno {
	index := pd.index
	if events != netpollIn|netpollOut {
		index = ^index
	}
	ev := unix.EpollEvent{Events: events, Fd: index, Pad: int32(pd.fdseq.Load())}
	if err := unix.EpollCtl(epfd, op, int(pd.fd), &ev); err != nil {
		return err.(unix.Errno)
	}
	return 0
}

// netpollBuffers stay from one netpoll to the next: on its stack, every call would have to
// clear their 6 KiB.
type netpollBuffers struct {
	events [netpollEvents]unix.EpollEvent
	batch  [2 * netpollEvents]g // each event wakes at most two
}

// netpoll takes the events that are there and readies whoever waited for them. Only one
// goroutine may call it.
//
// std: runtime.netpoll
func netpoll(epfd int, b *netpollBuffers) {
	events, batch := &b.events, &b.batch
	for {
		n, err := unix.EpollWait(epfd, events[:], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			panic("runtimehooks: epoll_wait: " + err.Error())
		}
		stats.polls.Add(1)
		toRun := netpollevents(events[:n], batch[:0])
		for _, gp := range toRun {
			gp.ready()
		}
		if len(toRun) > 0 {
			stats.batches.Add(1)
		}
		if n < len(events) {
			return
		}
	}
}

// netpollevents appends to toRun the goroutines that waited for events. If the tag of an
// event is not the tag of its pollDesc's present use, somebody has closed the descriptor
// since, and netpollevents drops the event.
func netpollevents(events []unix.EpollEvent, toRun []g) []g {
	stats.events.Add(uint64(len(events)))
	for i := range events {
		ev := &events[i]
		inOnly := ev.Fd < 0
		pd, tag := pollcache.at(max(ev.Fd, ^ev.Fd)), uint32(ev.Pad)
		if pd == nil || pd.fdseq.Load() != tag {
			stats.staleEvents.Add(1)
			continue
		}
		mode := 0
		if ev.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			mode += 'r'
		}
		if ev.Events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			mode += 'w'
		}
		if mode != 0 {
			// An error alone means that there is no other event. As long as we do
			// not watch for EPOLLOUT, we do not know that.
			pd.setEventErr(ev.Events == unix.EPOLLERR && !inOnly, tag)
			toRun = netpollready(toRun, pd, mode)
		}
	}
	return toRun
}
