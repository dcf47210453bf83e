//go:build linux

package socket

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SetsockoptInt sets an option whose value is an int; see setsockopt(2).
func SetsockoptInt(fd, level, name, value int) Errno {
	return errnoOf(syscall.SetsockoptInt(fd, level, name, value))
}

// GetsockoptInt returns an option whose value is an int; see getsockopt(2).
func GetsockoptInt(fd, level, name int) (int, Errno) {
	value, err := unix.GetsockoptInt(fd, level, name)
	return value, errnoOf(err)
}

// SetsockoptLinger sets SO_LINGER; see socket(7).
func SetsockoptLinger(fd int, on bool, sec int) Errno {
	l := unix.Linger{Linger: int32(sec)}
	if on {
		l.Onoff = 1
	}
	return errnoOf(unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l))
}

// SetsockoptIPMreqn sets an option on an IPv4 group or interface; see ip(7).
func SetsockoptIPMreqn(fd, name int, group [4]byte, ifindex int) Errno {
	mreq := unix.IPMreqn{Multiaddr: group, Ifindex: int32(ifindex)}
	return errnoOf(unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, name, &mreq))
}

// SetsockoptIPv6Mreq sets an option on an IPv6 group; see ipv6(7).
func SetsockoptIPv6Mreq(fd, name int, group [16]byte, ifindex int) Errno {
	mreq := unix.IPv6Mreq{Multiaddr: group, Interface: uint32(ifindex)}
	return errnoOf(unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, name, &mreq))
}

// GetsockoptUcred returns an option whose value is a process with its user and group;
// see unix(7).
func GetsockoptUcred(fd, level, name int) (*syscall.Ucred, Errno) {
	cred, err := syscall.GetsockoptUcred(fd, level, name)
	return cred, errnoOf(err)
}
