//go:build linux

package runtimehooks

import "testing"

func (f *file) wantCheck(mode, want int) {
	f.t.Helper()
	if got := PollCheck(f.pd, mode); got != want {
		f.t.Fatalf("PollCheck(%d, %s) = %d, want %d", f.fd, modeName(mode), got, want)
	}
}

func TestPollCheckTellsOfDeadlinesAndClose(t *testing.T) {
	for _, watch := range []func(*file) *file{(*file).watch, (*file).watchOnDemand} {
		a, _ := socketpair(t)
		watch(a)
		for _, mode := range []int{'r', 'w'} {
			other := 'r' + 'w' - mode
			a.wantCheck(mode, NoError)
			PollSetDeadline(a.pd, -1, mode)
			a.wantCheck(mode, ErrTimeout)
			a.wantCheck(other, NoError)
			PollSetDeadline(a.pd, 0, mode)
			a.wantCheck(mode, NoError)
			PollSetDeadline(a.pd, 1e12, mode)
			a.wantCheck(mode, NoError)
			PollSetDeadline(a.pd, 1e6, mode)
			eventually(t, "the deadline passes", func() bool { return PollCheck(a.pd, mode) == ErrTimeout })
			a.wantCheck(other, NoError)
			PollSetDeadline(a.pd, 0, 'r'+'w')
		}
		a.evict()
		a.wantCheck('r', ErrClosing)
		a.wantCheck('w', ErrClosing)
	}
}

// What PollReset forgets, PollCheck leaves for whoever waits.
func TestPollCheckForgetsNothing(t *testing.T) {
	a, b := socketpair(t)
	a.watch()
	w := a.wait('r').parked()
	b.write("x")
	w.want(NoError)
	a.drain()
	a.wantReset('r', NoError)
	b.write("x")
	sentinel(t) // the poller has seen it
	for range 10 {
		a.wantCheck('r', NoError)
		a.wantCheck('w', NoError)
	}
	a.wantWait('r', NoError)
}
