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

// A player does one operation and notes what it saw.
type player struct {
	*stack.Stack
	dir string

	listener net.Listener
	conn     net.Conn
	packets  net.PacketConn
	source   net.Conn // from which to splice
	file     *os.File
	address  string // where the other side listens
	other    int    // its descriptor

	over   atomic.Bool // the other side need do nothing more
	mu     sync.Mutex
	said   []string
	kept   []io.Closer
	hidden []int
	timers []*time.Timer
	timed  sync.WaitGroup
}

func (p *player) say(what string) {
	p.mu.Lock()
	p.said = append(p.said, what)
	p.mu.Unlock()
}

// saw notes the outcome of a step.
func (p *player) saw(step string, err error, values ...any) {
	text := step
	for _, v := range values {
		text += fmt.Sprintf(" %v", v)
	}
	p.say(text + ": " + describe(err))
}

// keep has something closed in the end. A nil of a connection's type is none.
func (p *player) keep(c io.Closer, err error) {
	if err == nil {
		p.mu.Lock()
		p.kept = append(p.kept, c)
		p.mu.Unlock()
	}
}

// inAWhile does something when whoever waits has probably begun to. If not, the
// operation is none the less the same.
func (p *player) inAWhile(f func()) {
	p.timed.Add(1)
	p.timers = append(p.timers, time.AfterFunc(later, func() {
		defer p.timed.Done()
		f()
	}))
}

const later = 5 * time.Millisecond

// cleanUp closes what is open, of either side.
func (p *player) cleanUp() {
	for _, t := range p.timers {
		if t.Stop() {
			p.timed.Done()
		}
	}
	p.over.Store(true)
	p.timed.Wait() // nobody uses the other side's descriptors any more
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.kept {
		c.Close()
	}
	for _, fd := range p.hidden {
		unix.Close(fd)
	}
}

var (
	port   = regexp.MustCompile(`(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):[1-9]\d*`)
	number = regexp.MustCompile(`/fault\d+/\d+`)
	asNet  = strings.NewReplacer("go.parity/net2", "net", "net2", "net")
)

// outcome is what the player said, without what no two runs have alike.
func (p *player) outcome() string {
	text := strings.Join(p.said, "\n")
	text = port.ReplaceAllString(text, "$1:PORT")
	text = number.ReplaceAllString(text, "/DIR")
	return asNet.Replace(text)
}

// describe is an error with all that it wraps, and what it answers.
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

// openFiles counts this process's descriptors by what they are, without those
// that are hidden.
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

// leftOpen says what is open and was not.
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
