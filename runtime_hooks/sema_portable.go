//go:build linux && net2_portable

package runtimehooks

import "sync"

// Sema is a counting semaphore. The count of its zero value is zero.
//
// Each waiter waits on a channel of its own, which is made outside any bubble of
// testing/synctest: one goroutine may hold a lock inside a bubble while another waits for
// it outside, and the other way round. A condition variable does not survive that.
type Sema struct {
	mu      sync.Mutex
	count   uint32
	waiters []chan struct{} // the one that has waited longest comes first
}

// Acquire waits until the count is above zero and takes one from it.
//
// std: internal/poll.runtime_Semacquire
func (s *Sema) Acquire() {
	s.mu.Lock()
	if s.count > 0 {
		s.count--
		s.mu.Unlock()
		return
	}
	var wake chan struct{}
	inRealTime(func() { wake = make(chan struct{}, 1) })
	s.waiters = append(s.waiters, wake)
	s.mu.Unlock()
	<-wake
}

// Release adds one to the count, or wakes the waiter that has waited longest.
//
// std: internal/poll.runtime_Semrelease
func (s *Sema) Release() {
	s.mu.Lock()
	if len(s.waiters) == 0 {
		s.count++
		s.mu.Unlock()
		return
	}
	wake := s.waiters[0]
	s.waiters = s.waiters[1:]
	s.mu.Unlock()
	wake <- struct{}{}
}
