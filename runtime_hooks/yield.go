//go:build linux && !net2_portable

package runtimehooks

import "sync/atomic"

// Giving way instead of parking.
//
// Beside goroutines that compute, a reader that parks pays twice: with every
// processor busy nobody looks for events but the runtime's monitor, once in
// 10 ms, and what it finds queues behind a time slice of each of the others. So
// while the processors are saturated a reader stays runnable: it lets the
// goroutines of its own processor run, and tries its system call again, some
// times before it parks. The peer has often answered by then.
//
// If some processors are idle, that is work for nothing. To learn whether all are busy, a
// reader now and then gives way and looks at the clock: if all other goroutines wait for the
// network, their turns are over long before a time slice is. Another process may have caused
// one slow turn; it has not caused a second one among the next few. When hardly any turn
// takes a time slice any more, the processors no longer count as saturated.
//
// A reader that gave way stands at the end of a run queue, where no timer reaches it. So a
// reader whose deadline is near parks, as in net. RawConn.Read always parks, because its
// caller sees each attempt.

const (
	// yieldProbe is how often a reader waits before it may give way once as a test.
	yieldProbe = 16

	// yieldEvery is the least time, in nanoseconds, between two such tests.
	yieldEvery = 1e6

	// yieldSuspect is how many turns we watch after a slow one. The scheduler puts
	// the goroutines that it preempts into the queue of all processors, and looks
	// there before it looks at its own queue one time in 61.
	yieldSuspect = 128

	// yieldMax is how often a reader gives way in one operation.
	yieldMax = 16

	// yieldMost is how many readers give way at a time. The turns of more of
	// them would take as long as a time slice, and the reader that is at the
	// end of so many is better off parked.
	yieldMost = 64

	// yieldSlice is the least time, in nanoseconds, that a turn takes if somebody
	// computed: the runtime preempts after 10 ms.
	yieldSlice = 8e6

	// yieldHold is how long, in nanoseconds, the processors then count as
	// saturated.
	yieldHold = 100e6

	// yieldNear is how far off, in nanoseconds, a deadline must be. A turn
	// takes some time slices at most.
	yieldNear = 1e9

	// If fewer than yieldSlow of yieldReview turns took yieldSlice, the processors
	// no longer count as saturated. Beside goroutines that compute, one turn in
	// four to one in thirty does; beside other processes, one in a thousand.
	yieldReview = 512
	yieldSlow   = 8
)

// Nothing depends on the order of the stores to these, or on any other memory. If a store
// gets lost, we judge the processors wrongly until the next review or the end of yieldHold.
var (
	// saturatedUntil is the time in nanotime until which the processors count as
	// saturated; 0 if they do not.
	saturatedUntil atomic.Int64

	// slowTurns counts, between two reviews, the turns that took yieldSlice.
	slowTurns atomic.Int32

	// suspicion is how many more turns we watch after a slow one.
	suspicion atomic.Int32

	// nextProbe is the time in nanotime from which on a reader may give way as a test.
	nextProbe atomic.Int64

	// yielding is how many readers are giving way now.
	yielding atomic.Int32
)

// yield is PollYield for a descriptor of the runtime's poller.
func (pd *runtimeDesc) yield(yields int) bool {
	raceDisable()
	defer raceEnable()
	until := saturatedUntil.Load()
	if until == 0 {
		return yields == 0 && pd.probe()
	}
	begin := nanotime()
	if until < begin {
		saturatedUntil.CompareAndSwap(until, 0)
		return false
	}
	if pd.deadlineNear(begin) || !giveWay() {
		return false
	}
	turn := stats.yields.Add(1)
	if end := nanotime(); end-begin > yieldSlice {
		slowTurn(end)
	}
	if turn%yieldReview == 0 {
		review()
	}
	return true
}

// saturated reports whether the processors count as saturated. If their time is over, the
// next call of yield finds that out.
func saturated() bool { return saturatedUntil.Load() != 0 }

// giveWay lets the other goroutines of this processor run, unless too many give
// way already, and reports whether it did.
func giveWay() bool {
	defer yielding.Add(-1)
	if yielding.Add(1) > yieldMost {
		return false
	}
	goyield()
	return true
}

// deadlineNear reports whether the read deadline comes too soon for giving way.
func (pd *runtimeDesc) deadlineNear(now int64) bool {
	rd := pd.rd.Load()
	return rd != 0 && rd-now < yieldNear
}

// probe gives way once, if it is time to measure how long that takes, and reports whether
// it did.
func (pd *runtimeDesc) probe() bool {
	suspect := suspicion.Load() > 0
	pd.waits++
	if !suspect && pd.waits%yieldProbe != 0 {
		return false
	}
	begin, next := nanotime(), nextProbe.Load()
	if !suspect && (begin < next || !nextProbe.CompareAndSwap(next, begin+yieldEvery)) {
		return false
	}
	if pd.deadlineNear(begin) || !giveWay() {
		return false
	}
	stats.yields.Add(1)
	end := nanotime()
	switch slow := end-begin > yieldSlice; {
	case slow && suspect:
		suspicion.Store(0)
		slowTurn(end)
	case slow:
		suspicion.Store(yieldSuspect)
	case suspect:
		suspicion.Add(-1)
	}
	return true
}

// slowTurn notes that giving way, which ended at now, took as long as a time slice. The
// first slow turn counts for as many as the next review asks for, because that review may
// come soon.
func slowTurn(now int64) {
	if saturatedUntil.Swap(now+yieldHold) == 0 {
		slowTurns.Store(yieldSlow)
	} else {
		slowTurns.Add(1)
	}
}

// review ends the state of saturation if the turns no longer show it.
func review() {
	if slowTurns.Swap(0) < yieldSlow {
		saturatedUntil.Store(0)
	}
}
