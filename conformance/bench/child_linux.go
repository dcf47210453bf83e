package bench

// The two processes of a cell: the requests that they read, the answers that they
// write, and how they count.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance"
)

// childEnv, when set, names the role of a process that the harness started.
const childEnv = "NET2_BENCH_CHILD"

const (
	roleServer = "server" // the measured process
	roleLoad   = "load"   // its counterpart
	roleAwake  = "awake"  // keeps the processors awake
)

// A request is one line that a child reads.
type request struct {
	Do       string // "start" or "mark"
	Workload Workload
	Impl     string // for a server: which of its program's implementations
	Addr     string // where to connect to, for the side that connects
	Threads  int    // for a load generator
	Settle   bool   // for a mark: collect garbage first, and give memory back
}

// An answer is one line that a child writes.
type answer struct {
	Err    string  `json:",omitempty"`
	Addr   string  `json:",omitempty"` // after start: where it listens
	Poller string  `json:",omitempty"` // after start: the poller of its net2
	Mark   *window `json:",omitempty"`
}

// A window is what happened since the mark before.
type window struct {
	Elapsed    time.Duration
	CPU        time.Duration
	Mallocs    uint64
	AllocBytes uint64
	Resident   int64 // at the end of the window
	Conns      int64 // accepted since the start
	Beside     int64

	Ops            float64
	Failures       int64         // operations that failed and were tried again
	Busy           time.Duration // the time with operations under way, if that is not the whole window
	P50, P99, P999 time.Duration
}

// A work is the task of a child after start.
type work struct {
	addr   string
	meter  *meter
	conns  atomic.Int64
	beside atomic.Int64
	drive  func() // starts the operations of a measured process that drives itself
	queue  queue  // for dialling
}

// A queue keeps the side that dials from outrunning the side that accepts: if the
// backlog is full, the kernel drops the first packet of a connection, and the client
// sends it again a second later. The side that accepts counts in shared memory, so that
// this costs no system call.
type queue struct {
	accepted *atomic.Int64
	dialled  atomic.Int64
}

// sharedFD is the descriptor of the shared page that children inherit.
const sharedFD = 3

// mostQueued is how many connections may wait to be accepted: well below any
// backlog.
const mostQueued = 64

// enter comes before each dial.
func (q *queue) enter() {
	for q.dialled.Add(1)-q.accepted.Load() > mostQueued {
		q.dialled.Add(-1)
		time.Sleep(50 * time.Microsecond)
	}
}

// A meter counts operations and keeps their latencies.
type meter struct {
	done *atomic.Int64 // units: see Workload.unit
	unit int64

	mu       sync.Mutex
	hist     *histogram
	failures int64
	busy     time.Duration
	err      error // ends the measurement
}

// A recorder is the access of one thread or goroutine to a meter. It hands over
// latencies in batches, so that recorders seldom wait for each other.
type recorder struct {
	meter   *meter
	pending []int64
	flushed int64
}

const (
	recorderBatch = 256
	recorderDelay = int64(2 * time.Millisecond) // how long a latency may wait
)

func (m *meter) recorder() *recorder {
	return &recorder{meter: m, pending: make([]int64, 0, recorderBatch)}
}

// add counts one operation that took ns and ended at the time at.
func (r *recorder) add(at, ns int64) {
	r.meter.done.Add(1)
	r.latency(at, ns)
}

// latency records how long an operation took, for an operation that is counted
// elsewhere.
func (r *recorder) latency(at, ns int64) {
	r.pending = append(r.pending, ns)
	if len(r.pending) < recorderBatch && at-r.flushed < recorderDelay {
		return
	}
	r.meter.mu.Lock()
	defer r.meter.mu.Unlock()
	for _, ns := range r.pending {
		r.meter.hist.record(ns)
	}
	r.pending, r.flushed = r.pending[:0], at
}

// failed counts an operation that failed and that the caller will try again.
func (m *meter) failed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures++
}

// epoch makes the times of now small numbers.
var epoch = time.Now()

// now returns the time since epoch, in nanoseconds.
func now() int64 { return int64(time.Since(epoch)) }

// fail ends the measurement with err.
func (m *meter) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
	}
}

// take moves what was counted since the last take to w.
func (m *meter) take(w *window) error {
	w.Ops = float64(m.done.Swap(0)) / float64(m.unit)
	m.mu.Lock()
	hist := m.hist
	m.hist = newHistogram()
	w.Failures, w.Busy = m.failures, m.busy
	m.failures, m.busy = 0, 0
	err := m.err
	m.mu.Unlock()
	w.P50, w.P99, w.P999 = hist.quantile(0.5), hist.quantile(0.99), hist.quantile(0.999)
	return err
}

// In a process that the harness started, Child does what the harness asks and
// does not return. In any other process it does nothing. Every program and test
// that calls [Run] calls it first.
func Child() {
	role := os.Getenv(childEnv)
	if role != "" {
		serveAs(role, os.Stdout, (*work).measured)
	}
}

// serveAs answers the harness until that is done, and ends the process. A
// measured process starts what it measures with serve.
func serveAs(role string, answers io.Writer, serve func(*work, request) error) {
	if err := child(role, os.Stdin, answers, serve); !errors.Is(err, io.EOF) {
		fmt.Fprintf(os.Stderr, "bench: %s process: %v\n", role, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child answers requests until there is an error, which is io.EOF once the
// harness is done, or gone.
func child(role string, r io.Reader, w io.Writer, serve func(*work, request) error) error {
	in, out := json.NewDecoder(r), json.NewEncoder(w)
	var job *work
	var last snapshot
	for {
		var req request
		if err := in.Decode(&req); err != nil {
			return err
		}
		var ans answer
		var err error
		switch {
		case req.Do == "start" && job == nil:
			if job, err = start(role, req, serve); err == nil {
				ans.Addr, ans.Poller = job.addr, conformance.Poller()
				last = takeSnapshot()
			}
		case req.Do == "mark" && job != nil:
			if job.drive != nil {
				job.drive()
				job.drive = nil
			}
			if req.Settle {
				debug.FreeOSMemory()
			}
			ans.Mark, last, err = job.mark(last)
		default:
			err = fmt.Errorf("unexpected request %q", req.Do)
		}
		if err != nil {
			ans = answer{Err: err.Error()}
		}
		if err := out.Encode(ans); err != nil {
			return err
		}
	}
}

func start(role string, req request, serve func(*work, request) error) (*work, error) {
	need := uint64(req.Workload.Conns) + 512
	if have, err := RaiseDescriptors(need); err != nil || have < need {
		return nil, fmt.Errorf("%d descriptors needed, %d allowed: %v", need, have, err)
	}
	job := &work{meter: &meter{hist: newHistogram(), done: new(atomic.Int64), unit: req.Workload.unit()}}
	shared, err := openShared(sharedFD)
	if err != nil {
		return nil, err
	}
	job.queue.accepted = shared.accepted
	if role == req.Workload.timedBy() {
		job.meter.done = shared.done
	}
	switch {
	case role == roleAwake:
		err = keepAwake()
	case role == roleLoad:
		err = job.load(req)
	case role == roleServer:
		err = serve(job, req)
	default:
		err = fmt.Errorf("unknown role %q", role)
	}
	for range req.Workload.Hogs {
		if role == roleServer {
			go job.hog()
		}
	}
	return job, err
}

// measured starts one of the implementations that this program has.
func (j *work) measured(req request) error {
	switch impl, _ := lookup(req.Impl); {
	case impl.stack != "":
		return j.serve(impl.stack, req.Workload, req.Addr)
	case impl.name == "net2-readable":
		return j.readable(req)
	case impl.name == "floor":
		return j.floor(req)
	}
	return fmt.Errorf("this program has no %q", req.Impl)
}

// hog keeps a processor busy, and counts the work that it gets done.
func (j *work) hog() {
	x := uint64(1)
	for {
		for range 1 << 16 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		if x == 0 { // never: keeps the loop from being optimised away
			return
		}
		j.beside.Add(1)
	}
}

// keepAwake occupies each processor with a thread that gives way to any other.
// A processor that has nothing to do goes to sleep. It takes long to wake, on a virtual
// machine several times as long as an echo takes; we would then measure nothing but
// whether it sleeps.
func keepAwake() error {
	var cpus unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cpus); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	runtime.GOMAXPROCS(cpus.Count() + 1)
	ready := make(chan error)
	for cpu, left := 0, cpus.Count(); left > 0; cpu++ {
		if !cpus.IsSet(cpu) {
			continue
		}
		left--
		go func() {
			runtime.LockOSThread()
			var own unix.CPUSet
			own.Set(cpu)
			err := unix.SchedSetaffinity(0, &own)
			if err == nil {
				idle := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
				err = unix.SchedSetAttr(0, &idle, 0)
			}
			ready <- err
			for err == nil {
				for range 1 << 20 {
					continue
				}
			}
		}()
		if err := <-ready; err != nil {
			return fmt.Errorf("keeping processor %d awake: %w", cpu, err)
		}
	}
	return nil
}

// A snapshot holds the counts that grow as a process runs.
type snapshot struct {
	at         time.Time
	cpu        time.Duration
	mallocs    uint64
	allocBytes uint64
}

func takeSnapshot() snapshot {
	var s snapshot
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.mallocs, s.allocBytes = m.Mallocs, m.TotalAlloc
	s.cpu = cpuTime()
	s.at = time.Now()
	return s
}

func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic("bench: getrusage: " + err.Error()) // it has no error for these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (j *work) mark(last snapshot) (*window, snapshot, error) {
	s := takeSnapshot()
	w := &window{
		Elapsed:    s.at.Sub(last.at),
		CPU:        s.cpu - last.cpu,
		Mallocs:    s.mallocs - last.mallocs,
		AllocBytes: s.allocBytes - last.allocBytes,
		Conns:      j.conns.Load(),
		Beside:     j.beside.Swap(0),
	}
	var err error
	if w.Resident, err = resident(); err != nil {
		return nil, s, err
	}
	if err := j.meter.take(w); err != nil {
		return nil, s, err
	}
	// The window that begins now must not include the cost of the mark itself.
	return w, takeSnapshot(), nil
}

// resident is the resident memory of this process in bytes.
func resident() (int64, error) {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		return 0, fmt.Errorf("/proc/self/statm: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
