package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Ways to count, as in [Options].
const (
	CountPerf   = "perf"   // tracepoints: nearly free, for root or perf_event_paranoid -1
	CountPtrace = "ptrace" // every call stops the process twice: for anybody, but slow
	CountNone   = "none"
	CountAuto   = "auto" // the first of these that works here
)

// Counts has the number of calls by name. A name may say which use of the call
// it counts: "read EAGAIN" is a read that found nothing, and "epoll_ctl ADD"
// registers a descriptor.
type Counts map[string]float64

// String lists the calls of an operation, the most frequent first. It leaves
// out rare ones.
func (c Counts) String() string {
	const rare = 0.01
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		switch {
		case c[a] > c[b]:
			return -1
		case c[a] < c[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		if c[name] >= rare {
			parts = append(parts, fmt.Sprintf("%s %.2f", name, c[name]))
		}
	}
	return strings.Join(parts, ", ")
}
