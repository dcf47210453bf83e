//go:build linux

package poll

import "go.parity/socket"

// SetsockoptInt sets an option whose value is an int.
//
// std: internal/poll.(*FD).SetsockoptInt
func (fd *FD) SetsockoptInt(level, name, value int) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.SetsockoptInt(sysfd, level, name, value) })
}

// GetsockoptInt returns an option whose value is an int.
//
// std: internal/poll.(*FD).GetsockoptInt
func (fd *FD) GetsockoptInt(level, name int) (value int, err error) {
	err = fd.control(func(sysfd int) (errno socket.Errno) {
		value, errno = socket.GetsockoptInt(sysfd, level, name)
		return errno
	})
	return value, err
}

// SetsockoptLinger sets SO_LINGER.
//
// std: internal/poll.(*FD).SetsockoptLinger
func (fd *FD) SetsockoptLinger(on bool, sec int) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.SetsockoptLinger(sysfd, on, sec) })
}

// SetsockoptIPMreqn sets an option on an IPv4 group or interface.
//
// std: internal/poll.(*FD).SetsockoptIPMreqn
func (fd *FD) SetsockoptIPMreqn(name int, group [4]byte, ifindex int) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.SetsockoptIPMreqn(sysfd, name, group, ifindex) })
}

// SetsockoptIPv6Mreq sets an option on an IPv6 group.
//
// std: internal/poll.(*FD).SetsockoptIPv6Mreq
func (fd *FD) SetsockoptIPv6Mreq(name int, group [16]byte, ifindex int) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.SetsockoptIPv6Mreq(sysfd, name, group, ifindex) })
}

// Getsockname writes the local address to sa.
func (fd *FD) Getsockname(sa *socket.Sockaddr) error {
	return fd.control(func(sysfd int) socket.Errno { return socket.Getsockname(sysfd, sa) })
}
