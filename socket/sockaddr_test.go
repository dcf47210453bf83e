//go:build linux

package socket

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// host16 and host32 are numbers as this host keeps them.
func host16(v uint16) []byte { return binary.NativeEndian.AppendUint16(nil, v) }
func host32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// encoded returns the bytes of sa that the kernel gets.
func (sa *Sockaddr) encoded() []byte {
	if sa.bad() {
		return nil
	}
	return sa.raw[:sa.len]
}

func inet4(addr string, port int) *Sockaddr {
	sa := new(Sockaddr)
	sa.SetInet4(netip.MustParseAddr(addr).As4(), port)
	return sa
}

func inet6(addr string, port int, zone uint32) *Sockaddr {
	sa := new(Sockaddr)
	sa.SetInet6(netip.MustParseAddr(addr).As16(), port, zone)
	return sa
}

func unixAddr(name string) *Sockaddr {
	sa := new(Sockaddr)
	sa.SetUnix(name)
	return sa
}

// The bytes are written out, so that a big-endian host which gets the order of
// one field wrong fails here.
func TestSockaddrRawBytes(t *testing.T) {
	for _, tt := range []struct {
		name string
		sa   *Sockaddr
		want []byte
	}{
		{"IPv4", inet4("192.0.2.1", 0x1f90),
			concat(host16(2), []byte{0x1f, 0x90, 192, 0, 2, 1}, make([]byte, 8))},
		{"IPv4 nothing", inet4("0.0.0.0", 0),
			concat(host16(2), make([]byte, 14))},
		{"IPv4 all ones", inet4("255.255.255.255", 0xffff),
			concat(host16(2), bytes.Repeat([]byte{0xff}, 6), make([]byte, 8))},
		{"IPv6", inet6("2001:db8:102:304:506:708:90a:b0c", 0x1234, 0),
			concat(host16(10), []byte{0x12, 0x34, 0, 0, 0, 0,
				0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0})},
		{"IPv6 in a zone", inet6("fe80::1", 1, 0x01020304),
			concat(host16(10), []byte{0, 1, 0, 0, 0, 0, 0xfe, 0x80}, make([]byte, 13), []byte{1}, host32(0x01020304))},
		{"IPv4 in IPv6", inet6("::ffff:127.0.0.1", 256, 0),
			concat(host16(10), []byte{1, 0, 0, 0, 0, 0}, make([]byte, 10), []byte{0xff, 0xff, 127, 0, 0, 1, 0, 0, 0, 0})},
		{"path", unixAddr("/a"), concat(host16(1), []byte("/a\x00"))},
		{"abstract name by @", unixAddr("@a"), concat(host16(1), []byte("\x00a"))},
		{"abstract name by NUL", unixAddr("\x00a"), concat(host16(1), []byte("\x00a"))},
		{"abstract name with NUL", unixAddr("@a\x00b\x00"), concat(host16(1), []byte("\x00a\x00b\x00"))},
		{"empty name", unixAddr(""), host16(1)},
		{"longest path", unixAddr(strings.Repeat("p", 107)), concat(host16(1), bytes.Repeat([]byte("p"), 107), []byte{0})},
		{"longest abstract name", unixAddr("@" + strings.Repeat("p", 107)), concat(host16(1), []byte{0}, bytes.Repeat([]byte("p"), 107))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.sa.encoded(); !bytes.Equal(got, tt.want) {
				t.Errorf("bytes = %x, want %x", got, tt.want)
			}
			if rest := tt.sa.raw[len(tt.want):]; !bytes.Equal(rest, make([]byte, len(rest))) {
				t.Errorf("bytes after the address = %x, want zeros", rest)
			}
			if got, want := tt.sa.Family(), int(binary.NativeEndian.Uint16(tt.want)); got != want {
				t.Errorf("Family() = %d, want %d", got, want)
			}
		})
	}
}

// encodedBySyscall returns the bytes that package syscall hands to the kernel
// for an address. A call on an invalid descriptor leaves them in the address.
func encodedBySyscall(t testing.TB, sa syscall.Sockaddr) ([]byte, error) {
	t.Helper()
	if err := syscall.Bind(-1, sa); err != syscall.EBADF {
		return nil, err
	}
	var b []byte
	var flatten func(v reflect.Value)
	flatten = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				flatten(v.Field(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				flatten(v.Index(i))
			}
		case reflect.Int8:
			b = append(b, byte(v.Int()))
		case reflect.Uint8:
			b = append(b, byte(v.Uint()))
		case reflect.Uint16:
			b = append(b, host16(uint16(v.Uint()))...)
		case reflect.Uint32:
			b = append(b, host32(uint32(v.Uint()))...)
		default:
			t.Fatalf("%T: field of kind %v", sa, v.Kind())
		}
	}
	flatten(reflect.ValueOf(sa).Elem().FieldByName("raw"))
	return b, nil
}

func TestSockaddrBytesAreThoseOfSyscall(t *testing.T) {
	type addr struct {
		name string
		sa   *Sockaddr
		std  syscall.Sockaddr
	}
	var tests []addr
	for _, port := range []int{-1 << 31, -1, 0, 1, 80, 255, 256, 8080, 65535, 65536, 65537, 1<<31 - 1} {
		for _, s := range []string{"0.0.0.0", "127.0.0.1", "1.2.3.4", "255.255.255.255"} {
			tests = append(tests, addr{fmt.Sprintf("%s:%d", s, port), inet4(s, port),
				&syscall.SockaddrInet4{Addr: netip.MustParseAddr(s).As4(), Port: port}})
		}
		for _, s := range []string{"::", "::1", "::ffff:1.2.3.4", "fe80::1", "ff02::1", "2001:db8:1:2:3:4:5:6"} {
			for _, zone := range []uint32{0, 1, 0x01020304, 1<<32 - 1} {
				tests = append(tests, addr{fmt.Sprintf("[%s%%%d]:%d", s, zone, port), inet6(s, port, zone),
					&syscall.SockaddrInet6{Addr: netip.MustParseAddr(s).As16(), Port: port, ZoneId: zone}})
			}
		}
	}
	for _, s := range unixNames() {
		tests = append(tests, addr{fmt.Sprintf("%.20q+%d", s, len(s)), unixAddr(s), &syscall.SockaddrUnix{Name: s}})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := encodedBySyscall(t, tt.std)
			wantErrno(t, "Bind(-1)", Bind(-1, tt.sa), cmpErrno(err, unix.EBADF))
			if err != nil {
				return
			}
			got := tt.sa.encoded()
			// An address of Unix domain sockets is a part of the array.
			if len(got) > len(want) || !bytes.Equal(got, want[:len(got)]) {
				t.Errorf("bytes = %x, want a part of %x", got, want)
			}
			if tt.sa.Family() != unix.AF_UNIX && len(got) != len(want) {
				t.Errorf("length = %d, want %d", len(got), len(want))
			}
		})
	}
}

// cmpErrno is the errno in err, or that for nil.
func cmpErrno(err error, none Errno) Errno {
	if err == nil {
		return none
	}
	return err.(Errno)
}

// unixNames are names of sockets, good and bad. Paths are relative.
func unixNames() []string {
	names := []string{"", "p", "dir/sock", "@", "\x00", "@a", "\x00a", "@@", "a@", "@\x00", "@a\x00", "@a\x00b", "\x00\x00\x00",
		"a\x00b", "a\x00", "@é", "\xff\xfe"}
	for n := 105; n <= 111; n++ {
		s := strings.Repeat("x", n-1)
		names = append(names, "p"+s, "@"+s, "\x00"+s)
	}
	return names
}

// Both packages bind each address in turn, and each asks for both names.
func TestBindGetsocknameAsSyscall(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := unix.Mkdir("dir", 0o777); err != nil {
		t.Fatal(err)
	}
	type test struct {
		name   string
		family int
		sa     *Sockaddr
		std    syscall.Sockaddr
	}
	var tests []test
	add4 := func(addr string, port int) {
		tests = append(tests, test{fmt.Sprintf("%s:%d", addr, port), unix.AF_INET, inet4(addr, port),
			&syscall.SockaddrInet4{Addr: netip.MustParseAddr(addr).As4(), Port: port}})
	}
	add6 := func(addr string, port int, zone uint32) {
		tests = append(tests, test{fmt.Sprintf("[%s%%%d]:%d", addr, zone, port), unix.AF_INET6, inet6(addr, port, zone),
			&syscall.SockaddrInet6{Addr: netip.MustParseAddr(addr).As16(), Port: port, ZoneId: zone}})
	}
	add4("127.0.0.1", 0)
	add4("127.1.2.3", 0)
	add4("0.0.0.0", 0)
	add4("192.0.2.77", 0) // not ours, and bound all the same
	add4("127.0.0.1", 70000)
	if HostCapabilities().IPv6 {
		add6("::1", 0, 0)
		add6("::", 0, 0)
		add6("::1", -1, 0)
		add6("2001:db8::77", 0, 0)
		add6("fe80::77", 0, 1) // in the zone of the loopback interface
		add6("fe80::77", 0, 0)
	}
	if HostCapabilities().IPv4Mapped {
		add6("::ffff:127.0.0.1", 0, 0)
	}
	for _, s := range unixNames() {
		tests = append(tests, test{fmt.Sprintf("%.12q+%d", s, len(s)), unix.AF_UNIX, unixAddr(s), &syscall.SockaddrUnix{Name: s}})
	}
	chosen := regexp.MustCompile(`^@[0-9a-f]{5}$`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			open := func() int {
				fd, errno := Socket(tt.family, unix.SOCK_DGRAM, 0)
				noErrno(t, "Socket", errno)
				switch tt.family {
				case unix.AF_INET:
					SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
				case unix.AF_INET6:
					SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
					SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
				}
				return fd
			}
			one := open()
			want := cmpErrno(syscall.Bind(one, tt.std), 0)
			ours, theirs := names(t, one)
			if ours != theirs {
				t.Errorf("Getsockname after syscall.Bind = %q, want %q", ours, theirs)
			}
			bound := ours
			Close(one)
			if sa := tt.std; tt.family == unix.AF_UNIX && want == 0 {
				path, _, _ := strings.Cut(sa.(*syscall.SockaddrUnix).Name, "\x00")
				unix.Unlink(path)
			}

			two := open()
			defer Close(two)
			wantErrno(t, "Bind", Bind(two, tt.sa), want)
			ours, theirs = names(t, two)
			if ours != theirs {
				t.Errorf("Getsockname after Bind = %q, want %q", ours, theirs)
			}
			if tt.family == unix.AF_UNIX && len(tt.sa.encoded()) == 2 {
				if !chosen.MatchString(ours) {
					t.Errorf("Getsockname after Bind of the empty name = %q, want a chosen name", ours)
				}
			} else if a, b := noPort(ours), noPort(bound); a != b {
				t.Errorf("Getsockname after Bind = %q, after syscall.Bind %q, want the same", a, b)
			}
		})
	}
}

// noPort cuts off a port that the kernel chose.
func noPort(s string) string {
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().String()
	}
	return s
}

// names returns the local address of fd as this package and as syscall report
// it.
func names(t testing.TB, fd int) (ours, theirs string) {
	t.Helper()
	var sa Sockaddr
	noErrno(t, "Getsockname", Getsockname(fd, &sa))
	std, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatalf("syscall.Getsockname(%d) = %v, want success", fd, err)
	}
	return sa.text(), textOf(std)
}

func (sa *Sockaddr) text() string {
	switch a := sa.Inet(); a.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a.Addr[:4])), a.Port).String()
	case unix.AF_INET6:
		return inet6Text(a.Addr, a.Port, a.Zone)
	}
	if sa.Family() == unix.AF_UNIX {
		return sa.Unix()
	}
	return ""
}

func textOf(sa syscall.Sockaddr) string {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)).String()
	case *syscall.SockaddrInet6:
		return inet6Text(sa.Addr, uint16(sa.Port), sa.ZoneId)
	case *syscall.SockaddrUnix:
		return sa.Name
	}
	return ""
}

func inet6Text(addr [16]byte, port uint16, zone uint32) string {
	a := netip.AddrFrom16(addr)
	if zone != 0 && !a.Is4In6() {
		a = a.WithZone(fmt.Sprint(zone))
	}
	return netip.AddrPortFrom(a, port).String()
}

// As in syscall, the call refuses the address before it looks at the
// descriptor.
func TestSockaddrWithoutEncodingIsEINVAL(t *testing.T) {
	type test struct {
		name string
		sa   *Sockaddr
		std  syscall.Sockaddr
		want Errno // on descriptor -1
	}
	var tests []test
	for _, port := range []int{-1 << 31, -65536, -1, 65536, 1<<31 - 1} {
		tests = append(tests,
			test{fmt.Sprintf("IPv4 port %d", port), inet4("127.0.0.1", port), &syscall.SockaddrInet4{Port: port}, unix.EINVAL},
			test{fmt.Sprintf("IPv6 port %d", port), inet6("::1", port, 0), &syscall.SockaddrInet6{Port: port}, unix.EINVAL})
	}
	for _, port := range []int{0, 1, 65535} {
		tests = append(tests,
			test{fmt.Sprintf("IPv4 port %d", port), inet4("127.0.0.1", port), &syscall.SockaddrInet4{Port: port}, unix.EBADF},
			test{fmt.Sprintf("IPv6 port %d", port), inet6("::1", port, 0), &syscall.SockaddrInet6{Port: port}, unix.EBADF})
	}
	for _, n := range []int{107, 108, 109, 1 << 20} {
		for _, first := range []string{"/", "@", "\x00"} {
			s := first + strings.Repeat("x", n-1)
			want := unix.EINVAL
			if n < 108 || n == 108 && first != "/" {
				want = unix.EBADF
			}
			tests = append(tests, test{fmt.Sprintf("Unix %q+%d", first, n), unixAddr(s), &syscall.SockaddrUnix{Name: s}, want})
		}
	}
	p := []byte("x")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantErrno(t, "Bind", Bind(-1, tt.sa), tt.want)
			wantErrno(t, "Connect", Connect(-1, tt.sa), tt.want)
			wantErrno(t, "Sendto", Sendto(-1, p, 0, tt.sa), tt.want)
			n, errno := Sendmsg(-1, p, nil, 0, tt.sa)
			wantErrno(t, "Sendmsg", errno, tt.want)
			if n != 0 {
				t.Errorf("Sendmsg = %d, want 0", n)
			}

			wantErrno(t, "syscall.Bind", cmpErrno(syscall.Bind(-1, tt.std), 0), tt.want)
			wantErrno(t, "syscall.Connect", cmpErrno(syscall.Connect(-1, tt.std), 0), tt.want)
			wantErrno(t, "syscall.Sendto", cmpErrno(syscall.Sendto(-1, p, 0, tt.std), 0), tt.want)
			_, err := syscall.SendmsgN(-1, p, nil, tt.std, 0)
			wantErrno(t, "syscall.SendmsgN", cmpErrno(err, 0), tt.want)
		})
	}
}

func TestSockaddrSetAgainKeepsNothing(t *testing.T) {
	setters := []struct {
		name string
		set  func(*Sockaddr)
	}{
		{"IPv4", func(sa *Sockaddr) { sa.SetInet4([4]byte{1, 2, 3, 4}, 5) }},
		{"IPv6", func(sa *Sockaddr) { sa.SetInet6([16]byte{0: 0xfe, 1: 0x80, 15: 9}, 65535, 77) }},
		{"longest abstract name", func(sa *Sockaddr) { sa.SetUnix("@" + strings.Repeat("\xff", 107)) }},
		{"empty name", func(sa *Sockaddr) { sa.SetUnix("") }},
		{"name too long", func(sa *Sockaddr) { sa.SetUnix(strings.Repeat("x", 200)) }},
		{"port too large", func(sa *Sockaddr) { sa.SetInet4([4]byte{1, 2, 3, 4}, 1<<16) }},
	}
	for _, before := range setters {
		for _, after := range setters {
			t.Run(before.name+" then "+after.name, func(t *testing.T) {
				var got, want Sockaddr
				before.set(&got)
				after.set(&got)
				after.set(&want)
				if got != want {
					t.Errorf("Sockaddr = %x, want %x", got, want)
				}
			})
		}
	}
}

func TestSockaddrInetOfOtherFamilyIsUnspec(t *testing.T) {
	netlink := new(Sockaddr)
	netlink.setFamily(unix.AF_NETLINK, 12)
	for _, tt := range []struct {
		name string
		sa   *Sockaddr
	}{
		{"none", new(Sockaddr)},
		{"Unix", unixAddr("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o")},
		{"netlink", netlink},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.sa.Inet(); got != (Inet{}) {
				t.Errorf("Inet() = %+v, want %+v", got, Inet{})
			}
		})
	}
}

// The peer of socketpair(2), the client that did not bind, and the sender of a
// datagram are all without a name, but not in the same way.
func TestSockaddrWithoutName(t *testing.T) {
	a, b := pair(t, unix.SOCK_DGRAM)
	var sa Sockaddr

	noErrno(t, "Getpeername", Getpeername(a, &sa))
	std, err := syscall.Getpeername(a)
	if err != nil {
		t.Fatal(err)
	}
	if sa.Family() != unix.AF_UNIX || sa.Unix() != textOf(std) {
		t.Errorf("Getpeername = family %d %q, want family %d %q", sa.Family(), sa.Unix(), unix.AF_UNIX, textOf(std))
	}

	noErrno(t, "Sendto", Sendto(a, []byte("x"), 0, nil))
	sa.SetInet4([4]byte{1, 2, 3, 4}, 5)
	if n, errno := Recvfrom(b, make([]byte, 8), 0, &sa); n != 1 || errno != 0 {
		t.Fatalf("Recvfrom = %d, %v, want 1", n, errno)
	}
	if sa.Family() != unix.AF_UNSPEC {
		t.Errorf("Recvfrom from no name: family = %d, want %d", sa.Family(), unix.AF_UNSPEC)
	}
	// syscall answers with no address at all.
	noErrno(t, "Sendto", Sendto(a, []byte("x"), 0, nil))
	if n, std, err := syscall.Recvfrom(b, make([]byte, 8), 0); n != 1 || std != nil || err != nil {
		t.Fatalf("syscall.Recvfrom = %d, %v, %v, want 1, nil, nil", n, std, err)
	}
}

func TestGetnameFailedLeavesNoAddress(t *testing.T) {
	unconnected := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	r, _ := pipe(t)
	for _, tt := range []struct {
		name string
		call func(int, *Sockaddr) Errno
		fd   int
		want Errno
	}{
		{"Getsockname closed", Getsockname, -1, unix.EBADF},
		{"Getpeername closed", Getpeername, -1, unix.EBADF},
		{"Getsockname of a pipe", Getsockname, r, unix.ENOTSOCK},
		{"Getpeername not connected", Getpeername, unconnected, unix.ENOTCONN},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sa := inet4("1.2.3.4", 5)
			wantErrno(t, tt.name, tt.call(tt.fd, sa), tt.want)
			if *sa != (Sockaddr{}) {
				t.Errorf("address = %x, want none", *sa)
			}
		})
	}
}

func TestGetpeernameAsSyscall(t *testing.T) {
	client, server := tcp(t)
	for _, fd := range []int{client, server} {
		var sa Sockaddr
		noErrno(t, "Getpeername", Getpeername(fd, &sa))
		std, err := syscall.Getpeername(fd)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sa.text(), textOf(std); got != want {
			t.Errorf("Getpeername(%d) = %s, want %s", fd, got, want)
		}
	}
	if got, want := localAddr(t, client).text(), peer(t, server).text(); got != want {
		t.Errorf("address of the client = %s, want %s", got, want)
	}
}

func peer(t testing.TB, fd int) *Sockaddr {
	t.Helper()
	sa := new(Sockaddr)
	noErrno(t, "Getpeername", Getpeername(fd, sa))
	return sa
}
