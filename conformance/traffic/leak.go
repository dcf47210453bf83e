package traffic

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.parity/conformance/descriptors"
	"go.parity/conformance/goroutine"
	"go.parity/conformance/settle"
)

// A stock is what the process holds.
type stock struct {
	descriptors map[int]string
	goroutines  int
}

// A leftover says what a run did not give back.
type leftover struct {
	descriptors, goroutines int
	detail                  string
}

func (l leftover) String() string {
	return fmt.Sprintf("%d descriptors, %d goroutines\n%s", l.descriptors, l.goroutines, l.detail)
}

func takeStock() stock {
	open, _ := descriptors.Open() // without a list of descriptors, leaks are not judged
	return stock{open, runtime.NumGoroutine()}
}

// settle waits until the process holds no more than before, for closing a
// connection wakes goroutines that need a moment to end. It returns what the
// process still holds too much after a while.
func (before stock) settle(patience time.Duration) leftover {
	var now stock
	var left leftover
	if settle.Within(patience, func() bool {
		now = takeStock()
		left = leftover{
			descriptors: max(0, len(now.descriptors)-len(before.descriptors)),
			goroutines:  max(0, now.goroutines-before.goroutines),
		}
		return left == (leftover{})
	}) {
		return left
	}
	if left.descriptors > 0 {
		for fd, target := range now.descriptors {
			if before.descriptors[fd] != target {
				left.detail += fmt.Sprintln(fd, target)
			}
		}
	}
	if left.goroutines > 0 {
		left.detail += stacks("")
	}
	return left
}

// stacks returns the stacks of the goroutines that mention word, shortened to
// what a person will read.
func stacks(word string) string {
	var kept []string
	for _, trace := range goroutine.Traces() {
		if strings.Contains(trace, word) && !strings.Contains(trace, "traffic.stacks") {
			kept = append(kept, trace)
		}
	}
	slices.Sort(kept)
	const most = 8
	if extra := len(kept) - most; extra > 0 {
		kept = append(kept[:most], fmt.Sprintf("and %d more goroutines", extra))
	}
	return strings.Join(kept, "\n\n")
}
