//go:build linux

package runtimehooks

// PollStats is the poller's state at one moment and what it has done so far.
type PollStats struct {
	Open           int    // descriptors being watched
	Waiters        int    // goroutines parked on them
	Polls          uint64 // calls of epoll_wait
	Events         uint64 // events that these returned
	Batches        uint64 // polls that readied at least one goroutine
	DeadlinesFired uint64 // deadlines that passed
	StaleEvents    uint64 // events dropped, their descriptor being closed since
	Yields         uint64 // times that a reader gave way instead of parking
}
