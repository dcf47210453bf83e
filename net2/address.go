//go:build linux

package net2

import (
	"sync/atomic"
	"syscall"

	"go.parity/socket"
)

// An address is one end of a netFD. What the kernel said of it is kept, and
// made into an Addr when that is asked for; whoever asks gets the same one each
// time.
type address struct {
	raw   socket.Inet // AF_UNSPEC if it was not known; immutable
	built atomic.Pointer[addrBox]
}

// An addrBox is an Addr in one allocation with the IP address it points to.
type addrBox struct {
	addr Addr
	ip   [16]byte
}

// load returns the Addr, nil if it was not built.
func (a *address) load() Addr {
	if b := a.built.Load(); b != nil {
		return b.addr
	}
	return nil
}

// store sets the Addr, unless it is set or b is nil, and returns it.
func (a *address) store(b *addrBox) Addr {
	if b != nil {
		a.built.CompareAndSwap(nil, b)
	}
	return a.load()
}

// localAddr returns the local address, nil if there is none. It asks the kernel
// when it must.
//
// deviation: local-addr-on-demand
func (fd *netFD) localAddr() Addr {
	if a := fd.laddr.load(); a != nil {
		return a
	}
	raw := fd.laddr.raw
	if fd.laddrOnDemand {
		var sa socket.Sockaddr
		if fd.pfd.Getsockname(&sa) == nil { // else closed: see Close
			raw = sa.Inet()
		}
	}
	return fd.laddr.store(fd.inetAddr(raw))
}

// pinLocalAddr sees to it that the local address is known before the socket is
// shown to others, who may change it.
func (fd *netFD) pinLocalAddr() {
	if fd.laddrOnDemand {
		fd.localAddr()
	}
}

// remoteAddr returns the address of the peer, nil if there is none.
func (fd *netFD) remoteAddr() Addr {
	if a := fd.raddr.load(); a != nil {
		return a
	}
	return fd.raddr.store(fd.inetAddr(fd.raddr.raw))
}

// setAddrs sets both addresses to those that the kernel gave.
func (fd *netFD) setAddrs(lsa, rsa *socket.Sockaddr) {
	if fd.family == syscall.AF_UNIX {
		fd.laddr.store(fd.unixAddr(lsa))
		fd.raddr.store(fd.unixAddr(rsa))
		return
	}
	fd.laddr.set(fd, lsa.Inet())
	fd.raddr.set(fd, rsa.Inet())
}

// set keeps what the kernel said. A zone's name is looked up at once, for it may
// be another's later.
func (a *address) set(fd *netFD, raw socket.Inet) {
	a.raw = raw
	if raw.Zone != 0 {
		a.store(fd.inetAddr(raw))
	}
}

// unixAddr makes the kernel's address one of the socket's network, nil if there
// is none.
//
// std: net.sockaddrToUnix
func (fd *netFD) unixAddr(sa *socket.Sockaddr) *addrBox {
	network := sotypeToNet(fd.sotype)
	if sa.Family() != syscall.AF_UNIX || network == "" {
		return nil
	}
	return &addrBox{addr: &UnixAddr{Name: sa.Unix(), Net: network}}
}

// inetAddr makes the kernel's address one of the socket's network, nil if there
// is none.
//
// std: net.sockaddrToTCP
func (fd *netFD) inetAddr(raw socket.Inet) *addrBox {
	switch raw.Family {
	case syscall.AF_INET, syscall.AF_INET6:
	default:
		return nil
	}
	switch fd.sotype {
	case syscall.SOCK_STREAM:
		var b struct {
			addrBox
			TCPAddr
		}
		box := &b
		box.addr = &box.TCPAddr
		box.IP, box.Port, box.Zone = box.setIP(raw), int(raw.Port), zoneCache.name(raw.Zone)
		return &box.addrBox
	case syscall.SOCK_DGRAM:
		var b struct {
			addrBox
			UDPAddr
		}
		box := &b
		box.addr = &box.UDPAddr
		box.IP, box.Port, box.Zone = box.setIP(raw), int(raw.Port), zoneCache.name(raw.Zone)
		return &box.addrBox
	case syscall.SOCK_RAW:
		var b struct {
			addrBox
			IPAddr
		}
		box := &b
		box.addr = &box.IPAddr
		box.IP, box.Zone = box.setIP(raw), zoneCache.name(raw.Zone)
		return &box.addrBox
	}
	return nil
}

// setIP keeps the IP address of raw in the box.
func (b *addrBox) setIP(raw socket.Inet) IP {
	b.ip = raw.Addr
	if raw.Family == syscall.AF_INET {
		return b.ip[:4:4]
	}
	return b.ip[:]
}
