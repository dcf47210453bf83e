//go:build linux && net2_runtime && !net2_portable

package runtimehooks

// The runtime's own poller under our names: the control in every comparison,
// and the way out for who wants the scheduler's own integration.

// Engine names the poller that this build uses.
const Engine = "runtime"

// PollDesc is the runtime's pollDesc.
type PollDesc = runtimePollDesc

// PollServerInit makes the poller ready; see runtime/netpoll.go. It ends the
// program when it cannot.
func PollServerInit() int {
	runtime_pollServerInit()
	return 0
}

// PollOpen starts to watch fd, or returns the errno of epoll_ctl(2).
func PollOpen(fd uintptr) (*PollDesc, int) { return runtime_pollOpen(fd) }

// PollOpenOnDemand is PollOpen: the runtime watches from the beginning.
func PollOpenOnDemand(fd uintptr) (*PollDesc, int) { return runtime_pollOpen(fd) }

// PollClose stops watching the descriptor.
func PollClose(pd *PollDesc) { runtime_pollClose(pd) }

// PollReset makes pd ready for a new operation in mode 'r' or 'w'.
func PollReset(pd *PollDesc, mode int) int { return runtime_pollReset(pd, mode) }

// PollWait parks the goroutine until the descriptor may be ready in mode 'r'
// or 'w', or returns ErrClosing, ErrTimeout or ErrNotPollable.
func PollWait(pd *PollDesc, mode int) int { return runtime_pollWait(pd, mode) }

// PollYield never gives way: the control parks as net does.
func PollYield(pd *PollDesc, yields int) bool { return false }

// PollWaitCanceled parks the goroutine until the descriptor is ready, even if
// it is closing or its deadline has passed.
func PollWaitCanceled(pd *PollDesc, mode int) { runtime_pollWaitCanceled(pd, mode) }

// PollSetDeadline sets the deadline of mode 'r', 'w' or 'r'+'w' to d
// nanoseconds from now; 0 clears it, a negative d has passed.
func PollSetDeadline(pd *PollDesc, d int64, mode int) { runtime_pollSetDeadline(pd, d, mode) }

// PollUnblock marks pd as closing and wakes whoever waits on it.
func PollUnblock(pd *PollDesc) { runtime_pollUnblock(pd) }

// Stats returns zeros: the runtime does not tell.
func Stats() PollStats { return PollStats{} }
