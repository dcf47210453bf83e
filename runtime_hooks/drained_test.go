//go:build linux

package runtimehooks

import (
	"math"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// waitMore starts PollWaitMore. The waiter's code is NoError if the descriptor became
// ready, looks if the reader must look.
func (f *file) waitMore() *waiter {
	return f.start("PollWaitMore", 'r', func(pd *PollDesc, _ int) int {
		code, ready, _ := PollWaitMore(pd)
		if code == NoError && !ready {
			return looks
		}
		return code
	})
}

const looks = 1000

// drainedPair returns a descriptor that the poller and the watch know, and its peer.
func drainedPair(t testing.TB) (a, b *file) {
	calm(t)
	a, b = socketpair(t)
	a.longUsed(b)
	if !PollWatchEnd(a.pd) {
		t.Fatal("PollWatchEnd() = false, want true")
	}
	return a, b
}

// calm lets nobody find the processors busy: a reader looks before it waits then.
func calm(t testing.TB) {
	late := crowdedLate.Swap(math.MaxInt64)
	t.Cleanup(func() { crowdedLate.Store(late) })
	crowded.Store(false)
	notSaturated()
}

func (f *file) drainedState() uint32 { return f.pd.watchDesc().reader.state.Load() }

func TestPollWaitMore(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(a, b *file)
		want int
	}{
		{"data", func(a, b *file) { b.write("x") }, NoError},
		{"close", func(a, b *file) { a.evict() }, ErrClosing},
		{"deadline", func(a, b *file) { PollSetDeadline(a.pd, 1e6, 'r') }, ErrTimeout},
		{"deadline of both", func(a, b *file) { PollSetDeadline(a.pd, 1e6, 'r'+'w') }, ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := drainedPair(t)
			w := a.waitMore().parked()
			tt.do(a, b)
			w.want(tt.want)
			if got := a.drainedState(); got != sideAway {
				t.Errorf("state = %d, want %d", got, sideAway)
			}
		})
		t.Run(tt.name+", before", func(t *testing.T) {
			a, b := drainedPair(t)
			tt.do(a, b)
			a.waitMore().want(tt.want)
		})
	}
}

// The end may have come with the data that the reader took, as one event.
func TestDrainedReaderSeesTheEnd(t *testing.T) {
	end := func(a, b *file) { unix.Shutdown(b.fd, unix.SHUT_WR) }
	t.Run("while it waits", func(t *testing.T) {
		for range 100 {
			a, b := drainedPair(t)
			end(a, b)
			// What the reader of data that came with the end has done: it took the event.
			if code := PollWait(a.pd, 'r'); code != NoError {
				t.Fatalf("PollWait() = %d, want %d", code, NoError)
			}
			a.waitMore().want(looks)
			a.waitMore().want(looks) // from now on, always
			a.unwatch()
		}
	})
	t.Run("as it begins to wait", func(t *testing.T) {
		a, _ := drainedPair(t)
		d := a.pd.watchDesc()
		for range 2000 {
			d.ended.Store(false)
			start := make(chan struct{})
			done := make(chan struct{})
			go func() {
				<-start
				d.happened(unix.EPOLLRDHUP)
				close(done)
			}()
			close(start)
			a.waitMore().want(looks)
			<-done
			a.wantReset('r', NoError)
		}
	})
}

// A kick must leave the program's deadlines as they were, whoever sets one meanwhile.
func TestKickKeepsDeadlines(t *testing.T) {
	a, _ := drainedPair(t)
	d := a.pd.watchDesc()
	for i := range 300 {
		var set atomic.Int64
		PollSetDeadline(a.pd, 0, 'r'+'w')
		w := a.waitMore().parked()
		done := make(chan struct{})
		go func() {
			defer close(done)
			ns := int64(time.Hour)
			if i%3 == 0 {
				ns = 0
			}
			PollSetDeadline(a.pd, ns, []int{'r', 'w', 'r' + 'w'}[i%3])
			set.Store(ns)
		}()
		d.wakeReader()
		if i%7 == 0 {
			d.wakeReader()
		}
		w.want(looks)
		<-done
		a.wantReset('r', NoError) // it is not the kick's deadline that stands
		r, wr := PollDeadlines(a.pd)
		wantR, wantW := i%3 != 1 && set.Load() != 0, i%3 != 0 && set.Load() != 0
		if (r > 0) != wantR || (wr > 0) != wantW {
			t.Fatalf("deadlines after %d = %v, %v, want them set: %v, %v", i%3, r, wr, wantR, wantW)
		}
		w = a.wait('r').parked() // nor does it end a wait
		PollSetDeadline(a.pd, -1, 'r')
		w.want(ErrTimeout)
		PollSetDeadline(a.pd, 0, 'r')
	}
}

// Once the deadline has passed, a kick does not hide it.
func TestKickKeepsADeadlineThatPassed(t *testing.T) {
	a, _ := drainedPair(t)
	for range 300 {
		w := a.waitMore().parked()
		done := make(chan struct{})
		go func() { a.pd.watchDesc().wakeReader(); close(done) }()
		PollSetDeadline(a.pd, -1, 'r')
		if code := w.waited(); code != looks && code != ErrTimeout {
			t.Fatalf("PollWaitMore() = %d, want %d or %d", code, looks, ErrTimeout)
		}
		<-done
		a.wantReset('r', ErrTimeout)
		PollSetDeadline(a.pd, 0, 'r')
		a.wantReset('r', NoError)
	}
}

// What the reader left behind, and no event tells of, the sweep finds.
func TestSweepFindsWhatNoEventTold(t *testing.T) {
	a, b := drainedPair(t)
	b.write("x")
	if code := PollWait(a.pd, 'r'); code != NoError {
		t.Fatalf("PollWait() = %d, want %d", code, NoError)
	}
	a.waitMore().want(looks) // it left the byte
	a.drain()
	a.waitMore().want(looks) // it is not trusted again
}

// The sweep verifies a reader once, and the reader then says that it waits for long.
func TestSweepVerifiesWhoWaits(t *testing.T) {
	a, b := drainedPair(t)
	rare := make(chan bool, 1)
	w := a.start("PollWaitMore", 'r', func(pd *PollDesc, _ int) int {
		code, _, r := PollWaitMore(pd)
		rare <- r
		return code
	}).parked()
	eventually(t, "the sweep verifies the reader", func() bool { return a.drainedState() == sideVerified })
	b.write("x")
	w.want(NoError)
	if !<-rare {
		t.Error("PollWaitMore() does not say that it waited for long")
	}
	if got := watched(t, a.fd); len(got) != 2 {
		t.Errorf("watched by %d instances, want 2: %#x", len(got), got)
	}
}

// With nobody to verify, the watcher sleeps; a reader wakes it; with nobody in the watch,
// nothing of it is left.
func TestWatcherSleepsWhileNobodyNeedsIt(t *testing.T) {
	sleeps := func() bool { return watcherState.Load() == watcherSleeps }
	a, b := drainedPair(t)
	for range 3 {
		eventually(t, "the watcher sleeps", sleeps)
		w := a.waitMore()
		eventually(t, "the watcher verifies", func() bool { return a.drainedState() == sideVerified })
		eventually(t, "the watcher sleeps beside a reader", sleeps)
		b.write("x")
		w.want(NoError)
		a.drain()
		a.wantReset('r', NoError)
	}
	a.unwatch()
	eventually(t, "the watch ends", func() bool {
		watches.mu.Lock()
		defer watches.mu.Unlock()
		return !watches.ready
	})
}

// Who breaks a wait of the watcher may be so late that it waits again, for somebody else.
func TestWatcherTakesEventsAfterALateBreak(t *testing.T) {
	a, b := socketpair(t)
	a.watch()
	ran := make(chan struct{}, 1)
	for range 100 {
		a.arm(func() { ran <- struct{}{} })
		eventually(t, "the watcher waits", func() bool { return watcherState.Load() == watcherWaits })
		watcherBreak()
		b.write("x")
		select {
		case <-ran:
		case <-time.After(patience):
			t.Fatal("the watcher takes no event")
		}
		a.drain()
	}
}

// The last callback that is taken back lets the watcher sleep, whatever it was about to do.
func TestWatcherSleepsAfterCallbacks(t *testing.T) {
	a, _ := socketpair(t)
	a.watch()
	for range 5000 {
		if code := PollOnReadable(a.pd, func() {}, nil); code != NoError {
			t.Fatalf("PollOnReadable() = %d, want %d", code, NoError)
		}
		if !PollStopReadable(a.pd) {
			t.Fatal("PollStopReadable() = false, want true")
		}
	}
	eventually(t, "the watcher sleeps", func() bool { return watcherState.Load() == watcherSleeps })
	a.unwatch()
	eventually(t, "the watch ends", func() bool {
		watches.mu.Lock()
		defer watches.mu.Unlock()
		return !watches.ready
	})
}

// A reader that begins to wait while the watcher goes to sleep is seen, or wakes it.
func TestWatcherDoesNotSleepOverAReader(t *testing.T) {
	eventually(t, "no watch is left", func() bool {
		watches.mu.Lock()
		defer watches.mu.Unlock()
		return !watches.ready
	})
	// There is no watcher now, and so this test may be it.
	w := &watchDesc{}
	watches.mu.Lock()
	descs := watches.descs
	watches.descs, watches.inUse = []*watchDesc{w}, 1
	watches.mu.Unlock()
	defer func() {
		watches.mu.Lock()
		watches.descs, watches.inUse = descs, 0
		watches.mu.Unlock()
	}()
	start, woke := make(chan struct{}), make(chan struct{})
	go func() {
		for range start {
			sleepWhileNobodyNeedsWatcher()
			woke <- struct{}{}
		}
	}()
	defer close(start)
	for i := range 20_000 {
		w.reader.state.Store(sideAway)
		start <- struct{}{}
		spin(i % 200)
		w.reader.state.Store(sideWaits)
		needWatcher()
		select {
		case <-woke:
		case <-time.After(patience):
			t.Fatalf("round %d: the watcher sleeps while a reader waits", i)
		}
	}
}
