package bench

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// halves splits the processors that this process may use: one half for the
// measured process, the other for its counterpart.
func halves() (server, load unix.CPUSet, err error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return server, load, os.NewSyscallError("sched_getaffinity", err)
	}
	n := all.Count()
	if n < 2 {
		return server, load, errors.New("one processor cannot be split between two processes")
	}
	for cpu, seen := 0, 0; seen < n; cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		if seen < n/2 {
			server.Set(cpu)
		} else {
			load.Set(cpu)
		}
		seen++
	}
	return server, load, nil
}

// startOn calls start, which starts a process, in such a way that the process
// may use only cpus.
func startOn(cpus unix.CPUSet, start func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends, and with it what it was bound to
		err := os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &cpus))
		if err == nil {
			err = start()
		}
		done <- err
	}()
	return <-done
}
