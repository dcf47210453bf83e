//go:build linux

package runtimehooks

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestSemaAcquireWaitsForRelease(t *testing.T) {
	var s Sema
	acquired := make(chan bool, 1)
	id := make(chan string)
	go func() {
		id <- goroutineID()
		s.Acquire()
		acquired <- true
	}()
	waiter := <-id
	want := "semacquire"
	if Poller() == "portable" {
		want = "chan receive"
	}
	eventually(t, "Acquire waits", func() bool { return stateOf(waiter) == want })
	if len(acquired) > 0 {
		t.Fatal("Acquire() returned without a Release")
	}
	s.Release()
	bounded(t, func() { <-acquired })
}

func TestSemaReleaseBeforeAcquireCounts(t *testing.T) {
	var s Sema
	const n = 1000
	for range n {
		s.Release()
	}
	for range n {
		s.Acquire() // does not wait, or the test does not end
	}
	if s.count != 0 {
		t.Errorf("count after %d of Release and Acquire = %d, want 0", n, s.count)
	}
}

// Whoever waits gets in as often as there are releases, no more and no less.
func TestSemaManyGoroutinesLoseNoCount(t *testing.T) {
	var s Sema
	const goroutines, each = 64, 200
	var in, out atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				s.Acquire()
				if got := in.Add(1); got > out.Load() {
					t.Errorf("Acquire() returned %d times after %d of Release()", got, out.Load())
					return
				}
			}
		})
		wg.Go(func() {
			for i := range each {
				out.Add(1)
				s.Release()
				if i%16 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	done := make(chan bool)
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Errorf("Acquire() returned %d times in %v, want %d", in.Load(), patience, goroutines*each)
		for in.Load() < goroutines*each {
			s.Release() // what was lost, lest the goroutines stay
			runtime.Gosched()
		}
		<-done
	}
	if s.count != 0 {
		t.Errorf("count = %d, want 0", s.count)
	}
}

// One token passed round is a mutex: two holders would be a token too many. The
// race detector does not see the semaphore itself, nor the runtime's: fdMutex,
// which uses it, orders memory by its own word.
func TestSemaOneTokenHasOneHolder(t *testing.T) {
	var s Sema
	s.Release()
	var holders, most, n atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				s.Acquire()
				if holders.Add(1) > 1 {
					most.Store(2)
				}
				n.Add(1)
				holders.Add(-1)
				s.Release()
			}
		})
	}
	bounded(t, wg.Wait)
	if n.Load() != 8000 || most.Load() > 1 {
		t.Errorf("turns = %d, want 8000; two at once = %t, want false", n.Load(), most.Load() > 1)
	}
}
