//go:build linux && (!net2_runtime || net2_portable)

package runtimehooks

import (
	"fmt"
	"math"
	"time"
)

var epoch = time.Now()

// nanotime is the monotonic clock that deadlines are kept in.
func nanotime() int64 { return int64(time.Since(epoch)) }

// A deadlineTimer ends the wait on one side of a PollDesc, or on both, when a
// deadline has passed.
//
// time.Timer.Stop does not wait for a function that has already started, so
// the function may run after the deadline was moved. Therefore a timer carries
// the sequence number of the deadline for which it was set, and does nothing
// when the descriptor is at another by then. A timer whose function may still
// come is never set anew: it keeps its number, and another takes its place.
type deadlineTimer struct {
	pd    *PollDesc
	timer *time.Timer

	// Guarded by pd.mu.
	seq  uint64 // rseq or wseq of the deadline it was set for
	mode int    // whom it wakes: 'r', 'w' or 'r'+'w'
	set  bool   // its function has yet to run
}

// arm sets t, or a new timer in its place, to go off in d and returns it. The
// caller holds pd.mu.
func (t *deadlineTimer) arm(pd *PollDesc, mode int, seq uint64, d time.Duration) *deadlineTimer {
	if t == nil || !t.stop() {
		t = &deadlineTimer{pd: pd, mode: mode, seq: seq, set: true}
		t.timer = time.AfterFunc(d, t.fire)
		return t
	}
	t.mode, t.seq, t.set = mode, seq, true
	t.timer.Reset(d)
	return t
}

// stop reports whether t's function has run or will not run. The caller holds
// pd.mu.
func (t *deadlineTimer) stop() bool {
	if t == nil || !t.set {
		return true
	}
	t.set = !t.timer.Stop()
	return !t.set
}

// fire is the timer's function.
func (t *deadlineTimer) fire() {
	pd := t.pd
	pd.mu.Lock()
	t.set = false
	seq := pd.rseq
	if t.mode == 'w' {
		seq = pd.wseq
	}
	if t.seq != seq {
		pd.mu.Unlock()
		return
	}
	rg, wg := netpolldeadlineimpl(pd, t.mode)
	pd.mu.Unlock()
	rg.ready()
	wg.ready()
	stats.deadlinesFired.Add(1)
}

// netpolldeadlineimpl marks the deadlines of mode as passed and returns who
// waited for less. The caller holds pd.mu.
//
// std: runtime.netpolldeadlineimpl
func netpolldeadlineimpl(pd *PollDesc, mode int) (rg, wg g) {
	if mode != 'w' && pd.rd <= 0 || mode != 'r' && pd.wd <= 0 {
		panic(fmt.Sprintf("runtimehooks: timer without deadline: mode %d rd=%d wd=%d", mode, pd.rd, pd.wd))
	}
	if mode != 'w' {
		pd.rd = -1
	}
	if mode != 'r' {
		pd.wd = -1
	}
	pd.publishInfo()
	if mode != 'w' {
		rg = netpollunblock(pd, 'r', false)
	}
	if mode != 'r' {
		wg = netpollunblock(pd, 'w', false)
	}
	return rg, wg
}

// PollSetDeadline sets the deadline of mode 'r', 'w' or 'r'+'w' to d
// nanoseconds from now. 0 clears it; a negative d is a deadline that has
// passed, which ends a wait at once.
//
// Where both sides have the same deadline, one timer serves both.
//
// std: runtime.poll_runtime_pollSetDeadline
func PollSetDeadline(pd *PollDesc, d int64, mode int) {
	pd.mu.Lock()
	if pd.closing {
		pd.mu.Unlock()
		return
	}
	now := nanotime()
	if d > 0 {
		if d += now; d <= 0 {
			d = math.MaxInt64
		}
	}
	rd0, wd0 := pd.rd, pd.wd
	if mode != 'w' {
		pd.rd = d
	}
	if mode != 'r' {
		pd.wd = d
	}
	pd.publishInfo()

	both0 := rd0 > 0 && rd0 == wd0
	both := pd.rd > 0 && pd.rd == pd.wd
	if pd.rd != rd0 || both != both0 {
		pd.rseq++
		switch {
		case both:
			pd.rt = pd.rt.arm(pd, 'r'+'w', pd.rseq, time.Duration(pd.rd-now))
		case pd.rd > 0:
			pd.rt = pd.rt.arm(pd, 'r', pd.rseq, time.Duration(pd.rd-now))
		default:
			pd.rt.stop()
		}
	}
	if pd.wd != wd0 || both != both0 {
		pd.wseq++
		if pd.wd > 0 && !both {
			pd.wt = pd.wt.arm(pd, 'w', pd.wseq, time.Duration(pd.wd-now))
		} else {
			pd.wt.stop()
		}
	}

	var rg, wg g
	if pd.rd < 0 {
		rg = netpollunblock(pd, 'r', false)
	}
	if pd.wd < 0 {
		wg = netpollunblock(pd, 'w', false)
	}
	pd.mu.Unlock()
	rg.ready()
	wg.ready()
}
