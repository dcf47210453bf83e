// Package goroutine looks at the goroutines of this process through their stack
// traces.
package goroutine

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// ID returns the number of the calling goroutine, as in its trace.
func ID() int64 {
	var b [64]byte
	id, _, _ := parse(string(b[:runtime.Stack(b[:], false)]))
	return id
}

// Traces returns the trace of every goroutine, by its number.
func Traces() map[int64]string {
	b := make([]byte, 64<<10)
	for {
		n := runtime.Stack(b, true)
		if n < len(b) {
			b = b[:n]
			break
		}
		b = make([]byte, 2*len(b))
	}
	all := make(map[int64]string)
	for trace := range bytes.SplitSeq(b, []byte("\n\n")) {
		if id, _, ok := parse(string(trace)); ok {
			all[id] = string(trace)
		}
	}
	return all
}

// running lists the states of a goroutine that no call of its own blocks.
var running = []string{"running", "runnable", "syscall", "idle", "dead", "copystack", "preempted", "waiting",
	"GC assist wait", "GC assist marking", "stopping the world", "wait for GC cycle", "flushing proc caches"}

// Blocked reports whether the goroutine with a number waits for something.
func Blocked(id int64) bool {
	_, state, ok := parse(Traces()[id])
	return ok && !slices.Contains(running, state)
}

// parse takes "goroutine 7 [IO wait, 2 minutes]:" apart.
func parse(trace string) (id int64, state string, ok bool) {
	head, rest, _ := strings.Cut(trace, " [")
	id, err := strconv.ParseInt(strings.TrimPrefix(head, "goroutine "), 10, 64)
	if err != nil {
		return 0, "", false
	}
	if end := strings.IndexAny(rest, "],"); end >= 0 {
		rest = rest[:end]
	}
	return id, strings.TrimSuffix(rest, " (scan)"), true
}
