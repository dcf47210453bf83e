//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func freeLanes() int {
	lanes.mu.Lock()
	defer lanes.mu.Unlock()
	return len(lanes.free)
}

func TestLaneGivenToLongUsedAndBackAtClose(t *testing.T) {
	if got := freeLanes(); got != numLanes {
		t.Fatalf("free lanes = %d, want %d", got, numLanes)
	}
	for _, shared := range []bool{true, false} {
		r, w := pipe(t)
		r.watch()
		for i := 1; i < laneAfter; i++ {
			w.write("x")
			r.wantWait('r', NoError)
			r.drain()
			r.wantReset('r', NoError)
		}
		if r.pd.lane.Load() != nil || freeLanes() != numLanes {
			t.Fatalf("lane after %d waits = %p, want none", laneAfter-1, r.pd.lane.Load())
		}
		w.write("x")
		r.wantWait('r', NoError)
		if r.pd.lane.Load() == nil || freeLanes() != numLanes-1 {
			t.Fatalf("lane after %d waits = nil, want one", laneAfter)
		}
		pd := r.pd
		r.close(shared)
		if pd.lane.Load() != nil || pd.parks != 0 || freeLanes() != numLanes {
			t.Fatalf("lane after PollClose(shared=%t) = %p, parks %d, %d free, want nil, 0, %d",
				shared, pd.lane.Load(), pd.parks, freeLanes(), numLanes)
		}
	}
}

// A writer never gets a lane, however often it waits.
func TestLaneNotForWriters(t *testing.T) {
	r, w := pipe(t)
	w.watch()
	for range 2 * laneAfter {
		w.fill()
		w.wantReset('w', NoError)
		waiter := w.wait('w')
		r.drain()
		waiter.want(NoError)
	}
	if w.pd.lane.Load() != nil || freeLanes() != numLanes {
		t.Errorf("lane of a writer = %p, %d free, want nil, %d", w.pd.lane.Load(), freeLanes(), numLanes)
	}
}

// Where all lanes are taken, a descriptor is served as before, and gets one
// when one is free.
func TestLaneWaitedFor(t *testing.T) {
	var taken []*file
	for range numLanes {
		r, w := pipe(t)
		taken = append(taken, r.longUsed(w))
		if r.pd.lane.Load() == nil {
			t.Fatalf("lane %d of %d = nil, want one", len(taken), numLanes)
		}
	}
	r, w := pipe(t)
	r.longUsed(w)
	if r.pd.lane.Load() != nil {
		t.Fatalf("lane = %p, want none, for all are taken", r.pd.lane.Load())
	}
	waiter := r.wait('r').parked()
	w.write("x")
	waiter.want(NoError)
	r.drain()
	r.wantReset('r', NoError)
	taken[1].close(false)
	r.longUsed(w)
	if r.pd.lane.Load() == nil {
		t.Error("lane = nil after another was given back, want one")
	}
}

// A descriptor that changes over to a lane with data already there, or with
// data that comes with the change, is not left waiting.
func TestLaneBeginsWithDataThere(t *testing.T) {
	for range 50 {
		r, w := pipe(t)
		r.watch()
		r.pd.parks = laneAfter - 1 // the next wait changes over
		w.write("x")
		sentinel(t) // the poller has the event
		r.wantReset('r', NoError)
		waiter := r.wait('r')
		waiter.want(NoError)
		if r.pd.lane.Load() == nil {
			t.Fatal("lane = nil, want one")
		}
		r.close(false)

		r, w = pipe(t)
		r.watch()
		r.pd.parks = laneAfter - 1
		waiter = r.wait('r')
		w.write("x") // at any moment of the change
		waiter.want(NoError)
		r.close(false)
	}
}

// A registration that the kernel refuses leaves the descriptor with the poller.
func TestLaneRefusedStaysWithPoller(t *testing.T) {
	r, w := pipe(t)
	r.watch()
	r.pd.parks = laneAfter - 1
	w.write("x")
	withoutEpollAdd(t, unix.ENOSPC, func() {
		if got := PollWait(r.pd, 'r'); got != NoError {
			t.Errorf("PollWait(%d, r) = %d, want %d", r.fd, got, NoError)
		}
	})
	if r.pd.lane.Load() != nil || freeLanes() != numLanes {
		t.Errorf("lane = %p, %d free, want nil, %d", r.pd.lane.Load(), freeLanes(), numLanes)
	}
	r.drain()
	r.settle('r')
	waiter := r.wait('r').parked()
	w.write("x")
	waiter.want(NoError)
}

// Someone has taken the state away between the check and the park.
func TestLaneWaitNotifiedBetweenCheckAndPark(t *testing.T) {
	r, w := pipe(t)
	r.longUsed(w)
	for _, state := range []uintptr{pdNil, pdReady} {
		r.pd.rg.state.Store(state)
		within(t, "lane.wait", func() { r.pd.lane.Load().wait(&r.pd.rg) })
		wantState(t, r.pd, 'r', state)
	}
	r.pd.rg.state.Store(pdNil)
}

// An event comes to a goroutine whose wait has been ended, but which has yet to
// be told so. It must wait for that, lest the kick hit its next wait, and must
// not forget the event.
func TestLaneEventBesideKickIsNotLost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func(*file) *waiter
	}{
		{"PollWait", func(f *file) *waiter { return f.wait('r') }},
		{"PollWaitCanceled", func(f *file) *waiter { return f.waitCanceled('r') }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, w := pipe(t)
			r.longUsed(w)
			waiter := tt.start(r).parked()

			// What the timer's function does for a deadline that has passed and
			// is lifted again before the goroutine runs.
			gp := netpollunblock(r.pd, 'r', false)
			if gp == noG {
				t.Fatal("netpollunblock(r, false) = nobody, want the waiter")
			}
			w.write("x")
			sentinel(t) // so the waiter has had its event
			if len(waiter.code) > 0 {
				t.Fatal("the waiter returned before it was kicked")
			}
			gp.ready()
			select {
			case got := <-waiter.code:
				if got != NoError {
					t.Errorf("%s = %d, want %d", waiter.op, got, NoError)
				}
			case <-time.After(time.Second):
				t.Errorf("%s waits with a byte to read, want %d", waiter.op, NoError)
				w.write("x")
				waiter.want(NoError)
			}

			// The kick is spent.
			r.drain()
			r.settle('r')
			waiter = r.wait('r').parked()
			w.write("x")
			waiter.want(NoError)
		})
	}
}

// What is refused to a reader because of an error is the poller's to say. On a
// lane it sees no data, and so cannot tell a bare error.
func TestLaneEventErrIsNotSet(t *testing.T) {
	r, w := pipe(t)
	r.longUsed(w)
	ev := eventOf(r.pd, unix.EPOLLERR)
	ev.Fd = ^ev.Fd
	waiter := r.wait('r').parked()
	for _, gp := range netpollevents([]unix.EpollEvent{ev}, nil) {
		gp.ready()
	}
	waiter.want(NoError)
	r.wantReset('r', NoError)
}
