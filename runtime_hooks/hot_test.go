//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func isHot(pd *PollDesc) bool { return pd.hot.Load() != nil }

func (f *file) wantHot(want bool) {
	f.t.Helper()
	if got := isHot(f.pd); got != want {
		f.t.Fatalf("hot(%d) = %t after %d waits, want %t", f.fd, got, f.pd.parks.Load(), want)
	}
}

// nearlyHot watches f. With the next wait it moves.
func (f *file) nearlyHot() *file {
	f.t.Helper()
	f.watch()
	f.pd.parks.Store(hotAfter - 1)
	return f
}

func TestHotAfterManyWaitsUntilClose(t *testing.T) {
	r, w := pipe(t)
	r.watch()
	for range hotAfter {
		r.wantHot(false)
		w.write("x")
		r.wantWait('r', NoError)
		r.drain()
		r.wantReset('r', NoError)
	}
	r.wantHot(true)
	if got := watched(t, r.fd); len(got) != 1 {
		t.Errorf("events watched = %#x, want one watch", got)
	}
	pd := r.pd
	r.unwatch()
	if pd.hot.Load() != nil || pd.parks.Load() != 0 {
		t.Fatalf("after PollClose: hot = %p, parks = %d, want nil, 0", pd.hot.Load(), pd.parks.Load())
	}
	if got := watched(t, r.fd); len(got) != 0 {
		t.Errorf("events watched after PollClose = %#x, want none", got)
	}
	r.watch().wantHot(false)
}

// A writer's waits count too.
func TestHotByWriting(t *testing.T) {
	r, w := pipe(t)
	w.watch()
	for range hotAfter {
		w.wantHot(false)
		w.fill()
		w.wantReset('w', NoError)
		waiter := w.wait('w')
		r.drain()
		waiter.want(NoError)
	}
	w.wantHot(true)
}

// Where many descriptors are open none moves, until there are fewer again.
func TestHotOnlyWhileFewAreOpen(t *testing.T) {
	r, w := pipe(t)
	r.watch()
	var crowd []*PollDesc
	for pollcache.opened() <= hotMaxOpen {
		crowd = append(crowd, pollcache.alloc())
	}
	wait := func() {
		for range hotAfter {
			w.write("x")
			r.wantWait('r', NoError)
			r.drain()
			r.wantReset('r', NoError)
		}
	}
	wait()
	r.wantHot(false)
	for _, pd := range crowd {
		pollcache.free(pd)
	}
	wait()
	r.wantHot(true)
}

// Data that is there when the descriptor moves, or comes with the move, does
// not leave the reader waiting.
func TestHotBeginsWithDataThere(t *testing.T) {
	for range 50 {
		r, w := pipe(t)
		r.nearlyHot()
		w.write("x")
		sentinel(t) // the poller has the event
		r.wantReset('r', NoError)
		r.wait('r').want(NoError)
		r.wantHot(true)
		r.close()

		r, w = pipe(t)
		waiter := r.nearlyHot().wait('r')
		w.write("x") // at any moment of the move
		waiter.want(NoError)
		r.close()
	}
}

// A registration that the kernel refuses leaves the descriptor with our poller.
func TestHotRefusedStays(t *testing.T) {
	r, w := pipe(t)
	r.nearlyHot()
	w.write("x")
	withoutEpollAdd(t, unix.ENOSPC, func() {
		if got := PollWait(r.pd, 'r'); got != NoError {
			t.Errorf("PollWait(%d, r) = %d, want %d", r.fd, got, NoError)
		}
	})
	r.wantHot(false)
	r.drain()
	r.settle('r')
	waiter := r.wait('r').parked()
	w.write("x")
	waiter.want(NoError)
}

// A deadline that was set before the move counts after it: one that is still
// to come, one that has passed, and one that was lifted.
func TestHotKeepsDeadlines(t *testing.T) {
	for _, mode := range []int{'r', 'w', 'r' + 'w'} {
		for _, tt := range []struct {
			name string
			d    int64
			want int
		}{{"near", int64(20 * time.Millisecond), ErrTimeout}, {"passed", -1, ErrTimeout}, {"lifted", 0, NoError}} {
			t.Run(modeName(mode)+" "+tt.name, func(t *testing.T) {
				r, w := socketpair(t)
				r.fill().nearlyHot()
				PollSetDeadline(r.pd, -1, mode)
				PollSetDeadline(r.pd, tt.d, mode)
				reader := r.wait('r')
				eventually(t, "the move", func() bool { return isHot(r.pd) || len(reader.code) > 0 })
				writer := r.wait('w')
				wants := map[int]int{'r': NoError, 'w': NoError}
				for side := range wants {
					if mode == side || mode == 'r'+'w' {
						wants[side] = tt.want
					}
				}
				if wants['r'] == NoError {
					w.write("x")
				}
				reader.want(wants['r'])
				if wants['w'] == NoError {
					w.drain()
				}
				writer.want(wants['w'])
				r.wantHot(true)
				for side, want := range wants {
					r.wantReset(side, want)
					PollSetDeadline(r.pd, 0, side)
					r.wantReset(side, NoError)
				}
			})
		}
	}
}

// Who waits on the other side goes along.
func TestHotTakesOtherSideAlong(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(a, b *file, mode int)
		want int
	}{
		{"ready", makeReady, NoError},
		{"deadline", func(a, b *file, mode int) { PollSetDeadline(a.pd, 1, mode) }, ErrTimeout},
		{"close", func(a, b *file, mode int) { a.evict() }, ErrClosing},
	} {
		for _, mode := range bothModes {
			t.Run(tt.name+" "+modeName(mode), func(t *testing.T) {
				a, b := socketpair(t)
				a.fill().watch()
				other := a.wait(mode).parked()
				a.nearlyHot()
				makeReady(a, b, 'r'+'w'-mode)
				a.wantWait('r'+'w'-mode, NoError)
				a.wantHot(true)
				if len(other.code) > 0 {
					t.Fatal("who waited returned with the move")
				}
				tt.end(a, b, mode)
				other.want(tt.want)
			})
		}
	}
}

// makeReady gives a something to read, or room to write, by its peer.
func makeReady(a, b *file, mode int) {
	if mode == 'r' {
		b.write("x")
	} else {
		b.drain()
	}
}

// The move comes while somebody parks on the other side.
func TestHotOtherSideDuringPark(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(modeName(mode), func(t *testing.T) {
			mover := 'r' + 'w' - mode
			a, b := socketpair(t)
			a.fill().watch()
			reset := func() {
				a.drain()
				a.fill()
				a.evict()
				a.rewatch()
				a.wantReset(mode, NoError)
				makeReady(a, b, mover)
				a.nearlyHot()
			}
			move := func() {
				if got := PollWait(a.pd, mover); got != NoError {
					t.Errorf("PollWait(%d, %s) = %d, want %d", a.fd, modeName(mover), got, NoError)
				}
				makeReady(a, b, mode)
			}
			duringPark(t, a, mode, NoError, 5000, reset, move, func() { PollSetDeadline(a.pd, -1, mode) })
		})
	}
}

// What the runtime says of a descriptor on which there is nothing but an error
// is passed on, and so is that it is over. That is tried in a new process: the
// runtime of Go 1.26 does not say it any more of a pollDesc that has been used
// 65536 times, for it compares 16 bits of fdseq with 20.
func TestHotNotPollable(t *testing.T) { runChild(t, "hot descriptor with an error") }

func init() { children["hot descriptor with an error"] = hotNotPollable }

func hotNotPollable() error {
	if errno := PollServerInit(); errno != 0 {
		return unix.Errno(errno)
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return err
	}
	for b := make([]byte, 4096); ; {
		if _, err := unix.Write(fds[1], b); err == unix.EAGAIN {
			break
		} else if err != nil {
			return err
		}
	}
	pd, errno := PollOpen(uintptr(fds[1]))
	if errno != 0 {
		return unix.Errno(errno)
	}
	pd.parks.Store(hotAfter - 1)
	code := make(chan int)
	go func() { code <- PollWait(pd, 'r') }()
	for !isHot(pd) {
		time.Sleep(time.Millisecond)
	}
	unix.Close(fds[0]) // nobody reads the pipe: an error, and no room
	if got := <-code; got != NoError && got != ErrNotPollable {
		return fmt.Errorf("PollWait(r) = %d while the error came, want %d or %d", got, NoError, ErrNotPollable)
	}
	for mode, want := range map[int]int{'r': ErrNotPollable, 'w': NoError} {
		if got := PollReset(pd, mode); got != want {
			return fmt.Errorf("PollReset(%s) = %d, want %d", modeName(mode), got, want)
		}
	}
	if got := PollWait(pd, 'r'); got != ErrNotPollable {
		return fmt.Errorf("PollWait(r) = %d, want %d", got, ErrNotPollable)
	}
	return nil
}
