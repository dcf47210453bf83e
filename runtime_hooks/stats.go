//go:build linux

package runtimehooks

import "sync/atomic"

// PollStats is the poller's state at one moment and what it has done so far.
type PollStats struct {
	Open           int    // descriptors being watched
	Waiters        int    // goroutines parked on them
	Polls          uint64 // calls of epoll_wait
	Events         uint64 // events that these returned
	Batches        uint64 // polls that readied at least one goroutine
	DeadlinesFired uint64 // deadlines that passed
	StaleEvents    uint64 // events dropped, their descriptor being closed since
}

// stats is counted by the poller goroutine and by timers, never by whoever
// reads or writes; what it costs them is nothing.
var stats struct {
	polls, events, batches, deadlinesFired, staleEvents atomic.Uint64
}
