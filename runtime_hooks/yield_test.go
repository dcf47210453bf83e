//go:build linux && !net2_portable

package runtimehooks

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// yieldingDesc returns a PollDesc of the runtime's poller on which nothing
// happens. When the test ends, it resets what PollYield takes the processors
// for.
func yieldingDesc(t *testing.T) *PollDesc {
	t.Helper()
	if Poller() != "runtime" {
		t.Skip("only readers of the runtime's poller give way")
	}
	forget := func() {
		saturatedUntil.Store(0)
		slowTurns.Store(0)
		suspicion.Store(0)
		nextProbe.Store(0)
	}
	t.Cleanup(forget)
	forget()
	r, _ := pipe(t)
	r.watch()
	return r.pd
}

func saturate(d time.Duration) { saturatedUntil.Store(nanotime() + int64(d)) }

func TestPollYieldProbesNowAndThen(t *testing.T) {
	pd := yieldingDesc(t)
	got := 0
	for range 10 * yieldProbe {
		if PollYield(pd, 0) {
			got++
		}
		if saturatedUntil.Load() == 0 && PollYield(pd, 1) {
			t.Fatal("PollYield gave way a second time in one operation")
		}
		saturatedUntil.Store(0) // other goroutines may have computed during a probe
		suspicion.Store(0)
		nextProbe.Store(0)
	}
	if got != 10 {
		t.Errorf("PollYield gave way %d times in %d, want 10", got, 10*yieldProbe)
	}
}

// However often readers wait, the cost of their probes is bounded.
func TestPollYieldProbesSeldom(t *testing.T) {
	pd := yieldingDesc(t)
	nextProbe.Store(nanotime() + int64(time.Hour))
	for range 2 * yieldProbe {
		if PollYield(pd, 0) {
			t.Fatal("PollYield gave way before its time")
		}
	}
	nextProbe.Store(0)
	for !PollYield(pd, 0) {
		continue
	}
	if left := nextProbe.Load() - nanotime(); left > yieldEvery {
		t.Errorf("the next probe is %d ns away, want at most %d", left, int64(yieldEvery))
	}
}

func TestPollYieldWhileSaturated(t *testing.T) {
	pd := yieldingDesc(t)
	before := Stats().Yields
	for yields := range 2 * yieldMax {
		saturate(time.Hour)
		if got, want := PollYield(pd, yields), yields < yieldMax; got != want {
			t.Errorf("PollYield(pd, %d) = %t, want %t", yields, got, want)
		}
	}
	if got := Stats().Yields - before; got != yieldMax {
		t.Errorf("Stats().Yields grew by %d, want %d", got, yieldMax)
	}
}

func TestPollYieldNotForever(t *testing.T) {
	pd := yieldingDesc(t)
	saturatedUntil.Store(nanotime() - 1)
	if PollYield(pd, 0) {
		t.Error("PollYield gave way though the processors are not saturated any more")
	}
	if got := saturatedUntil.Load(); got != 0 {
		t.Errorf("saturatedUntil = %d, want 0", got)
	}
}

// The timer of a deadline does not reach a reader that gives way.
func TestPollYieldNotWithADeadlineNear(t *testing.T) {
	pd := yieldingDesc(t)
	for _, tt := range []struct {
		name string
		d    time.Duration
		want bool
	}{
		{"none", 0, true},
		{"far", time.Hour, true},
		{"near", yieldNear / 2, false},
		{"passed", -1, false},
		{"overflowing", 1<<63 - 1, true},
		{"cleared", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			saturate(time.Hour)
			PollSetDeadline(pd, int64(tt.d), 'r'+'w')
			if got := PollYield(pd, 0); got != tt.want {
				t.Errorf("PollYield with a deadline in %v = %t, want %t", tt.d, got, tt.want)
			}
		})
	}
	PollSetDeadline(pd, 1, 'w')
	if !PollYield(pd, 0) {
		t.Error("PollYield with a write deadline near = false, want true")
	}
}

// When many give way, one more is better off parked.
func TestPollYieldNotTooManyAtOnce(t *testing.T) {
	pd := yieldingDesc(t)
	saturate(time.Hour)
	yielding.Add(yieldMost)
	defer yielding.Add(-yieldMost)
	if PollYield(pd, 0) {
		t.Errorf("PollYield gave way beside %d others", yieldMost)
	}
}

// One turn that took long, as when the kernel lets another process run, is not
// saturation: it is over at the second review.
func TestPollYieldReviews(t *testing.T) {
	pd := yieldingDesc(t)
	slowTurn(nanotime() + int64(time.Hour))
	turns := 0
	for PollYield(pd, 0) {
		if turns++; turns > 2*yieldReview {
			t.Fatalf("%d turns, of which one took long, pass for saturation", turns)
		}
	}
	if turns < yieldReview {
		t.Errorf("saturation was over after %d turns, want at least %d", turns, yieldReview)
	}
}

// Saturation lasts as long as the reviews find it.
func TestPollYieldStaysSaturated(t *testing.T) {
	pd := yieldingDesc(t)
	slowTurn(nanotime())
	for turn := range 4 * yieldReview {
		if turn%(yieldReview/yieldSlow/2) == 0 {
			slowTurn(nanotime() + int64(time.Hour))
		}
		if !PollYield(pd, 0) {
			t.Fatalf("saturation was over after %d turns", turn)
		}
	}
}

// The probes find a goroutine that computes on the only processor, by more than
// one slow turn.
func TestPollYieldSeesWhoComputes(t *testing.T) {
	pd := yieldingDesc(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var stop atomic.Bool
	var computing sync.WaitGroup
	defer computing.Wait()
	defer stop.Store(true)
	computing.Go(func() {
		for !stop.Load() {
			continue
		}
	})
	// Without a pause in between: after one the other has just been preempted,
	// and waits where the scheduler seldom looks.
	suspected := false
	for limit := time.Now().Add(patience); saturatedUntil.Load() == 0; {
		PollYield(pd, 0)
		suspected = suspected || suspicion.Load() > 0
		if time.Now().After(limit) {
			t.Fatalf("the processors do not pass for saturated within %v", patience)
		}
	}
	if !suspected {
		t.Error("the processors pass for saturated after one slow turn")
	}
}

// A slow turn that remains the only one is forgotten.
func TestPollYieldForgetsASuspicion(t *testing.T) {
	pd := yieldingDesc(t)
	suspicion.Store(yieldSuspect)
	for range yieldSuspect {
		if !PollYield(pd, 0) {
			t.Fatal("PollYield parks while it must watch each turn")
		}
	}
	if got := suspicion.Load(); got > 0 && saturatedUntil.Load() == 0 {
		t.Errorf("suspicion = %d after %d turns, want 0", got, yieldSuspect)
	}
}
