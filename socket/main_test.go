//go:build linux

package socket

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen. Nothing that works
// needs more than a small part of it.
const patience = 10 * time.Second

// TestMain fails the run when it leaves descriptors or goroutines behind.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(m.Run()) // the fuzzing engine keeps files and processes open
	}
	makeRuntimePoller()
	fds, goroutines := openFiles(), runtime.NumGoroutine()
	code := m.Run()
	if err := leaked(fds, goroutines); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// makeRuntimePoller makes the descriptors that the runtime keeps once it has
// made them.
func makeRuntimePoller() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	r.Close()
	w.Close()
}

// leaked waits for goroutines that are about to end, and says what is there now
// that was not there before.
func leaked(fds map[string]string, goroutines int) error {
	for limit := time.Now().Add(patience); runtime.NumGoroutine() > goroutines; {
		if time.Now().After(limit) {
			buf := make([]byte, 1<<20)
			return fmt.Errorf("goroutines: %d before, %d after:\n%s",
				goroutines, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(time.Millisecond)
	}
	for fd, what := range openFiles() {
		if fds[fd] != what {
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

// eventually waits for cond.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !cond(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// newSocket returns a socket that is closed when the test ends.
func newSocket(t testing.TB, family, sotype, proto int) int {
	t.Helper()
	fd, errno := Socket(family, sotype, proto)
	if errno != 0 {
		t.Fatalf("Socket(%d, %d, %d) = %v, want a socket", family, sotype, proto, errno)
	}
	closeAfter(t, fd)
	return fd
}

func closeAfter(t testing.TB, fd int) { t.Cleanup(func() { Close(fd) }) }

// pair returns two connected non-blocking Unix domain sockets.
func pair(t testing.TB, sotype int) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, sotype|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, fds[0])
	closeAfter(t, fds[1])
	return fds[0], fds[1]
}

// pipe returns the ends of a non-blocking pipe.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	r, w, errno := Pipe(64 << 10)
	if errno != 0 {
		t.Fatalf("Pipe(%d) = %v, want a pipe", 64<<10, errno)
	}
	closeAfter(t, r)
	closeAfter(t, w)
	return r, w
}

// loopback is 127.0.0.1 and a port.
func loopback(port int) *Sockaddr {
	sa := new(Sockaddr)
	sa.SetInet4([4]byte{127, 0, 0, 1}, port)
	return sa
}

// listen returns a socket that listens at sa, and its address.
func listen(t testing.TB, family int, sa *Sockaddr) (ln int, at *Sockaddr) {
	t.Helper()
	ln = newSocket(t, family, unix.SOCK_STREAM, 0)
	noErrno(t, "Bind", Bind(ln, sa))
	noErrno(t, "Listen", Listen(ln, 16))
	return ln, localAddr(t, ln)
}

// udp returns a UDP socket bound to 127.0.0.1, and its address.
func udp(t testing.TB) (fd int, at *Sockaddr) {
	t.Helper()
	fd = newSocket(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	noErrno(t, "Bind", Bind(fd, loopback(0)))
	return fd, localAddr(t, fd)
}

func localAddr(t testing.TB, fd int) *Sockaddr {
	t.Helper()
	sa := new(Sockaddr)
	noErrno(t, "Getsockname", Getsockname(fd, sa))
	return sa
}

// tcp returns the two ends of a TCP connection.
func tcp(t testing.TB) (client, server int) {
	t.Helper()
	ln, at := listen(t, unix.AF_INET, loopback(0))
	client = newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	if errno := Connect(client, at); errno != 0 && errno != unix.EINPROGRESS {
		t.Fatalf("Connect(%d) = %v, want EINPROGRESS", client, errno)
	}
	waitFor(t, ln, unix.POLLIN)
	var peer Sockaddr
	server, errno := Accept4(ln, &peer)
	noErrno(t, "Accept4", errno)
	closeAfter(t, server)
	waitFor(t, client, unix.POLLOUT)
	return client, server
}

// waitFor waits until fd is ready for events.
func waitFor(t testing.TB, fd int, events int16) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		switch n, err := unix.Poll(fds, int(patience/time.Millisecond)); {
		case err == unix.EINTR:
		case err != nil || n != 1:
			t.Fatalf("poll(%d, %#x) = %d, %v, want it ready", fd, events, n, err)
		default:
			return
		}
	}
}

func noErrno(t testing.TB, op string, errno Errno) {
	t.Helper()
	if errno != 0 {
		t.Fatalf("%s = %v, want success", op, errno)
	}
}

func wantErrno(t testing.TB, op string, got, want Errno) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", op, name(got), name(want))
	}
}

// name is the short name of an error number.
func name(errno Errno) string {
	if errno == 0 {
		return "success"
	}
	if s := unix.ErrnoName(errno); s != "" {
		return s
	}
	return fmt.Sprintf("errno %d", int(errno))
}

// fill writes until there is no room.
func fill(t testing.TB, fd int) {
	t.Helper()
	for b := make([]byte, 64<<10); ; {
		switch _, err := unix.Write(fd, b); errnoOf(err) {
		case 0:
		case unix.EAGAIN:
			return
		default:
			t.Fatalf("write(%d) = %v, want EAGAIN in the end", fd, err)
		}
	}
}

// pattern returns n bytes of which no two neighbouring kilobytes are alike.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i + i>>8*7 + i>>16*31)
	}
	return p
}

// goroutineState returns what a dump says of the goroutine whose stack holds
// the name of a function: "running", "syscall", …, or "" if there is none.
func goroutineState(function string) string {
	buf := make([]byte, 1<<20)
	for part := range bytes.SplitSeq(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		if bytes.Contains(part, []byte(function)) {
			_, s, _ := bytes.Cut(part, []byte("["))
			return string(s[:max(0, bytes.IndexAny(s, ",]"))])
		}
	}
	return ""
}
