//go:build linux

package runtimehooks

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen. Nothing that works
// needs more than a small part of it.
const patience = 10 * time.Second

// childEnv names the part of a test that this process is to run in place of
// the tests; see runChild.
const childEnv = "RUNTIMEHOOKS_TEST_CHILD"

// children are those parts. They report failure by an error.
var children = map[string]func() error{}

// TestMain fails the run when it leaves descriptors or goroutines behind. It
// first makes the poller's own, and those of the runtime's poller.
func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		f, ok := children[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "no child %q\n", name)
			os.Exit(2)
		}
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}

	flag.Parse()
	if os.Getenv(bubbleEnv) != "" {
		os.Exit(m.Run())
	}
	if err := PollServerInit(); err != nil {
		fmt.Fprintf(os.Stderr, "PollServerInit() = %v, want nil\n", err)
		os.Exit(1)
	}
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(m.Run()) // the fuzzing engine keeps files and processes open
	}

	fds, goroutines := openFiles(), runtime.NumGoroutine()
	code := m.Run()
	if err := leaked(fds, goroutines); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// leaked waits for goroutines that are about to end and for a watch that lingers, and says
// what is there now that was not there before.
func leaked(fds map[string]string, goroutines int) error {
	limit := time.Now().Add(patience)
	for runtime.NumGoroutine() > goroutines {
		if time.Now().After(limit) {
			return fmt.Errorf("goroutines: %d before, %d after:\n%s", goroutines, runtime.NumGoroutine(), stacks())
		}
		time.Sleep(time.Millisecond)
	}
	for {
		err := leakedFiles(fds)
		if err == nil || time.Now().After(limit) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func leakedFiles(fds map[string]string) error {
	for fd, what := range openFiles() {
		if was, ok := fds[fd]; !ok || was != what {
			return fmt.Errorf("descriptor %s leaked: %s", fd, what)
		}
	}
	return nil
}

// openFiles returns this process's descriptors and what each refers to.
func openFiles() map[string]string {
	files := make(map[string]string)
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		// The descriptor of the listing itself is gone by now.
		if what, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			files[e.Name()] = what
		}
	}
	return files
}

// child returns the command that runs one of children.
func child(name string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	// The race detector would sleep for a second before it exits.
	cmd.Env = append(os.Environ(), childEnv+"="+name, bubbleEnv+"=", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// runChild runs a part of a test in a process of its own, in which it is the
// first to touch the poller.
func runChild(t *testing.T, name string) {
	t.Helper()
	cmd := child(name)
	stop := time.AfterFunc(patience, func() { cmd.Process.Signal(unix.SIGQUIT) })
	defer stop.Stop()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("child %s = %v, want success; it wrote:\n%s", name, err, head(out, 3000))
	}
}

func head(b []byte, n int) []byte {
	if len(b) > n {
		return append(b[:n:n], "…"...)
	}
	return b
}

// eventually waits for cond.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	limit := time.Now().Add(patience)
	for i := 0; !cond(); i++ {
		if time.Now().After(limit) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		if i < 100 {
			runtime.Gosched()
		} else {
			time.Sleep(50 * time.Microsecond)
		}
	}
}

// stacks returns a dump of all goroutines.
func stacks() []byte {
	buf := make([]byte, 64<<10)
	for {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return buf[:n]
		}
		buf = make([]byte, 2*len(buf))
	}
}

// goroutineID returns the running goroutine's number in a dump.
func goroutineID() string {
	var buf [64]byte
	s := string(buf[:runtime.Stack(buf[:], false)])
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "goroutine "), " ")
	return s
}

// stackOf returns one goroutine's part of a dump, nil when it has ended.
func stackOf(id string) []byte {
	for part := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
		if bytes.HasPrefix(part, []byte("goroutine "+id+" [")) {
			return part
		}
	}
	return nil
}

// stateOf returns what a dump says of one goroutine: "running", "IO wait", ….
func stateOf(id string) string {
	_, s, _ := strings.Cut(string(stackOf(id)), "[")
	if i := strings.IndexAny(s, ",]"); i >= 0 {
		s = s[:i]
	}
	return s
}

// parkedState is the state of a goroutine that the poller parked. The world
// stands still for a dump, so a goroutine in this state has committed to park.
func parkedState() string {
	if Poller() == "portable" {
		return "chan receive"
	}
	return "IO wait"
}

func modeName(mode int) string {
	switch mode {
	case 'r':
		return "r"
	case 'w':
		return "w"
	case 'r' + 'w':
		return "r+w"
	}
	return fmt.Sprint(mode)
}

// socketpair returns two connected non-blocking stream sockets, closed when
// the test ends.
func socketpair(t testing.TB) (a, b *file) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	b = newFile(t, fds[1])
	return newFile(t, fds[0]), b // as in pipe
}

// pipe returns the ends of a non-blocking pipe of one page.
func pipe(t testing.TB) (r, w *file) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	// The kernel refuses this to an ordinary user who has many pipes; then the
	// pipe is larger.
	unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, os.Getpagesize())
	// The end that is watched more often closes first, lest the other end's
	// close be an event.
	w = newFile(t, fds[1])
	return newFile(t, fds[0]), w
}

// A file is a descriptor of a test, and what the poller knows of it.
type file struct {
	t  testing.TB
	fd int // -1 once closed
	pd *PollDesc

	waiters sync.WaitGroup // goroutines that wait on pd
	evicted bool           // PollUnblock was called
}

func newFile(t testing.TB, fd int) *file {
	if _, old := quiesced.LoadOrStore(t, true); !old {
		t.Cleanup(func() { // after all files of the test are closed
			quiesced.Delete(t)
			quiesce(t)
		})
	}
	f := &file{t: t, fd: fd}
	t.Cleanup(func() { f.close() })
	return f
}

// quiesced are the tests that leave the poller at rest when they end.
var quiesced sync.Map

// quiesce waits until the poller is done with the events so far. It may be at
// work on one while the test closes the descriptor and another descriptor gets
// its PollDesc; the poller then wakes that one's waiter without cause. That is
// allowed, but no test wants it from the one before.
func quiesce(t testing.TB) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	defer unix.Close(fds[0])
	pd, errno := openDesc(uintptr(fds[0]))
	if errno != 0 {
		t.Fatalf("PollOpen(%d) = %v, want no error", fds[0], unix.Errno(errno))
	}
	unix.Write(fds[1], []byte("x"))
	PollSetDeadline(pd, int64(patience), 'r')
	if got := PollWait(pd, 'r'); got != NoError {
		t.Errorf("PollWait(%d, r) = %d, want %d", fds[0], got, NoError)
	}
	PollUnblock(pd)
	PollClose(pd)
}

// openDesc opens fd in the poller; the PollDesc is nil if that fails.
func openDesc(fd uintptr) (*PollDesc, int) {
	pd := new(PollDesc)
	if errno := PollOpen(pd, fd); errno != 0 {
		return nil, errno
	}
	return pd, 0
}

// ownPoller skips a test of our own poller where this process uses the
// runtime's.
func ownPoller(t testing.TB) {
	t.Helper()
	if Poller() == "runtime" {
		t.Skip("looks into our own poller: set NET2_POLLER=epoll")
	}
}

// watch opens f in the poller, unless it is open there already.
func (f *file) watch() *file {
	f.t.Helper()
	if f.pd != nil {
		return f
	}
	pd, errno := openDesc(uintptr(f.fd))
	if errno != 0 {
		f.t.Fatalf("PollOpen(%d) = %v, want no error", f.fd, unix.Errno(errno))
	}
	f.pd, f.evicted = pd, false
	return f
}

// watchOnDemand has the poller watch f as soon as somebody first waits for it.
func (f *file) watchOnDemand() *file {
	f.t.Helper()
	pd := new(PollDesc)
	PollOpenOnDemand(pd, uintptr(f.fd))
	f.pd, f.evicted = pd, false
	return f
}

// longUsed watches f and lets a reader wait on it often, each time for a byte
// that it writes to peer: a poller may serve an old customer in another way
// than a new one.
func (f *file) longUsed(peer *file) *file {
	f.t.Helper()
	f.watch()
	one, buf := []byte("x"), make([]byte, 16)
	for range 100 {
		if _, err := unix.Write(peer.fd, one); err != nil {
			f.t.Fatalf("write(%d) = %v, want nil", peer.fd, err)
		}
		if got := PollWait(f.pd, 'r'); got != NoError {
			f.t.Fatalf("PollWait(%d, r) = %d, want %d", f.fd, got, NoError)
		}
		unix.Read(f.fd, buf)
		f.wantReset('r', NoError)
	}
	// The poller may report one byte twice; wait for what is still on its way.
	sentinel(f.t)
	eventually(f.t, "no notification is left", func() bool {
		f.wantReset('r', NoError)
		w := f.wait('r')
		for stateOf(w.id) != parkedState() {
			if len(w.code) > 0 {
				return false
			}
		}
		PollSetDeadline(f.pd, -1, 'r')
		w.waited()
		PollSetDeadline(f.pd, 0, 'r')
		return true
	})
	f.wantReset('r', NoError)
	return f
}

// evict marks f as closing.
func (f *file) evict() {
	f.evicted = true
	PollUnblock(f.pd)
}

// unwatch takes f out of the poller. Everyone has left when it returns.
func (f *file) unwatch() {
	f.t.Helper()
	if f.pd == nil {
		return
	}
	if !f.evicted {
		f.evict()
	}
	left := make(chan bool)
	go func() { f.waiters.Wait(); close(left) }()
	select {
	case <-left:
	case <-time.After(patience):
		f.t.Fatalf("PollUnblock(%d): a goroutine still waits after %v:\n%s", f.fd, patience, stacks())
	}
	PollClose(f.pd)
	f.pd = nil
}

func (f *file) close() {
	f.t.Helper()
	f.unwatch()
	if f.fd >= 0 {
		unix.Close(f.fd)
		f.fd = -1
	}
}

// ages are the two kinds of customer; see longUsed. quiet gives a watched end
// of a socket pair with nothing to read and no room to write, and its peer.
var ages = []struct {
	name  string
	watch func(f, peer *file) *file
	quiet func(testing.TB) (f, peer *file)
}{
	{
		"new",
		func(f, peer *file) *file { return f.watch() },
		func(t testing.TB) (a, b *file) {
			quiesce(t)
			a, b = socketpair(t)
			return a.fill().watch(), b
		},
	},
	{
		"long used",
		func(f, peer *file) *file { return f.longUsed(peer) },
		func(t testing.TB) (a, b *file) {
			a, b = socketpair(t)
			a.longUsed(b).fill().settle('w')
			return a, b
		},
	},
}

// settle lets the poller take the events that there are, and forgets them.
func (f *file) settle(mode int) {
	f.t.Helper()
	sentinel(f.t)
	f.wantReset(mode, NoError)
}

// sentinel makes a descriptor ready and waits for it. The poller reports no
// later what became ready before, so everyone whom that concerns is runnable by
// then.
func sentinel(t testing.TB) {
	t.Helper()
	r, w := pipe(t)
	r.watch()
	waiter := r.wait('r').parked()
	w.write("x")
	waiter.want(NoError)
	r.close() // first, lest the other end's close be an event
}

func (f *file) write(b string) {
	f.t.Helper()
	if n, err := unix.Write(f.fd, []byte(b)); n != len(b) || err != nil {
		f.t.Fatalf("write(%d, %q) = %d, %v, want %d, nil", f.fd, b, n, err, len(b))
	}
}

// fill writes until there is no room.
func (f *file) fill() *file {
	f.t.Helper()
	for b := make([]byte, 4096); ; {
		if _, err := unix.Write(f.fd, b); err == unix.EAGAIN {
			return f
		} else if err != nil {
			f.t.Fatalf("write(%d) = %v, want EAGAIN in the end", f.fd, err)
		}
	}
}

// drain reads until there is nothing to read.
func (f *file) drain() {
	f.t.Helper()
	for b := make([]byte, 64<<10); ; {
		if n, err := unix.Read(f.fd, b); err == unix.EAGAIN || n == 0 && err == nil {
			return
		} else if err != nil {
			f.t.Fatalf("read(%d) = %v, want EAGAIN in the end", f.fd, err)
		}
	}
}

func (f *file) wantReset(mode, want int) {
	f.t.Helper()
	if got := PollReset(f.pd, mode); got != want {
		f.t.Fatalf("PollReset(%d, %s) = %d, want %d", f.fd, modeName(mode), got, want)
	}
}

// wantWait is for a wait that must end without anyone's help.
func (f *file) wantWait(mode, want int) {
	f.t.Helper()
	f.wait(mode).want(want)
}

// A waiter is a goroutine in PollWait.
type waiter struct {
	f    *file
	op   string
	id   string // its number in a dump
	code chan int
}

// wait starts a goroutine that calls PollWait.
func (f *file) wait(mode int) *waiter {
	return f.start("PollWait", mode, PollWait)
}

func (f *file) start(op string, mode int, wait func(*PollDesc, int) int) *waiter {
	w := &waiter{f: f, op: fmt.Sprintf("%s(%d, %s)", op, f.fd, modeName(mode)), code: make(chan int, 1)}
	id := make(chan string)
	pd := f.pd
	f.waiters.Go(func() {
		id <- goroutineID()
		w.code <- wait(pd, mode)
	})
	w.id = <-id
	return w
}

// parked waits until w has parked, and fails if it returns.
func (w *waiter) parked() *waiter {
	w.f.t.Helper()
	eventually(w.f.t, w.op+" parks", func() bool {
		if len(w.code) > 0 {
			w.f.t.Fatalf("%s = %d, want it to wait", w.op, <-w.code)
		}
		return stateOf(w.id) == parkedState()
	})
	return w
}

// waited waits for w to return, whatever it returns, and says what that was.
func (w *waiter) waited() (code int) {
	w.f.t.Helper()
	select {
	case code = <-w.code:
	case <-time.After(patience):
		w.f.t.Fatalf("%s has not returned after %v; it is in\n%s", w.op, patience, stackOf(w.id))
	}
	return code
}

// want waits for w to return.
func (w *waiter) want(code int) {
	w.f.t.Helper()
	select {
	case got := <-w.code:
		if got != code {
			w.f.t.Fatalf("%s = %d, want %d", w.op, got, code)
		}
	case <-time.After(patience):
		w.f.t.Fatalf("%s has not returned after %v, want %d; it is in\n%s", w.op, patience, code, stackOf(w.id))
	}
}

// spin lets a little time pass, to try out another moment.
func spin(n int) {
	x := n
	for range n {
		x ^= x << 1
	}
	runtime.KeepAlive(x)
}
