//go:build linux

package runtimehooks

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// armedOnce returns a descriptor whose watch a callback has begun, its watchDesc, and its
// peer. There is nothing to read.
func armedOnce(t testing.TB) (a, b *file, w *watchDesc) {
	a, b = socketpair(t)
	a.watch()
	b.write("x")
	a.wantReadable(make(chan struct{}, 1))
	a.drain()
	return a, b, a.pd.watchDesc()
}

// wantReadable arms a callback, which sends to ran, and waits for it.
func (f *file) wantReadable(ran chan struct{}) {
	f.t.Helper()
	f.arm(func() { ran <- struct{}{} })
	select {
	case <-ran:
	case <-time.After(patience):
		f.t.Fatalf("the callback has not run after %v\n%s", patience, stacks())
	}
}

func (f *file) arm(callback func()) {
	f.t.Helper()
	if code := PollOnReadable(f.pd, callback, nil); code != NoError {
		f.t.Fatalf("PollOnReadable() = %d, want %d", code, NoError)
	}
}

// tookAll notes a read that found nothing.
func (f *file) tookAll() { PollTookAll(f.pd, PollBeforeRead(f.pd), false) }

// watchedToRead reports whether the watch tells that f is readable.
func (f *file) watchedToRead(t *testing.T) bool {
	for _, events := range watched(t, f.fd) {
		if events&unix.EPOLLPRI != 0 { // which the poller does not watch for
			return true
		}
	}
	return false
}

// An event that comes while a callback is being armed lets it run: the watcher finds it
// armed, or whoever arms it finds the event.
func TestArmingSeesAnEventThatCameBefore(t *testing.T) {
	a, _, w := armedOnce(t)
	var round atomic.Int32 // not a channel: both must be awake at once
	defer round.Store(-1)
	go func() { // is the watcher
		seen := int32(0)
		for i := 1; ; i++ {
			if i%1000 == 0 {
				runtime.Gosched()
			}
			if now := round.Load(); now != seen {
				if seen = now; seen < 0 {
					return
				}
				spin(int(seen) % 100)
				w.inVain = 0 // lest the watch end: the event is not the kernel's
				w.happened(unix.EPOLLIN)
			}
		}
	}()
	ran := make(chan struct{}, 1)
	for i := range 200_000 {
		a.tookAll()
		round.Store(int32(i + 1))
		spin(i / 100 % 100)
		a.wantReadable(ran)
	}
}

// The watcher counts an event before it looks at the callback; here it is stopped right after
// the look.
func TestEventCountsBeforeTheLook(t *testing.T) {
	a, _, w := armedOnce(t)
	ran := make(chan struct{})
	a.arm(func() { close(ran) })
	before := w.happenings.Load()
	callbackQueue.mu.Lock()
	go w.happened(unix.EPOLLIN)
	eventually(t, "the watcher has looked", func() bool { return !w.readable.isArmed() })
	got := w.happenings.Load()
	callbackQueue.mu.Unlock()
	if got != before+1 {
		t.Errorf("%d events, want %d", got, before+1)
	}
	<-ran
}

// The kernel is asked only if it may know what nobody has told.
func TestArmingAgainAsksNobodyAfterAReadThatTookAll(t *testing.T) {
	a, b, w := armedOnce(t)
	w.mu.Lock()
	w.ctl(unix.EPOLL_CTL_MOD, unix.EPOLLET) // which stays, if nobody asks
	w.mu.Unlock()
	rearm := func(after string, want bool) {
		t.Helper()
		a.arm(func() {})
		if got := a.watchedToRead(t); got != want {
			t.Errorf("after %s the kernel was asked: %t, want %t", after, got, want)
		}
		PollStopReadable(a.pd)
	}
	for range 3 {
		a.tookAll()
		rearm("a read that found nothing", false)
	}
	mark := PollBeforeRead(a.pd)
	PollTookAll(a.pd, mark, true)
	rearm("a short read", false)

	w.happenings.Add(1)
	a.wantReadable(make(chan struct{}, 1)) // for the event that came, without asking
	if a.watchedToRead(t) {
		t.Error("after an event the kernel was asked, want not")
	}
	b.write("x")
	a.wantReadable(make(chan struct{}, 1))
	if !a.watchedToRead(t) {
		t.Error("after a callback that did not read the kernel was not asked, want so")
	}
}

// After urgent data a short read says nothing.
func TestShortReadAfterUrgentDataSaysNothing(t *testing.T) {
	a, _, w := armedOnce(t)
	w.happened(unix.EPOLLIN | unix.EPOLLPRI)
	PollTookAll(a.pd, PollBeforeRead(a.pd), true)
	if empty, _ := w.emptySince(); empty {
		t.Error("emptySince() = true after a short read, want false")
	}
	a.tookAll()
	if empty, _ := w.emptySince(); !empty {
		t.Error("emptySince() = false after a read that found nothing, want true")
	}
}

// A connection whose program has ceased to arm it does not wake the watcher for ever.
func TestWatchEndsWithNobodyArmed(t *testing.T) {
	a, b, _ := armedOnce(t)
	other, _ := socketpair(t)
	other.watch()
	other.arm(func() {}) // keeps the watcher awake
	eventually(t, "the watch for what nobody wants ends", func() bool {
		b.write("x")
		a.drain()
		return !a.watchedToRead(t)
	})
	a.tookAll()
	b.write("x")
	a.wantReadable(make(chan struct{}, 1))
	if !a.watchedToRead(t) {
		t.Error("who is armed again is not watched, want so")
	}
}

// enqueued fires n callbacks that call f.
func enqueued(t testing.TB, n int, f func()) {
	t.Helper()
	for range n {
		c := new(callback)
		if !c.arm(f, nil) {
			t.Fatal("arm() = false, want true")
		}
		c.fire()
	}
}

// A callback that blocks, or ends its goroutine, holds up no other.
func TestCallbacksThatBlockHoldUpNobody(t *testing.T) {
	const n = 200
	for _, tt := range []struct {
		name string
		f    func(all *sync.WaitGroup)
	}{
		{"blocks", func(all *sync.WaitGroup) { all.Done(); all.Wait() }},
		{"ends its goroutine", func(all *sync.WaitGroup) { defer all.Done(); runtime.Goexit() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var all sync.WaitGroup
			all.Add(n)
			ran := make(chan struct{})
			go func() { all.Wait(); close(ran) }()
			enqueued(t, n, func() { tt.f(&all) })
			select {
			case <-ran:
			case <-time.After(patience):
				t.Fatalf("some have not run after %v\n%s", patience, stacks())
			}
		})
	}
}

// Callbacks that return at once need few goroutines, however many there are.
func TestCallbacksThatReturnShareGoroutines(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that those wait while we count
	const n = 1000
	var all sync.WaitGroup
	all.Add(n)
	before := runtime.NumGoroutine()
	enqueued(t, n, all.Done)
	if got := runtime.NumGoroutine() - before; got > 2 {
		t.Errorf("%d callbacks have %d goroutines, want 2 at most", n, got)
	}
	all.Wait()
}
