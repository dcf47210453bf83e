package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A ptraceCounter stops the process at each call, before and after. It works
// for an ordinary user, but the process runs many times slower, and so parks
// and batches differently. The counts of calls for each connection are right;
// those of waits and of reads that find nothing are not those at full speed.
type ptraceCounter struct {
	done chan struct{} // closed when the process and its threads are gone

	mu       sync.Mutex
	counting bool
	counted  Counts
	err      error
}

// start starts cmd as a child of a thread of its own, which traces it: Linux
// allows only that thread to do so.
func (c *ptraceCounter) start(cmd *exec.Cmd) error {
	c.done = make(chan struct{})
	started := make(chan error)
	go func() {
		defer close(c.done)
		runtime.LockOSThread() // never unlocked: the thread ends with what it traced
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = new(syscall.SysProcAttr)
		}
		cmd.SysProcAttr.Ptrace = true
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		pid := cmd.Process.Pid
		err := c.attach(pid)
		started <- err
		if err != nil {
			return
		}
		if err := c.trace(pid); err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
		}
	}()
	return <-started
}

// attach takes the process over at its first instruction.
func (c *ptraceCounter) attach(pid int) error {
	var status unix.WaitStatus
	if _, err := wait(pid, &status); err != nil {
		return err
	}
	if !status.Stopped() {
		return fmt.Errorf("traced process did not stop: status %#x", status)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(pid, options); err != nil {
		return os.NewSyscallError("ptrace", err)
	}
	return os.NewSyscallError("ptrace", unix.PtraceSyscall(pid, 0))
}

// wait waits for a child of this thread: other threads have children too.
func wait(pid int, status *unix.WaitStatus) (int, error) {
	for {
		tid, err := unix.Wait4(pid, status, unix.WALL|unix.WNOTHREAD, nil)
		if err != unix.EINTR {
			return tid, os.NewSyscallError("wait4", err)
		}
	}
}

// A tracedCall is the call that a thread is in.
type tracedCall struct {
	in   bool
	name string
}

// trace follows the threads of the process until it is gone.
func (c *ptraceCounter) trace(pid int) error {
	const syscallStop = unix.SIGTRAP | 0x80
	threads := map[int]*tracedCall{pid: {}}
	for {
		var status unix.WaitStatus
		tid, err := wait(-1, &status)
		if err != nil {
			return err
		}
		if !status.Stopped() {
			if tid == pid { // the first thread is reported last
				return nil
			}
			delete(threads, tid)
			continue
		}
		signal := 0
		call, known := threads[tid]
		switch {
		case !known: // a new thread begins with a stop of its own
			threads[tid] = new(tracedCall)
		case status.StopSignal() == syscallStop:
			if err := c.count(tid, call); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		case status.StopSignal() == unix.SIGTRAP && status.TrapCause() > 0: // clone
		case status.StopSignal() == unix.SIGSTOP && call.name == "" && !call.in: // the first stop of a thread whose clone was seen first
		default:
			signal = int(status.StopSignal())
		}
		if err := unix.PtraceSyscall(tid, signal); err != nil && err != unix.ESRCH { // killed meanwhile
			return os.NewSyscallError("ptrace", err)
		}
	}
}

// count takes note of a stop at a call, which tid enters and leaves in turn.
func (c *ptraceCounter) count(tid int, call *tracedCall) error {
	call.in = !call.in
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counting && call.in {
		call.name = "uncounted"
		return nil
	}
	if !c.counting || !call.in && call.name == "uncounted" {
		return nil
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return os.NewSyscallError("ptrace", err)
	}
	number, second, result := regsCall(&regs)
	if call.in {
		call.name = callNames[number]
		if call.name == "" {
			call.name = "other"
		}
		if call.name == "epoll_ctl" {
			call.name += " " + epollOps[second]
		}
		c.counted[call.name]++
		return nil
	}
	if result == -int64(unix.EAGAIN) && slices.Contains(mayFind, call.name) {
		c.counted[call.name]--
		c.counted[call.name+" EAGAIN"]++
	}
	return nil
}

func (c *ptraceCounter) prepare() error { return nil }

func (c *ptraceCounter) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting, c.counted = true, make(Counts)
	return c.err
}

func (c *ptraceCounter) end() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting = false
	return c.err
}

func (c *ptraceCounter) counts() (Counts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counted, c.err
}

func (c *ptraceCounter) close() { <-c.done }
