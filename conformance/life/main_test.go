//go:build linux

package life

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/goroutine"
	"go.parity/conformance/leftover"
	"go.parity/conformance/stack"
)

var (
	long = flag.Int("life.rounds", 0, "how often net2's connections of each kind meet each danger; 0 for a few")
	seed = flag.Uint64("life.seed", 1, "where the random choices begin")
)

// patience is how long a test waits for what must happen. Nothing that works
// needs more than a small part of it.
const patience = 30 * time.Second

// stacks are the control and the stack that is judged.
var stacks = []*stack.Stack{stack.Net, stack.Net2}

// onEach runs a test on every stack.
func onEach(t *testing.T, test func(t *testing.T, s *stack.Stack)) {
	for _, s := range stacks {
		t.Run(s.Name, func(t *testing.T) { test(t, s) })
	}
}

// rounds returns few, or what the flag says. The control needs no more than
// few.
func rounds(s *stack.Stack, few int) int {
	if testing.Short() {
		few = max(1, few/4)
	}
	if s == stack.Net {
		return few
	}
	return max(few, *long)
}

// chance returns a source of random choices for one worker.
func chance(worker int) *rand.Rand { return rand.New(rand.NewPCG(*seed, uint64(worker))) }

// TestMain fails the run if it ends with more descriptors or goroutines than it
// began with.
func TestMain(m *testing.M) {
	if os.Getenv(inheritedEnv) != "" {
		fmt.Println(strings.Join(inheritedHere, "\n"))
		return
	}
	flag.Parse()
	signal.Notify(handled, unix.SIGUSR1) // starts a goroutine, which stays
	signal.Stop(handled)
	os.Exit(leftover.Run(m, patience, runtime.GC)) // closes the pipes that splice keeps
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}

// within fails the test if f takes too long.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		for _, trace := range goroutine.Traces() {
			t.Log(trace)
		}
		t.Fatalf("%s: not within %v", what, patience)
	}
}
