//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

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
// learnt from now and then giving way with a look at two clocks: where all others
// wait for the network, everyone's turn is over long before a time slice is; and
// where the kernel let another process run meanwhile, the thread has computed
// next to nothing. It is unlearnt when next to no turn takes a time slice any
// more.

const (
	// yieldProbe is how often a reader waits before it may give way once, to see.
	yieldProbe = 16

	// yieldEvery is how long, in nanoseconds, nobody does so after one did.
	yieldEvery = 1e6

	// yieldMax is how often a reader gives way in one operation.
	yieldMax = 16

	// yieldSlice is how long it takes, in nanoseconds, when somebody computed:
	// the runtime preempts after 10 ms.
	yieldSlice = 8e6

	// yieldComputed is what processor time, in nanoseconds, the thread has then
	// taken at least: others compete for the processor too.
	yieldComputed = yieldSlice / 2

	// yieldHold is for how long, in nanoseconds, the processors then pass for
	// saturated.
	yieldHold = 100e6

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

	// nextProbe is the time in nanotime from which a reader may give way to see.
	nextProbe atomic.Int64
)

// PollYield gives way to other goroutines, if that may be better than to park,
// and reports whether it did. yields is how often it did so in this operation,
// which is of the reader. It may: the caller then sees to it that nothing ends
// the operation, with PollReset, and tries its system call again.
//
// It takes a hot descriptor: where many are open, the turns of all the others
// take as long as a time slice.
//
// deviation: yield-before-park
func PollYield(pd *PollDesc, yields int) bool {
	if yields >= yieldMax || pd.hot.Load() == nil {
		return false
	}
	until := saturatedUntil.Load()
	if until == 0 {
		return yields == 0 && pd.probe()
	}
	begin := nanotime()
	if until < begin {
		saturatedUntil.CompareAndSwap(until, 0)
		return false
	}
	turn := stats.yields.Add(1)
	goyield()
	if end := nanotime(); end-begin > yieldSlice {
		slowTurn(end)
	}
	if turn%yieldReview == 0 {
		review()
	}
	return true
}

// probe gives way once, if it is time to see how long that takes, and reports
// whether it did.
func (pd *PollDesc) probe() bool {
	pd.waits++
	if pd.waits%yieldProbe != 0 {
		return false
	}
	begin, next := nanotime(), nextProbe.Load()
	if begin < next || pollcache.opened() > hotMaxOpen || !nextProbe.CompareAndSwap(next, begin+yieldEvery) {
		return false
	}
	stats.yields.Add(1)
	clock := newThreadClock()
	goyield()
	if end := nanotime(); end-begin > yieldSlice && clock.elapsed() > yieldComputed {
		slowTurn(end)
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
