//go:build linux

package runtimehooks

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/trace"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests use nothing but the hooks, and hold for every poller.

func TestPollServerInitAgainAddsNothing(t *testing.T) {
	before := len(openFiles())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := PollServerInit(); err != nil {
					t.Errorf("PollServerInit() = %v, want nil", err)
				}
			}
		})
	}
	wg.Wait()
	if after := len(openFiles()); after != before {
		t.Errorf("descriptors after PollServerInit() = %d, want %d", after, before)
	}
}

// A descriptor of the poller must not live on in programs that this one
// starts.
func TestPollerDescriptorsCloseOnExec(t *testing.T) {
	n := 0
	for name, what := range openFiles() {
		if what != "anon_inode:[eventpoll]" && what != "anon_inode:[eventfd]" {
			continue
		}
		n++
		var fd uintptr
		for _, c := range name {
			fd = 10*fd + uintptr(c-'0')
		}
		if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("fcntl(%d, F_GETFD) of %s = %#x, %v, want FD_CLOEXEC", fd, what, flags, err)
		}
	}
	if n == 0 {
		t.Error("no epoll descriptor found, want one at least")
	}
}

func TestPollOpenRefusedLeaksNothing(t *testing.T) {
	regular, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer regular.Close()
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	watched, _ := socketpair(t)
	watched.watch()
	closed, _ := socketpair(t)
	number := closed.fd
	closed.close()

	for _, tt := range []struct {
		name string
		fd   uintptr
		want unix.Errno
	}{
		{"regular file", regular.Fd(), unix.EPERM},
		{"directory", dir.Fd(), unix.EPERM},
		{"closed descriptor", uintptr(number), unix.EBADF},
		{"number never used", math.MaxInt32, unix.EBADF},
		{"minus one", ^uintptr(0), unix.EBADF},
		{"watched already", uintptr(watched.fd), unix.EEXIST},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, fds := Stats(), len(openFiles())
			for range 200 { // more than a block of the poller's
				pd, errno := openDesc(tt.fd)
				if pd != nil || unix.Errno(errno) != tt.want {
					t.Fatalf("PollOpen(%d) = %p, %v, want nil, %v", int32(tt.fd), pd, unix.Errno(errno), tt.want)
				}
			}
			if got := Stats().Open; got != before.Open {
				t.Errorf("Stats().Open = %d, want %d", got, before.Open)
			}
			if got := len(openFiles()); got != fds {
				t.Errorf("descriptors = %d, want %d", got, fds)
			}
		})
	}

	// This harms neither the poller nor the descriptor that was there.
	a, b := socketpair(t)
	w := a.watch().wait('r').parked()
	b.write("x")
	w.want(NoError)
	w = watched.wait('r').parked()
	PollSetDeadline(watched.pd, -1, 'r')
	w.want(ErrTimeout)
}

func TestPollOpenWithoutRoomReturnsENOSPC(t *testing.T) {
	a, b := socketpair(t)
	before := Stats()
	withoutEpollAdd(t, unix.ENOSPC, func() {
		for range 200 {
			if pd, errno := openDesc(uintptr(a.fd)); pd != nil || unix.Errno(errno) != unix.ENOSPC {
				t.Errorf("PollOpen(%d) = %p, %v, want nil, %v", a.fd, pd, unix.Errno(errno), unix.ENOSPC)
				return
			}
		}
	})
	if got := Stats().Open; got != before.Open {
		t.Errorf("Stats().Open = %d, want %d", got, before.Open)
	}
	w := a.watch().wait('r').parked()
	b.write("x")
	w.want(NoError)
}

func TestPollWaitReadinessWakes(t *testing.T) {
	tests := []struct {
		name  string
		mode  int
		setup func(t *testing.T) (f *file, makeReady func())
	}{
		{"data arrives", 'r', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a, func() { b.write("x") }
		}},
		{"data arrives, long used", 'r', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a.longUsed(b), func() { b.write("x") }
		}},
		{"peer ends its direction, long used", 'r', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a.longUsed(b), func() { unix.Shutdown(b.fd, unix.SHUT_WR) }
		}},
		{"peer closes, long used", 'r', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a.longUsed(b), func() { b.close() }
		}},
		{"peer closes, long used, writer", 'w', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			a.longUsed(b).fill().settle('w')
			return a, func() { b.close() }
		}},
		{"room again, long used", 'w', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			a.longUsed(b).fill().settle('w')
			return a, b.drain
		}},
		{"peer ends its direction", 'r', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a, func() { unix.Shutdown(b.fd, unix.SHUT_WR) }
		}},
		{"own direction ended", 'r', func(t *testing.T) (*file, func()) {
			a, _ := socketpair(t)
			return a, func() { unix.Shutdown(a.fd, unix.SHUT_RD) }
		}},
		{"peer closes, reader", 'r', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a, func() { b.close() }
		}},
		{"peer closes, writer", 'w', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a.fill(), func() { b.close() }
		}},
		{"room again in a socket", 'w', func(t *testing.T) (*file, func()) {
			a, b := socketpair(t)
			return a.fill(), b.drain
		}},
		{"room again in a pipe", 'w', func(t *testing.T) (*file, func()) {
			r, w := pipe(t)
			return w.fill(), r.drain
		}},
		{"writers of a pipe gone", 'r', func(t *testing.T) (*file, func()) {
			r, w := pipe(t)
			return r, func() { w.close() }
		}},
		{"HUP wakes a writer too", 'w', func(t *testing.T) (*file, func()) {
			r, w := pipe(t)
			return r, func() { w.close() }
		}},
		{"connection to accept", 'r', func(t *testing.T) (*file, func()) {
			l, connect := listener(t)
			return l, func() { connect() }
		}},
		{"connection refused", 'w', func(t *testing.T) (*file, func()) {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			l, _ := listener(t)
			sa, err := unix.Getsockname(l.fd)
			if err != nil {
				t.Fatal(err)
			}
			l.close()
			f := newFile(t, fd)
			return f, func() {
				if err := unix.Connect(fd, sa); err != unix.EINPROGRESS && err != unix.ECONNREFUSED {
					t.Errorf("connect(%d) = %v, want EINPROGRESS or ECONNREFUSED", fd, err)
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, makeReady := tt.setup(t)
			f.watch()
			if tt.name == "connection refused" {
				// A socket that was never connected reports a hang-up from the
				// start.
				f.wantWait(tt.mode, NoError)
				f.settle(tt.mode)
			}
			w := f.wait(tt.mode).parked()
			makeReady()
			w.want(NoError)
		})
		t.Run(tt.name+", before the wait", func(t *testing.T) {
			f, makeReady := tt.setup(t)
			f.watch()
			makeReady()
			f.wantWait(tt.mode, NoError)
		})
		t.Run(tt.name+", before the watch", func(t *testing.T) {
			f, makeReady := tt.setup(t)
			makeReady()
			f.watch()
			f.wantWait(tt.mode, NoError)
		})
	}
}

// listener returns a TCP listener on loopback and a function that connects to
// it without waiting.
func listener(t *testing.T) (*file, func() *file) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := newFile(t, fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	return l, func() *file {
		sa, err := unix.Getsockname(l.fd)
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Connect(fd, sa); err != nil && err != unix.EINPROGRESS {
			t.Fatalf("connect(%d) = %v, want EINPROGRESS", fd, err)
		}
		return newFile(t, fd)
	}
}

// One side's readiness must leave the other side's waiter alone.
func TestPollWaitOtherSideReadyWaitsOn(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			a, b := age.quiet(t)
			r, w := a.wait('r').parked(), a.wait('w').parked()
			b.write("x")
			r.want(NoError)
			w.parked()
			a.drain()
			r = a.wait('r').parked()
			b.drain()
			w.want(NoError)
			r.parked()
		})
	}
}

func TestPollResetForgetsReadiness(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			w.write("x")
			r.wantWait('r', NoError) // consumes the notification
			w.write("x")             // a new edge
			r.settle('r')
			waiter := r.wait('r').parked() // edge-triggered: nothing new has come
			w.write("x")
			waiter.want(NoError)
		})
	}
}

func TestPollWaitNotificationIsKept(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			r.wantReset('r', NoError)
			w.write("x")
			r.wantWait('r', NoError)
			waiter := r.wait('r').parked() // and consumed once only
			w.write("x")
			waiter.want(NoError)
		})
	}
}

// A pipe without room and without readers reports EPOLLERR and nothing else.
func TestPollWaitBareErrorIsNotPollable(t *testing.T) {
	r, w := pipe(t)
	w.fill().watch()
	reader, writer := w.wait('r').parked(), w.wait('w').parked()
	r.close()
	reader.want(NoError) // woken by the event, which it then finds recorded
	writer.want(NoError)
	w.wantReset('r', ErrNotPollable)
	w.wantWait('r', ErrNotPollable)
	w.wantReset('w', NoError) // a writer learns more from its system call

	w.unwatch()
	w.watch() // the next use of the same descriptor starts afresh
	w.wantWait('w', NoError)
	w.settle('w')
	w.wantReset('r', ErrNotPollable)
	w.unwatch()

	a, _ := socketpair(t) // and so does another descriptor's
	a.watch()
	a.wantReset('r', NoError)
	a.wait('r').parked()
}

func TestPollDeadlinePastEndsWait(t *testing.T) {
	for _, age := range ages {
		for _, d := range []int64{-1, -int64(time.Hour), math.MinInt64} {
			for _, mode := range []int{'r', 'w', 'r' + 'w'} {
				name := fmt.Sprintf("%s, %s %v", age.name, modeName(mode), time.Duration(d))
				t.Run(name+" before the wait", func(t *testing.T) {
					a, _ := age.quiet(t)
					PollSetDeadline(a.pd, d, mode)
					for _, m := range []int{'r', 'w'} {
						if mode == m || mode == 'r'+'w' {
							a.wantReset(m, ErrTimeout)
							a.wantWait(m, ErrTimeout)
						} else {
							a.wantReset(m, NoError)
							a.wait(m).parked()
						}
					}
				})
				t.Run(name+" during the wait", func(t *testing.T) {
					a, _ := age.quiet(t)
					r, w := a.wait('r').parked(), a.wait('w').parked()
					PollSetDeadline(a.pd, d, mode)
					if mode == 'w' {
						r.parked()
					} else {
						r.want(ErrTimeout)
					}
					if mode == 'r' {
						w.parked()
					} else {
						w.want(ErrTimeout)
					}
				})
			}
		}
	}
}

// A deadline that has passed keeps what is ready from being seen, as long as
// it stands; the notification is still there when it is lifted.
func TestPollDeadlinePastHidesReadiness(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			w.write("x")
			PollSetDeadline(r.pd, -1, 'r')
			r.wantReset('r', ErrTimeout)
			r.wantWait('r', ErrTimeout)
			PollSetDeadline(r.pd, 0, 'r')
			r.wantWait('r', NoError)
		})
	}
}

func TestPollDeadlineFiresDuringWait(t *testing.T) {
	for _, age := range ages {
		for _, mode := range []int{'r', 'w', 'r' + 'w'} {
			for _, d := range []time.Duration{1, 50 * time.Microsecond, 2 * time.Millisecond} {
				t.Run(fmt.Sprintf("%s, %s %v", age.name, modeName(mode), d), func(t *testing.T) {
					a, _ := age.quiet(t)
					start := time.Now()
					PollSetDeadline(a.pd, int64(d), mode)
					for _, m := range []int{'r', 'w'} {
						if mode != m && mode != 'r'+'w' {
							a.wait(m).parked()
							continue
						}
						a.wantWait(m, ErrTimeout)
						a.wantReset(m, ErrTimeout)
						if since := time.Since(start); since < d {
							t.Errorf("PollWait(%d, %s) = %d after %v, want %v at least", a.fd, modeName(m), ErrTimeout, since, d)
						}
					}
				})
			}
		}
	}
}

// later returns once d has passed for the poller: a deadline set before, for
// less than d, has fired by then if it was going to.
func later(t *testing.T, d time.Duration) {
	t.Helper()
	r, _ := pipe(t)
	r.watch()
	PollSetDeadline(r.pd, int64(d), 'r')
	r.wantWait('r', ErrTimeout)
}

func TestPollDeadlineMoved(t *testing.T) {
	const soon, after = 2 * time.Millisecond, 5 * time.Millisecond
	const far = time.Hour
	type set struct {
		d    time.Duration
		mode int
	}
	const rw = 'r' + 'w'
	for _, tt := range []struct {
		name   string
		sets   []set
		r, w   int  // what the waits return; NoError when they go on
		parked bool // false when the first of sets ends a wait that has begun
	}{
		{"cleared", []set{{soon, 'r'}, {0, 'r'}}, NoError, NoError, true},
		{"both cleared", []set{{soon, rw}, {0, rw}}, NoError, NoError, true},
		{"later", []set{{soon, 'r'}, {far, 'r'}}, NoError, NoError, true},
		{"earlier", []set{{far, 'r'}, {soon, 'r'}}, ErrTimeout, NoError, true},
		{"earlier, both", []set{{far, rw}, {soon, rw}}, ErrTimeout, ErrTimeout, true},
		{"joint, then write cleared", []set{{soon, rw}, {0, 'w'}}, ErrTimeout, NoError, true},
		{"joint, then read cleared", []set{{soon, rw}, {0, 'r'}}, NoError, ErrTimeout, true},
		{"joint, then write later", []set{{soon, rw}, {far, 'w'}}, ErrTimeout, NoError, true},
		{"joint, then read later", []set{{soon, rw}, {far, 'r'}}, NoError, ErrTimeout, true},
		{"joint far, then write soon", []set{{far, rw}, {soon, 'w'}}, NoError, ErrTimeout, true},
		{"joint far, then read soon", []set{{far, rw}, {soon, 'r'}}, ErrTimeout, NoError, true},
		{"joint far, then write past", []set{{far, rw}, {-1, 'w'}}, NoError, ErrTimeout, true},
		{"joint, then each alone", []set{{far, rw}, {soon, 'w'}, {soon, 'r'}}, ErrTimeout, ErrTimeout, true},
		{"each alone, then joint", []set{{far, 'w'}, {far, 'r'}, {soon, rw}}, ErrTimeout, ErrTimeout, true},
		{"each alone, then both cleared", []set{{soon, 'w'}, {soon, 'r'}, {0, rw}}, NoError, NoError, true},
		{"past, then cleared", []set{{-1, rw}, {0, rw}}, NoError, NoError, false},
		{"past, then soon", []set{{-1, rw}, {soon, rw}}, ErrTimeout, ErrTimeout, false},
		{"past twice", []set{{-1, 'r'}, {-2, 'r'}}, ErrTimeout, NoError, false},
		{"overflow", []set{{math.MaxInt64, rw}}, NoError, NoError, true},
		{"overflow each alone", []set{{math.MaxInt64, 'r'}, {math.MaxInt64, 'w'}}, NoError, NoError, true},
		{"overflow, then write soon", []set{{math.MaxInt64, 'r'}, {math.MaxInt64, 'w'}, {soon, 'w'}}, NoError, ErrTimeout, true},
		{"overflow, then read cleared, write soon", []set{{math.MaxInt64, rw}, {0, 'r'}, {soon, 'w'}}, NoError, ErrTimeout, true},
	} {
		run := func(t *testing.T, parkFirst bool, quiet func(testing.TB) (f, peer *file)) {
			eventually(t, "the deadlines are set in time", func() bool {
				a, b := quiet(t)
				var r, w *waiter
				if parkFirst {
					r, w = a.wait('r').parked(), a.wait('w').parked()
				}
				start := time.Now()
				for _, s := range tt.sets {
					PollSetDeadline(a.pd, int64(s.d), s.mode)
				}
				if time.Since(start) >= soon {
					a.close() // one may have passed before it was moved
					return false
				}
				if !parkFirst {
					r, w = a.wait('r'), a.wait('w')
				}
				later(t, after)
				if tt.r == NoError {
					r.parked()
				} else {
					r.want(tt.r)
				}
				if tt.w == NoError {
					w.parked()
				} else {
					w.want(tt.w)
				}
				b.write("x")
				b.drain()
				if tt.r == NoError {
					r.want(NoError)
				}
				if tt.w == NoError {
					w.want(NoError)
				}
				return true
			})
		}
		for _, age := range ages {
			t.Run(tt.name+", before the wait, "+age.name, func(t *testing.T) { run(t, false, age.quiet) })
			if tt.parked {
				t.Run(tt.name+", during the wait, "+age.name, func(t *testing.T) { run(t, true, age.quiet) })
			}
		}
	}
}

// The timer of a deadline may run after the deadline was moved. Then it must
// leave the new deadline alone.
func TestPollDeadlineMovedWhileItFires(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			r, w := pipe(t)
			age.watch(r, w)
			rounds := 2000
			if testing.Short() {
				rounds = 200
			}
			for i := range rounds {
				mode := []int{'r', 'r' + 'w'}[i%2]
				PollSetDeadline(r.pd, int64(1+i%7), mode)
				spin(i % 300)
				PollSetDeadline(r.pd, []int64{0, int64(time.Hour)}[i/2%2], mode)
				r.wantReset('r', NoError)
				w.write("x")
				if got := PollWait(r.pd, 'r'); got != NoError {
					t.Fatalf("round %d: PollWait(%d, r) after a deadline was moved = %d, want %d", i, r.fd, got, NoError)
				}
				r.drain()
				r.wantReset('r', NoError)
				r.wantReset('w', NoError)
			}
		})
	}
}

func TestPollUnblockWakesReaderAndWriter(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			a, _ := age.quiet(t)
			r, w := a.wait('r').parked(), a.wait('w').parked()
			a.evict()
			r.want(ErrClosing)
			w.want(ErrClosing)
			for _, mode := range []int{'r', 'w'} {
				a.wantReset(mode, ErrClosing)
				a.wantWait(mode, ErrClosing)
			}
			// Closing stays closing, and outranks a deadline.
			PollSetDeadline(a.pd, -1, 'r'+'w')
			PollSetDeadline(a.pd, 1, 'r'+'w')
			PollSetDeadline(a.pd, 0, 'r'+'w')
			for _, mode := range []int{'r', 'w'} {
				a.wantReset(mode, ErrClosing)
				a.wantWait(mode, ErrClosing)
			}
		})
	}
}

func TestPollUnblockOutranksTimeout(t *testing.T) {
	a, _ := socketpair(t)
	a.fill().watch()
	PollSetDeadline(a.pd, -1, 'r'+'w')
	a.wantReset('r', ErrTimeout)
	a.evict()
	a.wantReset('r', ErrClosing)
	a.wantReset('w', ErrClosing)
}

// A deadline that was running at the close must not touch the next use, nor
// must an event or the way the last use waited.
func TestPollOpenAfterCloseStartsAfresh(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			a, b := socketpair(t)
			for i := range 100 {
				age.watch(a, b)
				a.wantReset('r', NoError)
				a.wantReset('w', NoError)
				PollSetDeadline(a.pd, []int64{-1, 1, 1000, int64(time.Hour)}[i%4], []int{'r', 'w', 'r' + 'w'}[i%3])
				b.write("x") // leaves a notification, an event on its way or both
				a.unwatch()
				a.drain()
			}
			sentinel(t)
			a.fill().watch()
			r, w := a.wait('r').parked(), a.wait('w').parked()
			later(t, time.Millisecond)
			r.parked()
			w.parked()
			b.write("x")
			r.want(NoError)
			b.drain()
			w.want(NoError)
		})
	}
}

// A duplicate keeps the open file, and its place in an epoll set, alive.
func TestPollCloseOfDuplicatedDescriptor(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			a, b := socketpair(t)
			dup, err := unix.FcntlInt(uintptr(a.fd), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			d := newFile(t, dup)
			age.watch(a, b).wantWait('w', NoError) // the event of the registration
			sentinel(t)
			before := Stats()
			a.close()

			// The next descriptor is likely to get the place of the last.
			next, peer := pipe(t)
			next.watch()
			r, w := next.wait('r').parked(), next.wait('w').parked()
			for range 10 {
				b.write("x") // an event for the closed descriptor, or none
				d.drain()
			}
			d.fill()
			b.drain()
			sentinel(t)
			r.parked()
			w.parked()
			if stale := Stats().StaleEvents - before.StaleEvents; stale != 0 {
				t.Errorf("Stats().StaleEvents grew by %d, want 0", stale)
			}
			peer.write("x")
			r.want(NoError)
			peer.close()
			w.want(NoError)

			// The duplicate is a descriptor like any other.
			r = d.watch().wait('r').parked()
			b.write("x")
			r.want(NoError)
		})
	}
}

// At worst, what a descriptor left behind wakes the next long-used one in vain.
func TestPollCloseOfLongUsedLeavesNextInOrder(t *testing.T) {
	for range 20 {
		a, b := socketpair(t)
		dup, err := unix.FcntlInt(uintptr(a.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		d := newFile(t, dup)
		a.longUsed(b)
		b.write("x") // stays ready for ever
		a.close()

		next, peer := socketpair(t)
		next.longUsed(peer)
		for range 10 {
			r := next.wait('r')
			peer.write("x")
			r.want(NoError)
			next.drain()
			next.wantReset('r', NoError)
		}
		r := next.wait('r')
		PollSetDeadline(next.pd, 1, 'r')
		select {
		case code := <-r.code:
			if code == NoError { // woken in vain
				next.wantWait('r', ErrTimeout)
			} else if code != ErrTimeout {
				t.Fatalf("PollWait(%d, r) = %d, want %d", next.fd, code, ErrTimeout)
			}
		case <-time.After(patience):
			t.Fatalf("PollWait(%d, r) was not woken by its deadline in %v", next.fd, patience)
		}
		next.close()
		d.close()
	}
}

func TestGoroutineDumpSaysIOWait(t *testing.T) {
	for _, age := range ages {
		for _, mode := range []int{'r', 'w'} {
			t.Run(modeName(mode)+", "+age.name, func(t *testing.T) {
				a, _ := age.quiet(t)
				w := a.wait(mode).parked()
				dump := string(stackOf(w.id))
				want := "[" + parkedState() + "]"
				if line, _, _ := strings.Cut(dump, "\n"); !strings.Contains(line, want) {
					t.Errorf("goroutine dump says %q, want %q", line, want)
				}
				if want := "runtime_hooks.PollWait("; !strings.Contains(dump, want) {
					t.Errorf("goroutine dump is\n%s\nwant %s in it", dump, want)
				}
			})
		}
	}
}

func TestPollWaitManyAtOnce(t *testing.T) {
	const n = 300 // more than two epoll_waits can return
	a, b, w := make([]*file, n), make([]*file, n), make([]*waiter, n)
	for i := range n {
		a[i], b[i] = socketpair(t)
		w[i] = a[i].watch().wait('r')
	}
	w[0].parked()
	w[n-1].parked()
	for i := range n {
		b[i].write("x")
	}
	for i := range n {
		w[i].want(NoError)
	}
	for i := range n {
		w[i] = a[i].wait('r')
	}
	for i := range n {
		PollSetDeadline(a[i].pd, 1, 'r')
	}
	for i := range n {
		w[i].want(ErrTimeout)
	}
}

// pingPong sends a byte to and fro.
func pingPong(t testing.TB, a, b *file, n int) {
	t.Helper()
	var wg sync.WaitGroup
	play := func(f *file, serve bool) {
		var buf [1]byte
		for i := range n {
			if serve || i > 0 {
				if code := PollReset(f.pd, 'r'); code != NoError {
					t.Errorf("PollReset(%d, r) = %d, want %d", f.fd, code, NoError)
					return
				}
				for {
					_, err := unix.Read(f.fd, buf[:])
					if err == nil {
						break
					}
					if code := PollWait(f.pd, 'r'); code != NoError {
						t.Errorf("PollWait(%d, r) = %d, want %d", f.fd, code, NoError)
						return
					}
				}
			}
			if _, err := unix.Write(f.fd, buf[:]); err != nil {
				t.Errorf("write(%d) = %v, want nil", f.fd, err)
				return
			}
		}
	}
	wg.Go(func() { play(a, false) })
	wg.Go(func() { play(b, true) })
	done := make(chan bool)
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Errorf("ping-pong has not ended after %v", patience)
		a.evict()
		b.evict()
		<-done
	}
	a.drain()
}

func TestPollWaitOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a, b := socketpair(t)
	pingPong(t, a.watch(), b.watch(), 2000)
}

// A goroutine that does nothing but compute must not keep the poller from
// running for ever.
func TestPollWaitBesideBusyGoroutine(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	stop := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			if n%1000 == 0 {
				select {
				case <-stop:
					return
				default:
				}
			}
		}
	})
	a, b := socketpair(t)
	pingPong(t, a.watch(), b.watch(), 3)
	close(stop)
	wg.Wait()
}

// The poller keeps a parked goroutine as a number, which the garbage collector
// does not see; its stack must be scanned, and may move, all the same.
func TestPollWaitSurvivesGarbageCollection(t *testing.T) {
	for _, age := range ages {
		t.Run(age.name, func(t *testing.T) {
			a, b := age.quiet(t)
			w := a.start("deep", 'r', func(pd *PollDesc, _ int) int { return deep(pd, 500) }).parked()
			for range 5 {
				runtime.GC()
			}
			b.write("x")
			w.want(500 * 501 / 2)
		})
	}
}

// deep waits with a large stack full of pointers, and then adds up what they
// point to.
func deep(pd *PollDesc, n int) int {
	p := new(int)
	*p = n
	if n == 0 {
		return -PollWait(pd, 'r')
	}
	var pad [64]*int
	pad[n%64] = p
	s := deep(pd, n-1)
	return s + *pad[n%64]
}

// The execution tracer takes a stack where a goroutine parks.
func TestPollWaitUnderExecutionTracer(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("a trace is being taken")
	}
	if err := trace.Start(io.Discard); err != nil {
		t.Skip(err)
	}
	defer trace.Stop()
	a, b := socketpair(t)
	pingPong(t, a.watch(), b.watch(), 200)
}

// A wait, from PollReset to the wake-up, is the price of each request on a
// connection, and a deadline that of each call of a careful server.
func TestPollAllocatesNothing(t *testing.T) {
	t.Run("PollReset, PollWait and wake-up", func(t *testing.T) {
		r, w := pipe(t)
		r.watch()
		start, stopped := make(chan bool), make(chan bool)
		one := []byte("x")
		go func() {
			defer close(stopped)
			for range start {
				unix.Write(w.fd, one)
			}
		}()
		var buf [1]byte
		got := testing.AllocsPerRun(1000, func() {
			if code := PollReset(r.pd, 'r'); code != NoError {
				t.Fatalf("PollReset(%d, r) = %d, want %d", r.fd, code, NoError)
			}
			start <- true
			if code := PollWait(r.pd, 'r'); code != NoError {
				t.Fatalf("PollWait(%d, r) = %d, want %d", r.fd, code, NoError)
			}
			unix.Read(r.fd, buf[:])
		})
		close(start)
		<-stopped
		if got != 0 {
			t.Errorf("allocations = %v, want 0", got)
		}
	})
	for _, tt := range []struct {
		name string
		ds   []int64
		mode int
	}{
		{"PollSetDeadline moved", []int64{int64(time.Hour), int64(2 * time.Hour)}, 'r'},
		{"PollSetDeadline set and cleared", []int64{int64(time.Hour), 0}, 'w'},
		{"PollSetDeadline moved, both", []int64{int64(time.Hour), int64(2 * time.Hour)}, 'r' + 'w'},
		{"PollSetDeadline set and past, both", []int64{int64(time.Hour), -1}, 'r' + 'w'},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := socketpair(t)
			a.watch()
			got := testing.AllocsPerRun(1000, func() {
				for _, d := range tt.ds {
					PollSetDeadline(a.pd, d, tt.mode)
				}
			})
			if got != 0 {
				t.Errorf("allocations = %v, want 0", got)
			}
		})
	}
	t.Run("PollOpen and PollClose", func(t *testing.T) {
		a, _ := socketpair(t)
		descs := make([]PollDesc, 1001) // and one to warm up
		got := testing.AllocsPerRun(1000, func() {
			pd := &descs[0]
			descs = descs[1:]
			if errno := PollOpen(pd, uintptr(a.fd)); errno != 0 {
				t.Fatalf("PollOpen(%d) = %v, want no error", a.fd, unix.Errno(errno))
			}
			PollUnblock(pd)
			PollClose(pd)
		})
		if got != 0 {
			t.Errorf("allocations = %v, want 0", got)
		}
	})
}
