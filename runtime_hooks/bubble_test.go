//go:build linux

package runtimehooks

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// Network connections are real in a bubble of testing/synctest, and so are
// their deadlines: net's poller knows nothing of bubbles. What a bubble does to
// a descriptor must have no effect outside, where the poller runs and where the
// next user of the PollDesc may be.
//
// A failure here ends the process or hangs; so each test runs in a process of
// its own.

const bubbleEnv = "RUNTIMEHOOKS_TEST_BUBBLE"

// inProcess runs the test that calls it again, alone, in another process, and
// returns false; there it returns true.
func inProcess(t *testing.T) bool {
	t.Helper()
	if os.Getenv(bubbleEnv) == t.Name() {
		return true
	}
	cmd := child("")
	cmd.Args = append(cmd.Args, "-test.run=^"+t.Name()+"$", "-test.v", fmt.Sprintf("-test.timeout=%v", patience/2))
	cmd.Env = append(cmd.Env, bubbleEnv+"="+t.Name())
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "\n--- PASS: "+t.Name()) {
		t.Errorf("%s in its own process = %v, want it to pass; it wrote:\n%s", t.Name(), err, head(out, 2000))
	}
	return false
}

// roundTrip shows that a wait on r ends when w is written to.
func roundTrip(t *testing.T, r, w int, d time.Duration) {
	t.Helper()
	pd, errno := openDesc(uintptr(r))
	if errno != 0 {
		t.Fatalf("PollOpen(%d) = %v, want no error", r, unix.Errno(errno))
	}
	if d != 0 {
		PollSetDeadline(pd, int64(d), 'r')
	}
	go unix.Write(w, []byte("x"))
	if got := PollWait(pd, 'r'); got != NoError {
		t.Errorf("PollWait(%d, r) = %d, want %d", r, got, NoError)
	}
	unix.Read(r, make([]byte, 1))
	PollUnblock(pd)
	PollClose(pd)
}

func TestBubbleFirstUseOfPoller(t *testing.T) {
	if !inProcess(t) { // where TestMain leaves the poller alone
		return
	}
	r, w := pipe(t)
	synctest.Test(t, func(t *testing.T) {
		if err := PollServerInit(); err != nil {
			t.Fatalf("PollServerInit() = %v, want nil", err)
		}
		roundTrip(t, r.fd, w.fd, 0)
	})
	roundTrip(t, r.fd, w.fd, 0)
	synctest.Test(t, func(t *testing.T) { roundTrip(t, r.fd, w.fd, 0) })
}

func TestBubbleWait(t *testing.T) {
	if !inProcess(t) {
		return
	}
	PollServerInit()
	r, w := pipe(t)
	for range 3 {
		synctest.Test(t, func(t *testing.T) { roundTrip(t, r.fd, w.fd, 0) })
		roundTrip(t, r.fd, w.fd, 0)
	}
}

func TestBubbleDeadlineIsInRealTime(t *testing.T) {
	if !inProcess(t) {
		return
	}
	PollServerInit()
	r, _ := pipe(t)
	const d = 20 * time.Millisecond
	passes := func(t *testing.T) {
		pd, errno := openDesc(uintptr(r.fd))
		if errno != 0 {
			t.Fatalf("PollOpen(%d) = %v, want no error", r.fd, unix.Errno(errno))
		}
		// Set anew, moved to an earlier and to a later time.
		for _, ds := range [][]time.Duration{{d}, {time.Hour, d}, {d / 4, d}, {-1, d}, {time.Hour, 0, d}} {
			start := now()
			for _, d := range ds {
				PollSetDeadline(pd, int64(d), 'r')
			}
			if got := PollWait(pd, 'r'); got != ErrTimeout {
				t.Errorf("PollWait(%d, r) = %d, want %d", r.fd, got, ErrTimeout)
			}
			if since := now() - start; since < d {
				t.Errorf("the deadline %v passed after %v, want %v at least", ds, since, d)
			}
		}
		PollUnblock(pd)
		PollClose(pd)
	}
	passes(t)
	for range 2 { // with a timer from outside, and from another bubble
		synctest.Test(t, passes)
	}
	passes(t)
}

// now returns real time, in a bubble too.
func now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

func TestBubbleDeadlineLeavesPollDescUsable(t *testing.T) {
	if !inProcess(t) {
		return
	}
	PollServerInit()
	r, w := pipe(t)
	for range 2 {
		synctest.Test(t, func(t *testing.T) { roundTrip(t, r.fd, w.fd, time.Hour) })
		roundTrip(t, r.fd, w.fd, time.Hour)
	}
}
