//go:build linux

package runtimehooks

import "sync/atomic"

// stats is counted by the poller goroutine, by timers, and by a reader that gives
// way, never by whoever reads or writes; what it costs them is nothing.
var stats struct {
	polls, events, batches, deadlinesFired, staleEvents, yields atomic.Uint64
}

// Stats returns the poller's state. It looks at every descriptor to count the
// waiters, so call it to look, not to steer. Of the runtime's poller it knows
// Yields alone, for the runtime does not tell.
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
	}
}
