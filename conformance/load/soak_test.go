//go:build linux

package load

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.parity/conformance/stack"
)

var (
	soak = flag.Duration("load.soak", 2*time.Second, "how long the mixed soak takes")
	rate = flag.Int("load.rate", 400, "how many operations a second the soak makes in all")
)

// A tally counts what the workers of one duty did.
type tally struct {
	operations, connections, bytes atomic.Int64

	mu     sync.Mutex
	errors []error
	wrong  int           // errors, also those that are not kept
	worst  time.Duration // of an operation that was good
	sum    time.Duration
}

func (y *tally) done(took time.Duration, err error) {
	y.operations.Add(1)
	y.mu.Lock()
	defer y.mu.Unlock()
	if err == nil {
		y.worst = max(y.worst, took)
		y.sum += took
		return
	}
	y.wrong++
	if len(y.errors) < 10 {
		y.errors = append(y.errors, err)
	}
}

func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	n := y.operations.Load()
	return fmt.Sprintf("%9d operations %8d connections %9.1f MB %4d errors, mean %8v max %8v", n, y.connections.Load(),
		mega(int(y.bytes.Load())), y.wrong, (y.sum / time.Duration(max(1, n))).Round(time.Microsecond), y.worst.Round(time.Microsecond))
}

// A duty is one kind of work of the soak. Its begin makes what one worker needs,
// and returns what the worker then does again and again, and how it ends.
type duty struct {
	name    string
	workers int
	begin   func(w *worker) (step func() error, end func(), err error)
}

// A worker does one duty.
type worker struct {
	*tally
	*rand.Rand
	stack *stack.Stack
	to    servers
}

// work runs the duty's steps at most once in a pause until stop is closed.
func (w *worker) work(d duty, pause time.Duration, stop <-chan struct{}) {
	step, end, err := d.begin(w)
	if err != nil {
		w.done(0, err)
		return
	}
	defer end()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		start := time.Now()
		err := step()
		w.done(time.Since(start), err)
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// TestMixedSoakLosesAndLeavesNothing does all duties at once, for as long as the
// flag says. Nothing fails, and afterwards the process holds what it held when
// all duties had run for a moment.
func TestMixedSoakLosesAndLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *stack.Stack) {
		soakFor(t, s, 500*time.Millisecond) // fills the pools that stay
		before := hold()
		t.Logf("before: %v", before)
		soakFor(t, s, *soak)
		wantAsBefore(t, fmt.Sprintf("%v of soak", *soak), before)
	})
}

// heapMargin is how much the heap may differ between two moments at which a
// process should hold the same: it has pools, and the tests have figures.
const heapMargin = 2 << 20

func soakFor(t *testing.T, s *stack.Stack, length time.Duration) {
	t.Helper()
	to, err := startServers(s, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	workers := 0
	for _, d := range duties {
		workers += d.workers
	}
	pause := time.Duration(workers) * time.Second / time.Duration(*rate)
	var tallies []*tally
	stop := make(chan struct{})
	var working sync.WaitGroup
	for i, d := range duties {
		y := new(tally)
		tallies = append(tallies, y)
		for n := range d.workers {
			w := &worker{tally: y, Rand: rand.New(rand.NewPCG(uint64(i), uint64(n))), stack: s, to: to}
			working.Go(func() { w.work(d, pause, stop) })
		}
	}
	begin := time.Now()
	watch(t, begin, length)
	close(stop)
	working.Wait()
	to.stop()
	t.Logf("%s, %v:", s.Name, time.Since(begin).Round(time.Second))
	for i, y := range tallies {
		t.Logf("%-12s %v", duties[i].name, y)
		for _, err := range y.errors {
			t.Errorf("%s: %v", duties[i].name, err)
		}
	}
}

// watch waits until the length is over, and logs what the process holds ten
// times a soak, but not more often than each minute.
func watch(t *testing.T, begin time.Time, length time.Duration) {
	every := max(time.Minute, length/10)
	for end := begin.Add(length); time.Now().Before(end); {
		time.Sleep(min(every, time.Until(end)))
		if time.Now().Before(end) {
			t.Logf("%6v: %v", time.Since(begin).Round(time.Second), glance())
		}
	}
}
