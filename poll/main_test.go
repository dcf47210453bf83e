//go:build linux

package poll

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// patience is how long a test waits for what must happen. Nothing that works
// needs more than a small part of it.
const patience = 10 * time.Second

// TestMain fails the run when it leaves descriptors or goroutines behind. It
// makes both pollers first. The garbage collector closes the pipes that Splice
// keeps.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(spareEnv) == "" {
		os.Setenv(spareEnv, "often") // the tests are of both ways to wait
	}
	if err := runtimehooks.PollServerInit(); err != nil {
		fmt.Fprintf(os.Stderr, "PollServerInit() = %v, want nil\n", err)
		os.Exit(1)
	}
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r.Close()
	w.Close()
	fds, goroutines, watched := openFiles(), runtime.NumGoroutine(), runtimehooks.Stats().Open
	pipesAtStart = pipes()
	code := m.Run()
	left := func() string {
		if n := runtime.NumGoroutine(); n > goroutines {
			return fmt.Sprintf("goroutines: %d before, %d after:\n%s", goroutines, n, stacks())
		}
		if n := runtimehooks.Stats().Open; n != watched {
			return fmt.Sprintf("watched descriptors: %d before, %d after", watched, n)
		}
		for fd, what := range openFiles() {
			if fds[fd] != what {
				return fmt.Sprintf("descriptor %s leaked: %s", fd, what)
			}
		}
		return ""
	}
	for limit := time.Now().Add(patience); code == 0 && left() != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			fmt.Fprintln(os.Stderr, left())
			code = 1
		}
		runtime.GC()
	}
	os.Exit(code)
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

// eventually waits for cond.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	limit := time.Now().Add(patience)
	for i := 0; !cond(); i++ {
		if time.Now().After(limit) {
			t.Fatalf("%s: not within %v\n%s", what, patience, stacks())
		}
		if i < 10 {
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

// A call is an operation under way in a goroutine of its own.
type call struct {
	t    testing.TB
	what string
	id   string // of the goroutine, in a dump
	err  chan error
}

// start calls f in a goroutine. The test does not end before f does, unless it
// has failed.
func start(t testing.TB, what string, f func() error) *call {
	c := &call{t: t, what: what, err: make(chan error, 1)}
	id := make(chan string)
	var wg sync.WaitGroup
	wg.Go(func() {
		id <- goroutineID()
		c.err <- f()
	})
	c.id = <-id
	t.Cleanup(func() {
		if !t.Failed() {
			wg.Wait()
		}
	})
	return c
}

// stack returns the call's part of a dump. The world stands still for a dump,
// so a call that waits in the dump does wait.
func (c *call) stack() string {
	for part := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
		if bytes.HasPrefix(part, []byte("goroutine "+c.id+" [")) {
			return string(part)
		}
	}
	return ""
}

// waits waits until the call is in a state, such as "IO wait", and in one of
// our functions.
func (c *call) waits(state, function string) *call {
	c.t.Helper()
	eventually(c.t, c.what+" waits", func() bool {
		if len(c.err) > 0 {
			c.t.Fatalf("%s = %v, want it to wait", c.what, <-c.err)
		}
		head, stack, _ := strings.Cut(c.stack(), "\n")
		return strings.Contains(head, "["+state) && strings.Contains(stack, function)
	})
	return c
}

// parked waits until the call is parked in the poller.
func (c *call) parked() *call {
	c.t.Helper()
	state := "IO wait"
	if runtimehooks.Poller() == "portable" {
		state = "chan receive"
	}
	return c.waits(state, "runtime_hooks.PollWait(")
}

// queued waits until the call waits for a semaphore: for a lock of the
// descriptor, or for its end.
func (c *call) queued() *call {
	c.t.Helper()
	state := "semacquire"
	if runtimehooks.Poller() == "portable" {
		state = "chan receive"
	}
	return c.waits(state, "runtime_hooks.(*Sema).Acquire(")
}

// want waits for the call to return.
func (c *call) want(err error) {
	c.t.Helper()
	select {
	case got := <-c.err:
		if got != err {
			c.t.Fatalf("%s = %v, want %v", c.what, got, err)
		}
	case <-time.After(patience):
		c.t.Fatalf("%s has not returned after %v, want %v\n%s", c.what, patience, err, stacks())
	}
}

// waited waits for the call to return, whatever it returns.
func (c *call) waited() {
	c.t.Helper()
	select {
	case <-c.err:
	case <-time.After(patience):
		c.t.Fatalf("%s has not returned after %v\n%s", c.what, patience, stacks())
	}
}

// within fails the test when f takes too long.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	start(t, what, func() error { f(); return nil }).want(nil)
}

// newFD puts a descriptor into the poller. It is closed when the test ends.
func newFD(t testing.TB, sysfd int, stream bool) *FD {
	t.Helper()
	fd := &FD{Sysfd: sysfd, IsStream: stream, ZeroReadIsEOF: stream}
	if err := fd.Init(); err != nil {
		socket.Close(sysfd)
		t.Fatalf("Init(%d) = %v, want nil", sysfd, err)
	}
	t.Cleanup(func() { fd.Close() })
	return fd
}

func newSocket(t testing.TB, family, sotype int) int {
	t.Helper()
	fd, errno := socket.Socket(family, sotype, 0)
	noErrno(t, "Socket", errno)
	return fd
}

func rawPair(t testing.TB, sotype int) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, sotype|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

// unixPair returns two connected Unix domain stream sockets.
func unixPair(t testing.TB) (a, b *FD) {
	t.Helper()
	x, y := rawPair(t, unix.SOCK_STREAM)
	return newFD(t, x, true), newFD(t, y, true)
}

// datagramPair returns two connected Unix domain datagram sockets.
func datagramPair(t testing.TB) (a, b *FD) {
	t.Helper()
	x, y := rawPair(t, unix.SOCK_DGRAM)
	return newFD(t, x, false), newFD(t, y, false)
}

// loopback is 127.0.0.1 and a port.
func loopback(port int) *socket.Sockaddr {
	sa := new(socket.Sockaddr)
	sa.SetInet4([4]byte{127, 0, 0, 1}, port)
	return sa
}

// udp returns a UDP socket on 127.0.0.1, and its address.
func udp(t testing.TB) (*FD, *socket.Sockaddr) {
	t.Helper()
	s := newSocket(t, unix.AF_INET, unix.SOCK_DGRAM)
	noErrno(t, "Bind", socket.Bind(s, loopback(0)))
	return newFD(t, s, false), localAddr(t, s)
}

// listener returns a TCP listener at 127.0.0.1, and its address.
func listener(t testing.TB) (*FD, *socket.Sockaddr) {
	t.Helper()
	s := newSocket(t, unix.AF_INET, unix.SOCK_STREAM)
	noErrno(t, "Bind", socket.Bind(s, loopback(0)))
	noErrno(t, "Listen", socket.Listen(s, 128))
	return newFD(t, s, true), localAddr(t, s)
}

func localAddr(t testing.TB, s int) *socket.Sockaddr {
	t.Helper()
	sa := new(socket.Sockaddr)
	noErrno(t, "Getsockname", socket.Getsockname(s, sa))
	return sa
}

// connect returns a TCP connection to a listener, which has yet to accept it.
func connect(t testing.TB, at *socket.Sockaddr) *FD {
	t.Helper()
	s := newSocket(t, unix.AF_INET, unix.SOCK_STREAM)
	switch errno := socket.Connect(s, at); errno {
	case 0, unix.EINPROGRESS:
	default:
		t.Fatalf("Connect = %v, want EINPROGRESS", errno)
	}
	fd := newFD(t, s, true)
	fd.DrainsShort = true
	within(t, "WaitWrite", func() {
		if err := fd.WaitWrite(); err != nil {
			t.Errorf("WaitWrite() = %v, want nil", err)
		}
	})
	return fd
}

// accept returns the next connection of a listener.
func accept(t testing.TB, ln *FD) *FD {
	t.Helper()
	var sa socket.Sockaddr
	s := -1
	start(t, "Accept()", func() (err error) {
		s, err = ln.Accept(&sa)
		return err
	}).want(nil)
	fd := newFD(t, s, true)
	fd.DrainsShort = true
	return fd
}

// tcpPair returns the ends of a TCP connection.
func tcpPair(t testing.TB) (client, server *FD) {
	t.Helper()
	ln, at := listener(t)
	client = connect(t, at)
	server = accept(t, ln)
	ln.Close()
	return client, server
}

func noErrno(t testing.TB, op string, errno socket.Errno) {
	t.Helper()
	if errno != 0 {
		t.Fatalf("%s = %v, want success", op, errno)
	}
}

func wantErr(t testing.TB, op string, got, want error) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", op, got, want)
	}
}

func wantCount(t testing.TB, op string, n, wantN int, err, want error) {
	t.Helper()
	if n != wantN || err != want {
		t.Errorf("%s = %d, %v, want %d, %v", op, n, err, wantN, want)
	}
}

// send writes p, for which there is room.
func send(t testing.TB, fd *FD, p string) {
	t.Helper()
	if n, err := fd.Write([]byte(p)); n != len(p) || err != nil {
		t.Fatalf("Write(%q) = %d, %v, want %d, nil", p, n, err, len(p))
	}
}

// fillUp writes until there is no room and returns how much there was.
func fillUp(t testing.TB, fd *FD) (total int) {
	t.Helper()
	for b := make([]byte, 16<<10); ; {
		n, errno := socket.Write(fd.Sysfd, b, 0)
		if errno == unix.EAGAIN && len(b) == 1 {
			return total
		} else if errno == unix.EAGAIN {
			b = b[:1] // for a stream that takes less
		} else if errno != 0 {
			t.Fatalf("Write(%d) = %v, want EAGAIN in the end", fd.Sysfd, errno)
		}
		total += n
	}
}

// fillTCP fills both the buffer of fd and that of its peer. Bytes under way
// make room again, so it takes some rounds.
func fillTCP(t testing.TB, fd *FD) (total int) {
	t.Helper()
	p := make([]byte, 1<<20)
	for {
		fd.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := fd.Write(p)
		total += n
		if err != nil && err != os.ErrDeadlineExceeded {
			t.Fatalf("Write = %d, %v, want %v in the end", n, err, os.ErrDeadlineExceeded)
		}
		if n == 0 {
			fd.SetWriteDeadline(time.Time{})
			return total
		}
	}
}

// drain reads all that is there.
func drain(t testing.TB, fd *FD) (total int) {
	t.Helper()
	for b := make([]byte, 64<<10); ; {
		n, errno := socket.Read(fd.Sysfd, b)
		if errno == unix.EAGAIN || errno == 0 && n == 0 {
			return total
		} else if errno != 0 {
			t.Fatalf("Read(%d) = %v, want EAGAIN in the end", fd.Sysfd, errno)
		}
		total += n
	}
}

// readAll reads fd to its end in a goroutine.
func readAll(t testing.TB, fd *FD) (data func() []byte) {
	t.Helper()
	var got bytes.Buffer
	c := start(t, "Read to the end", func() error {
		_, err := got.ReadFrom(reader{fd})
		return err
	})
	return func() []byte { c.want(nil); return got.Bytes() }
}

// A reader makes an io.Reader of a descriptor.
type reader struct{ fd *FD }

func (r reader) Read(p []byte) (int, error) { return r.fd.Read(p) }

// pattern returns n bytes of which no two neighbouring kilobytes are alike.
func pattern(n int) []byte {
	p := make([]byte, 0, n)
	for len(p) < n {
		p = append(p, period()[:min(len(period()), n-len(p))]...)
	}
	return p
}

// period is what a pattern repeats. Its length divides no other that a test
// uses.
var period = sync.OnceValue(func() []byte {
	p := make([]byte, 1<<20-3)
	for i := range p {
		p[i] = byte(i + i>>8*7 + i>>16*31)
	}
	return p
})

// openFile returns a file with content, at its start.
func openFile(t testing.TB, content []byte) *os.File {
	t.Helper()
	path := t.TempDir() + "/file"
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// withoutDescriptors calls f while no descriptor can be made.
func withoutDescriptors(t testing.TB, f func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: old.Max}, nil); err != nil {
		t.Fatal(err)
	}
	defer unix.Prlimit(0, unix.RLIMIT_NOFILE, &old, nil)
	f()
}

// rounds returns n, or less in a short run.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/10)
	}
	return n
}
