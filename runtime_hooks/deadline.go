//go:build linux

package runtimehooks

import (
	"math"
	"time"
)

// Deadlines.
//
// A pollDesc has one timer for both its sides. It goes off no later than the
// earlier of the two deadlines; its function then looks at the clock, marks
// what has passed, and sets the timer for what has not. So a deadline that is
// moved to a later time, as before each read of a server with a read timeout,
// or cleared, leaves the timer alone.
//
// time.Timer.Stop and Reset do not wait for a function that has started. One
// that comes late, after the deadline was moved or after the descriptor was
// closed and its pollDesc given to another, does no harm: it finds that nothing
// has passed. The runtime, whose timer functions are told what they were set
// for and not what time it is, needs a sequence number for that.

// std: runtime.poll_runtime_pollSetDeadline
func pollSetDeadline(pd *pollDesc, d int64, mode int) {
	pd.mu.Lock()
	if pd.closing {
		pd.mu.Unlock()
		return
	}
	if d > 0 {
		if d += nanotime(); d <= 0 {
			d = math.MaxInt64
		}
	}
	if mode != 'w' {
		pd.rd = d
	}
	if mode != 'r' {
		pd.wd = d
	}
	pd.publishInfo()
	pd.setTimer()
	rg, wg := pd.unblockExpired()
	pd.mu.Unlock()
	rg.ready()
	wg.ready()
}

// deadlines returns the deadlines in nanotime: 0 if there is no deadline, -1 if it has
// passed.
func (pd *pollDesc) deadlines() (rd, wd int64) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return pd.rd, pd.wd
}

// fromNow turns a deadline in nanotime into the form that PollSetDeadline takes.
func fromNow(at int64) int64 {
	if at <= 0 {
		return at
	}
	if d := at - nanotime(); d > 0 {
		return d
	}
	return -1
}

// setTimer makes sure that the timer goes off no later than the earlier deadline. The
// caller holds pd.mu.
func (pd *pollDesc) setTimer() {
	d := pd.rd
	if d <= 0 || 0 < pd.wd && pd.wd < d {
		d = pd.wd
	}
	if d <= 0 || 0 < pd.timerAt && pd.timerAt <= d {
		return
	}
	pd.timerAt = d
	left := time.Duration(d - nanotime())
	if pd.timer != nil && !bubbled() {
		pd.timer.Reset(left)
		return
	}
	inRealTime(func() {
		if pd.timer == nil {
			pd.timer = time.AfterFunc(left, func() { netpollDeadline(pd) })
		} else {
			pd.timer.Reset(left)
		}
	})
}

// stopTimer stops the timer of a descriptor that somebody is closing. The caller holds
// pd.mu.
func (pd *pollDesc) stopTimer() {
	if pd.timerAt > 0 {
		pd.timer.Stop()
		pd.timerAt = 0
	}
}

// netpollDeadline is the timer's function.
//
// std: runtime.netpollDeadline
func netpollDeadline(pd *pollDesc) {
	pd.mu.Lock()
	pd.timerAt = 0
	if pd.closing {
		pd.mu.Unlock()
		return
	}
	rg, wg := netpolldeadlineimpl(pd, nanotime())
	pd.mu.Unlock()
	rg.ready()
	wg.ready()
}

// netpolldeadlineimpl marks the deadlines that have passed, sets the timer for
// one that has not, and returns whoever need not wait any longer. The caller
// holds pd.mu.
//
// std: runtime.netpolldeadlineimpl
func netpolldeadlineimpl(pd *pollDesc, now int64) (rg, wg g) {
	if 0 < pd.rd && pd.rd <= now {
		pd.rd = -1
		stats.deadlinesFired.Add(1)
	}
	if 0 < pd.wd && pd.wd <= now {
		pd.wd = -1
		stats.deadlinesFired.Add(1)
	}
	pd.publishInfo()
	pd.setTimer()
	return pd.unblockExpired()
}

// unblockExpired ends the waits whose deadline has passed. The caller holds
// pd.mu and has published that.
func (pd *pollDesc) unblockExpired() (rg, wg g) {
	if pd.rd < 0 {
		rg = netpollunblock(pd, 'r', false)
	}
	if pd.wd < 0 {
		wg = netpollunblock(pd, 'w', false)
	}
	return rg, wg
}
