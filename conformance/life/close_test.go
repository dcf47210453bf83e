//go:build linux

package life

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"go.parity/conformance/stack"
)

// Close comes at any moment of any other calls. They all end with net.ErrClosed,
// one Close alone succeeds, and no byte goes to another connection, though
// others make and close theirs at the same time and get each other's descriptor
// numbers.
func TestCloseAgainstEverything(t *testing.T) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) { churn(t, s, k, rounds(s, enough)) })
}

// enough is how many rounds surely use a descriptor number again.
const enough = 160

// churn has several workers make connections, use them and close them.
func churn(t *testing.T, s *stack.Stack, k kind, rounds int) {
	var numbers numbers
	var left atomic.Int64
	left.Store(int64(rounds))
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			w := &worker{stack: s, kind: k, number: i, choose: chance(i), numbers: &numbers}
			if err := w.work(func() bool { return left.Add(-1) >= 0 && !t.Failed() }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if numbers.again.Load() == 0 && rounds >= enough && !t.Failed() {
		t.Error("no worker got a descriptor number that another had had, so the tokens proved nothing")
	}
}

// numbers remembers which worker had a descriptor number last.
type numbers struct {
	last  sync.Map // a worker, by descriptor number
	again atomic.Int64
}

func (n *numbers) seen(fd, worker int) {
	if old, ok := n.last.Swap(fd, worker); ok && old != worker {
		n.again.Add(1)
	}
}

// A worker makes one connection after the other.
type worker struct {
	stack   *stack.Stack
	kind    kind
	number  int
	choose  *rand.Rand
	numbers *numbers
}

func (w *worker) work(more func() bool) error {
	pair, stop, err := w.kind.serve(w.stack, place{w.kind.name, w.number})
	if err != nil {
		return err
	}
	defer stop()
	for round := 0; more(); round++ {
		a, b, err := pair()
		if err == nil {
			if w.choose.IntN(2) == 0 {
				a, b = b, a
			}
			err = w.live(round, a, b)
		}
		if err != nil {
			return fmt.Errorf("worker %d, round %d: %w", w.number, round, err)
		}
	}
	return nil
}

// live is the life of one connection: several goroutines use its end a until
// Close comes.
func (w *worker) live(round int, a, b net.Conn) error {
	there, back := tokens(w.number, round)
	judged := end{stack: w.stack, kind: w.kind, conn: a, out: there, in: back, local: a.LocalAddr()}
	peer := end{stack: w.stack, kind: w.kind, conn: b, out: back, in: there, local: b.LocalAddr()}
	if round%4 == 0 { // seldom, as the stack now knows that somebody has seen the descriptor
		if err := rawNumber(&judged, func(fd int) { w.numbers.seen(fd, w.number) }); err != nil {
			return err
		}
	}

	chosen := w.some(usesOf(w.stack), 1+w.choose.IntN(5))
	users, peers := newCrew(), newCrew()
	for _, u := range chosen {
		e := judged.with(w.choose.Uint64())
		users.start(u.name, func() error { return e.untilClosed(u) })
	}
	for _, u := range w.some(uses[:2], w.choose.IntN(3)) {
		e := peer.with(w.choose.Uint64())
		peers.start("the peer's "+u.name, func() error { return e.untilItFails(u) })
	}
	for range w.choose.IntN(60) {
		runtime.Gosched()
	}
	if w.choose.IntN(8) == 0 {
		b.Close()
	}
	var closes atomic.Int64
	for range 2 {
		users.start("Close", func() error { return closeOnce(a, &closes) })
	}
	err := users.wait()
	b.Close()
	err = errors.Join(err, peers.wait())
	if n := closes.Load(); n != 1 {
		err = errors.Join(err, fmt.Errorf("%d calls of Close succeeded, want 1", n))
	}
	return errors.Join(err, judged.with(0).isClosed())
}

// some returns n of the uses, each chosen by chance.
func (w *worker) some(from []use, n int) []use {
	chosen := make([]use, n)
	for i := range chosen {
		chosen[i] = from[w.choose.IntN(len(from))]
	}
	return chosen
}

func rawNumber(e *end, f func(fd int)) error {
	rc, err := e.raw()
	if err != nil {
		return err
	}
	return rc.Control(func(fd uintptr) { f(int(fd)) })
}

// closeOnce closes a connection that somebody else closes too.
func closeOnce(c net.Conn, closes *atomic.Int64) error {
	switch err := c.Close(); {
	case err == nil:
		closes.Add(1)
		return nil
	case errors.Is(err, net.ErrClosed):
		return nil
	default:
		return err
	}
}

// untilClosed uses the end until it is closed.
func (e *end) untilClosed(u use) error {
	for {
		err := u.do(e)
		var w wrong
		switch {
		case errors.As(err, &w):
			return err
		case err == errNotThere, errors.Is(err, net.ErrClosed):
			return nil
		case !usual(err):
			return fmt.Errorf("unusual error: %w", err)
		}
		runtime.Gosched()
	}
}

// untilItFails uses the end until that fails.
func (e *end) untilItFails(u use) error {
	for {
		err := u.do(e)
		var w wrong
		switch {
		case errors.As(err, &w):
			return err
		case errors.Is(err, net.ErrClosed):
			return nil
		case !usual(err):
			return fmt.Errorf("unusual error: %w", err)
		case err != nil && e.kind.stream:
			return nil
		}
		runtime.Gosched()
	}
}

// isClosed returns an error if any use does something other than fail because
// the connection is closed.
func (e *end) isClosed() error {
	var errs []error
	for _, u := range usesOf(e.stack) {
		if err := u.do(e); err != errNotThere && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, fmt.Errorf("%s after Close = %v, want %v", u.name, err, net.ErrClosed))
		}
	}
	return errors.Join(errs...)
}
