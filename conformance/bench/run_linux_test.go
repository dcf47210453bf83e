package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"go.parity/conformance"
	opened "go.parity/conformance/descriptors"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(testMain(m))
}

// testMain fails the run where descriptors or goroutines are left behind.
func testMain(m *testing.M) int {
	for _, s := range Stacks() { // what each stack opens once and keeps
		ln, err := s.Listen("tcp", listenAddr)
		if err == nil {
			err = ln.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	fds, routines := opened.Count(), goroutines()
	code := m.Run()
	deadline := time.Now().Add(5 * time.Second)
	for opened.Count() > fds || goroutines() > routines {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			fmt.Fprintf(os.Stderr, "left behind: %d descriptors, %d goroutines\n%s\n",
				opened.Count()-fds, goroutines()-routines, buf[:runtime.Stack(buf, true)])
			return 1
		}
		time.Sleep(10 * time.Millisecond)
	}
	return code
}

// goroutines counts all goroutines except those of the poller, which it starts
// at any time and keeps.
func goroutines() int {
	buf := make([]byte, 1<<20)
	n := 0
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !strings.Contains(g, "created by go.parity/runtime_hooks.") {
			n++
		}
	}
	return n
}

// small cuts every kind of workload down to a size for tests.
func small(t *testing.T) []Workload {
	t.Helper()
	ws, err := Select("echo-64-64,deadline-64-64,3,4,dial-16,6,7,8,9,udp-64,11,accept,few-of-300")
	if err != nil {
		t.Fatal(err)
	}
	for i := range ws {
		ws[i].Conns = min(ws[i].Conns, 8)
		ws[i].Size = min(ws[i].Size, 1<<18)
		ws[i].Hogs = min(ws[i].Hogs, 1)
	}
	return ws
}

func TestRunMeasuresEveryKind(t *testing.T) {
	var log strings.Builder
	o := Options{
		Workloads: small(t), Impls: Impls(), Rounds: 1,
		Time: 10 * time.Millisecond, Warmup: 5 * time.Millisecond,
		Count: CountNone, Threads: 2, Sleepy: true, Pin: runtime.NumCPU() > 1, Log: &log,
	}
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("Run() = %v\n%s", err, log.String())
	}
	if failures := report.Failures(); len(failures) > 0 {
		t.Fatalf("cells failed:\n%s\n%s", strings.Join(failures, "\n"), log.String())
	}
	for _, res := range report.Workloads {
		w := res.Workload
		if w.Counted {
			continue
		}
		want := []Metric{Throughput, CPU, P50, P99, P999, Allocs, Resident}
		switch {
		case w.Kind == KindIdle:
			want = []Metric{Resident, PerConn}
		case w.Kind == KindStream || w.Kind == KindSplice:
			want = []Metric{Throughput, CPU, Allocs, Resident}
		case w.Hogs > 0:
			want = []Metric{Throughput, P50, P99, P999, Beside}
		}
		for _, impl := range res.Impls {
			for _, m := range want {
				if impl.Values[m].N != 1 {
					t.Errorf("%s on %s has no %s: %v", w.Key, impl.Impl, m, impl.Samples)
				}
			}
			if impl.Impl == "net" || w.Kind == KindIdle {
				continue
			}
			if impl.RatiosTo["net"][Throughput].N != 1 {
				t.Errorf("%s on %s has no ratio to net", w.Key, impl.Impl)
			}
		}
	}
}

// A pinned process has one half of the processors, and its children have the
// same half.
func TestStartOn(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	server, load, err := halves()
	if all.Count() < 2 {
		if err == nil {
			t.Error("halves() = nil with one processor, want an error")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := server.Count() + load.Count(); got != all.Count() {
		t.Errorf("the halves have %d processors, want %d", got, all.Count())
	}
	for cpu := range 64 * len(all) {
		if all.IsSet(cpu) != (server.IsSet(cpu) != load.IsSet(cpu)) {
			t.Errorf("processor %d: used %t, in the halves %t and %t", cpu, all.IsSet(cpu), server.IsSet(cpu), load.IsSet(cpu))
		}
	}
	for _, want := range []unix.CPUSet{server, load} {
		cmd := exec.Command("sleep", "1h")
		if err := startOn(want, cmd.Start); err != nil {
			t.Fatal(err)
		}
		var got unix.CPUSet
		if err := unix.SchedGetaffinity(cmd.Process.Pid, &got); err != nil || got != want {
			t.Errorf("the child may use %v, %v, want %v", got, err, want)
		}
		_ = cmd.Process.Kill() // Wait says whether it worked
		_ = cmd.Wait()         // it was killed
	}
	var now unix.CPUSet
	if err := unix.SchedGetaffinity(0, &now); err != nil || now != all {
		t.Errorf("afterwards this thread may use %v, %v, want %v", now, err, all)
	}
}

func TestRunCountsSystemCalls(t *testing.T) {
	if regsCall == nil {
		t.Skipf("no ptrace counter for %s", runtime.GOARCH)
	}
	ws, err := Select("accept-to-close,dial")
	if err != nil {
		t.Fatal(err)
	}
	ws[0].Conns = 8
	report, err := Run(t.Context(), Options{
		Workloads: ws, Impls: []string{"net", "floor"}, Rounds: 1,
		Time: 10 * time.Millisecond, CountTime: 50 * time.Millisecond, Count: CountPtrace, Sleepy: true, Log: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	if failures := report.Failures(); len(failures) > 0 {
		t.Fatalf("cells failed:\n%s", strings.Join(failures, "\n"))
	}
	// The number of calls for a connection is known; the window's ends cut
	// through a few connections.
	for i, want := range []map[string]float64{{"net": 10, "floor": 3}, {"net": 11, "floor": 3}} {
		for name, want := range want {
			got := report.Workloads[i].impl(name).Counted[ConnCalls]
			if got < 0.8*want || got > 1.2*want {
				t.Errorf("%s on %s: %.2f connection calls, want about %v: %v",
					ws[i].Key, name, got, want, Counts(report.Workloads[i].impl(name).Calls))
			}
		}
	}
}

// A process may start and end threads while its events are set up.
func TestPerfCounterWhileThreadsComeAndGo(t *testing.T) {
	way, err := countingBy(CountPerf)
	if err != nil {
		t.Skip(err)
	}
	release, err := way.hold()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	stop := make(chan bool)
	var churn sync.WaitGroup
	churn.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Microsecond):
				churn.Go(func() {
					runtime.LockOSThread() // for good: the thread ends with the goroutine
					time.Sleep(time.Millisecond)
				})
			}
		}
	})
	defer churn.Wait()
	defer close(stop)
	for i := range 100 {
		c := way.new().(*perfCounter)
		c.pid = os.Getpid()
		err := c.prepare()
		if err == nil {
			err = errors.Join(c.begin(), c.end())
		}
		c.close()
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	ws := small(t)[:1]
	for _, test := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"an unknown implementation", func(o *Options) { o.Impls = []string{"net", "net3"} }, `unknown implementation "net3"`},
		{"an unknown way to count", func(o *Options) { o.Count = "abacus" }, `"abacus"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{Workloads: ws, Impls: []string{"net"}, Rounds: 1, Time: time.Millisecond, Count: CountNone, Sleepy: true, Log: io.Discard}
			test.change(&o)
			report, err := Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Run() = %v, want %s", err, test.want)
			}
			if report == nil {
				t.Error("Run() returned no report")
			}
		})
	}
}

// The harness must not measure a binary whose poller is not the one that its
// name says.
func TestRunChecksThePoller(t *testing.T) {
	if conformance.Poller() == conformance.Portable {
		t.Skip("in this build every binary is what the name says")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(t.Context(), Options{
		Workloads: small(t)[:1], Impls: []string{"net2-portable"}, Rounds: 1, Time: time.Millisecond,
		Portable: self, Count: CountNone, Sleepy: true, Log: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := report.Failures(); len(got) != 1 || !strings.Contains(got[0], "want \"portable\"") {
		t.Errorf("Failures() = %q, want one about the poller", got)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{
		Workloads: small(t)[:1], Impls: []string{"net"}, Rounds: 1, Time: time.Hour, Count: CountNone, Sleepy: true,
		Log: writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil }),
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want %v", err, context.Canceled)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A server that reads into a buffer as large as the message always fills it and
// must then look for more, which would hide what is gained by not looking.
func TestEchoBufferIsLargerThanMessages(t *testing.T) {
	for _, w := range Workloads() {
		if (w.Kind == KindEcho || w.Kind == KindBurst) && w.Size >= echoBuffer {
			t.Errorf("%s has messages of %d bytes, want fewer than the server's buffer of %d", w.Key, w.Size, echoBuffer)
		}
	}
}

// A window whose latencies are still under way is no measurement, unless the
// workload has none.
func TestSampleNeedsLatencies(t *testing.T) {
	w := window{Elapsed: time.Second, CPU: time.Second, Ops: 1000}
	if s, err := sampleOf(Workload{Kind: KindEcho}, &w, &w); !errors.Is(err, errNothing) {
		t.Errorf("an echo without latencies gives %v, %v, want %v", s, err, errNothing)
	}
	if s, err := sampleOf(Workload{Kind: KindStream}, &w, &w); err != nil || s[Throughput] != 1000 || s[CPU] != 1e6 {
		t.Errorf("a stream without latencies gives %v, %v, want 1000 operations a second of 1ms", s, err)
	}
	w.P50, w.P99, w.P999 = 1, 2, 3
	if s, err := sampleOf(Workload{Kind: KindEcho}, &w, &w); err != nil || s[P50] != 1 || s[P999] != 3 {
		t.Errorf("an echo gives %v, %v, want its latencies", s, err)
	}
	w.Ops = 0
	if s, err := sampleOf(Workload{Kind: KindEcho}, &w, &w); !errors.Is(err, errNothing) {
		t.Errorf("an echo without operations gives %v, %v, want %v", s, err, errNothing)
	}
}

func TestSortOutAddsUp(t *testing.T) {
	// Maps have no order: code that depends on their order fails now and then.
	for range 20 {
		got := sortOut(Counts{"": 20, "read": 9, "read EAGAIN": 4, "write": 5, "close": 0, "epoll_ctl ADD": 1})
		want := Counts{"read": 5, "read EAGAIN": 4, "write": 5, "epoll_ctl ADD": 1, "other": 5}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("sortOut (-want +got):\n%s", diff)
		}
	}
}

func TestQueueHoldsBack(t *testing.T) {
	var q queue
	f, err := os.CreateTemp(t.TempDir(), "queue")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	mine, err := openShared(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer mine.close()
	other, err := openShared(int(f.Fd())) // as another process has it
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	q.accepted = mine.accepted
	for range mostQueued {
		q.enter()
	}
	entered := make(chan struct{})
	go func() {
		q.enter()
		close(entered)
	}()
	select {
	case <-entered:
		t.Fatalf("%d dials may wait to be accepted, want at most %d", mostQueued+1, mostQueued)
	case <-time.After(20 * time.Millisecond):
	}
	other.accepted.Add(1)
	<-entered
}

// A recorder hands over what it holds in time, and counts at once.
func TestRecorderCountsAtOnce(t *testing.T) {
	m := &meter{hist: newHistogram(), done: new(atomic.Int64), unit: 1}
	r := m.recorder()
	r.flushed = 1
	for i := range 10 {
		r.add(2, int64(time.Duration(i+1)*time.Millisecond))
	}
	var w window
	if err := m.take(&w); err != nil || w.Ops != 10 || w.P50 != 0 {
		t.Errorf("take() = %v, %v operations and p50 %v, want 10 and no latency yet", err, w.Ops, w.P50)
	}
	r.add(1+recorderDelay, int64(5*time.Millisecond))
	if err := m.take(&w); err != nil || w.Ops != 1 || w.P50.Round(100*time.Microsecond) != 5*time.Millisecond {
		t.Errorf("take() = %v, %v operations and p50 %v, want 1 and 5ms", err, w.Ops, w.P50)
	}
	m.unit = 1000
	m.done.Add(2500)
	if err := m.take(&w); err != nil || w.Ops != 2.5 {
		t.Errorf("take() = %v, %v operations, want 2.5", err, w.Ops)
	}
	m.fail(io.EOF)
	m.fail(io.ErrClosedPipe)
	if err := m.take(&w); err != io.EOF {
		t.Errorf("take() = %v, want the first error, %v", err, io.EOF)
	}
}

func TestCallNamesAreUnique(t *testing.T) {
	seen := make(map[string]int)
	for number, name := range callNames {
		if other, found := seen[name]; found {
			t.Errorf("calls %d and %d are both %q", number, other, name)
		}
		seen[name] = number
	}
}
