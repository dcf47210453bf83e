//go:build linux

package runtimehooks

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The states of a pollSema; see the package documentation. Any other value is
// a parked goroutine.
const (
	pdNil   uintptr = 0 // none of the others
	pdReady uintptr = 1 // a notification is pending; netpollblock consumes it
	pdWait  uintptr = 2 // a goroutine is about to park
)

// A pollSema is one side of a pollDesc: a binary semaphore on which at most
// one goroutine waits.
type pollSema struct {
	state   atomic.Uintptr
	parking //lint:ignore U1000 empty in some builds
}

// A pollDesc holds what our own poller knows about one descriptor.
//
// pollDescs are type-stable: pollCache hands them out again but never frees
// them, since an event or a timer may still name one after its descriptor was
// closed. fdseq tells events of an earlier use, the clock tells timers.
type pollDesc struct {
	link  *pollDesc     // in pollCache, guarded by its lock
	index int32         // place in pollCache, constant
	fd    int32         // constant while in use
	fdseq atomic.Uint32 // the tag of this use's events; changed by pollCache.free

	// atomicInfo is what netpollcheckerr needs of closing, rd and wd, which
	// we write under mu, in one word that it can read without the lock.
	//
	// Whoever changes those fields calls publishInfo before netpollunblock,
	// and netpollblock stores pdWait before it calls netpollcheckerr. Of the
	// two, store then load on either side, at least one sees the other: either
	// the waiter sees the new info and does not park, or netpollunblock sees
	// pdWait and undoes it. TestCloseDuringPark fails without this order.
	atomicInfo atomic.Uint32

	rg pollSema // the reader
	wg pollSema // the writer

	watched atomic.Uint32 // the events watched for; changed under mu

	mu      sync.Mutex // guards the following
	closing bool
	rd      int64       // read deadline in nanotime, 0 for none, -1 when it has passed
	wd      int64       // write deadline, likewise
	timer   *time.Timer // made for the first deadline
	timerAt int64       // when timer goes off, at the latest; 0 if it is not set
}

// pollInfo is the value of atomicInfo.
type pollInfo uint32

const (
	pollClosing pollInfo = 1 << iota
	pollEventErr
	pollExpiredReadDeadline
	pollExpiredWriteDeadline

	// The other bits are the low bits of fdseq, so that pollEventErr is set
	// and the tag of its event checked in one step.
	pollFlags      = 1<<4 - 1
	pollFDSeqShift = 4
	pollFDSeqMask  = 1<<(32-pollFDSeqShift) - 1
)

func (pd *pollDesc) info() pollInfo { return pollInfo(pd.atomicInfo.Load()) }

func (pd *pollDesc) sema(mode int) *pollSema {
	if mode == 'r' {
		return &pd.rg
	}
	return &pd.wg
}

// publishInfo makes closing, rd, wd and fdseq visible to netpollcheckerr. The
// caller holds pd.mu. pollEventErr stays as it is: atomicInfo is its only home.
// If the word would not change, as when a deadline only moves, it stores nothing.
//
// std: runtime.(*pollDesc).publishInfo
func (pd *pollDesc) publishInfo() {
	info := pollInfo(pd.fdseq.Load()&pollFDSeqMask) << pollFDSeqShift
	if pd.closing {
		info |= pollClosing
	}
	if pd.rd < 0 {
		info |= pollExpiredReadDeadline
	}
	if pd.wd < 0 {
		info |= pollExpiredWriteDeadline
	}
	for {
		old := pd.info()
		if old&^pollEventErr == info {
			return
		}
		if pd.atomicInfo.CompareAndSwap(uint32(old), uint32(info|old&pollEventErr)) {
			return
		}
	}
}

// setEventErr records whether the last event on the descriptor was nothing but
// an error, unless the event's tag is of an earlier use.
//
// std: runtime.(*pollDesc).setEventErr
func (pd *pollDesc) setEventErr(b bool, tag uint32) {
	for {
		old := pd.info()
		if old&pollEventErr != 0 == b || uint32(old)>>pollFDSeqShift != tag&pollFDSeqMask {
			return
		}
		if pd.atomicInfo.CompareAndSwap(uint32(old), uint32(old^pollEventErr)) {
			return
		}
	}
}

// pollOpen returns a pollDesc for fd. The poller watches fd once somebody calls watchNow
// or waits.
//
// std: runtime.poll_runtime_pollOpen
func pollOpen(fd uintptr) *pollDesc {
	pd := pollcache.alloc()
	pd.mu.Lock()
	pd.checkIdle("free")
	pd.fd = int32(fd)
	pd.closing = false
	pd.setEventErr(false, pd.fdseq.Load())
	pd.rg.state.Store(pdNil)
	pd.wg.state.Store(pdNil)
	pd.rd, pd.wd = 0, 0
	pd.watched.Store(0)
	pd.publishInfo()
	pd.mu.Unlock()
	return pd
}

// watchNow watches for the events of readers. When a writer waits for the first time,
// that wait adds the events of writers. watchNow returns an errno of epoll_ctl(2), or 0.
//
// deviation: write-watch-on-demand
func (pd *pollDesc) watchNow() int { return int(netpollwatch(pd, 'r')) }

// pollClose stops watching the descriptor, which pollUnblock has marked and
// which the caller closes next.
//
// The kernel would drop the watch at close(2), but not the file: a thread in
// epoll_wait(2) that looks at the file holds it until the call returns to the program.
// That thread may find nothing and first sleep for as long as nothing happens, and until
// then the peer would not see the end. TestCloseReachesPeer hangs without this call.
//
// std: runtime.poll_runtime_pollClose
func pollClose(pd *pollDesc) {
	if !pd.closing {
		panic("runtimehooks: PollClose without PollUnblock")
	}
	pd.checkIdle("closing")
	pd.unwatch()
	pollcache.free(pd)
}

// checkIdle panics if a goroutine waits on pd: somebody then dropped a reference to the
// descriptor too early, and a wake-up would be lost.
func (pd *pollDesc) checkIdle(what string) {
	rg, wg := pd.rg.state.Load(), pd.wg.state.Load()
	if rg > pdReady || wg > pdReady {
		panic(fmt.Sprintf("runtimehooks: waiter on %s descriptor %d: rg=%#x wg=%#x", what, pd.fd, rg, wg))
	}
}

// std: runtime.poll_runtime_pollReset
func pollReset(pd *pollDesc, mode int) int {
	if code := netpollcheckerr(pd, mode); code != NoError {
		return code
	}
	if s := pd.sema(mode); s.state.Load() != pdNil {
		s.state.Store(pdNil)
	}
	return NoError
}

// std: runtime.poll_runtime_pollWait
func pollWait(pd *pollDesc, mode int) int {
	for {
		if code := netpollcheckerr(pd, mode); code != NoError {
			return code
		}
		if errno := netpollwatch(pd, mode); errno != 0 {
			return -int(errno)
		}
		if netpollblock(pd, mode) {
			return NoError
		}
		// Something else than readiness woke us: a close, a deadline, or a
		// deadline that somebody moved before we could run. In that last case
		// we wait on.
	}
}

// std: runtime.poll_runtime_pollUnblock
func pollUnblock(pd *pollDesc) {
	pd.mu.Lock()
	if pd.closing {
		panic("runtimehooks: PollUnblock of a closing descriptor")
	}
	pd.closing = true
	pd.publishInfo()
	rg := netpollunblock(pd, 'r', false)
	wg := netpollunblock(pd, 'w', false)
	pd.stopTimer()
	pd.mu.Unlock()
	rg.ready()
	wg.ready()
}

// netpollcheckerr says why an operation in mode must not start or go on. An
// event error counts for readers only: a writer learns more from its own call.
//
// std: runtime.netpollcheckerr
func netpollcheckerr(pd *pollDesc, mode int) int {
	info := pd.info()
	switch {
	case info&pollFlags == 0:
		return NoError
	case info&pollClosing != 0:
		return ErrClosing
	case mode == 'r' && info&pollExpiredReadDeadline != 0,
		mode == 'w' && info&pollExpiredWriteDeadline != 0:
		return ErrTimeout
	case mode == 'r' && info&pollEventErr != 0:
		return ErrNotPollable
	}
	return NoError
}

// netpollblock parks the goroutine on one side of pd and reports whether that
// side became ready: false means that a deadline or a close ended the wait.
//
// std: runtime.netpollblock
func netpollblock(pd *pollDesc, mode int) bool {
	s := pd.sema(mode)
	if s.state.CompareAndSwap(pdReady, pdNil) {
		return true
	}
	// Whoever changes the state from pdWait takes us out of the count: an event, a
	// deadline or a close in netpollunblock, or we ourselves below.
	netpollAdjustWaiters(1)
	for !s.state.CompareAndSwap(pdNil, pdWait) {
		if s.state.CompareAndSwap(pdReady, pdNil) {
			netpollLeave()
			return true
		}
		// Readiness may have come between the two; anything else is a second
		// waiter, which fdMutex keeps out.
		if v := s.state.Load(); v > pdReady {
			panic(fmt.Sprintf("runtimehooks: two goroutines wait in mode %q: state %#x", rune(mode), v))
		}
	}
	// The store of pdWait comes before this load: see atomicInfo.
	if netpollcheckerr(pd, mode) == NoError {
		s.park()
	}
	// A notification may arrive up to this very swap, and must count.
	old := s.state.Swap(pdNil)
	if old > pdWait {
		panic(fmt.Sprintf("runtimehooks: woken in mode %q with state %#x", rune(mode), old))
	}
	if old == pdWait {
		netpollLeave()
	}
	return old == pdReady
}

// netpollunblock ends the wait on one side of pd, if there is one, and returns
// the goroutine that the caller must ready. It keeps readiness (ioready) for the next
// netpollblock. It does not keep a deadline or a close, because atomicInfo holds these.
//
// std: runtime.netpollunblock
func netpollunblock(pd *pollDesc, mode int, ioready bool) g {
	s := pd.sema(mode)
	for {
		old := s.state.Load()
		if old == pdReady || old == pdNil && !ioready {
			return noG
		}
		next := pdNil
		if ioready {
			next = pdReady
		}
		if !s.state.CompareAndSwap(old, next) {
			continue
		}
		if old == pdNil {
			return noG
		}
		if ioready {
			netpollAdjustWaiters(-1) // the poller, which looks after each batch
		} else {
			netpollLeave()
		}
		if old == pdWait {
			return noG // not parked yet: its commit fails
		}
		return s.parked(old)
	}
}

// netpollLeave takes a waiter out of the count. The last waiter makes the poller stop
// waiting for events.
func netpollLeave() {
	if netpollAdjustWaiters(-1) == 0 {
		netpollBreak()
	}
}

// netpollready notes that the descriptor of pd is ready in mode 'r', 'w' or 'r'+'w', and
// appends the goroutines that waited for that to toRun.
//
// std: runtime.netpollready
func netpollready(toRun []g, pd *pollDesc, mode int) []g {
	if mode == 'r' || mode == 'r'+'w' {
		if rg := netpollunblock(pd, 'r', true); rg != noG {
			toRun = append(toRun, rg)
		}
	}
	if mode == 'w' || mode == 'r'+'w' {
		if wg := netpollunblock(pd, 'w', true); wg != noG {
			toRun = append(toRun, wg)
		}
	}
	return toRun
}
