//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// hotDesc returns a hot PollDesc on which nothing happens. What the processors
// pass for is put back when the test ends.
func hotDesc(t *testing.T) *PollDesc {
	t.Helper()
	forget := func() {
		saturatedUntil.Store(0)
		slowTurns.Store(0)
		nextProbe.Store(0)
	}
	t.Cleanup(forget)
	forget()
	r, w := pipe(t)
	r.nearlyHot()
	w.write("x")
	r.wantWait('r', NoError)
	r.drain()
	r.wantReset('r', NoError)
	r.wantHot(true)
	return r.pd
}

func saturate(d time.Duration) { saturatedUntil.Store(nanotime() + int64(d)) }

func TestPollYieldProbesNowAndThen(t *testing.T) {
	pd := hotDesc(t)
	got := 0
	for range 10 * yieldProbe {
		if PollYield(pd, 0) {
			got++
		}
		if saturatedUntil.Load() == 0 && PollYield(pd, 1) {
			t.Fatal("PollYield gave way a second time in one operation")
		}
		saturatedUntil.Store(0) // in a probe others may have computed
		nextProbe.Store(0)
	}
	if got != 10 {
		t.Errorf("PollYield gave way %d times in %d, want 10", got, 10*yieldProbe)
	}
}

// However often readers wait, what giving way to see costs is bounded.
func TestPollYieldProbesSeldom(t *testing.T) {
	pd := hotDesc(t)
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
	pd := hotDesc(t)
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
	pd := hotDesc(t)
	saturatedUntil.Store(nanotime() - 1)
	if PollYield(pd, 0) {
		t.Error("PollYield gave way though the processors are not saturated any more")
	}
	if got := saturatedUntil.Load(); got != 0 {
		t.Errorf("saturatedUntil = %d, want 0", got)
	}
}

// One turn that took long, as when the kernel lets another process run, is no
// saturation: it is over at the second review.
func TestPollYieldReviews(t *testing.T) {
	pd := hotDesc(t)
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

// What the reviews find is saturation as long as they find it.
func TestPollYieldStaysSaturated(t *testing.T) {
	pd := hotDesc(t)
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

func TestPollYieldOnlyHot(t *testing.T) {
	hotDesc(t) // for its cleanup
	r, _ := pipe(t)
	r.watch()
	saturate(time.Hour)
	for range 2 * yieldProbe {
		if PollYield(r.pd, 0) {
			t.Fatal("PollYield gave way with a descriptor that is not hot")
		}
	}
}

// Where many descriptors are open, their turns together take as long as one that
// computes: nothing is learnt from that.
func TestPollYieldProbesOnlyWhileFewAreOpen(t *testing.T) {
	pd := hotDesc(t)
	var crowd []*PollDesc
	for pollcache.opened() <= hotMaxOpen {
		crowd = append(crowd, pollcache.alloc())
	}
	defer func() {
		for _, pd := range crowd {
			pollcache.free(pd)
		}
	}()
	for range 2 * yieldProbe {
		if PollYield(pd, 0) {
			t.Fatalf("PollYield gave way with %d descriptors open", pollcache.opened())
		}
	}
}

// A goroutine that computes on the only processor is found.
func TestPollYieldSeesWhoComputes(t *testing.T) {
	pd := hotDesc(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var stop atomic.Bool
	done := make(chan bool)
	go func() {
		for !stop.Load() {
			continue
		}
		close(done)
	}()
	eventually(t, "the processors pass for saturated", func() bool {
		PollYield(pd, 0)
		return saturatedUntil.Load() != 0
	})
	stop.Store(true)
	<-done
}

// A turn that took long because the thread did not run is no saturation: so it
// is when the kernel lets another process run.
func TestPollYieldSeesThatNobodyComputes(t *testing.T) {
	pd := hotDesc(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	done := make(chan bool)
	go func() {
		keepProcessorAsleep(t, 5*yieldSlice)
		close(done)
	}()
	begin := nanotime()
	for pd.waits = yieldProbe - 1; !PollYield(pd, 0); {
		continue
	}
	if took := nanotime() - begin; took < yieldSlice {
		t.Fatalf("to give way took %d ns, want at least %d", took, int64(yieldSlice))
	}
	if saturatedUntil.Load() != 0 {
		t.Error("the processors pass for saturated while their thread sleeps")
	}
	<-done
}

func TestThreadClock(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := newThreadClock()
	if begin := clock.now(); begin <= 0 {
		t.Fatalf("the thread has taken %d ns, want more", begin)
	}
	time.Sleep(2 * yieldSlice)
	if got := clock.elapsed(); got < 0 || got > yieldSlice {
		t.Errorf("the clock of a thread that sleeps went on by %d ns, want next to nothing", got)
	}
	for limit := time.Now().Add(patience); clock.elapsed() <= yieldSlice; {
		if time.Now().After(limit) {
			t.Fatalf("the clock of a thread that computes went on by %d ns in %v", clock.elapsed(), patience)
		}
	}
	// It is this thread's on another thread too.
	before, after := clock.elapsed(), int64(0)
	done := make(chan bool)
	go func() {
		after = clock.elapsed()
		close(done)
	}()
	<-done
	if after < before {
		t.Errorf("the clock shows %d ns on another thread, want at least %d", after, before)
	}
	if got := (threadClock{id: -1}).elapsed(); got != 0 {
		t.Errorf("a clock of no thread went on by %d ns, want 0", got)
	}
}
