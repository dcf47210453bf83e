//go:build linux

package socket

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A received is what one receive returned.
type received struct {
	n, oobn, flags int
	errno          Errno
	data           string
	rights         int // descriptors that came along
}

func (r received) String() string {
	return fmt.Sprintf("n=%d oobn=%d flags=%#x %s data=%q descriptors=%d", r.n, r.oobn, r.flags, name(r.errno), r.data, r.rights)
}

// A msgCalls is one implementation of the two calls.
type msgCalls struct {
	name string
	send func(fd int, p, oob []byte) (int, Errno)
	recv func(fd int, p, oob []byte, flags int) (n, oobn, recvflags int, errno Errno)
}

// The tests compare ours and theirs throughout.
var (
	ours = msgCalls{
		"socket",
		func(fd int, p, oob []byte) (int, Errno) { return Sendmsg(fd, p, oob, 0, nil) },
		func(fd int, p, oob []byte, flags int) (n, oobn, recvflags int, errno Errno) {
			var sa Sockaddr
			return Recvmsg(fd, p, oob, flags, &sa)
		},
	}
	theirs = msgCalls{
		"syscall",
		func(fd int, p, oob []byte) (int, Errno) {
			n, err := syscall.SendmsgN(fd, p, oob, nil, 0)
			return n, cmpErrno(err, 0)
		},
		func(fd int, p, oob []byte, flags int) (n, oobn, recvflags int, errno Errno) {
			n, oobn, recvflags, _, err := syscall.Recvmsg(fd, p, oob, flags)
			return n, oobn, recvflags, cmpErrno(err, 0)
		},
	}
)

// receive receives once and closes the descriptors that come along.
func (c msgCalls) receive(t testing.TB, fd, room, oobRoom, flags int) received {
	t.Helper()
	p, oob := make([]byte, room), make([]byte, oobRoom)
	var r received
	r.n, r.oobn, r.flags, r.errno = c.recv(fd, p, oob, flags|unix.MSG_CMSG_CLOEXEC)
	if r.errno != 0 {
		return r
	}
	r.data = string(p[:min(max(r.n, 0), len(p))])
	for _, fd := range rightsIn(oob[:r.oobn]) {
		wantFlags(t, fd, unix.O_RDWR|unix.O_NONBLOCK)
		Close(fd)
		r.rights++
	}
	return r
}

// rightsIn returns the descriptors in control messages.
func rightsIn(oob []byte) (fds []int) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range msgs {
		if got, err := unix.ParseUnixRights(&msgs[i]); err == nil {
			fds = append(fds, got...)
		}
	}
	return fds
}

// This package and package syscall both send and receive each case.
func TestMessagesAsSyscall(t *testing.T) {
	sent, _ := pair(t, unix.SOCK_STREAM)
	rights := func(n int) []byte { return unix.UnixRights(slices.Repeat([]int{sent}, n)...) }
	space := unix.CmsgSpace(4)

	for _, sotype := range []struct {
		name string
		typ  int
	}{{"stream", unix.SOCK_STREAM}, {"datagram", unix.SOCK_DGRAM}, {"packets", unix.SOCK_SEQPACKET}} {
		dummy := 1 // bytes of data that control messages alone bring along
		if sotype.typ == unix.SOCK_DGRAM {
			dummy = 0
		}
		cut := 0 // the flag of a message that was longer than there was room
		if sotype.typ != unix.SOCK_STREAM {
			cut = unix.MSG_TRUNC
		}
		// A receive of control messages alone takes the dummy byte, and drops it.
		alone := func(want received) received {
			if dummy == 1 {
				want.n = 1
			}
			return want
		}
		for _, tt := range []struct {
			name          string
			data          string
			oob           []byte
			room, oobRoom int
			flags         int
			sent          int
			want          received
		}{
			{"data", "abc", nil, 8, 0, 0, 3, received{n: 3, data: "abc"}},
			{"data, room for control messages", "abc", nil, 8, 64, 0, 3, received{n: 3, data: "abc"}},
			{"data cut off", "abcdef", nil, 4, 0, 0, 6, received{n: 4, data: "abcd", flags: cut}},
			{"data peeked at", "abc", nil, 8, 0, unix.MSG_PEEK, 3, received{n: 3, data: "abc"}},
			{"a descriptor with data", "abc", rights(1), 8, space, 0, 3, received{n: 3, data: "abc", oobn: space, rights: 1}},
			{"three descriptors", "abc", rights(3), 8, 64, 0, 3, received{n: 3, data: "abc", oobn: unix.CmsgSpace(12), rights: 3}},
			{"a descriptor, no room", "abc", rights(1), 8, 0, 0, 3, received{n: 3, data: "abc", flags: unix.MSG_CTRUNC}},
			{"four descriptors, room for one", "abc", rights(4), 8, unix.CmsgLen(4), 0, 3,
				received{n: 3, data: "abc", oobn: unix.CmsgLen(4), rights: 1, flags: unix.MSG_CTRUNC}},
			{"a descriptor alone", "", rights(1), 0, space, 0, 0, alone(received{oobn: space, rights: 1})},
			{"a descriptor alone, room for data", "", rights(1), 8, space, 0, 0,
				received{n: dummy, data: "\x00"[:dummy], oobn: space, rights: 1}},
			{"data, room for control messages alone", "a", nil, 0, 64, 0, 1, func() received {
				if dummy == 1 {
					return received{n: 1}
				}
				return received{flags: unix.MSG_TRUNC}
			}()},
		} {
			t.Run(sotype.name+" "+tt.name, func(t *testing.T) {
				for _, calls := range []msgCalls{ours, theirs} {
					a, b := pair(t, sotype.typ)
					if n, errno := calls.send(a, []byte(tt.data), tt.oob); n != tt.sent || errno != 0 {
						t.Fatalf("%s: send(%q, %d bytes) = %d, %v, want %d", calls.name, tt.data, len(tt.oob), n, errno, tt.sent)
					}
					want := tt.want
					want.flags |= unix.MSG_CMSG_CLOEXEC
					if got := calls.receive(t, b, tt.room, tt.oobRoom, tt.flags); got != want {
						t.Errorf("%s: receive(%d, %d) = %v, want %v", calls.name, tt.room, tt.oobRoom, got, want)
					}
				}
			})
		}
	}
}

// With MSG_TRUNC the kernel returns the whole length of a datagram, beyond the
// buffer's.
func TestRecvWithMsgTruncReturnsTheWholeLength(t *testing.T) {
	a, b := pair(t, unix.SOCK_DGRAM)
	want := received{n: 6, data: "abcd", flags: unix.MSG_TRUNC | unix.MSG_CMSG_CLOEXEC}
	for _, calls := range []msgCalls{ours, theirs} {
		noErrno(t, "Sendto", Sendto(a, []byte("abcdef"), 0, nil))
		if got := calls.receive(t, b, 4, 0, unix.MSG_TRUNC); got != want {
			t.Errorf("%s: receive = %v, want %v", calls.name, got, want)
		}
	}
	noErrno(t, "Sendto", Sendto(a, []byte("abcdef"), 0, nil))
	var sa Sockaddr
	if n, errno := Recvfrom(b, make([]byte, 4), unix.MSG_TRUNC, &sa); n != 6 || errno != 0 {
		t.Errorf("Recvfrom = %d, %v, want 6", n, errno)
	}
}

func TestMessageErrnoAsSyscall(t *testing.T) {
	empty, _ := pair(t, unix.SOCK_STREAM)
	full, _ := pair(t, unix.SOCK_STREAM)
	fill(t, full)
	gone, peer, errno := socketpair()
	noErrno(t, "socketpair", errno)
	closeAfter(t, gone)
	Close(peer)
	r, w := pipe(t)
	badRights := unix.UnixRights(1 << 20)
	for _, tt := range []struct {
		name    string
		fd      int
		data    string
		oob     []byte
		oobRoom int
		send    Errno
		recv    Errno
		recvN   int
	}{
		{"closed", -1, "x", nil, 0, unix.EBADF, unix.EBADF, -1},
		// Here getsockopt fails, before the call receives anything.
		{"closed, control messages alone", -1, "", make([]byte, 8), 8, unix.EBADF, unix.EBADF, 0},
		{"no socket", w, "x", nil, 0, unix.ENOTSOCK, unix.ENOTSOCK, -1},
		{"no socket, control messages alone", r, "", make([]byte, 8), 8, unix.ENOTSOCK, unix.ENOTSOCK, 0},
		{"nothing to read, a descriptor that is none", empty, "x", badRights, 8, unix.EBADF, unix.EAGAIN, -1},
		{"nothing to read, header with a length too large", empty, "x", badRights[:unix.CmsgLen(4)-1], 0, unix.EINVAL, unix.EAGAIN, -1},
		{"no room", full, "x", nil, 0, unix.EAGAIN, unix.EAGAIN, -1},
		{"closed peer", gone, "x", nil, 0, unix.EPIPE, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, calls := range []msgCalls{ours, theirs} {
				n, errno := calls.send(tt.fd, []byte(tt.data), tt.oob)
				if errno != tt.send || errno != 0 && n != 0 {
					t.Errorf("%s: send = %d, %v, want 0, %v", calls.name, n, name(errno), name(tt.send))
				}
				p := make([]byte, len(tt.data))
				n, oobn, flags, errno := calls.recv(tt.fd, p, make([]byte, tt.oobRoom), 0)
				if n != tt.recvN || oobn != 0 || flags != 0 || errno != tt.recv {
					t.Errorf("%s: receive = %d, %d, %#x, %v, want %d, 0, 0, %v", calls.name, n, oobn, flags, name(errno), tt.recvN, name(tt.recv))
				}
			}
		})
	}
}

func TestPassedDescriptorIsTheSameFile(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	a, b := pair(t, unix.SOCK_STREAM)
	conn, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	conn.Control(func(fd uintptr) {
		if n, errno := Sendmsg(a, []byte("x"), unix.UnixRights(int(fd)), 0, nil); n != 1 || errno != 0 {
			t.Fatalf("Sendmsg = %d, %v, want 1", n, errno)
		}
	})
	oob := make([]byte, unix.CmsgSpace(4))
	var sa Sockaddr
	_, oobn, _, errno := Recvmsg(b, make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC, &sa)
	noErrno(t, "Recvmsg", errno)
	fds := rightsIn(oob[:oobn])
	if len(fds) != 1 {
		t.Fatalf("descriptors in %x = %v, want one", oob[:oobn], fds)
	}
	defer Close(fds[0])
	if n, err := unix.Write(fds[0], []byte("through it")); n != 10 || err != nil {
		t.Fatalf("write = %d, %v, want 10", n, err)
	}
	p := make([]byte, 16)
	if n, err := r.Read(p); string(p[:n]) != "through it" || err != nil {
		t.Errorf("Read of the pipe = %q, %v, want %q", p[:n], err, "through it")
	}
}

func TestSendRecvAddresses(t *testing.T) {
	type test struct {
		name   string
		family int
		at     func(i int) *Sockaddr
	}
	tests := []test{
		{"IPv4", unix.AF_INET, func(int) *Sockaddr { return loopback(0) }},
		{"Unix", unix.AF_UNIX, func(i int) *Sockaddr { return unixAddr(fmt.Sprintf("@%s-%d-%d", t.Name(), unix.Getpid(), i)) }},
	}
	if HostCapabilities().IPv6 {
		tests = append(tests, test{"IPv6", unix.AF_INET6, func(int) *Sockaddr { return inet6("::1", 0, 0) }})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fd [2]int
			var at [2]*Sockaddr
			for i := range fd {
				fd[i] = newSocket(t, tt.family, unix.SOCK_DGRAM, 0)
				noErrno(t, "Bind", Bind(fd[i], tt.at(i)))
				at[i] = localAddr(t, fd[i])
			}
			p := make([]byte, 16)
			from := func() *Sockaddr { return unixAddr("@left from before, and long enough") }

			noErrno(t, "Sendto", Sendto(fd[0], []byte("one"), 0, at[1]))
			sa := from()
			n, errno := Recvfrom(fd[1], p, 0, sa)
			if n != 3 || errno != 0 || string(p[:n]) != "one" || sa.text() != at[0].text() {
				t.Errorf("Recvfrom = %d %q from %q, %v, want %q from %q", n, p[:n], sa.text(), errno, "one", at[0].text())
			}

			// The received address works for the answer.
			if n, errno := Sendmsg(fd[1], []byte("four"), nil, 0, sa); n != 4 || errno != 0 {
				t.Errorf("Sendmsg = %d, %v, want 4", n, errno)
			}
			sa = from()
			n, oobn, flags, errno := Recvmsg(fd[0], p, nil, 0, sa)
			if n != 4 || oobn != 0 || flags != 0 || errno != 0 || string(p[:n]) != "four" || sa.text() != at[1].text() {
				t.Errorf("Recvmsg = %d %q, %d, %#x from %q, %v, want %q from %q", n, p[:n], oobn, flags, sa.text(), errno, "four", at[1].text())
			}

			// An empty datagram is a datagram too.
			noErrno(t, "Sendto", Sendto(fd[0], nil, 0, at[1]))
			sa = from()
			if n, errno := Recvfrom(fd[1], p, 0, sa); n != 0 || errno != 0 || sa.text() != at[0].text() {
				t.Errorf("Recvfrom = %d from %q, %v, want 0 from %q", n, sa.text(), errno, at[0].text())
			}
			noErrno(t, "Sendto", Sendto(fd[0], []byte{}, 0, at[1]))
			if n, errno := Recvfrom(fd[1], nil, 0, sa); n != 0 || errno != 0 {
				t.Errorf("Recvfrom(nil) = %d, %v, want 0", n, errno)
			}

			// On a connected socket, no address goes with it.
			noErrno(t, "Connect", Connect(fd[0], at[1]))
			noErrno(t, "Sendto", Sendto(fd[0], []byte("five5"), 0, nil))
			sa = from()
			if n, errno := Recvfrom(fd[1], p, 0, sa); n != 5 || errno != 0 {
				t.Errorf("Recvfrom = %d, %v, want 5", n, errno)
			}
			sa = from()
			if n, errno := Recvfrom(fd[1], p, 0, sa); n != 0 || errno != unix.EAGAIN || sa.Family() != unix.AF_UNSPEC {
				t.Errorf("Recvfrom = %d from family %d, %v, want 0, none, EAGAIN", n, sa.Family(), name(errno))
			}
		})
	}
}

// A stream reports no sender.
func TestRecvOfStreamHasNoAddress(t *testing.T) {
	client, server := tcp(t)
	for range 2 {
		if n, errno := Write(client, []byte("abc"), 0); n != 3 || errno != 0 {
			t.Fatalf("Write = %d, %v, want 3", n, errno)
		}
	}
	waitFor(t, server, unix.POLLIN)
	p := make([]byte, 3)
	sa := inet4("1.2.3.4", 5)
	if n, errno := Recvfrom(server, p, 0, sa); n != 3 || errno != 0 || sa.Family() != unix.AF_UNSPEC {
		t.Errorf("Recvfrom = %d from family %d, %v, want 3, none", n, sa.Family(), errno)
	}
	sa = inet4("1.2.3.4", 5)
	waitFor(t, server, unix.POLLIN)
	if n, _, _, errno := Recvmsg(server, p, nil, 0, sa); n != 3 || errno != 0 || sa.Family() != unix.AF_UNSPEC {
		t.Errorf("Recvmsg = %d from family %d, %v, want 3, none", n, sa.Family(), errno)
	}
}

// FuzzControlMessage sends any bytes as control messages, and receives with any
// room, through this package and through package syscall.
func FuzzControlMessage(f *testing.F) {
	f.Add([]byte{}, []byte("data"), uint8(64), uint8(0))
	f.Add(unix.UnixRights(0), []byte("data"), uint8(64), uint8(0))
	f.Add(unix.UnixRights(0), []byte{}, uint8(64), uint8(1))
	f.Add(unix.UnixRights(0, 1, 2), []byte{}, uint8(20), uint8(2))
	f.Add(unix.UnixRights(0, 1, 2), []byte("data"), uint8(0), uint8(0))
	f.Add(unix.UnixRights(-1), []byte("data"), uint8(0), uint8(1))
	f.Add(unix.UnixCredentials(&unix.Ucred{Pid: int32(unix.Getpid())}), []byte("data"), uint8(64), uint8(0))
	f.Add(append(unix.UnixRights(0), unix.UnixRights(1)...), []byte("x"), uint8(255), uint8(1))
	f.Add(bytes.Repeat([]byte{0xff}, 40), []byte("x"), uint8(1), uint8(0))
	f.Add(make([]byte, 16), []byte("x"), uint8(1), uint8(2))

	f.Fuzz(func(t *testing.T, oob, data []byte, oobRoom, sotype uint8) {
		types := []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET}
		typ := types[int(sotype)%len(types)]
		data = data[:min(len(data), 4096)]
		var results [2]string
		for i, calls := range []msgCalls{ours, theirs} {
			fds, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Skip(err)
			}
			n, errno := calls.send(fds[0], data, bytes.Clone(oob))
			p, into := make([]byte, 64), make([]byte, oobRoom)
			rn, oobn, flags, rerrno := calls.recv(fds[1], p, into, unix.MSG_CMSG_CLOEXEC)
			if rerrno == 0 && (rn < 0 || rn > len(p) || oobn < 0 || oobn > len(into)) {
				t.Errorf("%s: receive(%d, %d) = %d, %d, want no more than there is room for", calls.name, len(p), len(into), rn, oobn)
			}
			var rights []int
			if rerrno == 0 {
				rights = rightsIn(into[:oobn])
			}
			results[i] = fmt.Sprintf("send = %d, %s; receive = %d, %d, %#x, %s: %q, %d descriptors",
				n, name(errno), rn, oobn, flags, name(rerrno), p[:max(rn, 0)], len(rights))
			for _, fd := range append(rights, fds[0], fds[1]) {
				Close(fd)
			}
		}
		if results[0] != results[1] {
			t.Errorf("control messages %x with %d bytes:\nsocket:  %s\nsyscall: %s", oob, len(data), results[0], results[1])
		}
	})
}

// FuzzUnixName sets any name. The encoding must be that of syscall; if the name
// is abstract, both packages bind it and read it back.
func FuzzUnixName(f *testing.F) {
	for _, s := range unixNames() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sa := unixAddr(s)
		want, err := encodedBySyscall(t, &syscall.SockaddrUnix{Name: s})
		wantErrno(t, "Bind(-1)", Bind(-1, sa), cmpErrno(err, unix.EBADF))
		if err == nil {
			if got := sa.encoded(); len(got) > len(want) || !bytes.Equal(got, want[:len(got)]) {
				t.Errorf("SetUnix(%q) = %x, want a part of %x", s, got, want)
			}
		}

		for _, s := range []string{s, "@" + s, "\x00" + s} {
			if s == "" || s[0] != '@' && s[0] != 0 {
				continue // a path, which would make a file
			}
			fd := [2]int{newSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0), newSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)}
			sa := unixAddr(s)
			// Once one package has bound the name, it is in use for the other.
			want := cmpErrno(syscall.Bind(fd[0], &syscall.SockaddrUnix{Name: s}), 0)
			inUse := want
			if want == 0 {
				inUse = unix.EADDRINUSE
			}
			wantErrno(t, fmt.Sprintf("Bind(%q) while in use", s), Bind(fd[1], sa), inUse)
			a, theirs := names(t, fd[0])
			if a != theirs {
				t.Errorf("Getsockname of %q = %q, want %q", s, a, theirs)
			}
			Close(fd[0])
			wantErrno(t, fmt.Sprintf("Bind(%q)", s), Bind(fd[1], sa), want)
			b, theirs := names(t, fd[1])
			if b != theirs || b != a {
				t.Errorf("Getsockname of %q = %q, want %q, as after syscall.Bind %q", s, b, theirs, a)
			}
			if want == 0 && sa.Unix() != b {
				t.Errorf("Unix() of %q = %q, want %q", s, sa.Unix(), b)
			}
		}
	})
}
