//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
	"go.parity/conformance/trace"
)

// jobEnv tells a child what to do. A child runs this same binary.
const jobEnv = "PARITY_FAULT_CHILD"

// A job is what a child does: an operation, once with each of Faults. The zero
// Fault comes to no call.
type job struct {
	Operation string
	Stack     string
	Faults    []trace.Fault
}

func init() {
	text, ok := os.LookupEnv(jobEnv)
	if !ok {
		return
	}
	os.Unsetenv(jobEnv)
	// Not in the goroutine of init, which is tied to the first thread.
	done := make(chan error)
	go func() { done <- runJob(text) }()
	if err := <-done; err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runJob prints each outcome on a line of its own.
func runJob(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	op, ok := lookup(j.Operation)
	s, ok2 := stacks()[j.Stack]
	if !ok || !ok2 {
		return fmt.Errorf("no operation and stack %s %s", j.Operation, j.Stack)
	}
	if err := raiseLimit(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fault")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if !op.cold {
		if err := warmUp(s); err != nil {
			return err
		}
	}
	out := json.NewEncoder(os.Stdout)
	for i, f := range j.Faults {
		r := &runner{Stack: s, dir: fmt.Sprintf("%s/%d", dir, i)}
		if err := os.Mkdir(r.dir, 0o700); err != nil {
			return err
		}
		if err := r.run(op, f); err != nil {
			return fmt.Errorf("%s with %v: %w", op.name, f, err)
		}
		if err := out.Encode(r.outcome()); err != nil {
			return err
		}
	}
	return nil
}

// raiseLimit makes room for the hidden descriptors.
func raiseLimit() error {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return err
	}
	if lim.Cur > 2*trace.FirstHidden {
		return nil
	}
	if lim.Cur = 2 * trace.FirstHidden; lim.Max < lim.Cur {
		return fmt.Errorf("a process may have %d descriptors here, and this needs %d", lim.Max, lim.Cur)
	}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &lim)
}

// ofPoller are the descriptors that a poller opens once and keeps.
var ofPoller = []string{"anon_inode:[eventpoll]", "anon_inode:[eventfd]"}

// warmUp makes the stack do what it does only once in a process.
func warmUp(s *stack.Stack) error {
	l, err := s.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := s.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := l.Accept()
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := d.Write([]byte("x")); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 1))
	return err
}

// patience is how long an operation may take before it counts as waiting, and
// how long it may then take to end once everything that it uses is closed.
const patience = time.Second

// What a runner notes of an operation that did not end, and of one that
// panicked.
const (
	waits  = "it waits"
	panics = "it panics"
)

// run does an operation with a fault, cleans up, and notes what is left behind.
func (r *runner) run(op operation, f trace.Fault) error {
	time.Sleep(time.Nanosecond) // makes the runtime's poller before the faults: the runtime ends the process if it cannot make it
	files, goroutines := openFiles(), runtime.NumGoroutine()
	if op.cold {
		goroutines += 2 // the poller's, in a portable build
	}
	if op.prepare != nil {
		if err := op.prepare(r); err != nil {
			return err
		}
	}
	done := make(chan bool, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				r.note(fmt.Sprint(panics, ": ", v))
				trace.EndFaults()
			}
			done <- true
		}()
		trace.BeginFaults(f)
		op.do(r)
		trace.EndFaults()
	}()
	select {
	case <-done:
		r.cleanUp()
	case <-time.After(patience):
		r.note(waits)
		r.cleanUp()
		select {
		case <-done:
		case <-time.After(patience):
			return fmt.Errorf("it waits although everything is closed; so far: %s", strings.Join(r.notes, "; "))
		}
		trace.EndFaults()
	}
	r.noteLeftBehind(files, goroutines)
	return nil
}

// noteLeftBehind notes what is still open, and whether any goroutine is left.
func (r *runner) noteLeftBehind(files map[string]int, goroutines int) {
	deadline := time.Now().Add(patience)
	for {
		left, more := leftOpen(files), runtime.NumGoroutine()-goroutines
		if left == "" && more <= 0 {
			return
		}
		if time.Now().After(deadline) {
			if left != "" {
				r.note("left open: " + left)
			}
			if more > 0 {
				r.note("goroutines left")
			}
			return
		}
		runtime.GC() // a collection closes what a pool keeps, such as the pipes of splice
		time.Sleep(time.Millisecond)
	}
}
