//go:build linux

package life

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.parity/conformance/stack"
)

// Deadlines come, pass and go by the thousand while others read and write.
// Afterwards no deadline of the storm is left: without one, a Read waits for what
// comes, and a deadline that passes ends it.
func TestDeadlineStorm(t *testing.T) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) {
		const each = 100 // deadlines that one goroutine sets in a round
		for range (rounds(s, 400) + each - 1) / each {
			a, b := k.open(t, s)
			storm(t, s, k, a, b, each)
			a.Close()
			b.Close()
			if t.Failed() {
				break
			}
		}
	})
}

func storm(t *testing.T, s *stack.Stack, k kind, a, b net.Conn, each int) {
	there, back := tokens(0, 0)
	judged := end{stack: s, kind: k, conn: a, out: there, in: back, local: a.LocalAddr()}
	peer := end{stack: s, kind: k, conn: b, out: back, in: there, local: b.LocalAddr()}
	over := make(chan struct{})
	users, peers := newCrew(), newCrew()
	for _, u := range uses[:2] { // Read and Write
		for i := range 2 {
			users.start(u.name, func() error { return judged.with(uint64(i)).until(over, u) })
		}
		peers.start("the peer's "+u.name, func() error { return peer.with(2).untilItFails(u) })
	}
	var setters sync.WaitGroup
	for i, set := range []func(time.Time) error{a.SetDeadline, a.SetReadDeadline, a.SetWriteDeadline} {
		setters.Go(func() {
			choose := chance(i)
			for range each {
				if err := set(moment(choose)); err != nil {
					t.Errorf("setting a deadline = %v, want nil", err)
				}
				runtime.Gosched()
			}
		})
	}
	setters.Wait()
	close(over)
	a.SetDeadline(time.Unix(1, 0)) // ends those that still wait
	if err := users.wait(); err != nil {
		t.Error(err)
	}

	for _, far := range []time.Time{time.Now().Add(time.Hour), {}} {
		a.SetDeadline(time.Now().Add(time.Millisecond))
		a.SetDeadline(far)
		time.Sleep(2 * time.Millisecond) // in which every near deadline passes
		err := read(judged.with(0))
		for errors.Is(err, syscall.ENOPROTOOPT) {
			// The peer's raw socket had no room for what was written before.
			err = read(judged.with(0))
		}
		if err != nil {
			t.Errorf("Read after the storm, whose deadlines are gone, = %v, want nil", err)
		}
		if _, err := a.Write(there.bytes(10)); err != nil && !errors.Is(err, syscall.ENOPROTOOPT) {
			t.Errorf("Write after the storm, whose deadlines are gone, = %v, want nil", err)
		}
	}
	b.Close() // its writer goes; what it wrote before is still there
	if err := peers.wait(); err != nil {
		t.Error(err)
	}
	waits := newCrew()
	waits.start("Read until a deadline", func() error {
		e := judged.with(0)
		for {
			switch err := read(e); {
			case errors.Is(err, os.ErrDeadlineExceeded), k.stream && err != nil && usual(err):
				return nil
			case err != nil && !usual(err):
				return fmt.Errorf("unusual error: %w", err)
			}
		}
	})
	a.SetReadDeadline(time.Now().Add(time.Millisecond))
	if err := waits.wait(); err != nil {
		t.Error(err)
	}
}

// until uses the end until the storm is over.
func (e *end) until(over <-chan struct{}, u use) error {
	for {
		err := u.do(e)
		var w wrong
		if errors.As(err, &w) || !usual(err) {
			return err
		}
		select {
		case <-over:
			return nil
		default:
			runtime.Gosched()
		}
	}
}
