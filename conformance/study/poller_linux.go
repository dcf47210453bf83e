package study

import runtimehooks "go.parity/runtime_hooks"

// pollerIsSilent says why there is nothing to see, "" if there is.
func pollerIsSilent() string {
	if runtimehooks.Poller() == "runtime" {
		return "Here net2 waits in the runtime's poller, which does not tell its state. Its own poller does: NET2_POLLER=epoll parity study poller."
	}
	return ""
}

func readPoller() pollerState {
	s := runtimehooks.Stats()
	return pollerState{
		open: s.Open, waiters: s.Waiters,
		polls: s.Polls, events: s.Events, batches: s.Batches,
		deadlines: s.DeadlinesFired, staleDrops: s.StaleEvents,
	}
}
