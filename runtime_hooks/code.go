//go:build linux

package runtimehooks

// The results of PollReset and PollWait. The numbers are the runtime's, because its own
// hooks return them too.
//
// std: runtime.pollNoError
const (
	NoError        = 0
	ErrClosing     = 1 // the descriptor is closed or being closed
	ErrTimeout     = 2 // the deadline has passed
	ErrNotPollable = 3 // epoll reported nothing but an error
)
