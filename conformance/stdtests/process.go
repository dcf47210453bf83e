package stdtests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A binary is a compiled test package.
type binary struct {
	pkg       string
	path      string
	dir       string // where its tests run
	goroot    string
	test2json string
	env       []string // what its environment has in addition
}

// compile compiles the tests of pkg, a package of the standard library in a
// place.
func (tc *toolchain) compile(ctx context.Context, p place, pkg, tags string) (*binary, error) {
	name := filepath.Join(p.workdir, strings.ReplaceAll(pkg, "/", "_")+".test")
	b := &binary{
		pkg:       pkg,
		path:      name,
		dir:       filepath.Join(p.goroot, "src", filepath.FromSlash(pkg)),
		goroot:    p.goroot,
		test2json: filepath.Join(p.workdir, "test2json"),
	}
	if _, err := tc.goCommand(ctx, p.goroot, p.workdir, "test", "-c", "-vet=off", "-overlay="+p.overlay, "-tags="+tags, "-o", name, pkg); err != nil {
		return nil, err
	}
	if _, err := os.Stat(b.test2json); err != nil {
		if _, err := tc.goCommand(ctx, tc.goroot, p.workdir, "build", "-o", b.test2json, "cmd/test2json"); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// list returns the names of the tests in b, without fuzz targets' inputs.
func (b *binary) list(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, b.path, "-test.list=.")
	cmd.Dir = b.dir
	cmd.Env = environ(b.goroot, b.env...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	// TestMain may complain of the process; a run will show that too.
	return strings.Fields(string(out)), ctx.Err()
}

// An Outcome is how one test went for one implementation.
type Outcome struct {
	Status  string        `json:"status"` // passed, failed, or skipped by itself
	Elapsed time.Duration `json:"elapsed"`
	Detail  string        `json:"detail,omitempty"` // what it printed, where it did not pass

	// Unsteady says that the test failed at first, and passed when it ran again
	// without the tests that had passed. Detail is then about the failure.
	Unsteady bool `json:"unsteady,omitempty"`
}

// The values of Outcome.Status.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
)

// runOptions say how a run goes.
type runOptions struct {
	short   bool
	timeout time.Duration // for one test
	retries int           // how often the tests that failed run again
}

// run runs the named tests, all in one process, as their authors do. When one
// crashes the process, or hangs, the others run again without it. It calls done
// for each test when its outcome is final, and for TestMain if a process failed
// although no test failed.
func (b *binary) run(ctx context.Context, names []string, o runOptions, done func(name string, out Outcome)) error {
	pending := slices.Clone(names)
	var failed []string
	outcomes := make(map[string]Outcome)
	settle := func(name string, out Outcome) {
		if out.Status == Failed && o.retries > 0 {
			failed = append(failed, name)
			outcomes[name] = out
			return
		}
		done(name, out)
	}
	for len(pending) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := b.process(ctx, pending, o, settle)
		if err != nil {
			return err
		}
		if p.complaint != "" {
			done("TestMain", Outcome{Status: Failed, Detail: p.complaint})
		}
		rest := pending[:0:0]
		for _, name := range pending {
			if !p.done[name] && !slices.Contains(p.hanging, name) {
				rest = append(rest, name)
			}
		}
		switch {
		case len(p.hanging) == 1:
			settle(p.hanging[0], Outcome{Status: Failed, Detail: p.last})
		case len(p.hanging) > 1:
			// A run of each alone shows which of them it was.
			for _, name := range p.hanging {
				alone, err := b.process(ctx, []string{name}, o, settle)
				if err != nil {
					return err
				}
				if !alone.done[name] {
					settle(name, Outcome{Status: Failed, Detail: alone.last})
				}
			}
		case len(rest) == len(pending):
			for _, name := range rest {
				done(name, Outcome{Status: Failed, Detail: "it did not run: " + p.last})
			}
			rest = nil
		}
		pending = rest
	}
	if len(failed) == 0 {
		return nil
	}
	again := o
	again.retries--
	return b.run(ctx, failed, again, func(name string, out Outcome) {
		if out.Status == Failed {
			out = outcomes[name]
		} else {
			out.Unsteady = true
			out.Detail = outcomes[name].Detail
		}
		done(name, out)
	})
}

// A processed is what one process of a test binary reported.
type processed struct {
	done    map[string]bool
	hanging []string // started and never finished
	last    string   // the end of the output

	// complaint is the end of the output of a process that exited with an
	// error though every test passed.
	complaint string
}

// process runs the named tests in one process.
func (b *binary) process(ctx context.Context, names []string, o runOptions, settle func(string, Outcome)) (*processed, error) {
	pattern := "^(" + strings.Join(names, "|") + ")$"
	args := []string{"-test.v=test2json", "-test.timeout=0", "-test.paniconexit0"}
	if strings.HasPrefix(names[0], "Benchmark") {
		args = append(args, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime=1x")
	} else {
		args = append(args, "-test.run="+pattern)
	}
	if o.short {
		args = append(args, "-test.short")
	}
	cmd := exec.Command(b.path, args...)
	cmd.Dir = b.dir
	cmd.Env = environ(b.goroot, b.env...)
	group(cmd)
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w

	convert := exec.Command(b.test2json, "-t", "-p", b.pkg)
	convert.Stdin = r
	events, err := convert.StdoutPipe()
	if err != nil {
		w.Close()
		return nil, err
	}
	if err := convert.Start(); err != nil {
		w.Close()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		w.Close()
		convert.Wait()
		return nil, err
	}
	w.Close()

	watch := &watcher{
		names:    names,
		settle:   settle,
		running:  make(map[string]time.Time),
		output:   make(map[string]*tail),
		all:      &tail{},
		finished: make(map[string]bool),
	}
	exited := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		// What it started must not hold the pipe.
		killGroup(cmd)
		exited <- err
	}()
	lines := make(chan event)
	go func() {
		defer close(lines)
		decode(events, lines)
	}()
	overdue := watch.follow(ctx, lines, o.timeout, func() {
		// The stacks tell where it hangs.
		dump(cmd)
		time.AfterFunc(5*time.Second, func() { killGroup(cmd) })
	})
	exitErr := <-exited
	convert.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	if strings.HasPrefix(names[0], "Benchmark") {
		watch.benchmarks(exitErr == nil)
	}
	p := &processed{done: watch.finished, last: watch.all.String()}
	if overdue != "" {
		// It is the one that hangs; those beside it run again.
		p.hanging = []string{overdue}
		p.last = fmt.Sprintf("it hung for %v\n%s", o.timeout, watch.tail(overdue))
		return p, nil
	}
	for name := range watch.running {
		p.hanging = append(p.hanging, name)
	}
	slices.Sort(p.hanging)
	var exit *exec.ExitError
	if exitErr != nil && !errors.As(exitErr, &exit) {
		return nil, exitErr
	}
	if exitErr != nil && len(p.hanging) == 0 && len(p.done) == len(names) && !watch.failed {
		p.complaint = p.last
	}
	return p, nil
}

// An event is a line of go test -json.
type event struct {
	Action  string
	Test    string
	Elapsed float64
	Output  string
}

func decode(r io.Reader, to chan<- event) {
	br := bufio.NewReader(r)
	for {
		line, err := br.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			to <- e
		}
		if err != nil {
			return
		}
	}
}

// A watcher follows the events of one process.
type watcher struct {
	names    []string
	settle   func(string, Outcome)
	running  map[string]time.Time // when each began or last continued; zero while it is paused
	output   map[string]*tail
	all      *tail
	finished map[string]bool
	failed   bool // some test
}

// follow reads events until they end. When a test has run longer than timeout
// it calls kill and goes on; it returns that test.
func (w *watcher) follow(ctx context.Context, events <-chan event, timeout time.Duration, kill func()) (overdue string) {
	ticker := time.NewTicker(min(timeout/4+1, time.Second))
	defer ticker.Stop()
	killed := false
	done := ctx.Done()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return overdue
			}
			w.event(e, killed)
		case now := <-ticker.C:
			for name, since := range w.running {
				if !killed && !since.IsZero() && now.Sub(since) > timeout {
					overdue, killed = name, true
					kill()
				}
			}
		case <-done:
			done = nil
			killed = true
			kill()
		}
	}
}

func (w *watcher) event(e event, killed bool) {
	if e.Action == "output" {
		w.all.add(e.Output)
	}
	name, _, sub := strings.Cut(e.Test, "/")
	if name == "" {
		return
	}
	if e.Action == "output" {
		if w.output[name] == nil {
			w.output[name] = &tail{}
		}
		w.output[name].add(e.Output)
		return
	}
	if sub {
		return
	}
	switch e.Action {
	case "run", "cont":
		w.running[name] = time.Now()
	case "pause":
		w.running[name] = time.Time{}
	case "pass", "fail", "skip":
		if killed && e.Action == "fail" {
			return // we ended it
		}
		if e.Action == "fail" && w.crashed(name) {
			return
		}
		w.finish(name, e.Action, time.Duration(e.Elapsed*float64(time.Second)))
	}
}

// crashed reports whether a test counts as failed only because the process
// died: it printed no line of its own that says so.
func (w *watcher) crashed(name string) bool {
	text := w.tail(name)
	return !strings.Contains(text, "--- FAIL: "+name+" (") && w.output[name] != nil
}

func (w *watcher) finish(name, action string, elapsed time.Duration) {
	out := Outcome{Elapsed: elapsed}
	switch action {
	case "pass":
		out.Status = Passed
	case "skip":
		out.Status, out.Detail = Skipped, w.said(name)
	default:
		out.Status, out.Detail = Failed, w.said(name)
		w.failed = true
	}
	delete(w.running, name)
	w.finished[name] = true
	w.settle(name, out)
}

// benchmarks settles the outcome of benchmarks, which send no event when they
// pass.
func (w *watcher) benchmarks(ok bool) {
	for _, name := range w.names {
		if _, started := w.running[name]; !started || w.finished[name] {
			continue
		}
		text := w.tail(name)
		switch {
		case strings.Contains(text, "--- SKIP: "+name):
			w.finish(name, "skip", 0)
		case strings.Contains(text, "--- FAIL: "+name):
			w.finish(name, "fail", 0)
		case ok || strings.Contains(text, " ns/op"):
			w.finish(name, "pass", 0)
		}
	}
}

func (w *watcher) tail(name string) string {
	if w.output[name] == nil {
		return ""
	}
	return w.output[name].String()
}

// said returns what a test printed, without the lines of package testing.
func (w *watcher) said(name string) string {
	var kept []string
	for line := range strings.Lines(w.tail(name)) {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || strings.HasPrefix(trimmed, "=== ") ||
			strings.HasPrefix(trimmed, "--- PASS") || strings.HasPrefix(trimmed, "--- SKIP") {
			continue
		}
		kept = append(kept, strings.TrimRight(line, "\n"))
	}
	return strings.Join(kept, "\n")
}

// A tail keeps the beginning and the end of a text.
type tail struct {
	head, end bytes.Buffer
	cut       bool
}

const tailSize = 4 << 10

func (t *tail) add(s string) {
	if t.end.Len() == 0 && t.head.Len()+len(s) <= tailSize {
		t.head.WriteString(s)
		return
	}
	t.end.WriteString(s)
	if over := t.end.Len() - tailSize; over > 0 {
		t.end.Next(over)
		t.cut = true
	}
}

func (t *tail) String() string {
	mid := ""
	if t.cut {
		mid = "\n...\n"
	}
	return t.head.String() + mid + t.end.String()
}
