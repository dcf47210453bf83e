//go:build linux

package socket

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// Nothing that a server does for each connection or message allocates.
func TestCallsDoNotAllocate(t *testing.T) {
	a, b := pair(t, unix.SOCK_STREAM)
	ln, at := listen(t, unix.AF_UNIX, unixAddr(""))
	u1, at1 := udp(t)
	u2, at2 := udp(t)
	r, w := pipe(t)
	file := openFile(t, pattern(100))
	in := int(file.Fd())
	oob := unix.UnixRights(u1)
	oobIn := make([]byte, 64)
	p, q := make([]byte, 100), make([]byte, 200)
	large, largeIn := make([]byte, 64<<10+1), make([]byte, 64<<10+1)
	iovecs := []Iovec{NewIovec(p), NewIovec(p)}
	var sa Sockaddr
	var sum int
	check := func(errno Errno) {
		if errno != 0 {
			t.Fatalf("errno = %v, want success", name(errno))
		}
	}
	readAll := func(fd, n int, p []byte) {
		for n > 0 {
			m, errno := Read(fd, p)
			check(errno)
			n -= m
		}
	}

	for _, tt := range []struct {
		name string
		call func()
	}{
		{"SetInet4", func() { sa.SetInet4([4]byte{1, 2, 3, 4}, 5) }},
		{"SetInet6", func() { sa.SetInet6([16]byte{1, 2, 3, 4}, 5, 6) }},
		{"SetUnix", func() { sa.SetUnix("@name") }},
		{"Inet", func() { sum += int(at1.Inet().Port) }},
		{"Family", func() { sum += at1.Family() }},
		{"Getsockname", func() { check(Getsockname(u1, &sa)) }},
		{"Getpeername", func() { check(Getpeername(a, &sa)) }},
		{"Getsockname into the stack", func() {
			var sa Sockaddr
			check(Getsockname(u1, &sa))
			sum += sa.Family()
		}},
		{"Accept4", func() {
			c, errno := Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			check(errno)
			check(Connect(c, at))
			var sa Sockaddr
			s, errno := Accept4(ln, &sa)
			check(errno)
			check(Close(s))
			check(Close(c))
		}},
		{"Bind", func() {
			fd, errno := Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
			check(errno)
			var sa Sockaddr
			sa.SetInet4([4]byte{127, 0, 0, 1}, 0)
			check(Bind(fd, &sa))
			check(Close(fd))
		}},
		{"Sendto, Recvfrom", func() {
			check(Sendto(u1, p, 0, at2))
			var sa Sockaddr
			n, errno := Recvfrom(u2, q, 0, &sa)
			check(errno)
			sum += n + sa.Family()
		}},
		{"Sendmsg, Recvmsg", func() {
			n, errno := Sendmsg(u1, p, nil, 0, at2)
			check(errno)
			var sa Sockaddr
			m, _, _, errno := Recvmsg(u2, q, oobIn, 0, &sa)
			check(errno)
			sum += n + m + sa.Family()
		}},
		{"Sendmsg, Recvmsg of a descriptor alone", func() {
			_, errno := Sendmsg(a, nil, oob, 0, nil)
			check(errno)
			n, _, _, errno := Recvmsg(b, nil, oobIn, unix.MSG_CMSG_CLOEXEC, &sa)
			check(errno)
			sum += n
			// The descriptor stands at the end of the message.
			check(Close(int(binary.NativeEndian.Uint32(oobIn[unix.CmsgLen(0):]))))
		}},
		{"Write, Read", func() {
			_, errno := Write(a, p, 0)
			check(errno)
			readAll(b, len(p), q)
		}},
		{"Write, Read of 64 KiB", func() {
			n, errno := Write(a, large, 0)
			check(errno)
			readAll(b, n, largeIn)
		}},
		{"Writev", func() {
			n, errno := Writev(a, iovecs)
			check(errno)
			readAll(b, n, q)
		}},
		{"Read without data", func() {
			if _, errno := Read(b, q); errno != unix.EAGAIN {
				check(errno)
			}
		}},
		{"Sendfile", func() {
			if _, err := unix.Seek(in, 0, 0); err != nil {
				t.Fatal(err)
			}
			n, errno := Sendfile(a, in, 100)
			check(errno)
			readAll(b, n, q)
		}},
		{"Splice", func() {
			_, errno := Write(a, p, 0)
			check(errno)
			n, errno := Splice(w, b, len(p))
			check(errno)
			for n > 0 { // a pipe, which Read does not read
				m, err := unix.Read(r, q)
				check(errnoOf(err))
				n -= m
			}
		}},
		{"SetsockoptInt, GetsockoptInt", func() {
			check(SetsockoptInt(u1, unix.SOL_SOCKET, unix.SO_BROADCAST, 1))
			v, errno := GetsockoptInt(u1, unix.SOL_SOCKET, unix.SO_BROADCAST)
			check(errno)
			sum += v
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, tt.call); n != 0 {
				t.Errorf("allocations of %s = %v, want 0", tt.name, n)
			}
		})
	}
	_ = sum
}
