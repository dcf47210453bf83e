//go:build linux

package socket

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Sockaddr is a socket address as the kernel reads and writes it; see
// ip(7), ipv6(7) and unix(7). The zero value stands for no address.
type Sockaddr struct {
	_   [0]uint64 // the kernel wants struct sockaddr_un aligned
	raw [unix.SizeofSockaddrAny]byte
	len uint32 // how many bytes of raw are the address
}

// Offsets in struct sockaddr_in and sockaddr_in6. The family, and the zone of
// sockaddr_in6, are in the byte order of the host, the port in that of the
// network.
const (
	offPort  = 2
	offAddr4 = 4
	offAddr6 = 8
	offZone  = 24
	offPath  = 2
)

// badLen marks an address that cannot be encoded. Calls with such an address return
// EINVAL, as those of package syscall do.
const badLen = ^uint32(0)

// SetInet4 sets sa to an IPv4 address and port. If the port is not in 0 to 65535,
// every call with sa returns EINVAL.
func (sa *Sockaddr) SetInet4(addr [4]byte, port int) {
	*sa = Sockaddr{}
	sa.setFamily(unix.AF_INET, unix.SizeofSockaddrInet4)
	sa.setPort(port)
	copy(sa.raw[offAddr4:], addr[:])
}

// SetInet6 sets sa to an IPv6 address and port. The zone is the index of an
// interface, or 0 for no zone. If the port is not in 0 to 65535, every call with sa
// returns EINVAL.
func (sa *Sockaddr) SetInet6(addr [16]byte, port int, zone uint32) {
	*sa = Sockaddr{}
	sa.setFamily(unix.AF_INET6, unix.SizeofSockaddrInet6)
	sa.setPort(port)
	copy(sa.raw[offAddr6:], addr[:])
	binary.NativeEndian.PutUint32(sa.raw[offZone:], zone)
}

// SetUnix sets sa to the address of a Unix domain socket. The name is a path, or an
// abstract name if it starts with '@' or NUL. If the name is empty, bind(2) chooses
// an abstract name. If the name is too long, every call with sa returns EINVAL.
func (sa *Sockaddr) SetUnix(name string) {
	*sa = Sockaddr{}
	const room = unix.SizeofSockaddrUnix - offPath
	abstract := name != "" && (name[0] == '@' || name[0] == 0)
	n := offPath + len(name)
	if name != "" && !abstract {
		n++ // the NUL that ends a path
	}
	if n > offPath+room {
		sa.len = badLen
		return
	}
	sa.setFamily(unix.AF_UNIX, uint32(n))
	copy(sa.raw[offPath:], name)
	if abstract {
		sa.raw[offPath] = 0
	}
}

func (sa *Sockaddr) setFamily(family uint16, n uint32) {
	binary.NativeEndian.PutUint16(sa.raw[:], family)
	sa.len = n
}

func (sa *Sockaddr) setPort(port int) {
	if port < 0 || port > 0xFFFF {
		sa.len = badLen
		return
	}
	binary.BigEndian.PutUint16(sa.raw[offPort:], uint16(port))
}

// makeRoom lets the kernel write an address of any length. What it leaves of raw must be
// zero, and is as long as sa holds no address: to clear it again took 1 % of reading a packet.
func (sa *Sockaddr) makeRoom() {
	if sa.len != 0 {
		*sa = Sockaddr{}
	}
	sa.len = uint32(len(sa.raw))
}

// Family returns the address family, or AF_UNSPEC if sa holds no address.
func (sa *Sockaddr) Family() int {
	return int(binary.NativeEndian.Uint16(sa.raw[:]))
}

// Inet returns the IPv4 or IPv6 address in sa. If sa holds neither, the result's
// Family is AF_UNSPEC.
func (sa *Sockaddr) Inet() (a Inet) {
	switch sa.Family() {
	case unix.AF_INET:
		a.Family = unix.AF_INET
		copy(a.Addr[:4], sa.raw[offAddr4:])
	case unix.AF_INET6:
		a.Family = unix.AF_INET6
		copy(a.Addr[:], sa.raw[offAddr6:])
		a.Zone = binary.NativeEndian.Uint32(sa.raw[offZone:])
	default:
		return a
	}
	a.Port = binary.BigEndian.Uint16(sa.raw[offPort:])
	return a
}

// Unix returns the name of a Unix domain socket, up to its first NUL. In an abstract
// name '@' stands for the leading NUL. The name of a socket without a name is "@", as
// in package syscall.
func (sa *Sockaddr) Unix() string {
	var name [unix.SizeofSockaddrUnix - offPath]byte
	copy(name[:], sa.raw[offPath:])
	if name[0] == 0 {
		name[0] = '@'
	}
	n := 0
	for n < len(name) && name[n] != 0 {
		n++
	}
	return string(name[:n])
}

// Inet is an IPv4 or IPv6 address and port. It has no pointers, so that keeping one
// costs no allocation.
type Inet struct {
	Addr   [16]byte // an IPv4 address stands in the first 4
	Zone   uint32   // index of the zone's interface, 0 for none
	Port   uint16
	Family uint16 // AF_INET, AF_INET6, or AF_UNSPEC for no address
}
