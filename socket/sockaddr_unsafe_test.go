//go:build linux

package socket

import (
	"bytes"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// decoded reads the bytes of sa through the structures of package syscall,
// which are the kernel's. All of them lie within raw, which is aligned.
func decoded(sa *Sockaddr) (inet Inet, name string) {
	p := unsafe.Pointer(&sa.raw)
	switch (*syscall.RawSockaddr)(p).Family {
	case syscall.AF_INET:
		pp := (*syscall.RawSockaddrInet4)(p)
		inet.Family = syscall.AF_INET
		inet.Port = swapped(unsafe.Pointer(&pp.Port))
		copy(inet.Addr[:], pp.Addr[:])
	case syscall.AF_INET6:
		pp := (*syscall.RawSockaddrInet6)(p)
		inet = Inet{Family: syscall.AF_INET6, Port: swapped(unsafe.Pointer(&pp.Port)), Addr: pp.Addr, Zone: pp.Scope_id}
	}
	path := (*syscall.RawSockaddrUnix)(p).Path
	b := make([]byte, len(path))
	for i, c := range path {
		b[i] = byte(c)
	}
	if b[0] == 0 {
		b[0] = '@'
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return inet, string(b)
}

// swapped reads a number in the byte order of the network.
func swapped(p unsafe.Pointer) uint16 {
	b := (*[2]byte)(p)
	return uint16(b[0])<<8 | uint16(b[1])
}

func TestSockaddrLayout(t *testing.T) {
	var sa Sockaddr
	if got, want := uintptr(unsafe.Pointer(&sa.raw))-uintptr(unsafe.Pointer(&sa)), uintptr(0); got != want {
		t.Errorf("offset of raw = %d, want %d", got, want)
	}
	if got, want := unsafe.Alignof(sa), unsafe.Alignof(syscall.RawSockaddrAny{}); got < want {
		t.Errorf("alignment = %d, want %d at least", got, want)
	}
	if got, want := len(sa.raw), int(unsafe.Sizeof(syscall.RawSockaddrAny{})); got != want {
		t.Errorf("len(raw) = %d, want %d", got, want)
	}
	for _, tt := range []struct {
		name      string
		got, want uintptr
	}{
		{"sin_port", offPort, unsafe.Offsetof(syscall.RawSockaddrInet4{}.Port)},
		{"sin_addr", offAddr4, unsafe.Offsetof(syscall.RawSockaddrInet4{}.Addr)},
		{"sin6_port", offPort, unsafe.Offsetof(syscall.RawSockaddrInet6{}.Port)},
		{"sin6_addr", offAddr6, unsafe.Offsetof(syscall.RawSockaddrInet6{}.Addr)},
		{"sin6_scope_id", offZone, unsafe.Offsetof(syscall.RawSockaddrInet6{}.Scope_id)},
		{"sun_path", offPath, unsafe.Offsetof(syscall.RawSockaddrUnix{}.Path)},
	} {
		if tt.got != tt.want {
			t.Errorf("offset of %s = %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}

// FuzzSockaddrDecode reads bytes as if the kernel had written them. Where the
// kernel takes them for an address too, package syscall must read the same.
func FuzzSockaddrDecode(f *testing.F) {
	for _, sa := range []*Sockaddr{
		new(Sockaddr), inet4("127.0.0.1", 80), inet4("192.0.2.1", 0), inet4("255.255.255.255", 65535),
		inet6("::1", 80, 0), inet6("::", 0, 0), inet6("fe80::1", 1, 1), inet6("::ffff:1.2.3.4", 5, 6),
		inet6("2001:db8:1:2:3:4:5:6", 7, 1<<31),
		unixAddr(""), unixAddr("/path"), unixAddr("@abstract"), unixAddr("@a\x00b"), unixAddr("\xff"),
	} {
		f.Add(sa.encoded())
		f.Add(sa.raw[:])
	}
	f.Add(bytes.Repeat([]byte{1}, 200))
	f.Add(bytes.Repeat([]byte{0xff}, 112))
	f.Add(append(host16(unix.AF_UNIX), bytes.Repeat([]byte{'a'}, 110)...))
	f.Add(append(host16(unix.AF_NETLINK), bytes.Repeat([]byte{9}, 110)...))

	f.Fuzz(func(t *testing.T, b []byte) {
		var sa Sockaddr
		sa.len = uint32(copy(sa.raw[:], b))
		before := sa
		inet, name := decoded(&sa)
		if got := sa.Inet(); got != inet {
			t.Errorf("Inet() of %x = %+v, want %+v", b, got, inet)
		}
		if got := sa.Unix(); got != name {
			t.Errorf("Unix() of %x = %q, want %q", b, got, name)
		}
		if sa != before {
			t.Errorf("address after decoding = %x, want %x", sa, before)
		}

		family := sa.Family()
		switch {
		case family == unix.AF_INET && sa.len >= unix.SizeofSockaddrInet4:
		case family == unix.AF_INET6 && sa.len >= unix.SizeofSockaddrInet6:
		case family == unix.AF_UNIX && sa.len > 3 && sa.raw[2] == 0: // abstract
		default:
			return
		}
		fd, errno := Socket(family, unix.SOCK_DGRAM, 0)
		noErrno(t, "Socket", errno)
		defer Close(fd)
		SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
		SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
		if Bind(fd, &sa) != 0 {
			return
		}
		ours, theirs := names(t, fd)
		if ours != theirs {
			t.Errorf("Getsockname of %x = %q, want %q", b, ours, theirs)
		}
		if family == unix.AF_UNIX && ours != name {
			t.Errorf("Getsockname of %x = %q, want %q", b, ours, name)
		}
	})
}
