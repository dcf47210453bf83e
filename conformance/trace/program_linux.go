//go:build amd64 || arm64 || riscv64

package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ProgramCalls runs a program under ptrace and returns the system calls, by
// name and number, that it made between its two marks. A mark is a write of
// anything to descriptor -1.
func ProgramCalls(ctx context.Context, path string, args, env []string) (map[string]int, error) {
	if err := canRecord(); err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	said := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r)
		said <- b
	}()

	seen, status, err := follow(ctx, path, args, &os.ProcAttr{Env: env, Files: []*os.File{null, null, w}})
	w.Close()
	stderr := bytes.TrimSpace(<-said)
	switch {
	case err != nil:
		return nil, err
	case status.ExitStatus() != 0:
		return nil, fmt.Errorf("the traced program failed (%s): %s", describe(status), stderr)
	case seen == nil:
		return nil, errors.New("the traced program set no marks")
	}
	return numbered(func(name string) bool { return seen[name] }), nil
}

// follow traces the program to its end. The calls that it returns are nil
// where there was no second mark.
func follow(ctx context.Context, path string, args []string, attr *os.ProcAttr) (seen map[string]bool, status unix.WaitStatus, err error) {
	open, complete := false, false
	names := make(map[string]bool)
	t := &tracer{
		enter: func(name string, regs [6]uint64, _ memory) *rawCall {
			switch {
			case name == "write" && int32(regs[0]) == -1:
				open, complete = !open, open
			case open:
				names[name] = true
			}
			return &rawCall{}
		},
		leave: func(*rawCall, int64, memory) {},
	}
	err = onThread(func() error {
		if err := t.start(path, append([]string{path}, args...), attr); err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, t.kill)
		defer stop()
		var err error
		if status, err = t.run(); ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	})
	if complete {
		seen = names
	}
	return seen, status, err
}

// RuntimeCalls returns the calls, by name and number, that Go's runtime makes
// now and then in any program: those that belong to no scenario, those of its
// poller, and those with which it names its memory and reads the limits of its
// cgroup. The clock is not among them: the runtime reads it without a system
// call.
func RuntimeCalls() map[string]int {
	return numbered(func(name string) bool {
		switch name {
		case "clock_gettime":
			return false
		case "epoll_pwait", "prctl", "pread64":
			return true
		}
		return noise[name]
	})
}

// numbered returns the calls for which has holds, with their numbers.
func numbered(has func(name string) bool) map[string]int {
	const last = 600 // beyond any that this kernel's headers name
	calls := make(map[string]int)
	for nr := range last {
		if name := syscallName(nr); has(name) {
			calls[name] = nr
		}
	}
	return calls
}
