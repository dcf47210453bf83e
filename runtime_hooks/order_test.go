//go:build linux

package runtimehooks

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests let something happen at the very moment when a goroutine parks.
// The order of two stores and two loads decides whether the goroutine sees it;
// if it does not, it waits for ever. Two goroutines start each round at the
// same time, and each spins for a while of its own, so that the rounds try one
// moment after the other.

// duringPark runs rounds, up to a number or for a while, in which a goroutine
// calls PollWait in mode while happen is called, and checks that each PollWait
// returns want, or, if that is negative, NoError or ErrTimeout. Before each
// round it calls reset. rescue must end a wait that has lost its wake-up.
func duringPark(t *testing.T, f *file, mode, want, rounds int, reset, happen, rescue func()) {
	t.Helper()
	budget := 200 * time.Millisecond
	if testing.Short() {
		budget /= 10
	}
	begin := time.Now()
	const spins = 64
	var round atomic.Int64
	returned := make(chan int, 1)
	pd := f.pd
	f.waiters.Go(func() {
		for i := range rounds {
			for n := 1; ; n++ {
				now := round.Load()
				if now < 0 {
					return
				}
				if now > int64(i) {
					break
				}
				if n%1024 == 0 {
					runtime.Gosched()
				}
			}
			spin(i % spins)
			returned <- PollWait(pd, mode)
		}
	})
	defer round.Store(-1)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for i := range rounds {
		if i%100 == 0 && time.Since(begin) > budget {
			t.Logf("%d rounds", i)
			break
		}
		reset()
		if f.pd != pd {
			t.Fatalf("round %d: PollOpen(%d) = %p, want %p again", i, f.fd, f.pd, pd)
		}
		round.Store(int64(i) + 1)
		spin(i / spins % spins)
		happen()
		timer.Reset(patience)
		select {
		case got := <-returned:
			if got != want && (want >= 0 || got != NoError && got != ErrTimeout) {
				t.Fatalf("round %d: PollWait(%d, %s) = %d, want %d", i, f.fd, modeName(mode), got, want)
			}
		case <-timer.C:
			rescue()
			t.Fatalf("round %d: PollWait(%d, %s) was not woken in %v", i, f.fd, modeName(mode), patience)
		}
	}
}

// rewatch gives f a new use of the poller in the same PollDesc, with which the
// waiter goes on.
func (f *file) rewatch() {
	f.evicted = false
	PollClose(f.pd)
	*f.pd = PollDesc{}
	if errno := PollOpen(f.pd, uintptr(f.fd)); errno != 0 {
		f.t.Fatalf("PollOpen(%d) = %v, want no error", f.fd, unix.Errno(errno))
	}
}

func TestCloseDuringPark(t *testing.T) {
	for _, mode := range []int{'r', 'w'} {
		t.Run(modeName(mode), func(t *testing.T) {
			f, rescue := quiet(t, mode)
			duringPark(t, f, mode, ErrClosing, 10000, func() {
				if f.evicted {
					f.rewatch()
				}
			}, f.evict, rescue)
		})
	}
	t.Run("r, long used", func(t *testing.T) {
		r, w := pipe(t)
		r.longUsed(w)
		duringPark(t, r, 'r', ErrClosing, 1000, func() {
			if r.evicted {
				r.rewatch()
				r.longUsed(w)
			}
		}, r.evict, func() { w.write("x") })
	})
}

func TestPastDeadlineDuringPark(t *testing.T) {
	deadlineDuringPark(t, -1)
}

func TestDeadlineFiresDuringPark(t *testing.T) {
	deadlineDuringPark(t, 1)
}

func deadlineDuringPark(t *testing.T, d int64) {
	for _, tt := range []struct{ set, wait int }{{'r', 'r'}, {'w', 'w'}, {'r' + 'w', 'r'}, {'r' + 'w', 'w'}} {
		t.Run(modeName(tt.set)+" for "+modeName(tt.wait), func(t *testing.T) {
			f, rescue := quiet(t, tt.wait)
			duringPark(t, f, tt.wait, ErrTimeout, 5000,
				func() { PollSetDeadline(f.pd, 0, tt.set) },
				func() { PollSetDeadline(f.pd, d, tt.set) },
				rescue)
		})
	}
	t.Run("r, long used", func(t *testing.T) {
		r, w := pipe(t)
		r.longUsed(w)
		duringPark(t, r, 'r', ErrTimeout, 5000,
			func() { PollSetDeadline(r.pd, 0, 'r') },
			func() { PollSetDeadline(r.pd, d, 'r') },
			func() { w.write("x") })
	})
}

func TestReadinessDuringPark(t *testing.T) {
	one, buf := []byte("x"), make([]byte, 16)
	for _, age := range ages {
		t.Run("r, "+age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			duringPark(t, r, 'r', NoError, 10000,
				func() { unix.Read(r.fd, buf); PollReset(r.pd, 'r') },
				func() { unix.Write(w.fd, one) },
				func() { PollSetDeadline(r.pd, -1, 'r') })
		})
	}
	t.Run("w", func(t *testing.T) {
		r, w := pipe(t)
		w.watch()
		duringPark(t, w, 'w', NoError, 5000,
			func() { w.fill(); PollReset(w.pd, 'w') },
			r.drain,
			func() { PollSetDeadline(w.pd, -1, 'w') })
	})
}

// Readiness and a deadline come together while the goroutine parks: it must
// return one or the other, and no wake-up may be left for the next wait.
func TestReadinessAndDeadlineDuringPark(t *testing.T) {
	one, buf := []byte("x"), make([]byte, 16)
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			duringPark(t, r, 'r', -1, 5000,
				func() {
					PollSetDeadline(r.pd, 0, 'r')
					unix.Read(r.fd, buf)
					r.wantReset('r', NoError)
				},
				func() {
					PollSetDeadline(r.pd, 1, 'r')
					unix.Write(w.fd, one)
				},
				func() { PollSetDeadline(r.pd, -1, 'r') })
			PollSetDeadline(r.pd, 0, 'r')
			r.drain()
			eventually(t, "the next wait parks", func() bool {
				r.wantReset('r', NoError)
				waiter := r.wait('r')
				for stateOf(waiter.id) != parkedState() {
					if len(waiter.code) > 0 {
						return false // a notification was on its way yet
					}
				}
				w.write("x")
				waiter.want(NoError)
				return true
			})
		})
	}
}

// A deadline passes and is lifted again while something becomes ready. The
// deadline may end the wait; if it does not, the readiness must.
func TestReadinessAndLiftedDeadlineDuringPark(t *testing.T) {
	one, buf := []byte("x"), make([]byte, 16)
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			i := 0
			duringPark(t, r, 'r', -1, 10000,
				func() {
					unix.Read(r.fd, buf)
					r.wantReset('r', NoError)
				},
				func() {
					i++
					PollSetDeadline(r.pd, -1, 'r')
					if i%2 == 0 {
						spin(i / 2 % 200)
					}
					unix.Write(w.fd, one)
					if i%2 == 1 {
						spin(i / 2 % 200)
					}
					PollSetDeadline(r.pd, 0, 'r')
				},
				func() { PollSetDeadline(r.pd, -1, 'r') })
		})
	}
}

// quiet returns a watched descriptor that is not ready in mode, and a function
// that makes it so.
func quiet(t *testing.T, mode int) (f *file, makeReady func()) {
	r, w := pipe(t)
	if mode == 'r' {
		return r.watch(), func() { w.write("x") }
	}
	return w.fill().watch(), r.drain
}
