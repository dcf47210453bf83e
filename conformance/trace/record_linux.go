//go:build amd64 || arm64 || riscv64

package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"go.parity/conformance"
)

// canRecord tries, once, to trace a process, and returns ErrForbidden with the
// reason if that is not allowed.
var canRecord = sync.OnceValue(func() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	t := &tracer{
		enter: func(name string, regs [6]uint64, mem memory) *rawCall { return &rawCall{} },
		leave: func(*rawCall, int64, memory) {},
	}
	return onThread(func() error {
		// The child exits at once, for there is no such scenario.
		err := t.start(exe, []string{exe}, &os.ProcAttr{Env: childEnviron(Poller, "")})
		if err == nil {
			_, err = t.run()
		}
		return err
	})
})

// Record runs a scenario on one stack in a child process and returns the
// system calls that it made.
func Record(ctx context.Context, s Scenario, stack string) (*Recording, error) {
	return RecordWith(ctx, Poller, s, stack)
}

// RecordWith is Record with a poller for net2 that need not be this process's.
func RecordWith(ctx context.Context, poller string, s Scenario, stack string) (*Recording, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	rec, err := record(ctx, poller, s, stack)
	if err != nil {
		return nil, fmt.Errorf("recording %s on %s: %w", s.Name, stack, err)
	}
	return rec, nil
}

func record(ctx context.Context, poller string, s Scenario, stack string) (*Recording, error) {
	dir, err := os.MkdirTemp("", "trace")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, fileName), make([]byte, fileSize), 0o600); err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}

	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	defer theirs.Close()
	complaint, err := os.CreateTemp(dir, "stderr")
	if err != nil {
		return nil, err
	}
	defer complaint.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()

	p := newPeer(ours, dir, stack)
	w := &window{decoder: newDecoder(), peer: p}
	t := &tracer{enter: w.enter, leave: w.leave}
	played := make(chan error, 1)
	err = onThread(func() error {
		err := t.start(exe, []string{exe}, &os.ProcAttr{
			Dir:   dir,
			Env:   append(childEnviron(poller, s.Name+" "+stack), s.env...),
			Files: []*os.File{null, null, complaint, theirs},
		})
		if err != nil {
			return err
		}
		theirs.Close() // so that each side sees the other's end
		stop := context.AfterFunc(ctx, t.kill)
		defer stop()
		go func() {
			err := s.peer(p)
			ours.Close() // the child stops waiting
			played <- err
		}()
		status, err := t.run()
		p.sawEnd()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case status.ExitStatus() != 0:
			text, _ := os.ReadFile(complaint.Name())
			return fmt.Errorf("the child failed (%s): %s", describe(status), strings.TrimSpace(string(text)))
		}
		return nil
	})
	if t.pid == 0 {
		return nil, err // it never started
	}
	if peerErr := <-played; peerErr != nil && !errors.Is(peerErr, io.EOF) {
		err = errors.Join(err, fmt.Errorf("peer: %w", peerErr))
	}
	if err != nil {
		return nil, err
	}
	if !w.complete {
		return nil, errors.New("the child set no marks")
	}
	names := namer{dir: dir, portName: p.portName, loops: s.loops}
	calls := names.calls(w.kept())
	if s.loops {
		calls = collapse(calls)
	}
	return &Recording{Scenario: s.Name, Stack: stack, Calls: calls}, nil
}

func describe(ws unix.WaitStatus) string {
	if ws.Signaled() {
		return ws.Signal().String()
	}
	return fmt.Sprintf("exit %d", ws.ExitStatus())
}

// childEnviron is this process's environment with settings that keep the child's
// runtime quiet: no collection and no preemption by signals. The recordings are of what net2
// does by default, whatever is set here.
func childEnviron(poller, job string) []string {
	env := slices.DeleteFunc(conformance.Environ(poller), func(v string) bool {
		return strings.HasPrefix(v, "GODEBUG=") || strings.HasPrefix(v, "GOGC=") ||
			strings.HasPrefix(v, "GOCOVERDIR=") || strings.HasPrefix(v, "GOMAXPROCS=") || strings.HasPrefix(v, "NET2_SPARE_READ=")
	})
	return append(env, childEnv+"="+job, "GOGC=off", "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=2",
		"GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0") // otherwise a race build lingers for a second
}

func socketPair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	// Ours waits in the runtime's poller, for Close to end a read of it;
	// theirs blocks.
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "peer"), os.NewFile(uintptr(fds[1]), "child"), nil
}

// A window keeps the calls between the marks. It runs in the tracer's thread.
type window struct {
	*decoder
	peer     *peer
	open     bool
	complete bool
	calls    []*rawCall
}

func (w *window) enter(name string, regs [6]uint64, mem memory) *rawCall {
	c := w.decoder.enter(name, regs, mem)
	if isMark(c, end) {
		w.open, w.complete = false, true
		w.peer.sawEnd()
	}
	if w.open && !polling[name] {
		w.calls = append(w.calls, c)
	}
	return c
}

func (w *window) leave(c *rawCall, ret int64, mem memory) {
	mark := isMark(c, begin)
	w.decoder.leave(c, ret, mem)
	if mark {
		w.open = true
		return
	}
	if w.open && polling[c.name] {
		w.calls = append(w.calls, c) // when the answer came, not when the call was made
	}
	if w.open && c.blocked() && belongs(c) {
		w.peer.sawBlocked()
	}
}

// kept returns the calls that have returned and belong to the scenario.
func (w *window) kept() []*rawCall {
	return slices.DeleteFunc(w.calls, func(c *rawCall) bool { return !c.done || !belongs(c) })
}

func isMark(c *rawCall, text string) bool {
	return c.name == "write" && int32(c.regs[0]) == -1 && c.args[1].text == quote([]byte(text), uint64(len(text)))
}

// belongs reports whether a call is part of the scenario or, if it asks a
// poller, whether it brought an event for the scenario.
func belongs(c *rawCall) bool {
	if noise[c.name] {
		return false
	}
	if polling[c.name] {
		return slices.ContainsFunc(c.args, func(a arg) bool {
			return slices.ContainsFunc(a.list, func(told arg) bool {
				return told.obj != nil && told.obj.kind != "eventfd"
			})
		})
	}
	if c.on == nil {
		return true
	}
	switch c.on.kind {
	case "control", "stdin", "stdout", "stderr", "eventfd": // the last wakes the runtime's poller
		return false
	}
	return true
}

// A namer writes calls with their descriptors, which are numbered in the order
// of their first appearance among their kind, and their ports.
type namer struct {
	dir      string // the child's; paths in it are written without it
	portName func(uint16) string
	loops    bool // the kernel chooses the number of bytes, so it is left out
	count    map[string]int
}

func (n *namer) object(o *object) string {
	if o.name == "" {
		kind := o.kind
		if o.nested {
			kind = runtimeEpoll
		}
		if n.count == nil {
			n.count = map[string]int{}
		}
		n.count[kind]++
		o.name = kind
		if i := n.count[kind]; i > 1 {
			o.name = fmt.Sprint(kind, i)
		}
	}
	return o.name
}

func (n *namer) text(a arg) string {
	if a.list != nil {
		var parts []string
		for _, a := range a.list {
			parts = append(parts, n.text(a))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	s := a.text
	if a.obj != nil {
		s = strings.Replace(s, "%o", n.object(a.obj), 1)
	}
	if a.port != 0 {
		s = strings.Replace(s, "%p", n.portName(a.port), 1)
	}
	return strings.ReplaceAll(s, n.dir+"/", "")
}

func (n *namer) calls(raw []*rawCall) []Call {
	// The numbers must not depend on which events happened to be reported.
	for _, r := range raw {
		if !polling[r.name] {
			for _, a := range r.args {
				n.text(a)
			}
			if r.made != nil {
				n.object(r.made)
			}
		}
	}
	calls := make([]Call, 0, len(raw))
	for _, r := range raw {
		c := Call{Name: r.name, Poll: polling[r.name], Args: make([]string, 0, len(r.args))}
		hide := n.loops && !c.Poll && r.name != "epoll_ctl"
		for i, a := range r.args {
			s := n.text(a)
			if hide && i > 0 && a.obj == nil {
				s = "…"
			}
			c.Args = append(c.Args, s)
		}
		switch {
		case r.errno != 0:
			c.Result = "-1 " + unix.ErrnoName(r.errno)
		case r.made != nil:
			c.Result = n.object(r.made)
		case r.name == "fcntl" && r.regs[1] == unix.F_GETFL:
			c.Result = openFlag(r, uint64(r.ret))
		case hide && r.ret > 0:
			c.Result = "…"
		default:
			c.Result = fmt.Sprint(r.ret)
		}
		calls = append(calls, c)
	}
	return calls
}
