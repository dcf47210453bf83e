//go:build linux && !net2_portable

package runtimehooks

import (
	"fmt"
	"sync"
	_ "unsafe" // for go:linkname

	"golang.org/x/sys/unix"
)

// pollerDesc is our epoll descriptor's place in the runtime's poller.
var pollerDesc *runtimePollDesc

// startPoller puts our epoll descriptor into the runtime's poller and starts
// the goroutine that waits for it; or it closes the descriptor, and returns the
// errno of what failed.
func startPoller(epfd int) unix.Errno {
	runtime_pollServerInit()
	rpd, errno := runtime_pollOpen(uintptr(epfd))
	if errno != 0 {
		unix.Close(epfd)
		return unix.Errno(errno)
	}
	pollerDesc, pollerFD = rpd, epfd
	go poller()
	return 0
}

var pollerFD int // for poller, which must not have a parameter

// poller readies whoever waits for events of our epoll.
//
// Its symbol lies in the runtime, and so the runtime takes its goroutine for
// one of its own: it stands in no dump or profile, counts nowhere, and is part
// of no bubble of testing/synctest, whoever starts it. A go statement with
// arguments would start a function of this package instead.
//
//go:linkname poller runtime.net2_poller
func poller() {
	b := new(netpollBuffers)
	for {
		sleepWhileNobodyWaits()
		switch code := runtime_pollWait(pollerDesc, 'r'); code {
		case NoError:
			netpoll(pollerFD, b)
		case ErrTimeout: // netpollBreak
			runtime_pollSetDeadline(pollerDesc, 0, 'r')
		default:
			panic(fmt.Sprintf("runtimehooks: the runtime's poller no longer watches ours: code %d", code))
		}
	}
}

// netpollBreak ends the poller's wait, for nobody waits for it any more: it
// looks at netpollWaiters next.
//
// The caller has changed netpollWaiters before. The poller clears the deadline
// before it looks. So it sees the change, or its next wait ends at once.
//
// std: runtime.netpollBreak
func netpollBreak() { runtime_pollSetDeadline(pollerDesc, -1, 'r') }

// outside is how inRealTime and callOutside meet. The channel is made with the
// package, and so belongs to no bubble.
var outside = struct {
	mu   sync.Mutex
	f    func()
	done chan struct{}
}{done: make(chan struct{})}

// inRealTime calls f outside any bubble of testing/synctest. What is made in a
// bubble belongs to it: a timer keeps the bubble's time, and others must not
// touch a channel. Sockets live in real time there too.
func inRealTime(f func()) {
	if !bubbled() {
		f()
		return
	}
	outside.mu.Lock()
	defer outside.mu.Unlock()
	outside.f = f
	go callOutside()
	<-outside.done
}

// callOutside calls the function that inRealTime left for it, in a system
// goroutine, which is part of no bubble.
//
//go:linkname callOutside runtime.net2_callOutside
func callOutside() {
	outside.f()
	outside.done <- struct{}{}
}
