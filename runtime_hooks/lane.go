//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"sync"

	"golang.org/x/sys/unix"
)

// Lanes.
//
// A goroutine that our poller readies was found by another, the poller's, and
// started by goready, which wakes an idle processor to help. Among many
// connections that is shared by a batch and is what they need anyway. A
// connection that goes to and fro alone pays it each time.
//
// A lane is an epoll instance for one descriptor, watched by the runtime like
// the poller's. Whoever reads that descriptor waits in the runtime itself, and
// is continued by the thread that saw the event, as in net. There are a few
// lanes; a descriptor whose reader has parked often enough gets one, if one is
// free, and keeps it until it is closed. Its other side, and errors, stay with
// the poller.
//
// Nobody takes events off a lane's epoll: its one descriptor stays on the ready
// list. When more comes, the kernel looks at the list again and tells the
// runtime if there is something to read.

const (
	// numLanes suits the goroutines that two processors keep going to and fro;
	// BenchmarkEcho with one connection needs two.
	numLanes = 4

	// laneAfter is how often a reader has parked before it gets a lane. A
	// connection of a few requests is over by then.
	laneAfter = 32

	// laneMaxOpen is with how many descriptors open a lane is still given out.
	// Where there are more, the poller wakes readers in batches, and a few that
	// stay out of them cost more than they save: BenchmarkEcho with 64
	// connections had 0.94 of net's throughput with lanes and 1.01 without.
	laneMaxOpen = 16
)

// A lane parks the reader of one descriptor in the runtime.
//
// deviation: reader-lane
type lane struct {
	epfd int
	ctx  *runtimePollDesc // of epfd
}

var lanes struct {
	mu   sync.Mutex
	free []*lane
}

// pdLane stands in a pollSema's state while its goroutine waits on a lane. Like
// a goroutine's pointer it ends by a swap that one party wins; if that is not
// the goroutine itself, the winner owes it a kick.
const pdLane uintptr = 3

// initLanes makes the lanes. They are not vital: where the kernel refuses,
// there are fewer.
func initLanes() {
	runtime_pollServerInit()
	for range numLanes {
		epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return
		}
		ctx, errno := runtime_pollOpen(uintptr(epfd))
		if errno != 0 {
			unix.Close(epfd)
			return
		}
		lanes.free = append(lanes.free, &lane{epfd, ctx})
	}
}

// promote gives the descriptor of pd a lane, when its reader, who is about to
// park, has done so often enough. Nothing is lost on the way: the poller stops
// to watch for data before the lane begins, and what has come until then makes
// the lane ready when it begins.
func (pd *PollDesc) promote() {
	if pd.parks++; pd.parks != laneAfter {
		return
	}
	if pollcache.opened() > laneMaxOpen {
		pd.parks = 0 // try again later
		return
	}
	lanes.mu.Lock()
	defer lanes.mu.Unlock()
	n := len(lanes.free)
	if n == 0 {
		pd.parks = 0 // try again later
		return
	}
	l := lanes.free[n-1]
	runtime_pollReset(l.ctx, 'r')
	if epollctl(netpollServer.epfd, unix.EPOLL_CTL_MOD, pd, ^pd.index, unix.EPOLLOUT|unix.EPOLLET) != 0 {
		return
	}
	if epollctl(l.epfd, unix.EPOLL_CTL_ADD, pd, pd.index, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLET) != 0 {
		epollctl(netpollServer.epfd, unix.EPOLL_CTL_MOD, pd, pd.index, netpollMask)
		return
	}
	lanes.free = lanes.free[:n-1]
	pd.lane.Store(l)
}

// demote takes the lane from pd, which is being closed and has no waiter.
func (pd *PollDesc) demote(remove bool) {
	pd.parks = 0
	l := pd.lane.Swap(nil)
	if l == nil {
		return
	}
	if remove {
		epollctl(l.epfd, unix.EPOLL_CTL_DEL, pd, 0, 0)
	}
	lanes.mu.Lock()
	lanes.free = append(lanes.free, l)
	lanes.mu.Unlock()
}

// prepare forgets a notification that came before.
func (l *lane) prepare() {
	if l != nil {
		runtime_pollReset(l.ctx, 'r')
	}
}

// wait parks the goroutine until the descriptor has something to read, which
// leaves s ready, or somebody else has taken the state away.
func (l *lane) wait(s *pollSema) {
	if !s.state.CompareAndSwap(pdWait, pdLane) {
		return
	}
	code := runtime_pollWait(l.ctx, 'r')
	if s.state.CompareAndSwap(pdLane, pdReady) {
		return
	}
	// The kick may still be on its way. It must not hit the next wait. And what
	// we were woken for beside it must count: the descriptor will not say it
	// again. TestLaneEventBesideKickIsNotLost fails without that.
	ready := false
	for code != ErrTimeout {
		ready = true
		code = runtime_pollWait(l.ctx, 'r')
	}
	runtime_pollSetDeadline(l.ctx, 0, 'r')
	if ready {
		s.state.CompareAndSwap(pdNil, pdReady)
	}
}

// kick ends the wait of the goroutine whose pdLane was taken away.
func (l *lane) kick() { runtime_pollSetDeadline(l.ctx, -1, 'r') }
