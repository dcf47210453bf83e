//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
	"go.parity/conformance/trace"
)

// A runner does one operation and notes what it sees.
type runner struct {
	*stack.Stack
	dir string

	listener net.Listener
	conn     net.Conn
	packets  net.PacketConn
	source   net.Conn // from which to splice
	file     *os.File
	address  string // where the other side listens
	other    int    // its descriptor

	over   atomic.Bool // the other side has nothing more to do
	mu     sync.Mutex
	notes  []string
	kept   []io.Closer
	hidden []int
	timers []*time.Timer
	timed  sync.WaitGroup
}

func (r *runner) note(what string) {
	r.mu.Lock()
	r.notes = append(r.notes, what)
	r.mu.Unlock()
}

// saw notes the outcome of a step.
func (r *runner) saw(step string, err error, values ...any) {
	text := step
	for _, v := range values {
		text += fmt.Sprintf(" %v", v)
	}
	r.note(text + ": " + describe(err))
}

// keep remembers what cleanUp has to close. With an error there is nothing to
// close: c is then a nil of a connection's type.
func (r *runner) keep(c io.Closer, err error) {
	if err == nil {
		r.mu.Lock()
		r.kept = append(r.kept, c)
		r.mu.Unlock()
	}
}

// inAWhile calls f when whoever waits for it has probably begun to wait. If it
// has not, the outcome of the operation is still the same.
func (r *runner) inAWhile(f func()) {
	r.timed.Add(1)
	r.timers = append(r.timers, time.AfterFunc(later, func() {
		defer r.timed.Done()
		f()
	}))
}

const later = 5 * time.Millisecond

// cleanUp closes what either side has open.
func (r *runner) cleanUp() {
	for _, t := range r.timers {
		if t.Stop() {
			r.timed.Done()
		}
	}
	r.over.Store(true)
	r.timed.Wait() // nobody uses the other side's descriptors any more
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.kept {
		c.Close()
	}
	for _, fd := range r.hidden {
		unix.Close(fd)
	}
}

var (
	port   = regexp.MustCompile(`(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):[1-9]\d*`)
	number = regexp.MustCompile(`/fault\d+/\d+`)
	asNet  = strings.NewReplacer("go.parity/net2", "net", "net2", "net")
)

// outcome returns what the runner noted, without what differs from run to run.
func (r *runner) outcome() string {
	text := strings.Join(r.notes, "\n")
	text = port.ReplaceAllString(text, "$1:PORT")
	text = number.ReplaceAllString(text, "/DIR")
	return asNet.Replace(text)
}

// describe returns the text of an error, the types of all that it wraps, and
// its answers to the questions that programs ask of it.
func describe(err error) string {
	if err == nil {
		return "ok"
	}
	var types []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		t := fmt.Sprintf("%T", e)
		if n, ok := e.(unix.Errno); ok {
			t += "(" + unix.ErrnoName(n) + ")"
		}
		types = append(types, t)
	}
	var answers []string
	var ne net.Error
	if errors.As(err, &ne) {
		//lint:ignore SA1019 deprecated answers are part of the API too
		answers = append(answers, fmt.Sprintf("timeout %t, temporary %t", ne.Timeout(), ne.Temporary()))
	}
	for _, is := range []error{net.ErrClosed, os.ErrDeadlineExceeded, os.ErrPermission, os.ErrNotExist, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, is) {
			answers = append(answers, "is "+is.Error())
		}
	}
	return fmt.Sprintf("%s [%s] %s", err, strings.Join(types, " > "), strings.Join(answers, ", "))
}

// openFiles counts this process's descriptors by kind, without the hidden ones.
func openFiles() map[string]int {
	const dir = "/proc/self/fd/"
	count := map[string]int{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd >= trace.FirstHidden {
			continue
		}
		target, err := os.Readlink(dir + e.Name())
		if err != nil || strings.HasPrefix(target, "/proc/") || slices.Contains(ofPoller, target) {
			continue // the directory that was read, and what a poller makes once
		}
		kind, _, _ := strings.Cut(target, ":")
		count[kind]++
	}
	return count
}

// leftOpen says what is open now and was not open before.
func leftOpen(before map[string]int) string {
	var left []string
	for kind, n := range openFiles() {
		if n -= before[kind]; n > 0 {
			left = append(left, fmt.Sprint(n, " ", kind))
		}
	}
	slices.Sort(left)
	return strings.Join(left, ", ")
}
