//go:build linux && !net2_portable

package runtimehooks

// Sema is a counting semaphore. The count of its zero value is zero.
type Sema struct{ count uint32 }

// Acquire waits until the count is above zero and takes one from it.
//
// std: internal/poll.runtime_Semacquire
func (s *Sema) Acquire() { semacquire(&s.count) }

// Release adds one to the count and wakes a waiter, if there is one.
//
// std: internal/poll.runtime_Semrelease
func (s *Sema) Release() { semrelease(&s.count, false, 1) }
