package study

import runtimehooks "go.parity/runtime_hooks"

// pollerIsSilent says why there is nothing to see, "" if there is.
func pollerIsSilent() string {
	if runtimehooks.Poller() == "runtime" {
		return "This build uses the runtime's own poller, which does not tell its state. Build without the tag net2_runtime."
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
