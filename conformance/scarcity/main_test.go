//go:build linux

package scarcity

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
	"go.parity/conformance/words"
)

// childEnv holds what a child does: a script, a stack, and how many descriptors
// it leaves free at first.
const childEnv = "CONFORMANCE_SCARCITY"

var stacks = map[string]*stack.Stack{"net": stack.Net, "net2": stack.Net2}

func TestMain(m *testing.M) {
	if order := strings.Fields(os.Getenv(childEnv)); len(order) == 3 {
		free, err := strconv.Atoi(order[2])
		if err != nil {
			panic(err)
		}
		scripts[order[0]](&script{Stack: stacks[order[1]]}, free)
		return
	}
	os.Exit(m.Run())
}

var scripts = map[string]func(s *script, free int){
	"server":    server,
	"first_use": firstUse,
	"http":      httpServer,
}

// child runs a script in a process of its own and returns what it printed.
func child(t *testing.T, name, stack string, free int) (string, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	// Both look names up in Go.
	cmd.Env = append(os.Environ(), "GODEBUG=netdns=go", "GORACE=atexit_sleep_ms=0", fmt.Sprintf("%s=%s %s %d", childEnv, strings.ReplaceAll(name, " ", "_"), stack, free))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, words.FirstLines(errs.String(), 4))
	}
	return string(out), err
}

// A script is under way on a stack, in a child.
type script struct {
	*stack.Stack
	taken []int // descriptors that keep others from having some
	limit int
}

// changing is what the kernel chooses.
var changing = regexp.MustCompile(`:[0-9]{2,5}\b|scarcity[0-9]+`)

// say prints one result. What the kernel chooses looks the same each time.
func (s *script) say(what string, err error) {
	fmt.Printf("%s: %s\n", what, verdict(err))
}

func verdict(err error) string {
	if err == nil {
		return "ok"
	}
	var kind []string
	if ne, ok := err.(interface{ Temporary() bool }); ok && ne.Temporary() {
		kind = append(kind, "temporary")
	}
	if ne, ok := err.(interface{ Timeout() bool }); ok && ne.Timeout() {
		kind = append(kind, "timeout")
	}
	if errors.Is(err, syscall.EMFILE) {
		kind = append(kind, "EMFILE")
	}
	return fmt.Sprintf("%s %T %v", changing.ReplaceAllString(err.Error(), "*"), err, kind)
}

// must ends the child.
func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return v
}

// take lowers the limit and takes all descriptors below it except some.
func (s *script) take(free int) {
	if s.limit == 0 {
		s.limit = 100
		var old unix.Rlimit
		must(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
		must(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(s.limit), Max: old.Max}))
	}
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			break
		}
		s.taken = append(s.taken, fd)
	}
	s.give(free)
}

// give gives some descriptors back.
func (s *script) give(n int) {
	for range n {
		last := len(s.taken) - 1
		unix.Close(s.taken[last])
		s.taken = s.taken[:last]
	}
}

// free counts the descriptors that one could still open.
func (s *script) free() (n int) {
	for fd := range s.limit {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			n++
		}
	}
	return n
}
