//go:build linux

package net2

import (
	"net/netip"
	"syscall"

	"go.parity/socket"
)

// A sockaddr is an address to which one can bind or connect a socket.
//
// std: net.sockaddr
type sockaddr interface {
	Addr

	// family returns the address family that suits the address.
	family() int

	// isWildcard reports whether the address is unspecified or empty.
	isWildcard() bool

	// sockaddr writes the address to sa for a socket of a family.
	sockaddr(sa *socket.Sockaddr, family int) error
}

// The address types are net's own, and we cannot add methods to them. These types give
// them the methods of sockaddr. Their methods have pointers as receivers, because a program
// would contain each method of a value twice.
type (
	tcpSockaddr  TCPAddr
	udpSockaddr  UDPAddr
	ipSockaddr   IPAddr
	unixSockaddr UnixAddr
)

// asSockaddr returns addr with the methods of a sockaddr, or a nil interface if addr is
// nil.
func asSockaddr(addr Addr) sockaddr {
	switch a := addr.(type) {
	case *TCPAddr:
		if a != nil {
			return (*tcpSockaddr)(a)
		}
	case *UDPAddr:
		if a != nil {
			return (*udpSockaddr)(a)
		}
	case *IPAddr:
		if a != nil {
			return (*ipSockaddr)(a)
		}
	case *UnixAddr:
		if a != nil {
			return (*unixSockaddr)(a)
		}
	}
	return nil
}

func (a *tcpSockaddr) Network() string  { return (*TCPAddr)(a).Network() }
func (a *udpSockaddr) Network() string  { return (*UDPAddr)(a).Network() }
func (a *ipSockaddr) Network() string   { return (*IPAddr)(a).Network() }
func (a *unixSockaddr) Network() string { return (*UnixAddr)(a).Network() }

func (a *tcpSockaddr) String() string  { return (*TCPAddr)(a).String() }
func (a *udpSockaddr) String() string  { return (*UDPAddr)(a).String() }
func (a *ipSockaddr) String() string   { return (*IPAddr)(a).String() }
func (a *unixSockaddr) String() string { return (*UnixAddr)(a).String() }

func (a *tcpSockaddr) family() int  { return ipFamily(a.IP) }
func (a *udpSockaddr) family() int  { return ipFamily(a.IP) }
func (a *ipSockaddr) family() int   { return ipFamily(a.IP) }
func (a *unixSockaddr) family() int { return syscall.AF_UNIX }

func (a *tcpSockaddr) isWildcard() bool  { return isWildcard(a.IP) }
func (a *udpSockaddr) isWildcard() bool  { return isWildcard(a.IP) }
func (a *ipSockaddr) isWildcard() bool   { return isWildcard(a.IP) }
func (a *unixSockaddr) isWildcard() bool { return a.Name == "" }

func (a *tcpSockaddr) sockaddr(sa *socket.Sockaddr, family int) error {
	return ipToSockaddr(sa, family, a.IP, a.Port, a.Zone)
}

func (a *udpSockaddr) sockaddr(sa *socket.Sockaddr, family int) error {
	return ipToSockaddr(sa, family, a.IP, a.Port, a.Zone)
}

func (a *ipSockaddr) sockaddr(sa *socket.Sockaddr, family int) error {
	return ipToSockaddr(sa, family, a.IP, 0, a.Zone)
}

func (a *unixSockaddr) sockaddr(sa *socket.Sockaddr, family int) error {
	sa.SetUnix(a.Name)
	return nil
}

func ipFamily(ip IP) int {
	if len(ip) <= IPv4len || ip.To4() != nil {
		return syscall.AF_INET
	}
	return syscall.AF_INET6
}

func isWildcard(ip IP) bool { return ip == nil || ip.IsUnspecified() }

// ipToSockaddr writes an address to sa for a socket of a family.
//
// std: net.ipToSockaddr
func ipToSockaddr(sa *socket.Sockaddr, family int, ip IP, port int, zone string) error {
	switch family {
	case syscall.AF_INET:
		if len(ip) == 0 {
			ip = IPv4zero
		}
		ip4 := ip.To4()
		if ip4 == nil {
			return &AddrError{Err: "non-IPv4 address", Addr: ip.String()}
		}
		sa.SetInet4([4]byte(ip4), port)
		return nil
	case syscall.AF_INET6:
		// On a socket for both families, 0.0.0.0 means every address too.
		if len(ip) == 0 || ip.Equal(IPv4zero) {
			ip = IPv6zero
		}
		ip6 := ip.To16()
		if ip6 == nil {
			return &AddrError{Err: "non-IPv6 address", Addr: ip.String()}
		}
		sa.SetInet6([16]byte(ip6), port, zoneCache.index(zone))
		return nil
	}
	return &AddrError{Err: "invalid address family", Addr: ip.String()}
}

// addrPortToSockaddr writes an address to sa for a socket of a family. An IPv4
// address goes to an IPv6 socket in its mapped form.
//
// std: net.addrPortToSockaddrInet4
func addrPortToSockaddr(sa *socket.Sockaddr, family int, ap netip.AddrPort) error {
	addr := ap.Addr()
	switch family {
	case syscall.AF_INET:
		if !addr.Is4() && !addr.Is4In6() {
			return &AddrError{Err: "non-IPv4 address", Addr: addr.String()}
		}
		sa.SetInet4(addr.As4(), int(ap.Port()))
		return nil
	case syscall.AF_INET6:
		sa.SetInet6(addr.As16(), int(ap.Port()), zoneCache.index(addr.Zone()))
		return nil
	}
	return &AddrError{Err: "invalid address family", Addr: addr.String()}
}

// sockaddrToAddrPort reads the address from which a socket of a family has received. If
// the kernel gave no address, it returns the unspecified one, as net does.
func sockaddrToAddrPort(sa *socket.Sockaddr, family int) netip.AddrPort {
	a := sa.Inet()
	if family == syscall.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a.Addr[:4])), a.Port)
	}
	ip := netip.AddrFrom16(a.Addr)
	if a.Zone != 0 {
		ip = ip.WithZone(zoneCache.name(a.Zone))
	}
	return netip.AddrPortFrom(ip, a.Port)
}
