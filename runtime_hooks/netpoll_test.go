//go:build linux

package runtimehooks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests drive the state machine step by step.

// quietDesc returns a watched PollDesc for which no events come.
func quietDesc(t testing.TB) *file {
	t.Helper()
	r, _ := pipe(t)
	r.watch()
	return r
}

func stateName(v uintptr) string {
	switch v {
	case pdNil:
		return "pdNil"
	case pdReady:
		return "pdReady"
	case pdWait:
		return "pdWait"
	}
	return "parked"
}

func wantState(t testing.TB, pd *pollDesc, mode int, want uintptr) {
	t.Helper()
	if got := pd.sema(mode).state.Load(); got != want {
		t.Errorf("state in mode %s = %s, want %s", modeName(mode), stateName(got), stateName(want))
	}
}

// within fails when f does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s has not returned after %v:\n%s", what, patience, stacks())
	}
}

// mustPanic returns the text with which f panics.
func mustPanic(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		t.Helper()
		switch v := recover().(type) {
		case nil:
			t.Fatal("no panic, want one")
		case string:
			text = v
		default:
			t.Fatalf("panic(%v) of type %T, want a string", v, v)
		}
	}()
	f()
	return ""
}

func TestNetpollblockWithoutParking(t *testing.T) {
	ownPoller(t)
	closing := func(pd *pollDesc) {
		pd.mu.Lock()
		defer pd.mu.Unlock()
		pd.closing = true
		pd.publishInfo()
	}
	opening := func(pd *pollDesc) {
		pd.mu.Lock()
		defer pd.mu.Unlock()
		pd.closing = false
		pd.publishInfo()
	}
	for _, tt := range []struct {
		name  string
		state uintptr
		end   func(*pollDesc)
		want  bool
	}{
		{"ready", pdReady, opening, true},
		{"closing", pdNil, closing, false},
		{"closing and ready", pdReady, closing, true},
		{"timed out", pdNil, func(pd *pollDesc) { pollSetDeadline(pd, -1, 'r'+'w') }, false},
	} {
		for _, mode := range []int{'r', 'w'} {
			t.Run(tt.name+" "+modeName(mode), func(t *testing.T) {
				pd := quietDesc(t).pd.own
				defer opening(pd)
				tt.end(pd)
				pd.sema(mode).state.Store(tt.state)
				within(t, "netpollblock", func() {
					if got := netpollblock(pd, mode); got != tt.want {
						t.Errorf("netpollblock(%s) = %t, want %t", modeName(mode), got, tt.want)
					}
				})
				wantState(t, pd, mode, pdNil)
			})
		}
	}
}

func TestNetpollunblockNobodyParked(t *testing.T) {
	ownPoller(t)
	for _, tt := range []struct {
		state   uintptr
		ioready bool
		next    uintptr
	}{
		{pdNil, false, pdNil}, // the cause stands in atomicInfo
		{pdNil, true, pdReady},
		{pdReady, false, pdReady}, // a close does not take readiness away
		{pdReady, true, pdReady},
		{pdWait, false, pdNil},
		{pdWait, true, pdReady},
	} {
		for _, mode := range []int{'r', 'w'} {
			t.Run(fmt.Sprintf("%s ioready=%t %s", stateName(tt.state), tt.ioready, modeName(mode)), func(t *testing.T) {
				pd := quietDesc(t).pd.own
				if tt.state == pdWait {
					netpollAdjustWaiters(1)
				}
				pd.sema(mode).state.Store(tt.state)
				if got := netpollunblock(pd, mode, tt.ioready); got != noG {
					t.Errorf("netpollunblock(%s, %t) = %v, want nobody", modeName(mode), tt.ioready, got)
				}
				wantState(t, pd, mode, tt.next)
				wantState(t, pd, 'r'+'w'-mode, pdNil)
			})
		}
	}
}

func TestNetpollunblockParked(t *testing.T) {
	ownPoller(t)
	for _, mode := range []int{'r', 'w'} {
		t.Run(modeName(mode), func(t *testing.T) {
			a, _ := ages[0].quiet(t)
			w := a.wait(mode).parked()

			// Woken without cause, it waits on.
			gp := netpollunblock(a.pd.own, mode, false)
			if gp == noG {
				t.Fatalf("netpollunblock(%s, false) = nobody, want the waiter", modeName(mode))
			}
			wantState(t, a.pd.own, mode, pdNil)
			if again := netpollunblock(a.pd.own, mode, false); again != noG {
				t.Errorf("netpollunblock(%s, false) = %v the second time, want nobody", modeName(mode), again)
			}
			gp.ready()
			eventually(t, "it waits on", func() bool { return a.pd.own.sema(mode).state.Load() > pdWait })

			if gp = netpollunblock(a.pd.own, mode, true); gp == noG {
				t.Fatalf("netpollunblock(%s, true) = nobody, want the waiter", modeName(mode))
			}
			wantState(t, a.pd.own, mode, pdReady)
			if again := netpollunblock(a.pd.own, mode, true); again != noG {
				t.Errorf("netpollunblock(%s, true) = %v the second time, want nobody", modeName(mode), again)
			}
			gp.ready()
			w.want(NoError)
			wantState(t, a.pd.own, mode, pdNil)
		})
	}
}

// What comes after a goroutine has seen that nothing is the matter, and before
// it has parked, keeps it from parking.
func TestParkNotifiedBetweenCheckAndPark(t *testing.T) {
	ownPoller(t)
	for _, tt := range []struct {
		name   string
		notify func(*file)
		want   uintptr
	}{
		{"event", func(f *file) {
			if got := netpollready(nil, f.pd.own, 'r'+'w'); len(got) != 0 {
				f.t.Errorf("netpollready(r+w) = %v, want nobody", got)
			}
		}, pdReady},
		{"deadline set in the past", func(f *file) { PollSetDeadline(f.pd, -1, 'r'+'w') }, pdNil},
		{"deadline passes", func(f *file) {
			PollSetDeadline(f.pd, 1, 'r'+'w')
			eventually(f.t, "the deadline passes", func() bool {
				f.pd.own.mu.Lock()
				defer f.pd.own.mu.Unlock()
				return f.pd.own.rd < 0 && f.pd.own.wd < 0
			})
		}, pdNil},
		{"close", func(f *file) { f.evict() }, pdNil},
	} {
		for _, mode := range []int{'r', 'w'} {
			t.Run(tt.name+" "+modeName(mode), func(t *testing.T) {
				f := quietDesc(t)
				s := f.pd.own.sema(mode)
				netpollAdjustWaiters(1)
				s.state.Store(pdWait) // as netpollblock does first
				if code := netpollcheckerr(f.pd.own, mode); code != NoError {
					t.Fatalf("netpollcheckerr(%s) = %d, want %d", modeName(mode), code, NoError)
				}
				tt.notify(f)
				wantState(t, f.pd.own, mode, tt.want)
				within(t, "park", func() { s.park() })
				wantState(t, f.pd.own, mode, tt.want)
				s.state.Store(pdNil)
			})
		}
	}
}

func TestNetpollblockSecondWaiterPanics(t *testing.T) {
	ownPoller(t)
	for _, mode := range []int{'r', 'w'} {
		t.Run(modeName(mode), func(t *testing.T) {
			a, b := ages[0].quiet(t)
			w := a.wait(mode).parked()
			a.pd.own.sema(mode).state.Load() // after what it did before it parked
			text := mustPanic(t, func() { netpollblock(a.pd.own, mode) })
			netpollAdjustWaiters(-1) // the one that panicked
			for _, want := range []string{"runtimehooks: ", "two goroutines wait", "'" + modeName(mode) + "'"} {
				if !strings.Contains(text, want) {
					t.Errorf("panic(%q), want %q in it", text, want)
				}
			}
			b.write("x") // the panic did not harm the first
			b.drain()
			w.want(NoError)
		})
	}
}

func TestPollUnblockTwicePanics(t *testing.T) {
	ownPoller(t)
	f := quietDesc(t)
	f.evict()
	text := mustPanic(t, func() { PollUnblock(f.pd) })
	if want := "runtimehooks: PollUnblock of a closing descriptor"; text != want {
		t.Errorf("panic(%q), want %q", text, want)
	}
	f.pd.own.mu.TryLock() // it may have been left locked
	f.pd.own.mu.Unlock()
}

func TestPollCloseTooEarlyPanics(t *testing.T) {
	ownPoller(t)
	f := quietDesc(t)
	text := mustPanic(t, func() { PollClose(f.pd) })
	if want := "runtimehooks: PollClose without PollUnblock"; text != want {
		t.Errorf("panic(%q), want %q", text, want)
	}
	f.evict()
	rg := &f.pd.own.rg.state
	rg.Store(pdWait + 1) // a goroutine that a wake-up forgot
	text = mustPanic(t, func() { PollClose(f.pd) })
	rg.Store(pdNil)
	if want := "waiter on closing descriptor"; !strings.Contains(text, want) {
		t.Errorf("panic(%q), want %q in it", text, want)
	}
}

func TestNetpollcheckerrOrderOfCauses(t *testing.T) {
	ownPoller(t)
	pd := quietDesc(t).pd.own
	defer func() {
		pd.mu.Lock()
		defer pd.mu.Unlock()
		pd.closing, pd.rd, pd.wd = false, 0, 0
		pd.publishInfo()
	}()
	for bits := range 16 {
		closing, rd, wd, eventErr := bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
		pd.mu.Lock()
		pd.closing, pd.rd, pd.wd = closing, 0, 0
		if rd {
			pd.rd = -1
		}
		if wd {
			pd.wd = -1
		}
		pd.setEventErr(eventErr, pd.fdseq.Load())
		pd.publishInfo()
		pd.mu.Unlock()
		for _, mode := range []int{'r', 'w'} {
			want := NoError
			switch {
			case closing:
				want = ErrClosing
			case mode == 'r' && rd || mode == 'w' && wd:
				want = ErrTimeout
			case mode == 'r' && eventErr:
				want = ErrNotPollable
			}
			if got := netpollcheckerr(pd, mode); got != want {
				t.Errorf("netpollcheckerr(%s) with closing=%t rd=%t wd=%t eventErr=%t = %d, want %d",
					modeName(mode), closing, rd, wd, eventErr, got, want)
			}
		}
	}
}

func TestSetEventErrOfOtherUseIgnored(t *testing.T) {
	ownPoller(t)
	pd := quietDesc(t).pd.own
	tag := pd.fdseq.Load()
	for _, tt := range []struct {
		name string
		b    bool
		tag  uint32
		want bool
	}{
		{"set by the last use", true, tag - 1, false},
		{"set by the next use", true, tag + 1, false},
		{"set", true, tag, true},
		{"set again", true, tag, true},
		{"cleared by the last use", false, tag - 1, true},
		{"cleared", false, tag, false},
	} {
		pd.setEventErr(tt.b, tt.tag)
		if got := pd.info()&pollEventErr != 0; got != tt.want {
			t.Errorf("%s: setEventErr(%t, %#x) left eventErr = %t, want %t", tt.name, tt.b, tt.tag, got, tt.want)
		}
		if got := netpollcheckerr(pd, 'w'); got != NoError {
			t.Errorf("%s: netpollcheckerr(w) = %d, want %d", tt.name, got, NoError)
		}
	}
}

// publishInfo knows nothing of the event error, and keeps it.
func TestPublishInfoKeepsEventErr(t *testing.T) {
	ownPoller(t)
	pd := quietDesc(t).pd.own
	pd.setEventErr(true, pd.fdseq.Load())
	pollSetDeadline(pd, -1, 'r'+'w')
	pollSetDeadline(pd, 0, 'r'+'w')
	if got := netpollcheckerr(pd, 'r'); got != ErrNotPollable {
		t.Errorf("netpollcheckerr(r) = %d, want %d", got, ErrNotPollable)
	}
	pd.setEventErr(false, pd.fdseq.Load())
	if got := netpollcheckerr(pd, 'r'); got != NoError {
		t.Errorf("netpollcheckerr(r) = %d, want %d", got, NoError)
	}
}

func eventOf(pd *pollDesc, events uint32) unix.EpollEvent {
	return unix.EpollEvent{Events: events, Fd: pd.index, Pad: int32(pd.fdseq.Load())}
}

func TestNetpolleventsModes(t *testing.T) {
	ownPoller(t)
	for _, tt := range []struct {
		name   string
		events uint32
		r, w   bool
		err    bool
	}{
		{"none", 0, false, false, false},
		{"IN", unix.EPOLLIN, true, false, false},
		{"OUT", unix.EPOLLOUT, false, true, false},
		{"IN|OUT", unix.EPOLLIN | unix.EPOLLOUT, true, true, false},
		{"RDHUP", unix.EPOLLRDHUP, true, false, false},
		{"HUP", unix.EPOLLHUP, true, true, false},
		{"ERR", unix.EPOLLERR, true, true, true},
		{"ERR|HUP", unix.EPOLLERR | unix.EPOLLHUP, true, true, false},
		{"ERR|IN", unix.EPOLLERR | unix.EPOLLIN, true, true, false},
		{"ERR|OUT", unix.EPOLLERR | unix.EPOLLOUT, true, true, false},
		{"PRI", unix.EPOLLPRI, false, false, false},
		{"unknown bits", 1<<20 | 1<<12, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sentinel(t)
			pd := quietDesc(t).pd.own
			before := Stats()
			if got := netpollevents([]unix.EpollEvent{eventOf(pd, tt.events)}, nil); len(got) != 0 {
				t.Errorf("netpollevents(%s) = %v, want nobody", tt.name, got)
			}
			for mode, ready := range map[int]bool{'r': tt.r, 'w': tt.w} {
				want := pdNil
				if ready {
					want = pdReady
				}
				wantState(t, pd, mode, want)
			}
			if got := pd.info()&pollEventErr != 0; got != tt.err {
				t.Errorf("netpollevents(%s) left eventErr = %t, want %t", tt.name, got, tt.err)
			}
			after := Stats()
			if after.Events-before.Events != 1 || after.StaleEvents != before.StaleEvents {
				t.Errorf("netpollevents(%s) counted %d events, %d stale, want 1, 0", tt.name,
					after.Events-before.Events, after.StaleEvents-before.StaleEvents)
			}
		})
	}
}

// A better event takes the error back.
func TestNetpolleventsErrorIsTheLastEvents(t *testing.T) {
	ownPoller(t)
	pd := quietDesc(t).pd.own
	netpollevents([]unix.EpollEvent{eventOf(pd, unix.EPOLLERR)}, nil)
	if got := pollReset(pd, 'r'); got != ErrNotPollable {
		t.Errorf("PollReset(r) = %d, want %d", got, ErrNotPollable)
	}
	netpollevents([]unix.EpollEvent{eventOf(pd, unix.EPOLLERR|unix.EPOLLIN)}, nil)
	if got := pollReset(pd, 'r'); got != NoError {
		t.Errorf("PollReset(r) = %d, want %d", got, NoError)
	}
}

func TestNetpolleventsOfClosedDescriptorDropped(t *testing.T) {
	ownPoller(t)
	f, _ := pipe(t)
	f.watch()
	old, oldPD := eventOf(f.pd.own, 0), f.pd.own
	f.unwatch()

	next := quietDesc(t)
	if next.pd.own != oldPD {
		t.Fatalf("PollOpen(%d) = %p, want %p, which was given back last", next.fd, next.pd.own, oldPD)
	}
	r, w := next.wait('r').parked(), next.wait('w').parked()
	rg, wg := next.pd.own.rg.state.Load(), next.pd.own.wg.state.Load()

	var events []unix.EpollEvent
	for _, bits := range []uint32{unix.EPOLLIN, unix.EPOLLOUT, unix.EPOLLHUP, unix.EPOLLERR, unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP} {
		for _, tag := range []int32{old.Pad, old.Pad - 1, int32(next.pd.own.fdseq.Load()) + 1, int32(next.pd.own.fdseq.Load() ^ 1<<31)} {
			events = append(events, unix.EpollEvent{Events: bits, Fd: old.Fd, Pad: tag})
		}
		for _, index := range []int32{1<<31 - 1, -1 << 31, 1 << 30} {
			events = append(events, unix.EpollEvent{Events: bits, Fd: index, Pad: int32(next.pd.own.fdseq.Load())})
		}
	}
	sentinel(t)
	before := Stats()
	if got := netpollevents(events, nil); len(got) != 0 {
		t.Errorf("netpollevents(%d stale) = %v, want nobody", len(events), got)
	}
	if got := Stats().StaleEvents - before.StaleEvents; got != uint64(len(events)) {
		t.Errorf("Stats().StaleEvents grew by %d, want %d", got, len(events))
	}
	wantState(t, next.pd.own, 'r', rg)
	wantState(t, next.pd.own, 'w', wg)
	if got := netpollcheckerr(next.pd.own, 'r'); got != NoError {
		t.Errorf("netpollcheckerr(r) = %d, want %d", got, NoError)
	}

	// Among stale ones the event that is its own still counts.
	events = append(events, eventOf(next.pd.own, unix.EPOLLIN), events[0])
	got := netpollevents(events, nil)
	if len(got) != 1 {
		t.Errorf("netpollevents(1 in %d) = %v, want one goroutine", len(events), got)
	}
	for _, gp := range got {
		gp.ready()
	}
	r.want(NoError)
	wantState(t, next.pd.own, 'w', wg)
	for _, gp := range netpollevents([]unix.EpollEvent{eventOf(next.pd.own, unix.EPOLLHUP)}, nil) {
		gp.ready()
	}
	w.want(NoError)
}

// The poller takes events until there are no more, however many there are.
func TestNetpollTakesAllEvents(t *testing.T) {
	ownPoller(t)
	for _, n := range []int{0, 1, netpollEvents - 1, netpollEvents, netpollEvents + 1, 2 * netpollEvents, 300} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			// An epoll instance of the test's own, in which other descriptors
			// bear the PollDescs' names.
			epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(epfd)
			fs, ready := make([]*file, n), make([]int, n)
			for i := range fs {
				fs[i] = quietDesc(t)
				fd, err := unix.Eventfd(1, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
				if err != nil {
					t.Fatal(err)
				}
				defer unix.Close(fd)
				ready[i] = fd
				ev := eventOf(fs[i].pd.own, unix.EPOLLIN|unix.EPOLLET)
				if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
					t.Fatal(err)
				}
			}
			var waiters []*waiter
			for i := 0; i < n; i += 50 {
				waiters = append(waiters, fs[i].wait('r').parked())
			}
			sentinel(t)
			before := Stats()
			netpoll(epfd, new(netpollBuffers))
			after := Stats()
			if got, want := after.Polls-before.Polls, uint64(n/netpollEvents+1); got < want {
				t.Errorf("epoll_wait was called %d times for %d events, want %d at least", got, n, want)
			}
			if got := after.Events - before.Events; got != uint64(n) {
				t.Errorf("Stats().Events grew by %d, want %d", got, n)
			}
			for _, w := range waiters {
				w.want(NoError)
			}
			for i, f := range fs {
				if i%50 == 0 {
					wantState(t, f.pd.own, 'r', pdNil) // taken by the waiter
				} else {
					wantState(t, f.pd.own, 'r', pdReady)
				}
				wantState(t, f.pd.own, 'w', pdNil)
			}
			netpoll(epfd, new(netpollBuffers))
			if got := Stats().Events - after.Events; got != 0 {
				t.Errorf("netpoll took %d events the second time, want 0", got)
			}
		})
	}
}

// The test looks at the state, not only at the sum that ends up in Stats.
func TestStatsCountsWaitersOfBothSides(t *testing.T) {
	ownPoller(t)
	before := Stats()
	a, b := socketpair(t)
	a.fill().watch()
	r, w := a.wait('r').parked(), a.wait('w').parked()
	eventually(t, "two more wait", func() bool { return Stats().Waiters == before.Waiters+2 })
	if got := Stats().Open; got != before.Open+1 {
		t.Errorf("Stats().Open = %d, want %d", got, before.Open+1)
	}
	b.close()
	r.want(NoError)
	w.want(NoError)
	if got := Stats().Waiters; got != before.Waiters {
		t.Errorf("Stats().Waiters = %d, want %d", got, before.Waiters)
	}
}
