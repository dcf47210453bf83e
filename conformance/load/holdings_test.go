//go:build linux

package load

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"go.parity/conformance/descriptors"
	"go.parity/conformance/settle"
)

// holdings are what a process holds at one moment.
type holdings struct {
	Descriptors int
	Goroutines  int
	Heap        int // bytes that are reachable, and the stacks
	RSS         int // bytes, with what the runtime keeps for later
}

// hold returns what this process holds after it has collected its garbage.
func hold() holdings {
	runtime.GC() // runs finalizers, which let go of more
	debug.FreeOSMemory()
	h := glance()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	h.Heap = int(mem.HeapAlloc + mem.StackInuse)
	return h
}

// glance returns what costs nothing to know: all but the heap.
func glance() holdings {
	return holdings{Descriptors: descriptors.Count(), Goroutines: runtime.NumGoroutine(), RSS: rss()}
}

func (h holdings) String() string {
	s := fmt.Sprintf("RSS %.1f MB, %d descriptors, %d goroutines", mega(h.RSS), h.Descriptors, h.Goroutines)
	if h.Heap > 0 {
		s += fmt.Sprintf(", heap and stacks %.1f MB", mega(h.Heap))
	}
	return s
}

// wantAsBefore fails the test if the process does not come back to what it held before.
func wantAsBefore(t *testing.T, what string, before holdings) {
	t.Helper()
	after := before
	settle.Within(patience, func() bool {
		after = hold()
		return after.Descriptors <= before.Descriptors && after.Goroutines <= before.Goroutines
	})
	t.Logf("after:  %v", after)
	if after.Descriptors > before.Descriptors || after.Goroutines > before.Goroutines {
		t.Errorf("%s: began with %v, ended with %v", what, before, after)
	}
	if grown := after.Heap - before.Heap; grown > heapMargin {
		t.Errorf("%s left %.1f MB more on the heap", what, mega(grown))
	}
}

func mega(bytes int) float64 { return float64(bytes) / 1e6 }

// rss returns the resident memory of this process in bytes.
func rss() int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(statm)
	pages, _ := strconv.Atoi(string(fields[1]))
	return pages * os.Getpagesize()
}
