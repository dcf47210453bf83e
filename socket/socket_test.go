//go:build linux

package socket

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSocketIsNonblockAndCloseOnExec(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		family, sotype, proto int
	}{
		{"TCP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP},
		{"UDP", unix.AF_INET, unix.SOCK_DGRAM, 0},
		{"Unix stream", unix.AF_UNIX, unix.SOCK_STREAM, 0},
		{"Unix datagram", unix.AF_UNIX, unix.SOCK_DGRAM, 0},
		{"Unix packets", unix.AF_UNIX, unix.SOCK_SEQPACKET, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := newSocket(t, tt.family, tt.sotype, tt.proto)
			wantFlags(t, fd, unix.O_RDWR|unix.O_NONBLOCK)
			for _, o := range []struct{ name, want int }{{unix.SO_DOMAIN, tt.family}, {unix.SO_TYPE, tt.sotype}} {
				if got, errno := GetsockoptInt(fd, unix.SOL_SOCKET, o.name); got != o.want || errno != 0 {
					t.Errorf("GetsockoptInt(%d) = %d, %v, want %d", o.name, got, errno, o.want)
				}
			}
		})
	}
}

func TestSocketErrno(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		family, sotype, proto int
		want                  Errno
	}{
		{"no such family", 12345, unix.SOCK_STREAM, 0, unix.EAFNOSUPPORT},
		{"no such type", unix.AF_INET, 15, 0, unix.EINVAL},
		{"no such protocol", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_UDP, unix.EPROTONOSUPPORT},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if fd, errno := Socket(tt.family, tt.sotype, tt.proto); fd != -1 || errno != tt.want {
				t.Errorf("Socket(%d, %d, %d) = %d, %v, want -1, %v", tt.family, tt.sotype, tt.proto, fd, name(errno), name(tt.want))
			}
		})
	}
}

func TestAccept4IsNonblockAndCloseOnExec(t *testing.T) {
	client, server := tcp(t)
	wantFlags(t, server, unix.O_RDWR|unix.O_NONBLOCK)
	if got, want := peer(t, server).text(), localAddr(t, client).text(); got != want {
		t.Errorf("Getpeername = %s, want %s", got, want)
	}
}

func TestAccept4WritesThePeersAddress(t *testing.T) {
	unixName := fmt.Sprintf("@%s-%d", t.Name(), unix.Getpid())
	type test struct {
		name   string
		family int
		at     *Sockaddr
		bind   *Sockaddr // of the client; nil for none
		want   string    // "" for the client's address
	}
	tests := []test{
		{"IPv4", unix.AF_INET, inet4("127.0.0.1", 0), inet4("127.0.0.7", 0), ""},
		{"Unix", unix.AF_UNIX, unixAddr(unixName), unixAddr(unixName + "-client"), unixName + "-client"},
		{"Unix without name", unix.AF_UNIX, unixAddr(unixName), nil, "@"},
	}
	if HostCapabilities().IPv6 {
		tests = append(tests, test{"IPv6", unix.AF_INET6, inet6("::1", 0, 0), nil, ""})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ln, at := listen(t, tt.family, tt.at)
			client := newSocket(t, tt.family, unix.SOCK_STREAM, 0)
			if tt.bind != nil {
				noErrno(t, "Bind", Bind(client, tt.bind))
			}
			if errno := Connect(client, at); errno != 0 && errno != unix.EINPROGRESS {
				t.Fatalf("Connect = %v, want success", errno)
			}
			waitFor(t, ln, unix.POLLIN)
			sa := unixAddr("/what was here before is of no account, however long it was")
			s, errno := Accept4(ln, sa)
			noErrno(t, "Accept4", errno)
			defer Close(s)
			want := tt.want
			if want == "" {
				want = localAddr(t, client).text()
			}
			if got := sa.text(); got != want {
				t.Errorf("Accept4 = %q, want %q", got, want)
			}
			wantFlags(t, s, unix.O_RDWR|unix.O_NONBLOCK)
		})
	}
}

func TestAccept4Errno(t *testing.T) {
	ln, _ := listen(t, unix.AF_INET, loopback(0))
	r, _ := pipe(t)
	for _, tt := range []struct {
		name string
		fd   int
		want Errno
	}{
		{"nobody there", ln, unix.EAGAIN},
		{"closed", -1, unix.EBADF},
		{"no socket", r, unix.ENOTSOCK},
		{"not listening", newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0), unix.EINVAL},
		{"datagrams", newSocket(t, unix.AF_INET, unix.SOCK_DGRAM, 0), unix.EOPNOTSUPP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var sa Sockaddr
			if s, errno := Accept4(tt.fd, &sa); s != -1 || errno != tt.want {
				t.Errorf("Accept4 = %d, %v, want -1, %v", s, name(errno), name(tt.want))
			}
			if sa.Family() != unix.AF_UNSPEC {
				t.Errorf("family of the address = %d, want none", sa.Family())
			}
		})
	}
}

func TestConnectErrno(t *testing.T) {
	refuses, at := udp(t) // nobody listens with TCP there, as long as this is open
	_ = refuses
	ln := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	noErrno(t, "Bind", Bind(ln, loopback(0))) // bound, but does not listen

	t.Run("TCP refused", func(t *testing.T) {
		fd := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		errno := Connect(fd, localAddr(t, ln))
		if errno == unix.EINPROGRESS {
			waitFor(t, fd, unix.POLLOUT)
			value, e := GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			noErrno(t, "GetsockoptInt", e)
			errno = Errno(value)
		}
		wantErrno(t, "Connect", errno, unix.ECONNREFUSED)
	})
	t.Run("UDP", func(t *testing.T) {
		fd := newSocket(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
		wantErrno(t, "Connect", Connect(fd, at), 0)
		if got, want := peer(t, fd).text(), at.text(); got != want {
			t.Errorf("Getpeername = %s, want %s", got, want)
		}
	})
	t.Run("no such name", func(t *testing.T) {
		fd := newSocket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		wantErrno(t, "Connect", Connect(fd, unixAddr("/no/such/path")), unix.ENOENT)
		wantErrno(t, "Connect", Connect(fd, unixAddr("@no such name")), unix.ECONNREFUSED)
	})
	t.Run("other family", func(t *testing.T) {
		fd := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		wantErrno(t, "Connect", Connect(fd, unixAddr("@xxxxxxxxxxxxxxxxxxxxx")), unix.EAFNOSUPPORT)
	})
}

func TestListenErrno(t *testing.T) {
	wantErrno(t, "Listen(-1)", Listen(-1, 1), unix.EBADF)
	fd, _ := udp(t)
	wantErrno(t, "Listen of a datagram socket", Listen(fd, 1), unix.EOPNOTSUPP)
}

func TestShutdownEndsOneDirection(t *testing.T) {
	for _, tt := range []struct {
		how       int
		readsEnd  bool // of the peer
		writeFail bool // of the one that was shut down
	}{
		{unix.SHUT_RD, false, false},
		{unix.SHUT_WR, true, true},
		{unix.SHUT_RDWR, true, true},
	} {
		t.Run(fmt.Sprint(tt.how), func(t *testing.T) {
			client, server := tcp(t)
			noErrno(t, "Shutdown", Shutdown(client, tt.how))
			if tt.readsEnd {
				waitFor(t, server, unix.POLLIN)
			}
			want := unix.EAGAIN
			if tt.readsEnd {
				want = 0
			}
			if n, errno := Read(server, make([]byte, 8)); n != 0 || errno != want {
				t.Errorf("Read of the peer = %d, %v, want 0, %v", n, name(errno), name(want))
			}
			want = 0
			if tt.writeFail {
				want = unix.EPIPE
			}
			_, errno := Write(client, []byte("x"), 0)
			wantErrno(t, "Write", errno, want)
		})
	}
	wantErrno(t, "Shutdown(-1)", Shutdown(-1, unix.SHUT_WR), unix.EBADF)
	wantErrno(t, "Shutdown not connected", Shutdown(newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0), unix.SHUT_WR), unix.ENOTCONN)
	client, _ := tcp(t)
	wantErrno(t, "Shutdown(9)", Shutdown(client, 9), unix.EINVAL)
}

func TestDupCloseOnExec(t *testing.T) {
	a, b := pair(t, unix.SOCK_STREAM)
	dup, _, errno := DupCloseOnExec(a)
	noErrno(t, "DupCloseOnExec", errno)
	closeAfter(t, dup)
	if dup == a {
		t.Errorf("DupCloseOnExec(%d) = %d, want another number", a, dup)
	}
	wantFlags(t, dup, unix.O_RDWR|unix.O_NONBLOCK)
	if n, errno := Write(dup, []byte("x"), 0); n != 1 || errno != 0 {
		t.Errorf("Write to the duplicate = %d, %v, want 1", n, errno)
	}
	if n, errno := Read(b, make([]byte, 8)); n != 1 || errno != 0 {
		t.Errorf("Read = %d, %v, want 1", n, errno)
	}
	if dup, _, errno := DupCloseOnExec(-1); dup != -1 || errno != unix.EBADF {
		t.Errorf("DupCloseOnExec(-1) = %d, %v, want -1, EBADF", dup, name(errno))
	}
}

func TestSetNonblockIsSharedByDuplicates(t *testing.T) {
	a, _ := pair(t, unix.SOCK_STREAM)
	dup, _, errno := DupCloseOnExec(a)
	noErrno(t, "DupCloseOnExec", errno)
	closeAfter(t, dup)
	noErrno(t, "SetNonblock", SetNonblock(dup, false))
	wantFlags(t, a, unix.O_RDWR)
	noErrno(t, "SetNonblock", SetNonblock(a, true))
	wantFlags(t, dup, unix.O_RDWR|unix.O_NONBLOCK)
	wantErrno(t, "SetNonblock(-1)", SetNonblock(-1, true), unix.EBADF)
}

func TestCloseTwiceIsEBADF(t *testing.T) {
	a, b, errno := socketpair()
	noErrno(t, "socketpair", errno)
	defer Close(b)
	wantErrno(t, "Close", Close(a), 0)
	wantErrno(t, "Close again", Close(a), unix.EBADF)
}

func TestErrnoOf(t *testing.T) {
	wantErrno(t, "errnoOf(nil)", errnoOf(nil), 0)
	wantErrno(t, "errnoOf(EAGAIN)", errnoOf(unix.EAGAIN), unix.EAGAIN)
}

// If the host has once refused F_DUPFD_CLOEXEC, as an emulation of Linux may,
// dup(2) and a flag do the same.
func TestDupCloseOnExecWithoutItsCommand(t *testing.T) {
	dupCloexecUnsupported.Store(true)
	defer dupCloexecUnsupported.Store(false)
	a, _ := pair(t, unix.SOCK_STREAM)
	dup, call, errno := DupCloseOnExec(a)
	noErrno(t, "DupCloseOnExec", errno)
	closeAfter(t, dup)
	if flags, err := unix.FcntlInt(uintptr(dup), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 || call != "" {
		t.Errorf("DupCloseOnExec(%d): flags = %#x, %v, call %q, want FD_CLOEXEC, no error and no call", a, flags, err, call)
	}
	if _, call, errno := DupCloseOnExec(-1); call != "dup" || errno != unix.EBADF {
		t.Errorf("DupCloseOnExec(-1) = %q, %v, want dup, %v", call, errno, unix.EBADF)
	}
}
