//go:build linux

package load

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/leftover"
	"go.parity/conformance/stack"
)

// patience is how long a test waits for what must happen. Nothing that works
// needs more than a small part of it.
const patience = time.Minute

var only = flag.String("load.stack", "", "the stack to run on, net or net2; empty for both")

// onEach runs a test on every stack that the flag lets through.
func onEach(t *testing.T, test func(t *testing.T, s *stack.Stack)) {
	for _, s := range []*stack.Stack{stack.Net, stack.Net2} {
		if *only == "" || *only == s.Name {
			t.Run(s.Name, func(t *testing.T) { test(t, s) })
		}
	}
}

// TestMain fails the run if it ends with more descriptors or goroutines than it
// began with.
func TestMain(m *testing.M) {
	if err := raiseDescriptors(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if role := os.Getenv(roleEnv); role != "" {
		os.Exit(inCrowd(role))
	}
	flag.Parse()
	os.Exit(leftover.Run(m, patience, runtime.GC)) // closes the pipes that splice keeps
}

// raiseDescriptors lets the process open as many files as it may.
func raiseDescriptors() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Cur = limit.Max
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
}
