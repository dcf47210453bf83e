//go:build linux

package runtimehooks

import "sync/atomic"

// The poller's goroutine, the timers, and a reader that lets others run count in stats.
// An ordinary read or write does not, so that counting costs it nothing.
var stats struct {
	polls, events, batches, deadlinesFired, staleEvents, yields, sweepFinds atomic.Uint64
}

// Stats returns the poller's state. It looks at every descriptor to count the
// waiters, so it is for people to look at, not for programs to steer by. For
// the runtime's poller it returns Yields and SweepFinds alone, because
// the runtime reports nothing else.
func Stats() PollStats {
	open := pollcache.opened()
	waiters := 0
	pollcache.each(func(pd *pollDesc) {
		if pd.rg.state.Load() > pdWait {
			waiters++
		}
		if pd.wg.state.Load() > pdWait {
			waiters++
		}
	})
	return PollStats{
		Open:           open,
		Waiters:        waiters,
		Polls:          stats.polls.Load(),
		Events:         stats.events.Load(),
		Batches:        stats.batches.Load(),
		DeadlinesFired: stats.deadlinesFired.Load(),
		StaleEvents:    stats.staleEvents.Load(),
		Yields:         stats.yields.Load(),
		SweepFinds:     stats.sweepFinds.Load(),
	}
}
