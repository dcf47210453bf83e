//go:build linux && net2_portable

package runtimehooks

import "sync"

// Sema is a counting semaphore; its zero value has nothing to acquire.
type Sema struct {
	mu    sync.Mutex
	cond  *sync.Cond // made by the first who waits
	count uint32
}

// Acquire waits until the count is above zero and takes one from it.
//
// std: internal/poll.runtime_Semacquire
func (s *Sema) Acquire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.count == 0 {
		if s.cond == nil {
			s.cond = sync.NewCond(&s.mu)
		}
		s.cond.Wait()
	}
	s.count--
}

// Release adds one to the count and wakes a waiter, if there is one.
//
// std: internal/poll.runtime_Semrelease
func (s *Sema) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if s.cond != nil {
		s.cond.Signal()
	}
}
