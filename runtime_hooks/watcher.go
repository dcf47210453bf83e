//go:build linux

package runtimehooks

import "sync/atomic"

// The watcher's goroutine waits in the runtime's poller only while somebody needs it: a
// reader that the sweep has not verified. At other times it sleeps on a semaphore, so that
// the runtime sees a deadlock where there is one; events wait for it meanwhile.

// watcherState says what the watcher's goroutine does.
//
// It stores watcherSleeps and then looks for somebody who needs it; a reader stores that it
// waits, and whoever closes the last descriptor that it does, and then looks at watcherState. Of the two, at least one sees the other.
// TestWatcherSleepsWhileNobodyNeedsIt fails without this order.
var watcherState atomic.Uint32

const (
	watcherSweeps uint32 = iota // it waits for events and for the next sweep
	watcherSleeps               // it sleeps on watcherSema
)

var watcherSema Sema

// needWatcher makes sure that the watcher is awake.
func needWatcher() {
	if watcherState.Load() != watcherSweeps && watcherState.CompareAndSwap(watcherSleeps, watcherSweeps) {
		watcherSema.Release()
	}
}

// watch is the watcher: it takes events, and sweeps.
func watch(wait func(b *watchBuffers, ns int64)) {
	b := new(watchBuffers)
	inVain := 0
	next := nanotime() + sweepEvery
	for {
		if left := next - nanotime(); left > 0 {
			wait(b, left)
			continue
		}
		if sweep(b) {
			inVain = 0
		} else if inVain++; inVain == sweepsInVain {
			if endWatch() {
				return
			}
			sleepWhileNobodyNeedsWatcher()
			inVain = 0
		}
		next = nanotime() + sweepEvery
	}
}

// endWatch ends the watch if no descriptor is in it.
//
//go:norace
func endWatch() bool {
	watches.mu.Lock()
	defer watches.mu.Unlock()
	if watches.inUse != 0 {
		return false
	}
	stopWatcher(watches.epfd)
	watches.ready = false
	return true
}

// sleepWhileNobodyNeedsWatcher is for the watcher's goroutine alone.
func sleepWhileNobodyNeedsWatcher() {
	watcherState.Store(watcherSleeps)
	if somebodyNeedsWatcher() && watcherState.CompareAndSwap(watcherSleeps, watcherSweeps) {
		return
	}
	watcherSema.Acquire()
}
