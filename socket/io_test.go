//go:build linux

package socket

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadWriteAllSizes(t *testing.T) {
	for _, size := range []int{1, 4096, 16 << 10, 16<<10 + 1, 64 << 10, 64<<10 + 1, 1<<20 + 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			a, b := pair(t, unix.SOCK_STREAM)
			want := pattern(size)
			got := make([]byte, 0, size+1)
			for sent := 0; len(got) < size; {
				if sent < size {
					n, errno := Write(a, want[sent:], 0)
					if errno != 0 && errno != unix.EAGAIN || n < 0 || n > size-sent || errno != 0 && n != 0 {
						t.Fatalf("Write(%d bytes) = %d, %v, want a part of it", size-sent, n, errno)
					}
					sent += n
				}
				n, errno := Read(b, got[len(got):cap(got)])
				if errno != 0 || n <= 0 {
					t.Fatalf("Read(%d bytes) = %d, %v, want some", cap(got)-len(got), n, errno)
				}
				got = got[:len(got)+n]
			}
			if !bytes.Equal(got, want) {
				t.Error("Read returned other bytes than Write was given")
			}
		})
	}
}

func TestReadWriteErrno(t *testing.T) {
	write := func(fd int, p []byte) (int, Errno) { return Write(fd, p, 0) }
	for _, tt := range []struct {
		name string
		call func(fd int, p []byte) (int, Errno)
		fd   func(t *testing.T) int
		n    int
		want Errno
	}{
		{"read nothing there", Read, func(t *testing.T) int { a, _ := pair(t, unix.SOCK_STREAM); return a }, 0, unix.EAGAIN},
		{"write no room", write, func(t *testing.T) int { a, _ := pair(t, unix.SOCK_STREAM); fill(t, a); return a }, 0, unix.EAGAIN},
		{"read closed", Read, func(*testing.T) int { return -1 }, 0, unix.EBADF},
		{"write closed", write, func(*testing.T) int { return -1 }, 0, unix.EBADF},
		{"read not connected", Read, func(t *testing.T) int { return newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0) }, 0, unix.ENOTCONN},
		{"read at the end", Read, func(t *testing.T) int {
			a, b := pair(t, unix.SOCK_STREAM)
			noErrno(t, "Shutdown", Shutdown(b, unix.SHUT_WR))
			return a
		}, 0, 0},
		{"write after shutdown", write, func(t *testing.T) int {
			a, _ := pair(t, unix.SOCK_STREAM)
			noErrno(t, "Shutdown", Shutdown(a, unix.SHUT_WR))
			return a
		}, 0, unix.EPIPE},
		{"write to a closed peer", write, func(t *testing.T) int {
			a, b, errno := socketpair()
			noErrno(t, "socketpair", errno)
			Close(b)
			closeAfter(t, a)
			return a
		}, 0, unix.EPIPE},
		{"read from a peer that left data unread", Read, func(t *testing.T) int {
			a, b, errno := socketpair()
			noErrno(t, "socketpair", errno)
			closeAfter(t, a)
			_, errno = Write(a, []byte("x"), 0)
			noErrno(t, "Write", errno)
			Close(b)
			return a
		}, 0, unix.ECONNRESET},
		{"read from a TCP peer that reset", Read, reset, 0, unix.ECONNRESET},
		{"write to a TCP peer that reset", write, reset, 0, unix.ECONNRESET},
	} {
		for _, size := range []int{8, 64<<10 + 1} {
			t.Run(fmt.Sprintf("%s size=%d", tt.name, size), func(t *testing.T) {
				n, errno := tt.call(tt.fd(t), make([]byte, size))
				if n != tt.n || errno != tt.want {
					t.Errorf("%s = %d, %v, want %d, %v", tt.name, n, name(errno), tt.n, name(tt.want))
				}
			})
		}
	}
}

// socketpair is pair for whoever closes one end.
func socketpair() (a, b int, errno Errno) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return fds[0], fds[1], errnoOf(err)
}

// reset returns a TCP connection whose peer has reset it.
func reset(t *testing.T) int {
	t.Helper()
	client, server := tcp(t)
	noErrno(t, "SetsockoptLinger", SetsockoptLinger(server, true, 0))
	dup, _, errno := DupCloseOnExec(client)
	noErrno(t, "DupCloseOnExec", errno)
	closeAfter(t, dup)
	// Closing would end it only with the last descriptor; connecting to no
	// address resets at once.
	disconnect := new(Sockaddr)
	disconnect.setFamily(unix.AF_UNSPEC, unix.SizeofSockaddrInet4)
	noErrno(t, "Connect(AF_UNSPEC)", Connect(server, disconnect))
	waitFor(t, dup, unix.POLLIN)
	return dup
}

// A descriptor that others have seen may be in blocking mode. A call on it must
// then leave its processor: if there is only one, another goroutine must be
// able to end the call.
func TestReadWriteThatBlockLeaveTheProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, size := range []int{8, 64<<10 + 1} {
		t.Run(fmt.Sprint("read ", size), func(t *testing.T) {
			a, b := pair(t, unix.SOCK_STREAM)
			setBlocking(t, a, unix.SO_RCVTIMEO)
			done := make(chan [2]int, 1)
			go func() { done <- blockedRead(a, make([]byte, size)) }()
			eventually(t, "Read enters the kernel", func() bool { return goroutineState("blockedRead") == "syscall" || len(done) > 0 })
			if n, errno := Write(b, []byte("x"), 0); n != 1 || errno != 0 {
				t.Fatalf("Write = %d, %v, want 1", n, errno)
			}
			if got := <-done; got != [2]int{1, 0} {
				t.Errorf("Read(%d bytes) = %d, %v, want 1, success", size, got[0], name(Errno(got[1])))
			}
		})
		t.Run(fmt.Sprint("write ", size), func(t *testing.T) {
			a, b := pair(t, unix.SOCK_STREAM)
			fill(t, a)
			setBlocking(t, a, unix.SO_SNDTIMEO)
			done := make(chan [2]int, 1)
			go func() { done <- blockedWrite(a, make([]byte, size)) }()
			eventually(t, "Write enters the kernel", func() bool { return goroutineState("blockedWrite") == "syscall" || len(done) > 0 })
			p := make([]byte, 1<<20)
			for len(done) == 0 {
				if _, errno := Read(b, p); errno == unix.EAGAIN {
					runtime.Gosched()
				} else if errno != 0 {
					t.Fatalf("Read = %v, want data", errno)
				}
			}
			if got := <-done; got != [2]int{size, 0} {
				t.Errorf("Write(%d bytes) = %d, %v, want all", size, got[0], name(Errno(got[1])))
			}
		})
	}
}

// setBlocking puts fd into blocking mode. If a call on it keeps the processor,
// the call ends by itself, with EAGAIN, after the time that option sets.
func setBlocking(t *testing.T, fd, option int) {
	t.Helper()
	noErrno(t, "SetNonblock", SetNonblock(fd, false))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &unix.Timeval{Sec: 3}); err != nil {
		t.Fatal(err)
	}
}

//go:noinline
func blockedRead(fd int, p []byte) [2]int {
	n, errno := Read(fd, p)
	return [2]int{n, int(errno)}
}

//go:noinline
func blockedWrite(fd int, p []byte) [2]int {
	n, errno := Write(fd, p, 0)
	return [2]int{n, int(errno)}
}

func TestWritevInOrder(t *testing.T) {
	a, b := pair(t, unix.SOCK_STREAM)
	var iovecs []Iovec
	var want []byte
	for i := 1; i <= 50; i++ {
		p := bytes.Repeat([]byte{byte(i)}, i)
		want = append(want, p...)
		iovecs = append(iovecs, NewIovec(p))
	}
	if n, errno := Writev(a, iovecs); n != len(want) || errno != 0 {
		t.Fatalf("Writev = %d, %v, want %d", n, errno, len(want))
	}
	got := make([]byte, len(want)+1)
	n, errno := Read(b, got)
	if n != len(want) || errno != 0 || !bytes.Equal(got[:n], want) {
		t.Errorf("Read = %d, %v, want the %d bytes in order", n, errno, len(want))
	}

	if n, errno := Writev(a, nil); n != 0 || errno != 0 {
		t.Errorf("Writev(nil) = %d, %v, want 0, success", n, errno)
	}
	if n, errno := Writev(-1, iovecs); n != 0 || errno != unix.EBADF {
		t.Errorf("Writev(-1) = %d, %v, want 0, EBADF", n, errno)
	}
	tooMany := make([]Iovec, 1025)
	for i := range tooMany {
		tooMany[i] = iovecs[0]
	}
	if n, errno := Writev(a, tooMany); n != 0 || errno != unix.EINVAL {
		t.Errorf("Writev(%d buffers) = %d, %v, want 0, EINVAL", len(tooMany), n, errno)
	}
	fill(t, a)
	if n, errno := Writev(a, iovecs); n != 0 || errno != unix.EAGAIN {
		t.Errorf("Writev without room = %d, %v, want 0, EAGAIN", n, errno)
	}
}

func TestSendfileMovesTheOffset(t *testing.T) {
	content := pattern(100_000)
	f := openFile(t, content)
	a, b := pair(t, unix.SOCK_STREAM)
	got := make([]byte, 0, len(content))
	for _, count := range []int{1, 999, 50_000, 200_000} {
		n, errno := Sendfile(a, int(f.Fd()), count)
		if want := min(count, len(content)-len(got)); n != want || errno != 0 {
			t.Fatalf("Sendfile(%d) = %d, %v, want %d", count, n, errno, want)
		}
		for end := len(got) + n; len(got) < end; {
			n, errno := Read(b, got[len(got):end])
			noErrno(t, "Read", errno)
			got = got[:len(got)+n]
		}
		if at, err := f.Seek(0, 1); at != int64(len(got)) || err != nil {
			t.Errorf("offset after Sendfile = %d, %v, want %d", at, err, len(got))
		}
	}
	if !bytes.Equal(got, content) {
		t.Error("Sendfile sent other bytes than are in the file")
	}
	if n, errno := Sendfile(a, int(f.Fd()), 1); n != 0 || errno != 0 {
		t.Errorf("Sendfile at the end = %d, %v, want 0, success", n, errno)
	}
}

// openFile returns a file with content, at its start.
func openFile(t testing.TB, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
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

func TestSendfileErrno(t *testing.T) {
	f := openFile(t, pattern(1000))
	file := int(f.Fd())
	a, b := pair(t, unix.SOCK_STREAM)
	full, _ := pair(t, unix.SOCK_STREAM)
	fill(t, full)
	gone, peer, errno := socketpair()
	noErrno(t, "socketpair", errno)
	closeAfter(t, gone)
	Close(peer)
	for _, tt := range []struct {
		name    string
		out, in int
		want    Errno
	}{
		{"from a socket", a, b, unix.EINVAL},
		{"no room", full, file, unix.EAGAIN},
		{"to a closed peer", gone, file, unix.EPIPE},
		{"to a closed descriptor", -1, file, unix.EBADF},
		{"from a closed descriptor", a, -1, unix.EBADF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n, errno := Sendfile(tt.out, tt.in, 1000); n != 0 || errno != tt.want {
				t.Errorf("Sendfile %s = %d, %v, want 0, %v", tt.name, n, name(errno), name(tt.want))
			}
		})
	}
}

func TestSpliceThroughPipe(t *testing.T) {
	client, server := tcp(t)
	a, b := pair(t, unix.SOCK_STREAM)
	r, w := pipe(t)
	want := pattern(5000)
	if n, errno := Write(client, want, 0); n != len(want) || errno != 0 {
		t.Fatalf("Write = %d, %v, want %d", n, errno, len(want))
	}
	waitFor(t, server, unix.POLLIN)
	for _, step := range []struct{ max, want int }{{3000, 3000}, {1 << 20, 2000}} {
		if n, errno := Splice(w, server, step.max); n != step.want || errno != 0 {
			t.Fatalf("Splice(%d) into the pipe = %d, %v, want %d", step.max, n, errno, step.want)
		}
	}
	for n := 0; n < len(want); {
		m, errno := Splice(a, r, 1<<20)
		if m <= 0 || errno != 0 {
			t.Fatalf("Splice out of the pipe = %d, %v, want some of %d", m, errno, len(want)-n)
		}
		n += m
	}
	got := make([]byte, len(want)+1)
	for n := 0; n < len(want); {
		m, errno := Read(b, got[n:])
		noErrno(t, "Read", errno)
		n += m
	}
	if !bytes.Equal(got[:len(want)], want) {
		t.Error("Splice moved other bytes than were written")
	}

	noErrno(t, "Shutdown", Shutdown(client, unix.SHUT_WR))
	waitFor(t, server, unix.POLLIN)
	if n, errno := Splice(w, server, 100); n != 0 || errno != 0 {
		t.Errorf("Splice at the end = %d, %v, want 0, success", n, errno)
	}
}

func TestSpliceErrno(t *testing.T) {
	client, server := tcp(t)
	a, b := pair(t, unix.SOCK_STREAM)
	r, w := pipe(t)
	_, fullW := pipe(t)
	fill(t, fullW)
	for _, tt := range []struct {
		name    string
		out, in int
		want    Errno
	}{
		{"nothing to read", w, server, unix.EAGAIN},
		{"pipe empty", client, r, unix.EAGAIN},
		{"pipe full", fullW, r, unix.EAGAIN},
		{"no pipe", a, b, unix.EINVAL},
		{"closed", w, -1, unix.EBADF},
		{"pipe against its direction", r, server, unix.EBADF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// n has no meaning if there is an error.
			if _, errno := Splice(tt.out, tt.in, 1000); errno != tt.want {
				t.Errorf("Splice %s = %v, want %v", tt.name, name(errno), name(tt.want))
			}
		})
	}
}

func TestPipeSizeAndFlags(t *testing.T) {
	for _, size := range []int{4096, 64 << 10, 1 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			r, w, errno := Pipe(size)
			noErrno(t, "Pipe", errno)
			closeAfter(t, r)
			closeAfter(t, w)
			got, err := unix.FcntlInt(uintptr(w), unix.F_GETPIPE_SZ, 0)
			if err != nil || got < size && os.Getuid() == 0 {
				t.Errorf("size of Pipe(%d) = %d, %v, want as much at least", size, got, err)
			}
			wantFlags(t, r, unix.O_RDONLY|unix.O_NONBLOCK)
			wantFlags(t, w, unix.O_WRONLY|unix.O_NONBLOCK)
		})
	}
	// Asking for too much is not an error: a smaller pipe will do.
	r, w, errno := Pipe(1 << 30)
	noErrno(t, "Pipe(1<<30)", errno)
	Close(r)
	Close(w)
}

// wantFlags checks that fd is closed on exec and has the status flags want.
func wantFlags(t testing.TB, fd, want int) {
	t.Helper()
	if got, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || got != unix.FD_CLOEXEC {
		t.Errorf("fcntl(%d, F_GETFD) = %#x, %v, want FD_CLOEXEC", fd, got, err)
	}
	got, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if got &= unix.O_ACCMODE | unix.O_NONBLOCK; err != nil || got != want {
		t.Errorf("fcntl(%d, F_GETFL) = %#x, %v, want %#x", fd, got, err, want)
	}
}
