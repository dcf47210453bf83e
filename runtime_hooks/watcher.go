//go:build linux

package runtimehooks

import "sync/atomic"

// The watcher's goroutine waits in the runtime's poller only while somebody needs it: a
// callback, a descriptor whose end somebody asked for, or a reader that the sweep has not
// verified. At other times it sleeps on a semaphore, so that the runtime sees a deadlock
// where there is one; events wait for it meanwhile.

// watcherState says what the watcher's goroutine does.
//
// It stores watcherWaits or watcherSleeps and then looks for somebody who needs more. A
// reader stores that it waits, whoever needs events is counted, and whoever closes the last
// descriptor counts that, and then they look at watcherState. Of the two, at least one sees
// the other. TestWatcherDoesNotSleepOverAReader fails without this order.
var watcherState atomic.Uint32

const (
	watcherSweeps uint32 = iota // it waits for events and for the next sweep
	watcherWaits                // it waits for events
	watcherSleeps               // it sleeps on watcherSema
)

var watcherSema Sema

// watchLinger is how long, in nanoseconds, the watch stays when no descriptor is in it.
const watchLinger = 50e6

// needWatcher makes the watcher look whom it serves.
func needWatcher() {
	state := watcherState.Load()
	if state == watcherSweeps || !watcherState.CompareAndSwap(state, watcherSweeps) {
		return
	}
	if state == watcherSleeps {
		watcherSema.Release()
	} else {
		watcherBreak()
	}
}

// watchUsers is how many callbacks and descriptors need the watcher awake.
var watchUsers atomic.Int32

// useWatch adds n to watchUsers. The first makes the watcher wait for events, and after the
// last it may sleep.
func useWatch(n int32) {
	if now := watchUsers.Add(n); now == 0 || now == n {
		needWatcher()
	}
}

// watch is the watcher: it takes events, and sweeps.
func watch() {
	b := new(watchBuffers)
	for {
		switch {
		case nobodyWatched():
			watcherDeadline(watchLinger)
			watcherWait(b)
			if endWatch() {
				return
			}
		case sweepForSome(b):
		case watchUsers.Load() > 0:
			waitForEvents(b)
		default:
			sleepWhileNobodyNeedsWatcher()
		}
	}
}

// sweepForSome sweeps until there was nobody to verify for some time. It reports whether
// somebody needed it.
func sweepForSome(b *watchBuffers) bool {
	if !anyUnverified() {
		return false
	}
	for inVain := 0; inVain < sweepsInVain && !nobodyWatched(); {
		next := nanotime() + sweepEvery
		late := int64(0)
		for left := int64(sweepEvery); left > 0; left = -late {
			watcherDeadline(left)
			watcherWait(b)
			late = nanotime() - next
		}
		busy := noteLate(late)
		if inVain++; sweep(b) || busy {
			inVain = 0
		}
	}
	return true
}

// crowded says that goroutines that compute keep the processors busy. A reader then looks
// before it waits: while every processor has work nobody asks the poller, and the peer has
// often answered by the time of the look. Nothing depends on its order.
var crowded atomic.Bool

// crowdedLate is how late, in nanoseconds, a sweep begins if all processors are busy: the
// timer goes off when a processor next changes its goroutine. Tests change it.
var crowdedLate atomic.Int64

func init() { crowdedLate.Store(3e6) }

// crowdedCalm is after how many sweeps in time the processors no longer count as crowded.
const crowdedCalm = 16

// sweepsInTime is how many sweeps in a row began in time; only the watcher uses it.
var sweepsInTime int

// noteLate notes how late a sweep begins, and reports whether the processors are crowded.
//
//go:norace
func noteLate(late int64) bool {
	if late > crowdedLate.Load() {
		sweepsInTime = 0
		crowded.Store(true)
		return true
	}
	if sweepsInTime++; sweepsInTime == crowdedCalm {
		crowded.Store(false)
	}
	return crowded.Load()
}

// waitForEvents takes events until somebody needs a sweep or nobody needs the watcher.
func waitForEvents(b *watchBuffers) {
	watcherDeadline(0)
	watcherState.Store(watcherWaits)
	if watchUsers.Load() == 0 || anyUnverified() {
		watcherState.CompareAndSwap(watcherWaits, watcherSweeps)
	}
	for watcherState.Load() == watcherWaits {
		if !watcherWait(b) {
			// Somebody was late to break an earlier wait. Whoever means this one has
			// changed the state before, or breaks it after this.
			watcherDeadline(0)
		}
	}
}

// sleepWhileNobodyNeedsWatcher is for the watcher's goroutine alone.
func sleepWhileNobodyNeedsWatcher() {
	watcherState.Store(watcherSleeps)
	if somebodyNeedsWatcher() && watcherState.CompareAndSwap(watcherSleeps, watcherSweeps) {
		return
	}
	watcherSema.Acquire()
}

// nobodyWatched reports whether the watch is empty.
//
//go:norace
func nobodyWatched() bool {
	watches.mu.Lock()
	defer watches.mu.Unlock()
	return watches.inUse == 0
}

// somebodyNeedsWatcher reports whether the watcher must not sleep.
func somebodyNeedsWatcher() bool {
	return nobodyWatched() || watchUsers.Load() > 0 || anyUnverified()
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
	crowded.Store(false) // with nobody to find out that it is over
	return true
}
