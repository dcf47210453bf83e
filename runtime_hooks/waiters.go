//go:build linux && !net2_portable

package runtimehooks

import "sync/atomic"

// Our poller's goroutine waits in the runtime's poller only while somebody waits
// in ours. While it waits there, the runtime counts it as a waiter, and rightly does not
// report a deadlock. At other times it sleeps on a semaphore. It is a system goroutine, so
// if all other goroutines of the program wait for each other, the runtime reports a
// deadlock, as it does for a program on net.

// netpollWaiters is how many goroutines wait in our poller, or are about to.
//
// std: runtime.netpollWaiters
var netpollWaiters atomic.Int32

// pollerSleep is where the poller's goroutine sleeps while nobody waits.
//
// It sets asleep and then looks at netpollWaiters; a waiter changes
// netpollWaiters and then looks at asleep. Of the two, store then load on either
// side, at least one sees the other, so that the poller stays awake or is woken;
// and whoever swaps asleep back is the one who owes, or spares, the wake-up.
// TestPollerSleepsOnlyWhileNobodyWaits hangs without this order.
var pollerSleep struct {
	asleep atomic.Bool
	sema   Sema
}

// netpollAdjustWaiters changes the number of waiters and returns the new number. The first
// waiter wakes the poller.
//
// std: runtime.netpollAdjustWaiters
func netpollAdjustWaiters(delta int32) int32 {
	n := netpollWaiters.Add(delta)
	if n == 1 && delta > 0 && pollerSleep.asleep.Load() && pollerSleep.asleep.CompareAndSwap(true, false) {
		pollerSleep.sema.Release()
	}
	return n
}

// sleepWhileNobodyWaits is for the poller's goroutine alone.
func sleepWhileNobodyWaits() {
	for netpollWaiters.Load() == 0 {
		pollerSleep.asleep.Store(true)
		if netpollWaiters.Load() == 0 || !pollerSleep.asleep.CompareAndSwap(true, false) {
			pollerSleep.sema.Acquire()
		}
	}
}
