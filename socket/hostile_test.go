//go:build linux

package socket

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The longest path fills an address, and no NUL ends it. Both packages read it
// whole, and nothing of what is behind it.
func TestSockaddrPathWithoutEnd(t *testing.T) {
	t.Chdir(t.TempDir())
	name := strings.Repeat("p", unix.SizeofSockaddrUnix-offPath)
	sa := &Sockaddr{}
	sa.setFamily(unix.AF_UNIX, unix.SizeofSockaddrUnix)
	copy(sa.raw[offPath:], name)
	server := newSocket(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	noErrno(t, "Bind", Bind(server, sa))
	if _, err := os.Lstat(name); err != nil {
		t.Fatal(err)
	}
	var got Sockaddr
	noErrno(t, "Getsockname", Getsockname(server, &got))
	want, err := syscall.Getsockname(server)
	if err != nil {
		t.Fatal(err)
	}
	if got.Unix() != name || want.(*syscall.SockaddrUnix).Name != name {
		t.Errorf("Getsockname = %q, and with syscall %q, want %q", got.Unix(), want.(*syscall.SockaddrUnix).Name, name)
	}

	// As the sender of a datagram it has the same name.
	other := newSocket(t, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	noErrno(t, "Bind", Bind(other, unixAddr("other")))
	noErrno(t, "Sendto", Sendto(server, []byte("x"), 0, unixAddr("other")))
	var from Sockaddr
	if _, errno := Recvfrom(other, make([]byte, 1), 0, &from); errno != 0 || from.Unix() != name {
		t.Errorf("Recvfrom = %q, %v, want %q", from.Unix(), errno, name)
	}
}

// The kernel says how long an address is, though there may be room for less. A
// call that sends to such an address hands the kernel no more than there is.
func TestSockaddrLongerThanRoom(t *testing.T) {
	for _, length := range []uint32{unix.SizeofSockaddrAny, unix.SizeofSockaddrAny + 1, 128, 4096, badLen - 1} {
		sa := &Sockaddr{}
		sa.setFamily(unix.AF_INET, length)
		if _, n := sa.pointer(); n > uintptr(len(sa.raw)) {
			t.Errorf("an address of %d bytes: the kernel would read %d, want %d at most", length, n, len(sa.raw))
		}
	}
}

// An address of any length that the kernel may claim: none, half a family, a
// family alone, a part of an address.
func FuzzSockaddrLength(f *testing.F) {
	for _, family := range []uint16{0, unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK, unix.AF_PACKET, 0xffff} {
		b := binary.NativeEndian.AppendUint16(nil, family)
		for _, n := range []int{0, 1, 2, 3, 7, 15, 16, 27, 28, 109, 110, unix.SizeofSockaddrAny} {
			f.Add(append(b, bytes.Repeat([]byte{0xa5}, 110)...), uint32(n))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, length uint32) {
		var sa Sockaddr
		n := copy(sa.raw[:], b)
		sa.len = length
		inet, name := sa.Inet(), sa.Unix()
		if len(name) > unix.SizeofSockaddrUnix-offPath || strings.ContainsRune(name, 0) {
			t.Errorf("Unix() of %x = %q, want at most %d bytes and no NUL", b[:n], name, unix.SizeofSockaddrUnix-offPath)
		}
		switch inet.Family {
		case unix.AF_INET, unix.AF_INET6:
			if sa.Family() != int(inet.Family) {
				t.Errorf("Inet() of family %d has family %d", sa.Family(), inet.Family)
			}
		case unix.AF_UNSPEC:
			if inet != (Inet{}) {
				t.Errorf("Inet() of family %d = %v, want nothing", sa.Family(), inet)
			}
		default:
			t.Errorf("Inet() has family %d", inet.Family)
		}
		// The kernel refuses what is no address, and reads no further.
		if !sa.bad() {
			Bind(-1, &sa)
			Sendmsg(-1, nil, nil, 0, &sa)
		}
	})
}
