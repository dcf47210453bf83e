//go:build linux

package net2

import (
	"os"
	"syscall"

	"go.parity/socket"
)

// std: net.setDefaultSockopts
func setDefaultSockopts(s, family, sotype int, ipv6only bool) error {
	if family == syscall.AF_INET6 && sotype != syscall.SOCK_RAW {
		// Set both families or IPv6 alone, so that the host's default does not matter.
		socket.SetsockoptInt(s, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, boolint(ipv6only))
	}
	if (sotype == syscall.SOCK_DGRAM || sotype == syscall.SOCK_RAW) && family != syscall.AF_UNIX {
		return setsockopt(s, syscall.SO_BROADCAST, 1)
	}
	return nil
}

// setDefaultListenerSockopts allows a listener on a port whose last connections are still
// in the kernel's memory.
//
// std: net.setDefaultListenerSockopts
func setDefaultListenerSockopts(s int) error { return setsockopt(s, syscall.SO_REUSEADDR, 1) }

// setDefaultMulticastSockopts allows several sockets to receive from a group.
//
// std: net.setDefaultMulticastSockopts
func setDefaultMulticastSockopts(s int) error { return setsockopt(s, syscall.SO_REUSEADDR, 1) }

func setsockopt(s, name, value int) error {
	if errno := socket.SetsockoptInt(s, syscall.SOL_SOCKET, name, value); errno != 0 {
		return os.NewSyscallError("setsockopt", errno)
	}
	return nil
}

func boolint(b bool) int {
	if b {
		return 1
	}
	return 0
}

// setsockoptInt sets an option of an open socket.
func (fd *netFD) setsockoptInt(level, name, value int) error {
	return wrapSyscallError("setsockopt", fd.pfd.SetsockoptInt(level, name, value))
}

// std: net.setReadBuffer
func setReadBuffer(fd *netFD, bytes int) error {
	return fd.setsockoptInt(syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes)
}

// std: net.setWriteBuffer
func setWriteBuffer(fd *netFD, bytes int) error {
	return fd.setsockoptInt(syscall.SOL_SOCKET, syscall.SO_SNDBUF, bytes)
}

// std: net.setKeepAlive
func setKeepAlive(fd *netFD, keepalive bool) error {
	return fd.setsockoptInt(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, boolint(keepalive))
}

// setLinger makes the kernel send unsent data after Close for at most sec seconds, or
// without a limit if sec is negative.
//
// std: net.setLinger
func setLinger(fd *netFD, sec int) error {
	return wrapSyscallError("setsockopt", fd.pfd.SetsockoptLinger(sec >= 0, max(sec, 0)))
}

// std: net.setIPv4MulticastInterface
func setIPv4MulticastInterface(fd *netFD, ifi *Interface) error {
	return wrapSyscallError("setsockopt", fd.pfd.SetsockoptIPMreqn(syscall.IP_MULTICAST_IF, [4]byte{}, ifi.Index))
}

// std: net.setIPv4MulticastLoopback
func setIPv4MulticastLoopback(fd *netFD, on bool) error {
	return fd.setsockoptInt(syscall.IPPROTO_IP, syscall.IP_MULTICAST_LOOP, boolint(on))
}

// std: net.joinIPv4Group
func joinIPv4Group(fd *netFD, ifi *Interface, ip IP) error {
	return wrapSyscallError("setsockopt", fd.pfd.SetsockoptIPMreqn(syscall.IP_ADD_MEMBERSHIP, [4]byte(ip), ifindex(ifi)))
}

// std: net.setIPv6MulticastInterface
func setIPv6MulticastInterface(fd *netFD, ifi *Interface) error {
	return fd.setsockoptInt(syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_IF, ifi.Index)
}

// std: net.setIPv6MulticastLoopback
func setIPv6MulticastLoopback(fd *netFD, on bool) error {
	return fd.setsockoptInt(syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_LOOP, boolint(on))
}

// std: net.joinIPv6Group
func joinIPv6Group(fd *netFD, ifi *Interface, ip IP) error {
	var group [16]byte
	copy(group[:], ip)
	return wrapSyscallError("setsockopt", fd.pfd.SetsockoptIPv6Mreq(syscall.IPV6_JOIN_GROUP, group, ifindex(ifi)))
}

// ifindex returns the index of an interface; for nil it returns 0, which means any.
func ifindex(ifi *Interface) int {
	if ifi == nil {
		return 0
	}
	return ifi.Index
}
