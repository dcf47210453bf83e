//go:build linux

package poll

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// A read of nothing waits for the lock only, and fails only when closed: not at
// the end, and not by a deadline.
func TestFDReadNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(fd, peer *FD)
		want  error
	}{
		{"nothing there", func(fd, peer *FD) {}, nil},
		{"data there", func(fd, peer *FD) { send(t, peer, "data") }, nil},
		{"at the end", func(fd, peer *FD) { peer.Shutdown(unix.SHUT_WR) }, nil},
		{"deadline passed", func(fd, peer *FD) { fd.SetDeadline(time.Unix(1, 0)) }, nil},
		{"closed", func(fd, peer *FD) { fd.Close() }, net.ErrClosed},
		{"deadline passed and closed", func(fd, peer *FD) { fd.SetDeadline(time.Unix(1, 0)); fd.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, peer := unixPair(t)
			tt.setup(fd, peer)
			for _, p := range [][]byte{nil, {}, make([]byte, 0, 8)} {
				within(t, "Read", func() {
					n, err := fd.Read(p)
					wantCount(t, "Read", n, 0, err, tt.want)
				})
			}
		})
	}
	t.Run("while another reads", func(t *testing.T) {
		fd, peer := unixPair(t)
		first := start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) }).parked()
		nothing := start(t, "Read(nil)", func() error { return second(fd.Read(nil)) }).queued()
		send(t, peer, "data")
		first.want(nil)
		nothing.want(nil)
	})
}

func TestFDReadAtTheEnd(t *testing.T) {
	ended := func(t *testing.T) *FD {
		fd, peer := unixPair(t)
		send(t, peer, "last")
		peer.Close()
		return fd
	}
	var sa socket.Sockaddr
	p := make([]byte, 8)
	for _, tt := range []struct {
		name string
		read func(fd *FD) (int, error)
	}{
		{"Read", func(fd *FD) (int, error) { return fd.Read(p) }},
		{"ReadFrom", func(fd *FD) (int, error) { return fd.ReadFrom(p, &sa) }},
		{"ReadMsg", func(fd *FD) (int, error) { n, _, _, err := fd.ReadMsg(p, nil, 0, &sa); return n, err }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := ended(t)
			n, err := tt.read(fd)
			wantCount(t, tt.name, n, 4, err, nil)
			for range 2 {
				n, err := tt.read(fd)
				wantCount(t, tt.name+" at the end", n, 0, err, io.EOF)
			}
		})
		t.Run(tt.name+" of an empty datagram", func(t *testing.T) {
			fd, peer := datagramPair(t)
			if _, err := peer.WriteTo(nil, nil); err != nil {
				t.Fatal(err)
			}
			n, err := tt.read(fd)
			wantCount(t, tt.name, n, 0, err, nil)
		})
	}
}

func TestFDReadReturnsWhatIsThere(t *testing.T) {
	fd, peer := unixPair(t)
	send(t, peer, "abcdef")
	p := make([]byte, 4)
	for _, want := range []string{"abcd", "ef"} {
		if n, err := fd.Read(p); string(p[:n]) != want || err != nil {
			t.Errorf("Read = %q, %v, want %q, nil", p[:n], err, want)
		}
	}
	n := 0
	c := start(t, "Read", func() (err error) { n, err = fd.Read(p); return err }).parked()
	send(t, peer, "g")
	c.want(nil)
	if string(p[:n]) != "g" {
		t.Errorf("Read = %q, want %q", p[:n], "g")
	}
}

func TestFDReadReset(t *testing.T) {
	client, server := tcpPair(t)
	c := start(t, "Read", func() error { return second(client.Read(make([]byte, 8))) }).parked()
	server.SetsockoptLinger(true, 0)
	server.Close()
	c.want(unix.ECONNRESET)
	n, err := client.Write([]byte("x"))
	wantCount(t, "Write after a reset", n, 0, err, unix.EPIPE)
}

// One read at a time has the descriptor: whoever came later waits for the lock.
func TestFDReadsInLine(t *testing.T) {
	fd, peer := unixPair(t)
	got := make(chan string, 3)
	read := func() error {
		p := make([]byte, 8)
		n, err := fd.Read(p)
		got <- string(p[:n])
		return err
	}
	first := start(t, "Read", read).parked()
	next := start(t, "Read", read).queued()
	for i, want := range []string{"one", "two"} {
		send(t, peer, want)
		first.want(nil)
		if s := <-got; s != want {
			t.Errorf("Read %d = %q, want %q", i, s, want)
		}
		first = next.parked() // now it has the lock
		next = start(t, "Read", read).queued()
	}
	fd.Close()
	first.want(net.ErrClosed)
	next.want(net.ErrClosed)
}

// Reads and writes do not wait for each other.
func TestFDReadAndWriteTogether(t *testing.T) {
	fd, peer := unixPair(t)
	fillUp(t, fd)
	reading := start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) }).parked()
	writing := start(t, "Write", func() error { return second(fd.Write([]byte("x"))) }).parked()
	send(t, peer, "data")
	reading.want(nil)
	writing.parked()
	drain(t, peer)
	writing.want(nil)
}

func TestFDWriteNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(fd, peer *FD)
		want  error
	}{
		{"room", func(fd, peer *FD) {}, nil},
		{"no room", func(fd, peer *FD) { fillUp(t, fd) }, nil},
		{"deadline passed", func(fd, peer *FD) { fd.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"closed", func(fd, peer *FD) { fd.Close() }, net.ErrClosed},
		{"closed peer", func(fd, peer *FD) { peer.Close() }, unix.EPIPE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, peer := unixPair(t)
			tt.setup(fd, peer)
			for _, p := range [][]byte{nil, {}} {
				within(t, "Write", func() {
					n, err := fd.Write(p)
					wantCount(t, "Write", n, 0, err, tt.want)
				})
			}
		})
	}
}

// If there is no room for an empty datagram, Write fails at once: it has
// written all of nothing, so it does not wait, as in net.
func TestFDWriteOfEmptyDatagramWithoutRoom(t *testing.T) {
	a, b := rawPair(t, unix.SOCK_DGRAM)
	defer socket.Close(b)
	dup, _, errno := socket.DupCloseOnExec(a)
	noErrno(t, "DupCloseOnExec", errno)
	f := os.NewFile(uintptr(dup), "")
	conn, err := net.FileConn(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fd := newFD(t, a, false)
	fillUp(t, fd)
	conn.SetDeadline(time.Now().Add(patience))
	_, err = conn.Write(nil)
	var want error = err.(*net.OpError).Err.(*os.SyscallError).Err
	fd.SetDeadline(time.Now().Add(100 * time.Millisecond))
	n, err := fd.Write(nil)
	wantCount(t, "Write(nil)", n, 0, err, want)
}

func TestFDWriteWritesAll(t *testing.T) {
	for _, tt := range []struct {
		name string
		pair func(testing.TB) (*FD, *FD)
	}{{"TCP", tcpPair}, {"Unix", unixPair}} {
		for _, size := range []int{1, 16 << 10, 16<<10 + 1, 64<<10 + 1, 8<<20 + 3} {
			t.Run(fmt.Sprintf("%s %d", tt.name, size), func(t *testing.T) {
				fd, peer := tt.pair(t)
				want := pattern(size)
				data := readAll(t, peer)
				n := 0
				start(t, "Write", func() (err error) { n, err = fd.Write(want); return err }).want(nil)
				if n != size {
					t.Errorf("Write(%d bytes) = %d, want all", size, n)
				}
				fd.Shutdown(unix.SHUT_WR)
				if got := data(); !bytes.Equal(got, want) {
					t.Errorf("Read returned bytes other than the %d that Write sent", size)
				}
			})
		}
	}
}

// Two writes do not mix: the bytes of the first stay together.
func TestFDWritesDoNotMix(t *testing.T) {
	fd, peer := unixPair(t)
	const n, size = 4, 1 << 20
	data := readAll(t, peer)
	var writes []*call
	for i := range n {
		writes = append(writes, start(t, "Write", func() error {
			return second(fd.Write(bytes.Repeat([]byte{byte(i)}, size)))
		}))
	}
	for _, w := range writes {
		w.want(nil)
	}
	fd.Shutdown(unix.SHUT_WR)
	got := data()
	for i := range n {
		if part := got[i*size : (i+1)*size]; !bytes.Equal(part, bytes.Repeat(part[:1], size)) {
			t.Errorf("bytes %d to %d come from several writes, want one", i*size, (i+1)*size)
		}
	}
}

func TestFDWriteToClosedPeer(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		fd, peer := unixPair(t)
		peer.Close()
		n, err := fd.Write([]byte("x"))
		wantCount(t, "Write", n, 0, err, unix.EPIPE)
	})
	t.Run("while it waits", func(t *testing.T) {
		fd, peer := unixPair(t)
		n := 0
		c := start(t, "Write", func() (err error) { n, err = fd.Write(pattern(8 << 20)); return err }).parked()
		there := 0
		for there == 0 { // leave data unread, and what was written is still counted
			m, err := peer.Read(make([]byte, 1))
			wantErr(t, "Read", err, nil)
			there += m
		}
		c.parked()
		peer.Close()
		c.want(unix.EPIPE)
		if n == 0 || n >= 8<<20 {
			t.Errorf("Write = %d, want a part of %d", n, 8<<20)
		}
	})
}

func TestFDWritePartUntilDeadline(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(fd *FD, p []byte) (int, error)
	}{
		{"Write", (*FD).Write},
		{"Writev", func(fd *FD, p []byte) (int, error) {
			v := [][]byte{p[:10], p[10 : len(p)/2], p[len(p)/2:]}
			n, err := fd.Writev(&v)
			left := 0
			for _, p := range v {
				left += len(p)
			}
			if int(n)+left != len(p) {
				t.Errorf("Writev = %d and leaves %d bytes, want %d together", n, left, len(p))
			}
			return int(n), err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, peer := unixPair(t)
			want := pattern(8 << 20)
			fd.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			n, err := tt.write(fd, want)
			if n <= 0 || n >= len(want) || err != os.ErrDeadlineExceeded {
				t.Fatalf("%s(%d bytes) = %d, %v, want a part, %v", tt.name, len(want), n, err, os.ErrDeadlineExceeded)
			}
			// The peer gets these bytes, and the rest can follow.
			fd.SetWriteDeadline(time.Time{})
			data := readAll(t, peer)
			if m, err := tt.write(fd, want[n:]); m != len(want)-n || err != nil {
				t.Fatalf("%s of the rest = %d, %v, want %d, nil", tt.name, m, err, len(want)-n)
			}
			fd.Shutdown(unix.SHUT_WR)
			if !bytes.Equal(data(), want) {
				t.Error("Read returned other bytes than were written")
			}
		})
	}
}

func TestFDReadFromWriteTo(t *testing.T) {
	a, atA := udp(t)
	b, atB := udp(t)
	p := make([]byte, 16)
	for _, msg := range []string{"hello", "", "more than there is room for"} {
		n, err := a.WriteTo([]byte(msg), atB)
		wantCount(t, "WriteTo", n, len(msg), err, nil)
		var sa socket.Sockaddr
		m, err := b.ReadFrom(p, &sa)
		wantCount(t, "ReadFrom", m, min(len(msg), len(p)), err, nil)
		if string(p[:m]) != msg[:m] || sa.Inet() != atA.Inet() {
			t.Errorf("ReadFrom = %q from %v, want %q from %v", p[:m], sa.Inet(), msg[:m], atA.Inet())
		}
	}
	n := 0
	var sa socket.Sockaddr
	c := start(t, "ReadFrom", func() (err error) { n, err = a.ReadFrom(p, &sa); return err }).parked()
	b.WriteTo([]byte("late"), atA)
	c.want(nil)
	if n != 4 || sa.Inet() != atB.Inet() {
		t.Errorf("ReadFrom = %d from %v, want 4 from %v", n, sa.Inet(), atB.Inet())
	}
	for _, tt := range []struct {
		name string
		p    []byte
		sa   func() *socket.Sockaddr
		want error
	}{
		{"too large", make([]byte, 1<<17), func() *socket.Sockaddr { return atB }, unix.EMSGSIZE},
		{"no address", nil, func() *socket.Sockaddr { return nil }, unix.EDESTADDRREQ},
		{"port out of range", nil, func() *socket.Sockaddr { return loopback(1 << 16) }, unix.EINVAL},
	} {
		n, err := a.WriteTo(tt.p, tt.sa())
		wantCount(t, "WriteTo "+tt.name, n, 0, err, tt.want)
		n, oobn, err := a.WriteMsg(tt.p, nil, tt.sa())
		wantCount(t, "WriteMsg "+tt.name, n|oobn, 0, err, tt.want)
	}
}

func TestFDReadMsgWriteMsg(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pair  func(testing.TB) (*FD, *FD)
		alone int // bytes of data that come with control messages alone
	}{{"stream", unixPair, 1}, {"datagram", datagramPair, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := tt.pair(t)
			rights := unix.UnixRights(a.Sysfd)
			p, oob := make([]byte, 16), make([]byte, 64)
			var sa socket.Sockaddr
			var n, oobn, flags int
			c := start(t, "ReadMsg", func() (err error) {
				n, oobn, flags, err = b.ReadMsg(p, oob, unix.MSG_CMSG_CLOEXEC, &sa)
				return err
			}).parked()
			sent, oobSent, err := a.WriteMsg([]byte("data"), rights, nil)
			if sent != 4 || oobSent != len(rights) || err != nil {
				t.Errorf("WriteMsg = %d, %d, %v, want 4, %d, nil", sent, oobSent, err, len(rights))
			}
			c.want(nil)
			if string(p[:n]) != "data" || oobn != len(rights) || flags != unix.MSG_CMSG_CLOEXEC {
				t.Errorf("ReadMsg = %q, %d, %#x, want %q, %d, %#x", p[:n], oobn, flags, "data", len(rights), unix.MSG_CMSG_CLOEXEC)
			}
			closeRights(t, oob[:oobn])

			sent, oobSent, err = a.WriteMsg(nil, rights, nil)
			if sent != 0 || oobSent != len(rights) || err != nil {
				t.Errorf("WriteMsg of control messages = %d, %d, %v, want 0, %d, nil", sent, oobSent, err, len(rights))
			}
			n, oobn, _, err = b.ReadMsg(nil, oob, unix.MSG_CMSG_CLOEXEC, &sa)
			if n != tt.alone || oobn != len(rights) || err != nil {
				t.Errorf("ReadMsg of control messages = %d, %d, %v, want %d, %d, nil", n, oobn, err, tt.alone, len(rights))
			}
			closeRights(t, oob[:oobn])

			// The last result of the system call stands beside the error.
			b.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			n, oobn, flags, err = b.ReadMsg(p, oob, 0, &sa)
			if n != -1 || oobn != 0 || flags != 0 || err != os.ErrDeadlineExceeded {
				t.Errorf("ReadMsg until the deadline = %d, %d, %d, %v, want -1, 0, 0, %v", n, oobn, flags, err, os.ErrDeadlineExceeded)
			}
			n, _, _, err = b.ReadMsg(p, oob, 0, &sa)
			wantCount(t, "ReadMsg after the deadline", n, 0, err, os.ErrDeadlineExceeded)
		})
	}
}

// closeRights closes the descriptors in control messages.
func closeRights(t testing.TB, oob []byte) {
	t.Helper()
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(msgs) != 1 {
		t.Fatalf("control messages = %v, %v, want one", msgs, err)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		t.Fatalf("descriptors = %v, %v, want one", fds, err)
	}
	socket.Close(fds[0])
}

// Nothing that a connection does for each message allocates.
func TestFDAllocatesNothing(t *testing.T) {
	a, b := unixPair(t)
	u, atU := udp(t)
	v, atV := udp(t)
	x, y := datagramPair(t)
	ln, at := listener(t)
	file := openFile(t, pattern(100))
	p, q := make([]byte, 100), make([]byte, 200)
	large := make([]byte, 64<<10+1)
	oob := make([]byte, 64)
	buffers := make([][]byte, 2)
	var sa socket.Sockaddr
	deadline := time.Now().Add(time.Hour)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(fd *FD, n int, into []byte) {
		for n > 0 {
			m, err := fd.Read(into)
			check(err)
			n -= m
		}
	}
	for _, tt := range []struct {
		name string
		do   func()
	}{
		{"Write, Read", func() { _, err := a.Write(p); check(err); read(b, len(p), q) }},
		{"Write, Read of 64 KiB", func() { _, err := a.Write(large); check(err); read(b, len(large), large) }},
		{"Read to the deadline", func() {
			b.SetReadDeadline(time.Unix(1, 0))
			if _, err := b.Read(q); err != os.ErrDeadlineExceeded {
				check(err)
			}
			b.SetReadDeadline(time.Time{})
		}},
		{"SetDeadline", func() {
			check(a.SetDeadline(deadline))
			check(a.SetReadDeadline(time.Time{}))
			check(a.SetDeadline(time.Time{}))
		}},
		{"WriteTo, ReadFrom", func() {
			_, err := u.WriteTo(p, atV)
			check(err)
			_, err = v.ReadFrom(q, &sa)
			check(err)
		}},
		{"WriteMsg, ReadMsg", func() {
			_, _, err := v.WriteMsg(p, nil, atU)
			check(err)
			_, _, _, err = u.ReadMsg(q, oob, 0, &sa)
			check(err)
		}},
		{"WriteMsg, ReadMsg without address", func() {
			_, _, err := x.WriteMsg(p, nil, nil)
			check(err)
			_, _, _, err = y.ReadMsg(q, nil, 0, &sa)
			check(err)
		}},
		{"Writev", func() {
			buffers := buffers
			buffers[0], buffers[1] = p[:50], p[50:]
			_, err := a.Writev(&buffers)
			check(err)
			read(b, len(p), q)
		}},
		{"SendFile", func() {
			_, err := unix.Seek(int(file.Fd()), 0, io.SeekStart)
			check(err)
			_, _, err = SendFile(a, int(file.Fd()), 100)
			check(err)
			read(b, 100, q)
		}},
		{"Accept", func() {
			s, errno := socket.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			check(asError(errno))
			if errno := socket.Connect(s, at); errno != unix.EINPROGRESS {
				check(asError(errno))
			}
			c, err := ln.Accept(&sa)
			check(err)
			socket.Close(c)
			socket.Close(s)
		}},
		{"Getsockname, options", func() {
			check(a.Getsockname(&sa))
			check(a.SetsockoptInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1))
			_, err := a.GetsockoptInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE)
			check(err)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, tt.do); n != 0 {
				t.Errorf("allocations of %s = %v, want 0", tt.name, n)
			}
		})
	}

	// The same where the reader has to park.
	t.Run("Read that waits", func(t *testing.T) {
		got := make(chan bool)
		c := start(t, "Read", func() error {
			for p := make([]byte, 8); ; {
				if n, err := b.Read(p); n != 1 || err != nil {
					return err
				}
				got <- true
			}
		})
		n := testing.AllocsPerRun(200, func() {
			runtime.Gosched()
			_, err := a.Write(p[:1])
			check(err)
			<-got
		})
		if n != 0 {
			t.Errorf("allocations of a Read that waits = %v, want 0", n)
		}
		a.Close()
		c.want(io.EOF)
	})
}

func asError(errno socket.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
