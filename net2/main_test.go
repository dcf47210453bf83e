//go:build linux

package net2

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails the run when it ends with more descriptors or goroutines than
// it began with. It makes the poller's own, which stay, before it counts.
func TestMain(m *testing.M) {
	if os.Getenv(unknownPollerEnv) != "" {
		os.Exit(m.Run())
	}
	flag.Parse()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(m.Run()) // the fuzzing engine keeps files and processes open
	}
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	l.Close()
	fds, goroutines := openFiles(), runtime.NumGoroutine()
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		os.Exit(m.Run()) // package testing then has a goroutine for signals
	}
	code := m.Run()
	if code == 0 && !settles(func() bool { return openFiles() <= fds && runtime.NumGoroutine() <= goroutines }) {
		fmt.Fprintf(os.Stderr, "left behind: %d descriptors, %d goroutines; began with %d and %d\n",
			openFiles(), runtime.NumGoroutine(), fds, goroutines)
		buf := make([]byte, 1<<20)
		os.Stderr.Write(buf[:runtime.Stack(buf, true)])
		code = 1
	}
	os.Exit(code)
}

func openFiles() int {
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(d)
}

// settles waits until cond holds, for a few seconds at most.
func settles(cond func() bool) bool {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if cond() {
			return true
		}
		runtime.GC() // runs the finalizers of what the tests leaked
	}
	return false
}

// allocsPerRun is testing.AllocsPerRun for f alone: that counts what other goroutines
// allocate meanwhile too, such as those that an earlier test left to end. What f allocates
// comes every time, so the least of several counts is f's.
func allocsPerRun(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for range 4 {
		if least > 0 {
			least = min(least, testing.AllocsPerRun(runs, f))
		}
	}
	return least
}
