package bench

// The harness: it starts the two processes of each cell and puts their
// answers together.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance"
)

// Impls returns the implementations of a run, in the order of the tables. A
// program that was built with net2_portable has no other net2 to measure.
func Impls() []string {
	if conformance.Poller() == conformance.Portable {
		return []string{"net", "net2-portable", "floor"}
	}
	return []string{"net", "net2", "net2-epoll", "floor"}
}

// portableTag makes the binary for net2-portable.
const portableTag = "net2_portable"

// Options are the settings of a run. Their zero values are not defaults: see
// [DefaultOptions].
type Options struct {
	Workloads []Workload
	Impls     []string
	Rounds    int
	Time      time.Duration // for each timed cell
	Warmup    time.Duration // before each cell
	CountTime time.Duration // for each cell that counts system calls
	Count     string        // how to count them: CountAuto, CountPerf, CountPtrace, CountNone
	Threads   int           // of the load generator
	Sleepy    bool          // let processors sleep while they have nothing to do
	Pin       bool          // give each process of a timed cell processors of its own
	Portable  string        // binary for net2-portable; "" to build one
	Log       io.Writer     // progress
}

// DefaultOptions measure everything, ten rounds of a second.
func DefaultOptions() Options {
	return Options{
		Workloads: Workloads(),
		Impls:     Impls(),
		Rounds:    10,
		Time:      time.Second,
		Warmup:    200 * time.Millisecond,
		CountTime: 500 * time.Millisecond,
		Count:     CountAuto,
		Threads:   1,
		Log:       io.Discard,
	}
}

// Quick reduces o to a run of about a minute that shows that each workload
// works: one round of short cells, and fewer idle connections.
func (o *Options) Quick() {
	o.Rounds = 1
	o.Time = 100 * time.Millisecond
	o.Warmup = 20 * time.Millisecond
	o.CountTime = 100 * time.Millisecond
	for i := range o.Workloads {
		if w := &o.Workloads[i]; w.Kind == KindIdle {
			w.Conns = min(w.Conns, 2000)
		}
	}
}

// fewRounds is how many rounds it takes until quartiles say something.
const fewRounds = 10

// A run is one call of Run.
type run struct {
	Options
	self     string
	counting *counting // nil: none
	file     *os.File  // with the shared page; children inherit it as sharedFD
	shared   sharedPage
	binaries map[string]string
	// With Pin, the processors of each side.
	serverCPUs, loadCPUs unix.CPUSet

	report   *Report
	begun    time.Time
	cells    int // cells done
	allCells int
}

// Run measures what o asks for. It always returns a report with what was
// measured, even if ctx ended the run, or if cells failed, which the report
// then says.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &run{Options: o, begun: time.Now(), binaries: make(map[string]string)}
	r.report = &Report{
		Date: r.begun, Machine: machine(), Rounds: o.Rounds, Seconds: o.Time.Seconds(),
		Impls: o.Impls,
	}
	if o.Rounds < fewRounds {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("fewer than %d rounds show whether it works, not how fast it is", fewRounds))
	}
	for _, w := range o.Workloads {
		if w.Stretch > 1 {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s: cells of %v", w.Key, r.length(w)))
		}
	}
	var err error
	if r.counting, err = countingBy(o.Count); err != nil {
		return r.report, err
	}
	r.report.Counter = CountNone
	if r.counting != nil {
		r.report.Counter = r.counting.way
	}
	if o.Count == CountAuto && r.report.Counter == CountPtrace {
		r.report.Notes = append(r.report.Notes, "this process may not use the kernel's tracepoints: "+
			"counting system calls slows the server down, and shares of waits and of reads that find nothing are not those at speed")
	}
	if r.self, err = os.Executable(); err != nil {
		return r.report, err
	}
	if o.Pin {
		if r.serverCPUs, r.loadCPUs, err = halves(); err != nil {
			return r.report, err
		}
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("pinned: %d processors for the measured process, %d for its counterpart",
			r.serverCPUs.Count(), r.loadCPUs.Count()))
	}
	temp, err := os.MkdirTemp("", "bench")
	if err != nil {
		return r.report, err
	}
	defer func() { _ = os.RemoveAll(temp) }() // at worst a temporary file stays
	if err := r.build(ctx, temp); err != nil {
		return r.report, err
	}
	fd, err := unix.MemfdCreate("shared", unix.MFD_CLOEXEC)
	if err != nil {
		return r.report, os.NewSyscallError("memfd_create", err)
	}
	r.file = os.NewFile(uintptr(fd), "shared")
	defer func() { _ = r.file.Close() }() // nothing in it need be kept
	if err := r.file.Truncate(int64(os.Getpagesize())); err != nil {
		return r.report, err
	}
	if r.shared, err = openShared(fd); err != nil {
		return r.report, err
	}
	defer r.shared.close()
	r.prepare()
	if !o.Sleepy {
		awake, err := r.spawn(ctx, r.self, roleAwake, "", nil)
		if err != nil {
			return r.report, err
		}
		defer awake.kill()
		if _, err := awake.ask(ctx, request{Do: "start"}); err != nil {
			return r.report, err
		}
	}
	err = r.measure(ctx)
	r.report.summarize()
	return r.report, err
}

// build finds the binary of each implementation, or makes it.
func (r *run) build(ctx context.Context, dir string) error {
	portable := conformance.Poller() == conformance.Portable
	for _, name := range r.Options.Impls {
		impl, found := lookup(name)
		switch {
		case !found:
			return fmt.Errorf("unknown implementation %q", name)
		case impl.peer != "": // see buildPeers
		case impl.poller == "" || portable == (impl.poller == conformance.Portable):
			r.binaries[name] = r.self
		case portable:
			return fmt.Errorf("built with -tags %s, which has no poller for %s", portableTag, name)
		case r.Portable != "":
			r.binaries[name] = r.Portable
		default:
			r.logf("building with -tags %s\n", portableTag)
			out := filepath.Join(dir, name)
			cmd := exec.CommandContext(ctx, "go", "build", "-tags", portableTag, "-o", out, "go.parity/conformance/cmd/bench")
			if text, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%v: %w\n%s", cmd, err, text)
			}
			r.binaries[name] = out
		}
	}
	return r.buildPeers(ctx, dir)
}

// prepare lays out the report and fits the workloads to what this host allows.
func (r *run) prepare() {
	full := Workloads()
	for _, w := range r.Options.Workloads {
		at := slices.IndexFunc(full, func(f Workload) bool { return f.Key == w.Key })
		if at >= 0 && full[at].Conns != w.Conns {
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s: with %d connections", w.Key, w.Conns))
		}
		need := uint64(w.Conns) + 512
		if have, err := RaiseDescriptors(need); err == nil && have < need {
			fewer := int(have) - 512
			r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s: %d of %d connections, because a process may have %d descriptors here", w.Key, fewer, w.Conns, have))
			w.Conns = fewer
		}
		res := Result{Workload: w}
		for _, name := range r.Options.Impls {
			if impl, _ := lookup(name); impl.serves(w) {
				res.Impls = append(res.Impls, ImplResult{Impl: name})
			}
		}
		r.report.Workloads = append(r.report.Workloads, res)
		if !w.Counted {
			r.allCells += r.Rounds * len(res.Impls)
		}
		if r.counts(w) {
			r.allCells += len(res.Impls)
		}
	}
}

// counts reports whether w has cells that count system calls. Idle
// connections make none.
func (r *run) counts(w Workload) bool {
	return r.counting != nil && w.Kind != KindIdle
}

func (r *run) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Log, format, args...) // not a reason to end the run
}

// progress says which cell is next, and how long the run may still take.
func (r *run) progress(what string) {
	r.cells++
	left := "?"
	if done := r.cells - 1; done > 0 {
		each := time.Since(r.begun) / time.Duration(done)
		left = (each * time.Duration(r.allCells-done)).Round(time.Second).String()
	}
	r.logf("%4d/%d, %s left  %s\n", r.cells, r.allCells, left, what)
}

func (r *run) measure(ctx context.Context) error {
	if err := r.countAll(ctx); err != nil {
		return err
	}
	return r.timeAll(ctx)
}

// countAll runs the cells that count system calls.
func (r *run) countAll(ctx context.Context) error {
	if r.counting == nil {
		return nil
	}
	release, err := r.counting.hold()
	if err != nil {
		return err
	}
	defer release()
	for i := range r.report.Workloads {
		res := &r.report.Workloads[i]
		if !r.counts(res.Workload) {
			continue
		}
		for k := range res.Impls {
			impl := &res.Impls[k]
			r.progress(fmt.Sprintf("counting  %s  %s", res.Workload.Key, impl.Impl))
			if err := r.count(ctx, res.Workload, impl); err != nil {
				impl.Errors = append(impl.Errors, fmt.Sprintf("counting: %v", err))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// timeAll runs the timed cells, round by round.
func (r *run) timeAll(ctx context.Context) error {
	for round := range r.Rounds {
		for i := range r.report.Workloads {
			res := &r.report.Workloads[i]
			if res.Workload.Counted {
				continue
			}
			for k := range res.Impls {
				res.Impls[k].Samples = append(res.Impls[k].Samples, nil)
			}
			for _, k := range Order(len(res.Impls), round) {
				impl := &res.Impls[k]
				r.progress(fmt.Sprintf("round %d  %s  %s", round+1, res.Workload.Key, impl.Impl))
				sample, err := r.cell(ctx, res.Workload, impl.Impl)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					impl.Errors = append(impl.Errors, fmt.Sprintf("round %d: %v", round+1, err))
					continue
				}
				impl.Samples[round] = sample
			}
		}
	}
	return nil
}

// driven reports whether the measured process itself does the operations.
func (w Workload) driven() bool { return w.Kind == KindDial }

// timedBy is the role of the process that counts operations and keeps time.
func (w Workload) timedBy() string {
	if w.driven() {
		return roleServer
	}
	return roleLoad
}

// unit is how much of what is counted makes one operation: for a stream, a
// number of bytes.
func (w Workload) unit() int64 {
	switch w.Kind {
	case KindStream, KindSendfile, KindSplice:
		return int64(w.Size)
	}
	return 1
}

// A pair is the two processes of a cell.
type pair struct {
	workload     Workload
	server, load *process
	base         *window // with idle connections: the server before it had any
}

// open starts the processes of a cell; counter is nil unless the cell counts
// system calls.
func (r *run) open(ctx context.Context, w Workload, impl string, count counter) (*pair, error) {
	p := &pair{workload: w}
	if err := r.openInto(ctx, p, impl, count); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (r *run) openInto(ctx context.Context, p *pair, impl string, count counter) (err error) {
	w := p.workload
	asked, _ := lookup(impl)
	poller := asked.poller
	// The processes of the cell before are gone.
	r.shared.accepted.Store(0)
	r.shared.done.Store(0)
	if p.server, err = r.spawn(ctx, r.binaries[impl], roleServer, poller, count); err != nil {
		return err
	}
	if p.load, err = r.spawn(ctx, r.self, roleLoad, "", nil); err != nil {
		return err
	}
	first, second := p.server, p.load
	if w.driven() {
		first, second = p.load, p.server
	}
	req := request{Do: "start", Workload: w, Impl: impl, Threads: r.Threads}
	for _, child := range []*process{first, second} {
		ans, err := child.ask(ctx, req)
		if err != nil {
			return err
		}
		if child == first {
			req.Addr = ans.Addr
		}
		if child == p.server && poller != "" && ans.Poller != poller {
			return fmt.Errorf("the server waits in the poller %q, want %q", ans.Poller, poller)
		}
		if child == p.server && w.Kind == KindIdle {
			if p.base, err = p.server.mark(ctx, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pair) close() {
	for _, child := range []*process{p.load, p.server} {
		if child != nil {
			child.kill()
		}
	}
}

// window measures for a time. The server's window encloses the load
// generator's; each is as long as its own clock says.
func (p *pair) window(ctx context.Context, d time.Duration) (server, load *window, err error) {
	if _, err = p.server.mark(ctx, false); err != nil {
		return nil, nil, err
	}
	if _, err = p.load.mark(ctx, false); err != nil {
		return nil, nil, err
	}
	if err = sleep(ctx, d); err != nil {
		return nil, nil, err
	}
	if load, err = p.load.mark(ctx, false); err != nil {
		return nil, nil, err
	}
	server, err = p.server.mark(ctx, false)
	return server, load, err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// warm starts the operations and lets them run for the warm-up time.
func (r *run) warm(ctx context.Context, p *pair) error {
	if p.workload.driven() {
		if _, err := p.server.mark(ctx, false); err != nil { // the first mark starts it
			return err
		}
	}
	if w := p.workload; w.Kind == KindEcho {
		if err := p.awaitConns(ctx); err != nil {
			return err
		}
	}
	return sleep(ctx, r.Warmup)
}

// awaitConns waits until the server has accepted all connections.
func (p *pair) awaitConns(ctx context.Context) error {
	for range 3000 {
		now, err := p.server.mark(ctx, false)
		if err != nil {
			return err
		}
		if now.Conns == int64(p.workload.Conns) {
			return nil
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("connections were lost")
}

var errNothing = errors.New("no operation was measured")

// cell measures one workload on one implementation once.
func (r *run) cell(ctx context.Context, w Workload, impl string) (Sample, error) {
	p, err := r.open(ctx, w, impl, nil)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if w.Kind == KindIdle {
		return p.idle(ctx)
	}
	if err := r.warm(ctx, p); err != nil {
		return nil, err
	}
	// On a machine with much else to do, there may be a window in which no
	// operation ended, or none that had its latency recorded. Such a window is not a measurement; it becomes longer.
	asked := r.length(w)
	for d := asked; ; d *= 2 {
		server, load, err := p.window(ctx, d)
		if err != nil {
			return nil, err
		}
		sample, err := sampleOf(w, server, load)
		if !errors.Is(err, errNothing) || d > longest*asked {
			return sample, err
		}
	}
}

// length is how long a timed cell of w is to last.
func (r *run) length(w Workload) time.Duration {
	return r.Time * time.Duration(max(w.Stretch, 1))
}

// longest is how many times as long as asked for a window may become.
const longest = 16

func sampleOf(w Workload, server, load *window) (Sample, error) {
	timed := load
	if w.driven() {
		timed = server
	}
	// Latencies come in batches: those of the last operations may still be under
	// way.
	if timed.Ops == 0 || w.hasLatencies() && timed.P50 == 0 {
		return nil, errNothing
	}
	rate := timed.Ops / timed.Elapsed.Seconds()
	ops := rate * server.Elapsed.Seconds() // the operations of the server's window
	s := Sample{
		Throughput: rate,
		CPU:        float64(server.CPU) / ops,
		Allocs:     float64(server.Mallocs) / ops,
		AllocBytes: float64(server.AllocBytes) / ops,
		Resident:   float64(server.Resident),
		LoadCPU:    load.CPU.Seconds() / load.Elapsed.Seconds(),
	}
	if w.hasLatencies() {
		s[P50], s[P99], s[P999] = float64(timed.P50), float64(timed.P99), float64(timed.P999)
	}
	if timed.Busy > 0 {
		s[Throughput] = timed.Ops / timed.Busy.Seconds()
	}
	if w.Hogs > 0 {
		s[Beside] = float64(server.Beside) / server.Elapsed.Seconds()
		delete(s, CPU) // it would include that of the hogs
	}
	return s, nil
}

// idle waits until the server has all connections, and divides the memory that
// they take by their number.
func (p *pair) idle(ctx context.Context) (Sample, error) {
	if err := p.awaitConns(ctx); err != nil {
		return nil, err
	}
	// All are accepted; let the last goroutine reach its Read.
	if err := sleep(ctx, 50*time.Millisecond); err != nil {
		return nil, err
	}
	now, err := p.server.mark(ctx, true)
	if err != nil {
		return nil, err
	}
	return Sample{
		Resident: float64(now.Resident),
		PerConn:  max(float64(now.Resident-p.base.Resident), 0) / float64(p.workload.Conns),
	}, nil
}

// count counts the system calls of one workload on one implementation.
func (r *run) count(ctx context.Context, w Workload, impl *ImplResult) error {
	c := r.counting.new()
	p, err := r.open(ctx, w, impl.Impl, c)
	if err != nil {
		return err
	}
	defer p.close()
	if err := r.warm(ctx, p); err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	counts, err := r.counted(ctx, w, c, r.CountTime)
	if err != nil {
		return err
	}
	impl.Calls = counts
	impl.Counted = Sample{Syscalls: counts.total()}
	if w.Kind == KindOnce || w.Kind == KindAccept || w.Kind == KindDial {
		// A dial operation ends with the connection, an accept operation with
		// its close.
		impl.Counted[ConnCalls] = counts.conn(!w.driven())
	}
	return nil
}

// enough is how many operations of each connection make a count. Beside so
// many, the operations that the ends of the window cut through hardly matter.
const enough = 10

// counted counts the calls of each operation for a time, or for longer until
// there are enough operations.
func (r *run) counted(ctx context.Context, w Workload, c counter, d time.Duration) (Counts, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	begin := r.shared.done.Load()
	var ops float64
	for i := 0; i == 0 || i < longest && ops < enough*float64(w.talking()); i++ {
		if err := sleep(ctx, d); err != nil {
			return nil, err
		}
		ops = float64(r.shared.done.Load()-begin) / float64(w.unit())
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	ops = float64(r.shared.done.Load()-begin) / float64(w.unit())
	if ops == 0 {
		return nil, errNothing
	}
	counts, err := c.counts()
	if err != nil {
		return nil, err
	}
	for name := range counts {
		counts[name] /= ops
	}
	return counts, nil
}

// A process is a child of the harness.
type process struct {
	role    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     io.ReadCloser
	enc     *json.Encoder
	answers chan answer // closed when the child is gone
	stderr  *os.File
	counter counter
}

// patience is how long a child may take to answer.
const patience = time.Minute

func (r *run) spawn(ctx context.Context, binary, role, poller string, count counter) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &process{role: role, counter: count, answers: make(chan answer)}
	// What the child says before it dies goes to a file. A pipe would need a
	// goroutine, and somebody would have to wait for the process.
	var err error
	if p.stderr, err = os.CreateTemp("", "bench"); err != nil {
		return nil, err
	}
	_ = os.Remove(p.stderr.Name()) // at worst a temporary file stays
	p.cmd = exec.Command(binary)
	p.cmd.Env = append(conformance.Environ(poller), childEnv+"="+role)
	p.cmd.Stderr = p.stderr
	p.cmd.ExtraFiles = []*os.File{r.file} // sharedFD
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		_ = p.stderr.Close() // the error that counts is the one above
		return nil, err
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		_, _ = p.in.Close(), p.stderr.Close() // likewise
		return nil, err
	}
	start := p.cmd.Start
	switch {
	case count != nil:
		start = func() error { return count.start(p.cmd) }
	case r.Pin && role == roleServer:
		start = func() error { return startOn(r.serverCPUs, p.cmd.Start) }
	case r.Pin && role == roleLoad:
		start = func() error { return startOn(r.loadCPUs, p.cmd.Start) }
	}
	if err := start(); err != nil {
		_, _, _ = p.in.Close(), p.out.Close(), p.stderr.Close() // likewise
		return nil, err
	}
	p.enc = json.NewEncoder(p.in)
	go func() {
		defer close(p.answers)
		dec := json.NewDecoder(p.out)
		for {
			var ans answer
			if dec.Decode(&ans) != nil {
				return
			}
			p.answers <- ans
		}
	}()
	return p, nil
}

func (p *process) ask(ctx context.Context, req request) (answer, error) {
	if err := p.enc.Encode(req); err != nil {
		return answer{}, fmt.Errorf("%s process: %w%s", p.role, err, p.said())
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case ans, ok := <-p.answers:
		if !ok {
			return ans, fmt.Errorf("%s process died%s", p.role, p.said())
		}
		if ans.Err != "" {
			return ans, fmt.Errorf("%s process: %s", p.role, ans.Err)
		}
		return ans, nil
	case <-timer.C:
		return answer{}, fmt.Errorf("%s process did not answer for %v", p.role, patience)
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// said returns the end of what the child wrote to its standard error.
func (p *process) said() string {
	const most = 4 << 10
	size, err := p.stderr.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return ""
	}
	buf := make([]byte, min(size, most))
	n, _ := p.stderr.ReadAt(buf, size-int64(len(buf))) // said returns whatever it could read
	return ": " + strings.TrimSpace(string(buf[:n]))
}

func (p *process) mark(ctx context.Context, settle bool) (*window, error) {
	ans, err := p.ask(ctx, request{Do: "mark", Settle: settle})
	if err != nil {
		return nil, err
	}
	if ans.Mark == nil {
		return nil, fmt.Errorf("%s process answered a mark without one", p.role)
	}
	return ans.Mark, nil
}

// kill ends the child and waits until its descriptors are closed.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.in.Close()
	for range p.answers { // wait for the reader: Wait must not come earlier
		continue
	}
	if _, traced := p.counter.(*ptraceCounter); traced {
		// Its tracer waits for it; only what Wait would close remains to be
		// closed.
		_ = p.cmd.Process.Release()
		_ = p.out.Close()
	} else {
		_ = p.cmd.Wait() // the error is that it was killed
	}
	if p.counter != nil {
		p.counter.close()
	}
	_ = p.stderr.Close()
}

// machine describes this host.
func machine() Machine {
	m := Machine{Processors: runtime.NumCPU(), Go: runtime.Version(), Arch: runtime.GOARCH}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = string(bytes.TrimRight(u.Release[:], "\x00"))
	}
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m // a report is of use without it
	}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			m.Processor = strings.TrimSpace(value)
			break
		}
	}
	return m
}
