//go:build linux

package life

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// What changes for the whole process, all the time, while connections of each
// kind live and die.
func TestChurnWhile(t *testing.T) {
	t.Run("GOMAXPROCS changes", func(t *testing.T) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
		n := 0
		churnWhile(t, func() { n++; runtime.GOMAXPROCS(1 + n%6) })
	})
	t.Run("the collector runs", func(t *testing.T) { churnWhile(t, runtime.GC) })
	t.Run("every goroutine is stopped", func(t *testing.T) {
		trace := make([]byte, 64<<10)
		churnWhile(t, func() { runtime.Stack(trace, true) })
	})
	t.Run("the runtime's own signal comes to every thread", func(t *testing.T) {
		churnWhile(t, func() { toThreads(unix.SIGURG) })
	})
	t.Run("a signal that the program handles comes to every thread", func(t *testing.T) {
		signal.Notify(handled, unix.SIGUSR1)
		defer signal.Stop(handled)
		churnWhile(t, func() { toThreads(unix.SIGUSR1) })
	})
	t.Run("the profiler samples at 1 kHz", func(t *testing.T) {
		runtime.SetCPUProfileRate(1000) // StartCPUProfile leaves it, and complains
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			t.Skip(err) // go test profiles already
		}
		defer pprof.StopCPUProfile()
		churnWhile(t, func() {})
	})
}

// churnWhile churns connections of each kind while something is done again and
// again.
func churnWhile(t *testing.T, again func()) {
	onEachKind(t, func(t *testing.T, s *stack.Stack, k kind) {
		if *long == 0 && !slices.Contains([]string{"tcp", "udp", "unix"}, k.name) {
			t.Skip("only in a long run")
		}
		over := make(chan struct{})
		var changing sync.WaitGroup
		changing.Go(func() {
			for pause := time.Tick(300 * time.Microsecond); ; {
				again()
				select {
				case <-over:
					return
				case <-pause:
				}
			}
		})
		churn(t, s, k, max(40, rounds(s, 1)/10))
		close(over)
		changing.Wait()
	})
}

// handled takes the signals that nobody waits for.
var handled = make(chan os.Signal, 1)

// toThreads sends a signal to each of this process's threads.
func toThreads(sig unix.Signal) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic("life: " + err.Error())
	}
	for _, thread := range threads {
		if tid, err := strconv.Atoi(thread.Name()); err == nil {
			unix.Tgkill(unix.Getpid(), tid, sig) // fails if the thread has gone
		}
	}
}

// Circumstances that a process has from its start.
func TestChurnUnder(t *testing.T) {
	if lack := host.Lacking(host.Loopback); lack != nil {
		t.Skip(lack)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		env  []string
	}{
		{"one processor", []string{"GOMAXPROCS=1"}},
		{"many processors", []string{"GOMAXPROCS=32"}},
		{"a collector that stops the world, all the time", []string{"GODEBUG=gcstoptheworld=1", "GOGC=1"}},
		{"a collector that overwrites what it frees", []string{"GODEBUG=clobberfree=1", "GOGC=1"}},
		{"no asynchronous preemption", []string{"GODEBUG=asyncpreemptoff=1"}},
		{"no asynchronous preemption, one processor", []string{"GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), exe, "-test.run=^(TestCloseAgainst.*|TestDeadlineStorm|TestStackMoves.*)$/./^net2$", "-test.short",
				"-test.timeout=30m", "-life.seed="+strconv.FormatUint(*seed, 10), "-life.rounds="+strconv.Itoa(*long/20))
			cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), tt.env...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", tt.env, err, out)
			}
		})
	}
}
