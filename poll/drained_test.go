//go:build linux

package poll

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// spares lets fd, a TCP stream, wait so often that its Read no longer looks before it waits,
// and leaves it with a Read that took all there was.
func spares(t testing.TB, fd, peer *FD) {
	t.Helper()
	if firstNeed() == 0 {
		t.Skip(spareEnv + "=" + os.Getenv(spareEnv))
	}
	askFor(t, fd, peer, lookNever)
}

func askFor(t testing.TB, fd, peer *FD, want lookBefore) {
	t.Helper()
	p := make([]byte, 8)
	for range 100 * spareAfter {
		r := start(t, "Read", func() error { return second(fd.Read(p)) }).parked()
		send(t, peer, "x")
		r.want(nil)
		if fd.drained.look == want && fd.drained.empty {
			return
		}
	}
	t.Fatalf("after so many waits Read looks: %d, want %d", fd.drained.look, want)
}

// sparingPair returns a TCP connection whose server side no longer looks.
func sparingPair(t testing.TB) (fd, peer *FD) {
	client, server := tcpPair(t)
	spares(t, server, client)
	return server, client
}

// read wants a Read of what, and returns its error.
func wantRead(t testing.TB, fd *FD, want string, wantErr error) {
	t.Helper()
	within(t, "Read", func() {
		p := make([]byte, 64)
		n, err := fd.Read(p)
		if string(p[:n]) != want || err != wantErr {
			t.Errorf("Read = %q, %v, want %q, %v", p[:n], err, want, wantErr)
		}
	})
}

// withoutTheSweep fails the test if the sweep had to find what f reads: there would be
// another guard then.
func withoutTheSweep(t *testing.T, f func()) {
	t.Helper()
	before := runtimehooks.Stats().SweepFinds
	f()
	if n := runtimehooks.Stats().SweepFinds - before; n != 0 {
		t.Errorf("the sweep found %d readers that should have looked", n)
	}
}

// waiting returns how many bytes a read would find.
func waiting(fd *FD) int {
	n, _, err := unix.Recvfrom(fd.Sysfd, make([]byte, 64), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != nil {
		return 0
	}
	return n
}

// hold makes the kernel keep what peer sends until it sends the end, so that all of it
// comes at once.
func hold(t testing.TB, peer *FD, p string) {
	t.Helper()
	if err := unix.Sendto(peer.Sysfd, []byte(p), unix.MSG_MORE, nil); err != nil {
		t.Fatalf("sendto(MSG_MORE) = %v, want nil", err)
	}
}

func TestReadDataAndEndInOneEvent(t *testing.T) {
	for range rounds(30) {
		fd, peer := sparingPair(t)
		first := start(t, "Read", func() error { return second(fd.Read(make([]byte, 64))) }).parked()
		hold(t, peer, "last words")
		peer.Shutdown(unix.SHUT_WR)
		first.want(nil)
		withoutTheSweep(t, func() {
			wantRead(t, fd, "", io.EOF)
			wantRead(t, fd, "", io.EOF)
		})
		fd.Close()
		peer.Close()
	}
}

func TestReadDataAndResetInOneEvent(t *testing.T) {
	for range rounds(30) {
		fd, peer := sparingPair(t)
		first := start(t, "Read", func() error { return second(fd.Read(make([]byte, 64))) }).parked()
		send(t, peer, "last words")
		socket.SetsockoptLinger(peer.Sysfd, true, 0)
		peer.Close()
		first.waited()
		within(t, "Read", func() {
			p := make([]byte, 64)
			for range 2 {
				if n, err := fd.Read(p); err == nil && n > 0 {
					continue
				} else if err != error(unix.ECONNRESET) && err != io.EOF {
					t.Errorf("Read = %d, %v, want %v", n, err, unix.ECONNRESET)
				}
				return
			}
		})
		fd.Close()
	}
}

// wantAfterMark is wantRead at an urgent mark. There the kernel says EAGAIN if a signal is
// pending, such as the runtime's for preemption, whatever there is to read (Linux 6.18,
// tcp_recvmsg_locked). A reader that looked, as net's does, then waits in vain until more
// comes; one that has not looked must not wait for that.
func wantAfterMark(t *testing.T, fd, peer *FD, want string) {
	t.Helper()
	p := make([]byte, 64)
	n := 0
	r := start(t, "Read", func() (err error) { n, err = fd.Read(p); return err })
	for limit := time.Now().Add(patience / 2); len(r.err) == 0 && time.Now().Before(limit); {
		time.Sleep(time.Millisecond)
	}
	if stack := r.stack(); len(r.err) == 0 && !strings.Contains(stack, "awaitMore") {
		send(t, peer, "!")
		want += "!"
	}
	r.want(nil)
	if string(p[:n]) != want {
		t.Errorf("Read = %q, want %q", p[:n], want)
	}
}

// A read stops short of the urgent mark, although there is more.
func TestReadStopsAtUrgentMark(t *testing.T) {
	for range 3 {
		fd, peer := sparingPair(t)
		send(t, peer, "before")
		if err := unix.Sendto(peer.Sysfd, []byte("u"), unix.MSG_OOB, nil); err != nil {
			t.Fatal(err)
		}
		send(t, peer, "after")
		eventually(t, "all of it is there", func() bool {
			return waiting(fd) >= len("before")
		})
		time.Sleep(time.Millisecond)
		wantRead(t, fd, "before", nil)
		wantAfterMark(t, fd, peer, "after")
		send(t, peer, "more")
		wantRead(t, fd, "more", nil)
		peer.Shutdown(unix.SHUT_WR)
		wantRead(t, fd, "", io.EOF)
	}
}

// With a low-water mark the kernel tells of more than there is to read.
func TestReadLooksBelowTheLowWaterMark(t *testing.T) {
	mark := func(s int) {
		if errno := socket.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVLOWAT, 100); errno != 0 {
			t.Fatal(errno)
		}
	}
	t.Run("inherited", func(t *testing.T) {
		client, server := tcpPair(t)
		mark(server.Sysfd) // as if the listener had had it
		for range 2 * spareAfter {
			r := start(t, "Read", func() error { return second(server.Read(make([]byte, 200))) }).parked()
			send(t, client, string(make([]byte, 100)))
			r.want(nil)
		}
		send(t, client, "few")
		eventually(t, "it is there", func() bool {
			return waiting(server) == len("few")
		})
		wantRead(t, server, "few", nil)
	})
	t.Run("set by the program", func(t *testing.T) {
		fd, peer := sparingPair(t)
		if err := fd.RawControl(func(s uintptr) { mark(int(s)) }); err != nil {
			t.Fatal(err)
		}
		send(t, peer, "few")
		eventually(t, "it is there", func() bool {
			return waiting(fd) == len("few")
		})
		wantRead(t, fd, "few", nil)
	})
}

// Whoever reads in between takes the notification of what the others have not read.
func TestReadAfterOthersRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other func(fd *FD)
	}{
		{"ReadMsg", func(fd *FD) { fd.ReadMsg(make([]byte, 1), nil, 0, new(socket.Sockaddr)) }},
		{"ReadFrom", func(fd *FD) { fd.ReadFrom(make([]byte, 1), new(socket.Sockaddr)) }},
		{"full Read", func(fd *FD) { fd.Read(make([]byte, 1)) }},
		{"RawRead", func(fd *FD) { fd.RawRead(func(uintptr) bool { return true }) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, peer := sparingPair(t)
			send(t, peer, "xy")
			eventually(t, "it is there", func() bool {
				return waiting(fd) == 2
			})
			time.Sleep(5 * time.Millisecond) // the poller has taken the event
			tt.other(fd)
			want := "y"
			if tt.name == "RawRead" {
				want = "xy"
			}
			withoutTheSweep(t, func() { wantRead(t, fd, want, nil) })
		})
	}
}

// A Read that ends by its deadline has taken nothing, and the next one waits well.
func TestReadWithoutALookAndDeadlines(t *testing.T) {
	fd, peer := sparingPair(t)
	for range rounds(100) {
		r := start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) }).parked()
		fd.SetReadDeadline(time.Unix(1, 0))
		r.want(os.ErrDeadlineExceeded)
		wantRead(t, fd, "", os.ErrDeadlineExceeded)
		send(t, peer, "x") // comes while nobody may read
		fd.SetReadDeadline(time.Time{})
		wantRead(t, fd, "x", nil)
	}
	r := start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) }).parked()
	fd.Close()
	r.want(net.ErrClosed)
}

// mptcpPair returns the ends of a connection that speaks MPTCP.
func mptcpPair(t testing.TB) (client, server *FD) {
	t.Helper()
	s, errno := socket.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	if errno != 0 {
		t.Skipf("MPTCP: %v", errno)
	}
	noErrno(t, "Bind", socket.Bind(s, loopback(0)))
	noErrno(t, "Listen", socket.Listen(s, 128))
	ln, at := newFD(t, s, true), localAddr(t, s)
	c, errno := socket.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	noErrno(t, "Socket", errno)
	if errno := socket.Connect(c, at); errno != 0 && errno != unix.EINPROGRESS {
		t.Fatalf("Connect = %v, want EINPROGRESS", errno)
	}
	client = newFD(t, c, true)
	return client, accept(t, ln)
}

// What is not a plain TCP stream, or has been seen by others, is never trusted.
func TestReadOfOthersLooks(t *testing.T) {
	t.Run("unix stream", func(t *testing.T) {
		fd, peer := unixPair(t)
		askFor(t, fd, peer, lookAlways)
	})
	t.Run("duplicated", func(t *testing.T) {
		client, server := tcpPair(t)
		dup, _, err := server.Dup()
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close(dup)
		askFor(t, server, client, lookAlways)
	})
	t.Run("MPTCP", func(t *testing.T) {
		client, server := mptcpPair(t)
		askFor(t, server, client, lookAlways)
	})
}
