// Package leftover fails a run of tests that ends with more descriptors or
// goroutines than it began with.
package leftover

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"go.parity/conformance/descriptors"
	"go.parity/conformance/goroutine"
	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

// Run warms the stacks up, runs the tests, and returns the status with which to
// exit. What the tests leave has until patience is over to go away. Before each look
// collect is called, if it is not nil: runtime.GC, where the tests leave something to
// the collector.
func Run(m *testing.M, patience time.Duration, collect func()) int {
	for _, s := range []*stack.Stack{stack.Net, stack.Net2} {
		if err := WarmUp(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	fds, goroutines := descriptors.Count(), runtime.NumGoroutine()
	code := m.Run()
	if code == 0 && !settle.Within(patience, func() bool {
		if collect != nil {
			collect()
		}
		return descriptors.Count() <= fds && runtime.NumGoroutine() <= goroutines
	}) {
		open, _ := descriptors.Open()
		fmt.Fprintf(os.Stderr, "began with %d descriptors and %d goroutines, left %v and %v\n",
			fds, goroutines, open, goroutine.Traces())
		return 1
	}
	return code
}

// WarmUp lets a stack find out what this host can do, and make what it makes once and
// keeps.
func WarmUp(s *stack.Stack) error {
	l, err := s.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	l.(stack.TCPListener).SetDeadline(time.Now().Add(time.Microsecond))
	if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("want a time-out of Accept until a deadline, got %v", err)
	}
	return nil
}
