package host

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

var systemProbes = map[Need]probe{
	Descriptors:     func() (string, error) { return allowed(1024) },
	ManyDescriptors: func() (string, error) { return allowed(2500) },
	Proc:            proc,
	Ptrace:          ptrace,
	Seccomp:         seccomp,
}

// allowed reports how many descriptors a process may have, and fails if they
// are fewer than n.
func allowed(n uint64) (string, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return "", err
	}
	if limit.Cur < n {
		return "", fmt.Errorf("the limit is %d", limit.Cur)
	}
	return fmt.Sprintf("%d descriptors", limit.Cur), nil
}

func proc() (string, error) {
	_, err := os.ReadDir("/proc/self/fd")
	return "/proc", err
}

// ptrace starts this program under ptrace, which stops it before its first
// instruction. It never runs on.
func ptrace() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	runtime.LockOSThread() // to the kernel, the thread is the tracer
	defer runtime.UnlockOSThread()
	p, err := os.StartProcess(exe, []string{exe}, &os.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}})
	if err != nil {
		return "", err
	}
	if err := p.Kill(); err != nil {
		return "", err
	}
	_, err = p.Wait()
	return "ptrace", err
}

// seccomp offers the kernel a filter at an address where nothing is. If this
// process may set filters, the kernel complains about the address.
func seccomp() (string, error) {
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, 0); errno != unix.EFAULT {
		return "", os.NewSyscallError("seccomp", errno)
	}
	return "seccomp", nil
}
