//go:build linux

package runtimehooks

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"
)

// A timer's function that runs late finds that the deadline it was to enforce
// no longer stands. The test plays the late timer by calling the function.
func TestNetpollDeadlineLateDoesNothing(t *testing.T) {
	ownPoller(t)
	for _, tt := range []struct {
		name string
		then func(f *file) // after a deadline, which is far off, was set
		code int           // of both sides
	}{
		{"not late but early", func(f *file) {}, NoError},
		{"moved later", func(f *file) { PollSetDeadline(f.pd, int64(2*time.Hour), 'r'+'w') }, NoError},
		{"moved earlier", func(f *file) { PollSetDeadline(f.pd, int64(time.Minute), 'r'+'w') }, NoError},
		{"moved, read alone", func(f *file) { PollSetDeadline(f.pd, int64(2*time.Hour), 'r') }, NoError},
		{"cleared", func(f *file) { PollSetDeadline(f.pd, 0, 'r'+'w') }, NoError},
		{"moved to the past", func(f *file) { PollSetDeadline(f.pd, -1, 'r'+'w') }, ErrTimeout},
		{"closing", func(f *file) { f.evict() }, ErrClosing},
		{"closed and reused", func(f *file) { f.unwatch(); f.watch() }, NoError},
		{"closed and reused with a deadline", func(f *file) {
			f.unwatch()
			f.watch()
			PollSetDeadline(f.pd, int64(time.Hour), 'r'+'w')
		}, NoError},
		{"closed and reused with a past deadline", func(f *file) {
			f.unwatch()
			f.watch()
			PollSetDeadline(f.pd, -1, 'r'+'w')
		}, ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := quietDesc(t)
			pd := f.pd.own
			pollSetDeadline(pd, int64(time.Hour), 'r'+'w')
			tt.then(f)
			if f.pd.own != pd {
				t.Fatalf("PollOpen(%d) = %p, want %p again", f.fd, f.pd.own, pd)
			}
			var waiters []*waiter
			if tt.code == NoError {
				waiters = append(waiters, f.wait('r').parked(), f.wait('w').parked())
			}
			before := Stats()
			for range 3 {
				netpollDeadline(pd)
			}
			if got := Stats().DeadlinesFired - before.DeadlinesFired; got != 0 {
				t.Errorf("Stats().DeadlinesFired grew by %d, want 0", got)
			}
			for _, w := range waiters {
				w.parked()
			}
			for _, mode := range []int{'r', 'w'} {
				if got := netpollcheckerr(pd, mode); got != tt.code {
					t.Errorf("netpollcheckerr(%s) = %d, want %d", modeName(mode), got, tt.code)
				}
			}
			if tt.code == ErrClosing {
				return
			}
			// Whatever the function did to the timer, the next deadline works.
			pollSetDeadline(pd, 1000, 'r'+'w')
			for _, w := range waiters {
				w.want(ErrTimeout)
			}
			f.wantWait('r', ErrTimeout)
			f.wantWait('w', ErrTimeout)
		})
	}
}

// The function has started and waits for the lock when the test moves the
// deadline that it is to enforce.
func TestNetpollDeadlineInFlightWhenMoved(t *testing.T) {
	ownPoller(t)
	for _, tt := range []struct {
		name string
		d    time.Duration // until the new deadline, 0 for none
		want int
	}{
		{"cleared", 0, NoError},
		{"later", time.Hour, NoError},
		{"a little later", 2 * time.Millisecond, ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := quietDesc(t)
			pd := f.pd.own
			r, w := f.wait('r').parked(), f.wait('w').parked()

			pd.mu.Lock()
			now := nanotime()
			pd.rd, pd.wd = now+1, now+1
			pd.publishInfo()
			pd.setTimer()
			eventually(t, "the timer's function waits for the lock", func() bool {
				for part := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
					if bytes.Contains(part, []byte("[sync.Mutex.Lock")) && bytes.Contains(part, []byte(".netpollDeadline(")) {
						return true
					}
				}
				return false
			})
			now = nanotime()
			if tt.d == 0 {
				pd.rd, pd.wd = 0, 0
			} else {
				pd.rd, pd.wd = now+int64(tt.d), now+int64(tt.d)
			}
			pd.publishInfo()
			pd.setTimer()
			pd.mu.Unlock()

			eventually(t, "the timer's function ends", func() bool {
				return !bytes.Contains(stacks(), []byte(".netpollDeadline("))
			})
			if tt.want != NoError {
				r.want(tt.want)
				w.want(tt.want)
				if got := nanotime(); got < now+int64(tt.d) {
					t.Errorf("PollWait(%d) = %d after %v, want %v at least", f.fd, tt.want, time.Duration(got-now), tt.d)
				}
				return
			}
			r.parked()
			w.parked()
			pollSetDeadline(pd, 1, 'r'+'w')
			r.want(ErrTimeout)
			w.want(ErrTimeout)
		})
	}
}

// The timer goes off at the earlier deadline, and a later one leaves it alone.
func TestSetTimerKeepsTheEarlier(t *testing.T) {
	ownPoller(t)
	const far = int64(time.Hour)
	for _, tt := range []struct {
		name            string
		rd, wd, timerAt int64 // from now; 0 for none, -1 for passed
		want            int64
	}{
		{"none", 0, 0, 0, 0},
		{"passed", -1, -1, 0, 0},
		{"read", far, 0, 0, far},
		{"write", 0, far, 0, far},
		{"read, write passed", far, -1, 0, far},
		{"write, read passed", -1, far, 0, far},
		{"read first", far, 2 * far, 0, far},
		{"write first", 2 * far, far, 0, far},
		{"both", far, far, 0, far},
		{"moved later", 2 * far, 0, far, far},
		{"moved earlier", far, 0, 2 * far, far},
		{"write moved earlier", 3 * far, far, 2 * far, far},
		{"cleared", 0, 0, far, far},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := quietDesc(t)
			pd := f.pd.own
			pd.mu.Lock()
			defer pd.mu.Unlock()
			now := nanotime()
			at := func(d int64) int64 {
				if d > 0 {
					return now + d
				}
				return d
			}
			if tt.timerAt > 0 { // as an earlier deadline left it
				pd.rd = at(tt.timerAt)
				pd.setTimer()
			}
			pd.rd, pd.wd = at(tt.rd), at(tt.wd)
			pd.publishInfo()
			pd.setTimer()
			if got := pd.timerAt; got != at(tt.want) {
				t.Errorf("timerAt = %v from now, want %v", time.Duration(got-now), time.Duration(tt.want))
			}
		})
	}
}

func TestPollUnblockStopsTimer(t *testing.T) {
	ownPoller(t)
	f := quietDesc(t)
	PollSetDeadline(f.pd, int64(time.Hour), 'r')
	f.evict()
	PollSetDeadline(f.pd, int64(time.Minute), 'r'+'w') // too late
	f.pd.own.mu.Lock()
	defer f.pd.own.mu.Unlock()
	if f.pd.own.timerAt != 0 || f.pd.own.timer.Stop() {
		t.Errorf("the timer is set after PollUnblock(%d), want it stopped", f.fd)
	}
}

func TestPollSetDeadlineOverflowIsForEver(t *testing.T) {
	ownPoller(t)
	f := quietDesc(t)
	for _, d := range []int64{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 - int64(time.Hour)} {
		PollSetDeadline(f.pd, d, 'r'+'w')
		f.pd.own.mu.Lock()
		rd, wd := f.pd.own.rd, f.pd.own.wd
		f.pd.own.mu.Unlock()
		if rd < d || wd < d {
			t.Errorf("PollSetDeadline(%d) = %d, %d, want %d at least", d, rd, wd, d)
		}
		f.wantReset('r', NoError)
		f.wantReset('w', NoError)
	}
}

func TestStatsCountsDeadlinesThatPass(t *testing.T) {
	ownPoller(t)
	f := quietDesc(t)
	for i, mode := range []int{'r', 'w'} {
		before := Stats()
		PollSetDeadline(f.pd, 1, mode)
		f.wantWait(mode, ErrTimeout)
		eventually(t, fmt.Sprintf("deadline %d is counted", i), func() bool {
			return Stats().DeadlinesFired == before.DeadlinesFired+1
		})
		PollSetDeadline(f.pd, -1, mode) // set in the past, it does not pass
		if got := Stats().DeadlinesFired; got != before.DeadlinesFired+1 {
			t.Errorf("Stats().DeadlinesFired grew by %d, want 1", got-before.DeadlinesFired)
		}
	}
}
