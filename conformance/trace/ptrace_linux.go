//go:build amd64 || arm64 || riscv64

package trace

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A tracer follows every thread of one process from its first instruction and
// reports each system call twice, before it is made and after.
type tracer struct {
	enter func(name string, regs [6]uint64, mem memory) *rawCall
	leave func(c *rawCall, ret int64, mem memory)

	pid  int // 0 before start
	mu   sync.Mutex
	over bool // pid is no longer ours
}

// ErrForbidden says that system calls cannot be recorded here.
var ErrForbidden = errors.New("ptrace is forbidden here")

// start starts the program under ptrace, in a process group of its own, by
// which run waits for its threads. Like run, start must be called from a
// goroutine locked to its thread: to the kernel, that thread is the tracer.
func (t *tracer) start(name string, argv []string, attr *os.ProcAttr) error {
	attr.Sys = &syscall.SysProcAttr{Ptrace: true, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	proc, err := os.StartProcess(name, argv, attr)
	if err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EIO) {
			return fmt.Errorf("%w: %w", ErrForbidden, err)
		}
		return err
	}
	t.pid = proc.Pid
	return proc.Release() // run waits for its group, without os knowing
}

// ptraceOptions distinguish system-call stops from a SIGTRAP, follow new threads,
// and end the child with its tracer.
const ptraceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// A thread is inside a call between the call's two stops.
type thread struct {
	call *rawCall
}

// run traces the process until its last thread is gone and returns how the
// process ended.
func (t *tracer) run() (status unix.WaitStatus, err error) {
	pid := t.pid
	defer func() {
		if err != nil { // whatever the error, no traced thread may be left
			t.kill()
			for {
				if _, err := wait4(-pid, &status); err != nil {
					break
				}
			}
		}
		t.mu.Lock()
		t.over = true
		t.mu.Unlock()
	}()

	// The first stop is that of execve.
	if _, err := wait4(pid, &status); err != nil {
		return status, err
	}
	if !status.Stopped() {
		return status, fmt.Errorf("the traced process did not start: %v", status)
	}
	if err := unix.PtraceSetOptions(pid, ptraceOptions); err != nil {
		return status, fmt.Errorf("%w: %w", ErrForbidden, os.NewSyscallError("ptrace", err))
	}
	threads := map[int]*thread{pid: {}}
	if err := resume(pid, 0); err != nil {
		return status, err
	}

	var last unix.WaitStatus
	for {
		var ws unix.WaitStatus
		tid, err := wait4(-pid, &ws)
		if err == unix.ECHILD {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		if !ws.Stopped() {
			delete(threads, tid)
			if tid == pid {
				last = ws
			}
			continue
		}
		th := threads[tid]
		inject := 0
		switch sig := ws.StopSignal(); {
		case th == nil:
			// The first stop of a new thread. It may come before the stop that
			// announces the thread.
			threads[tid] = &thread{}
		case sig == unix.SIGTRAP|0x80:
			if err := t.stop(tid, th); err != nil && err != unix.ESRCH {
				return last, err
			}
		case sig == unix.SIGTRAP && ws.TrapCause() > 0:
			// clone, fork or exec: there is nothing to do.
		case sig == unix.SIGSTOP:
			// Only the kernel stops anything here: a new thread.
		default:
			inject = int(sig)
		}
		if err := resume(tid, inject); err != nil {
			return last, err
		}
	}
}

// stop handles a stop before or after a system call.
func (t *tracer) stop(tid int, th *thread) error {
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	mem := func(addr uint64, n int) []byte {
		b := make([]byte, n)
		got, _ := unix.PtracePeekData(tid, uintptr(addr), b)
		return b[:got]
	}
	if c := th.call; c != nil {
		th.call = nil
		if c.fault != nil {
			regs := c.fault.result(regs)
			if err := unix.PtraceSetRegs(tid, &regs); err != nil {
				return err
			}
		}
		t.leave(c, resultOf(&regs), mem)
		return nil
	}
	nr, args := callOf(&regs)
	th.call = t.enter(syscallName(nr), args, mem)
	if th.call.fault != nil {
		regs := th.call.fault.spoil(regs)
		return unix.PtraceSetRegs(tid, &regs)
	}
	return nil
}

// resume lets a thread run to its next stop. A thread that was killed meanwhile
// is gone, but run must still wait for its end.
func resume(tid, sig int) error {
	if err := unix.PtraceSyscall(tid, sig); err != nil && err != unix.ESRCH {
		return os.NewSyscallError("ptrace", err)
	}
	return nil
}

func wait4(pid int, ws *unix.WaitStatus) (int, error) {
	for {
		tid, err := unix.Wait4(pid, ws, unix.WALL, nil)
		if err != unix.EINTR {
			return tid, err
		}
	}
}

// kill ends the process; run then returns.
func (t *tracer) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		unix.Kill(t.pid, unix.SIGKILL)
	}
}

// onThread runs f on a thread of its own, which ends when f does.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread goes with the goroutine
		done <- f()
	}()
	return <-done
}
