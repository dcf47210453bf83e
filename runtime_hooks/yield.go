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
// With processors to spare that is work for nothing. That they are saturated is
// learnt from now and then giving way with a look at the clock: where all others
// wait for the network, everyone's turn is over long before a time slice is. One
// slow turn may have been another process's; a second one among the next few was
// not. It is unlearnt when hardly any turn takes a time slice any more.
//
// A reader that gave way stands at the end of a run queue, where no timer
// reaches it. So one whose deadline is near parks, as in net. RawConn.Read
// always does, for its caller sees each attempt.

const (
	// yieldProbe is how often a reader waits before it may give way once, to see.
	yieldProbe = 16

	// yieldEvery is how long, in nanoseconds, nobody does so after one did.
	yieldEvery = 1e6

	// yieldSuspect is how many turns are watched after a slow one. The scheduler
	// looks at the queue of all processors, where it puts whom it preempts, before
	// its own one time in 61.
	yieldSuspect = 128

	// yieldMax is how often a reader gives way in one operation.
	yieldMax = 16

	// yieldMost is how many readers give way at a time. The turns of more of
	// them would take as long as a time slice, and the reader that is at the
	// end of so many is better off parked.
	yieldMost = 64

	// yieldSlice is how long it takes, in nanoseconds, when somebody computed:
	// the runtime preempts after 10 ms.
	yieldSlice = 8e6

	// yieldHold is for how long, in nanoseconds, the processors then pass for
	// saturated.
	yieldHold = 100e6

	// yieldNear is how far off, in nanoseconds, a deadline must be. A turn
	// takes some time slices at most.
	yieldNear = 1e9

	// Of yieldReview turns yieldSlow must have taken yieldSlice, lest the
	// processors no longer pass for saturated. Beside goroutines that compute it
	// is one in four to one in thirty, beside other processes one in a thousand.
	yieldReview = 512
	yieldSlow   = 8
)

// Nothing depends on the order of the following, or on any other memory: a
// store that gets lost makes the processors pass for what they are not until the
// next review or the end of yieldHold.
var (
	// saturatedUntil is the time in nanotime until which the processors pass for
	// saturated; 0 if they do not.
	saturatedUntil atomic.Int64

	// slowTurns counts, between two reviews, the turns that took yieldSlice.
	slowTurns atomic.Int32

	// suspicion is how many turns are still to be watched after a slow one.
	suspicion atomic.Int32

	// nextProbe is the time in nanotime from which a reader may give way to see.
	nextProbe atomic.Int64

	// yielding is how many readers give way at present.
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

// probe gives way once, if it is time to see how long that takes, and reports
// whether it did.
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

// slowTurn notes that giving way took as long as a time slice; it was over at
// now. The first one counts for as many as the next review asks for, for that
// may be near.
func slowTurn(now int64) {
	if saturatedUntil.Swap(now+yieldHold) == 0 {
		slowTurns.Store(yieldSlow)
	} else {
		slowTurns.Add(1)
	}
}

// review ends what passes for saturation and is none.
func review() {
	if slowTurns.Swap(0) < yieldSlow {
		saturatedUntil.Store(0)
	}
}
