//go:build amd64 || arm64 || riscv64

package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A Fault is what happens to one system call: the Nth of its name in a window.
type Fault struct {
	Call  string     // as in [Window]
	Nth   int        // from 1
	Errno unix.Errno // with which it fails; 0 for a call that moves only one byte
}

func (f Fault) String() string {
	if f.Errno == 0 {
		return fmt.Sprintf("%s-%d/short", f.Call, f.Nth)
	}
	return fmt.Sprintf("%s-%d/%s", f.Call, f.Nth, unix.ErrnoName(f.Errno))
}

// A Window is a part of a traced program's run, as the program marked it.
type Window struct {
	// Calls are the calls that the program makes for its own purpose, in order, by
	// name and by what they ask for: close, setsockopt(TCP_NODELAY), epoll_ctl(EPOLL_CTL_ADD).
	Calls []string
	Hit   bool // whether its fault came
}

// BeginFaults and EndFaults are the program's marks: the fault, if there is one,
// comes between the two.
func BeginFaults(f Fault) { mark(fmt.Sprintf("%s%s %d %d", beginFault, f.Call, f.Nth, int(f.Errno))) }

// EndFaults ends the window that BeginFaults opened.
func EndFaults() { mark(endFault) }

const (
	beginFault = "parity: fault "
	endFault   = "parity: no fault"

	// FirstHidden is the first of the descriptors whose calls do not count: from
	// there on a program keeps the descriptors of a connection's other side.
	FirstHidden = 900
)

// Faulty runs a program under ptrace and makes system calls fail between its marks.
// It returns what the program printed, and its windows in order.
func Faulty(ctx context.Context, path string, args, env []string) (stdout []byte, windows []Window, err error) {
	if err := canRecord(); err != nil {
		return nil, nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	var said [2]bytes.Buffer
	var pipes [2]*os.File
	read := make(chan error, len(pipes))
	for i := range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		defer r.Close()
		defer w.Close()
		pipes[i] = w
		go func() {
			_, err := io.Copy(&said[i], r)
			read <- err
		}()
	}
	in := injector{decoder: newDecoder()}
	t := &tracer{enter: in.enter, leave: in.leave}
	var status unix.WaitStatus
	err = onThread(func() error {
		attr := &os.ProcAttr{Env: env, Files: []*os.File{null, pipes[0], pipes[1]}}
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
	for _, w := range pipes {
		w.Close()
		err = errors.Join(err, <-read)
	}
	if err == nil && status.ExitStatus() != 0 {
		err = &EndedError{status: describe(status), stderr: said[1].String()}
	}
	return said[0].Bytes(), in.windows, err
}

// An EndedError says how a traced program failed.
type EndedError struct{ status, stderr string }

func (e *EndedError) Error() string {
	return fmt.Sprintf("the traced program failed (%s): %s", e.status, strings.TrimSpace(e.stderr))
}

// Said is the first line of what it wrote to its standard error.
func (e *EndedError) Said() string {
	line, _, _ := strings.Cut(e.stderr, "\n")
	return line
}

// An injector makes calls fail. It runs in the tracer's thread.
type injector struct {
	*decoder
	open    bool
	fault   Fault
	windows []Window
}

func (in *injector) enter(name string, regs [6]uint64, mem memory) *rawCall {
	c := in.decoder.enter(name, regs, mem)
	if name == "write" && int32(regs[0]) == -1 {
		in.mark(string(mem(regs[1], int(min(regs[2], 100)))))
		return c
	}
	if !in.open || noise[name] || polling[name] || !belongs(c) || hidden(c) {
		return c
	}
	w := &in.windows[len(in.windows)-1]
	name = c.asks()
	w.Calls = append(w.Calls, name)
	if name != in.fault.Call {
		return c
	}
	if in.fault.Nth--; in.fault.Nth == 0 {
		w.Hit = true
		c.fault = &fault{Fault: in.fault, args: regs}
	}
	return c
}

// asks names the call together with what it asks for. A recv(2) is named as the read that
// does the same, and a send(2) as the write: see fileForm.
func (c *rawCall) asks() string {
	switch addr := c.regs[4]; {
	case c.name == "recvfrom" && addr == 0:
		return "read"
	case c.name == "sendto" && addr == 0:
		return "write"
	}
	for i, k := range formats[c.name].args {
		switch k {
		case option, ctlOp, command:
			return c.name + "(" + c.args[i].text + ")"
		}
	}
	return c.name
}

// CallName is the name of a call without what it asks for.
func CallName(call string) string {
	name, _, _ := strings.Cut(call, "(")
	return name
}

// hidden reports whether a call belongs to the other side.
func hidden(c *rawCall) bool {
	f, known := formats[c.name]
	return known && len(f.args) > 0 && f.args[0] == fd && int32(c.regs[0]) >= FirstHidden
}

func (in *injector) mark(text string) {
	if text == endFault {
		in.open = false
		return
	}
	what, ok := strings.CutPrefix(text, beginFault)
	if !ok {
		return
	}
	words := strings.Split(what, " ")
	nth, _ := strconv.Atoi(words[1])
	errno, _ := strconv.Atoi(words[2])
	in.open, in.fault = true, Fault{Call: words[0], Nth: nth, Errno: unix.Errno(errno)}
	in.windows = append(in.windows, Window{})
}

// A fault is a Fault that came, to a call with these arguments.
type fault struct {
	Fault
	args [6]uint64
}

// spoil changes the arguments so that the kernel does nothing and fails, or so
// that it moves one byte. It lets a close happen all the same: a close that fails
// has still closed the descriptor (close(2)).
func (f *fault) spoil(r unix.PtraceRegs) unix.PtraceRegs {
	switch {
	case f.Errno == 0:
		setArg(&r, countArg[f.Call], 1)
	case f.Call == "close":
	default:
		for i, k := range formats[CallName(f.Call)].args {
			switch k {
			case fd, dirfd, family, opens, number:
				setArg(&r, i, ^uint64(0))
			case pathIn, pair:
				setArg(&r, i, 0)
			}
		}
	}
	return r
}

// result restores the arguments and puts the errno in the place of the result.
func (f *fault) result(r unix.PtraceRegs) unix.PtraceRegs {
	ret := resultOf(&r)
	for i, v := range f.args {
		setArg(&r, i, v)
	}
	if f.Errno != 0 {
		ret = -int64(f.Errno)
	}
	setResult(&r, ret)
	return r
}

// countArg is the argument that says how much a call may move: bytes, or, of sendmmsg,
// messages.
var countArg = map[string]int{"read": 2, "write": 2, "sendfile": 3, "splice": 4, "sendmmsg": 2}

// Short reports whether a fault can make the call move only one byte.
func Short(call string) bool { _, ok := countArg[call]; return ok }
