//go:build linux

package runtimehooks

// PollStats is the state of the poller at one moment, with counts of its work so far.
type PollStats struct {
	Open           int    // descriptors that it watches
	Waiters        int    // goroutines parked on them
	Polls          uint64 // calls of epoll_wait
	Events         uint64 // events that these calls returned
	Batches        uint64 // calls that woke at least one goroutine
	DeadlinesFired uint64 // deadlines that passed
	StaleEvents    uint64 // events that it dropped because their descriptor was closed
	Yields         uint64 // how often a reader let others run instead of parking
	SweepFinds     uint64 // readers that waited although there was something to read
}
