//go:build linux

package poll

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// streams returns the two ends of a connected pair of stream sockets.
func streams(t testing.TB) (a, b *FD) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return openFD(t, fds[0]), openFD(t, fds[1])
}

func openFD(t testing.TB, sysfd int) *FD {
	t.Helper()
	fd := &FD{Sysfd: sysfd, IsStream: true, ZeroReadIsEOF: true}
	if err := fd.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fd.Close() })
	return fd
}

// fill writes until the other end takes no more.
func fill(t testing.TB, fd *FD) {
	t.Helper()
	fd.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := fd.Write(make([]byte, 8<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Write(8 MiB) to nobody = %v, want %v", err, os.ErrDeadlineExceeded)
	}
	fd.SetWriteDeadline(time.Time{})
}

func TestFDCloseUnblocks(t *testing.T) {
	tests := []struct {
		name string
		op   func(a *FD) error
	}{
		{"read", func(a *FD) error { _, err := a.Read(make([]byte, 1)); return err }},
		{"write", func(a *FD) error { _, err := a.Write(make([]byte, 1)); return err }},
		{"raw read", func(a *FD) error { return a.RawRead(func(uintptr) bool { return false }) }},
		{"raw write", func(a *FD) error { return a.RawWrite(func(uintptr) bool { return false }) }},
		{"second reader", func(a *FD) error {
			var wg sync.WaitGroup
			wg.Go(func() { a.Read(make([]byte, 1)) })
			_, err := a.Read(make([]byte, 1))
			wg.Wait()
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := streams(t)
			if strings.HasSuffix(tt.name, "write") {
				fill(t, a)
			}
			done := make(chan error, 1)
			go func() { done <- tt.op(a) }()
			if err := a.Close(); err != nil {
				t.Errorf("Close() = %v, want nil", err)
			}
			if err := <-done; err != net.ErrClosed {
				t.Errorf("%s, closed meanwhile = %v, want %v", tt.name, err, net.ErrClosed)
			}
			if err := a.Close(); err != net.ErrClosed {
				t.Errorf("Close() again = %v, want %v", err, net.ErrClosed)
			}
			if a.Sysfd != -1 {
				t.Errorf("Sysfd after Close = %d, want -1", a.Sysfd)
			}
		})
	}
}

func TestFDCloseFreesThePort(t *testing.T) {
	listen := func(port int) (*FD, int) {
		s, errno := socket.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		var sa socket.Sockaddr
		sa.SetInet4([4]byte{127, 0, 0, 1}, port)
		if errno := socket.Bind(s, &sa); errno != 0 {
			t.Fatalf("Bind(port %d) = %v", port, errno)
		}
		if errno := socket.Listen(s, 1); errno != 0 {
			t.Fatal(errno)
		}
		socket.Getsockname(s, &sa)
		return openFD(t, s), int(sa.Inet().Port)
	}
	l, port := listen(0)
	for range 50 {
		done := make(chan error, 1)
		go func() { var sa socket.Sockaddr; _, err := l.Accept(&sa); done <- err }()
		l.Close()
		next, _ := listen(port) // the port is free when Close has returned
		if err := <-done; err != net.ErrClosed {
			t.Fatalf("Accept, closed meanwhile = %v, want %v", err, net.ErrClosed)
		}
		l = next
	}
}

func TestFDReadAtTheEnds(t *testing.T) {
	a, b := streams(t)
	if n, err := a.Read(nil); n != 0 || err != nil {
		t.Errorf("Read(nil) = %d, %v, want 0, nil", n, err)
	}
	b.Write([]byte("ab"))
	if err := b.Shutdown(unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 8)
	if n, err := a.Read(p); n != 2 || err != nil {
		t.Errorf("Read = %d, %v, want 2, nil", n, err)
	}
	if n, err := a.Read(p); n != 0 || err != io.EOF {
		t.Errorf("Read at the end = %d, %v, want 0, EOF", n, err)
	}
	b.Close()
	if _, err := a.Write(p); err != error(unix.EPIPE) {
		t.Errorf("Write to a closed peer = %v, want %v", err, unix.EPIPE)
	}
	a.Close()
	if _, err := a.Read(nil); err != net.ErrClosed {
		t.Errorf("Read(nil) after Close = %v, want %v", err, net.ErrClosed)
	}
}

func TestFDDeadlines(t *testing.T) {
	a, b := streams(t)
	b.Write([]byte("x"))
	a.SetReadDeadline(time.Unix(1, 0))
	if _, err := a.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
		t.Errorf("Read past the deadline, data waiting = %v, want %v", err, os.ErrDeadlineExceeded)
	}
	if _, err := a.Write([]byte("y")); err != nil {
		t.Errorf("Write past the read deadline = %v, want nil", err)
	}
	a.SetReadDeadline(time.Time{})
	if _, err := a.Read(make([]byte, 1)); err != nil {
		t.Errorf("Read, deadline cleared = %v, want nil", err)
	}
	a.SetDeadline(time.Now().Add(time.Millisecond))
	if _, err := a.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
		t.Errorf("Read until the deadline = %v, want %v", err, os.ErrDeadlineExceeded)
	}
}

func TestFDInitRefused(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, errno := socket.DupCloseOnExec(int(f.Fd()))
	if errno != 0 {
		t.Fatal(errno)
	}
	fd := &FD{Sysfd: s}
	if err := fd.Init(); err != error(unix.EPERM) {
		t.Errorf("Init(regular file) = %v, want %v", err, unix.EPERM)
	}
	if err := fd.SetDeadline(time.Now()); err != os.ErrNoDeadline {
		t.Errorf("SetDeadline outside the poller = %v, want %v", err, os.ErrNoDeadline)
	}
	if err := fd.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
}

func TestFDWritevManyBuffers(t *testing.T) {
	a, b := streams(t)
	var want []byte
	var v [][]byte
	for i := range 3000 {
		p := bytes.Repeat([]byte{byte(i)}, i%700)
		v, want = append(v, p), append(want, p...)
	}
	got := make(chan []byte, 1)
	go func() {
		p := make([]byte, len(want))
		for n := 0; n < len(p); {
			m, err := b.Read(p[n:])
			if err != nil {
				break
			}
			n += m
		}
		got <- p
	}()
	n, err := a.Writev(&v)
	if int(n) != len(want) || err != nil || len(v) != 0 {
		t.Errorf("Writev = %d, %v, %d buffers left, want %d, nil, 0", n, err, len(v), len(want))
	}
	if !bytes.Equal(<-got, want) {
		t.Error("Writev sent other bytes than the buffers'")
	}
}

func TestFDMovesWithoutCopying(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 30000)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(data)
	f.Seek(0, io.SeekStart)

	a, b := streams(t)
	c, d := streams(t)
	go func() {
		n, handled, err := SendFile(a, int(f.Fd()), 0)
		if n != int64(len(data)) || !handled || err != nil {
			t.Errorf("SendFile = %d, %t, %v, want %d, true, nil", n, handled, err, len(data))
		}
		a.Shutdown(unix.SHUT_WR)
	}()
	go func() {
		n, handled, err := Splice(c, b, 1<<40)
		if n != int64(len(data)) || !handled || err != nil {
			t.Errorf("Splice = %d, %t, %v, want %d, true, nil", n, handled, err, len(data))
		}
		c.Shutdown(unix.SHUT_WR)
	}()
	var got []byte
	p := make([]byte, 64<<10)
	for {
		n, err := d.Read(p)
		got = append(got, p[:n]...)
		if err != nil {
			break
		}
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes arrived, want the %d that were sent", len(got), len(data))
	}
}

func TestFDReadAndWriteAllocateNothing(t *testing.T) {
	a, b := streams(t)
	p := make([]byte, 64)
	if n := testing.AllocsPerRun(1000, func() { a.Write(p); b.Read(p) }); n != 0 {
		t.Errorf("Write and Read allocate %v times, want 0", n)
	}
}

func TestFdMutexCountsAndRefuses(t *testing.T) {
	var mu fdMutex
	if !mu.incref() || !mu.rwlock(true) || !mu.rwlock(false) {
		t.Fatal("an open fdMutex refused a reference or a lock")
	}
	if !mu.increfAndClose() || mu.increfAndClose() {
		t.Error("increfAndClose did not say once who closed")
	}
	if mu.incref() || mu.rwlock(true) {
		t.Error("a closed fdMutex gave a reference or a lock")
	}
	for i, left := range []func() bool{
		mu.decref, func() bool { return mu.rwunlock(true) }, func() bool { return mu.rwunlock(false) }, mu.decref,
	} {
		if got, want := left(), i == 3; got != want {
			t.Errorf("leaving %d = last %t, want %t", i, got, want)
		}
	}
}

func TestFDUseWhileOthersCloseAndOpen(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				a, b := streams(t)
				var in sync.WaitGroup
				in.Go(func() { a.Read(make([]byte, 10)) })
				in.Go(func() { a.Write(make([]byte, 10)) })
				in.Go(func() { a.SetDeadline(time.Now().Add(time.Hour)) })
				in.Go(func() { a.Close() })
				b.Write([]byte("z"))
				in.Wait()
				b.Close()
			}
		})
	}
	wg.Wait()
}
