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

// jobEnv tells a child what to do: it is the binary itself.
const jobEnv = "PARITY_FAULT_CHILD"

// A job is what a child does: an operation, once without a fault and then once
// with each of these.
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

// runJob prints an outcome a line.
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
	for i, f := range append([]trace.Fault{{}}, j.Faults...) {
		if op.cold && i > 0 && len(j.Faults) > 0 {
			return fmt.Errorf("%s is done once in a process", op.name)
		}
		p := &player{Stack: s, dir: fmt.Sprintf("%s/%d", dir, i)}
		if err := os.Mkdir(p.dir, 0o700); err != nil {
			return err
		}
		if op.cold && j.Faults != nil {
			f = j.Faults[0]
		}
		if err := p.play(op, f); err != nil {
			return fmt.Errorf("%s with %v: %w", op.name, f, err)
		}
		if err := out.Encode(p.outcome()); err != nil {
			return err
		}
		if op.cold {
			break
		}
	}
	return nil
}

// raiseLimit makes room for the descriptors that are hidden.
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

// The poller's own descriptors are made once, and stay.
var ofPoller = []string{"anon_inode:[eventpoll]", "anon_inode:[eventfd]"}

// warmUp has the stack do what it does once in a process.
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

// patience is how long an operation may take before it counts as one that waits,
// and how long one may then take that everything was closed under.
const patience = time.Second

// What is said of an operation that did not end, and of one that did so badly.
const (
	waits  = "it waits"
	panics = "it panics"
)

// play does an operation with a fault, and what there is to do afterwards.
func (p *player) play(op operation, f trace.Fault) error {
	time.Sleep(time.Nanosecond) // the runtime makes its poller for a timer too: not among the faults, for without one it ends
	files, goroutines := openFiles(), runtime.NumGoroutine()
	if op.cold {
		goroutines += 2 // the poller's, in a portable build
	}
	if op.prepare != nil {
		if err := op.prepare(p); err != nil {
			return err
		}
	}
	done := make(chan bool, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				p.say(fmt.Sprint(panics, ": ", v))
				trace.EndFaults()
			}
			done <- true
		}()
		trace.BeginFaults(f)
		op.do(p)
		trace.EndFaults()
	}()
	select {
	case <-done:
		p.cleanUp()
	case <-time.After(patience):
		p.say(waits)
		p.cleanUp()
		select {
		case <-done:
		case <-time.After(patience):
			return fmt.Errorf("it waits though all is closed; so far: %s", strings.Join(p.said, "; "))
		}
		trace.EndFaults()
	}
	p.hideAndSeek(files, goroutines)
	return nil
}

// hideAndSeek says what is left open and who is left waiting.
func (p *player) hideAndSeek(files map[string]int, goroutines int) {
	deadline := time.Now().Add(patience)
	for {
		left, more := leftOpen(files), runtime.NumGoroutine()-goroutines
		if left == "" && more <= 0 {
			return
		}
		if time.Now().After(deadline) {
			if left != "" {
				p.say("left open: " + left)
			}
			if more > 0 {
				p.say("goroutines left")
			}
			return
		}
		runtime.GC() // which closes what a pool keeps, such as the pipes of splice
		time.Sleep(time.Millisecond)
	}
}
