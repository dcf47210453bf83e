//go:build linux && !net2_portable

package runtimehooks

import (
	"bytes"
	"runtime/pprof"
	"testing"
)

// The poller's goroutine waits in the runtime's poller while somebody waits in
// ours, and sleeps otherwise; it is back as soon as somebody does.
func TestPollerSleepsOnlyWhileNobodyWaits(t *testing.T) {
	ownPoller(t)
	asleep := func(want bool) func() bool {
		return func() bool { return pollerSleep.asleep.Load() == want }
	}
	a, b := socketpair(t)
	a.watch()
	eventually(t, "the poller sleeps", asleep(true))
	for i := range 300 {
		w := a.wait('r')
		switch i % 3 {
		case 0:
			b.write("x")
			w.want(NoError)
			a.drain()
			a.wantReset('r', NoError)
		case 1:
			PollSetDeadline(a.pd, 1, 'r')
			w.want(ErrTimeout)
			PollSetDeadline(a.pd, 0, 'r')
		case 2:
			w.parked()
			eventually(t, "the poller is awake", asleep(false))
			PollSetDeadline(a.pd, -1, 'r')
			w.want(ErrTimeout)
			PollSetDeadline(a.pd, 0, 'r')
		}
	}
	w := a.wait('r').parked()
	a.evict()
	w.want(ErrClosing)
	eventually(t, "the poller sleeps again", asleep(true))
	if got := netpollWaiters.Load(); got != 0 {
		t.Errorf("netpollWaiters = %d, want 0", got)
	}
}

// Whoever is about to wait, and then need not, wakes the poller for nothing.
func TestPollerSleepsAfterAWaitThatDidNotPark(t *testing.T) {
	ownPoller(t)
	pd := quietDesc(t).pd
	PollSetDeadline(pd, -1, 'r')
	for range 1000 {
		if netpollblock(pd.own, 'r') {
			t.Fatal("netpollblock(r) = true with a deadline that has passed, want false")
		}
		eventually(t, "the poller sleeps", func() bool { return pollerSleep.asleep.Load() })
	}
}

// No dump and no profile shows a system goroutine.
func TestPollerGoroutineIsTheRuntimes(t *testing.T) {
	ownPoller(t)
	a, _ := socketpair(t)
	w := a.watch().wait('r').parked()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 2); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{"dump": stacks(), "profile": profile.Bytes()} {
		if bytes.Contains(text, []byte("net2_poller")) {
			t.Errorf("the %s shows the poller's goroutine:\n%s", what, text)
		}
	}
	PollSetDeadline(a.pd, -1, 'r')
	w.want(ErrTimeout)
}
