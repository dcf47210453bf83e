//go:build linux

package net2

import (
	"sync/atomic"
	"syscall"

	"go.parity/socket"
)

// An address is one end of a netFD. It keeps the address in the kernel's form and makes
// an Addr of it when somebody asks; everybody gets the same Addr.
type address struct {
	raw   socket.Inet // AF_UNSPEC if the kernel did not report it; immutable
	built atomic.Pointer[addrBox]
}

// An addrBox holds an Addr and the IP address to which it points, in one allocation.
type addrBox struct {
	addr Addr
	ip   [16]byte
}

// load returns the Addr, or nil if nobody has built it.
func (a *address) load() Addr {
	if b := a.built.Load(); b != nil {
		return b.addr
	}
	return nil
}

// store sets the Addr and returns it. If the Addr is set already, or b is nil, it changes
// nothing.
func (a *address) store(b *addrBox) Addr {
	if b != nil {
		a.built.CompareAndSwap(nil, b)
	}
	return a.load()
}

// localAddr returns the local address, or nil if the socket has none. It asks the kernel
// if it must.
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

// pinLocalAddr asks for the local address, if we do not know it, before others see the
// socket: they may change the address.
func (fd *netFD) pinLocalAddr() {
	if fd.laddrOnDemand {
		fd.localAddr()
	}
}

// remoteAddr returns the address of the peer, or nil if there is no peer.
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

// set keeps the address that the kernel reported. It looks up the name of the zone at
// once, because another interface may have that index later.
func (a *address) set(fd *netFD, raw socket.Inet) {
	a.raw = raw
	if raw.Zone != 0 {
		a.store(fd.inetAddr(raw))
	}
}

// unixAddr turns the kernel's address into one of the socket's network, or nil if the
// kernel reported none.
//
// std: net.sockaddrToUnix
func (fd *netFD) unixAddr(sa *socket.Sockaddr) *addrBox {
	network := sotypeToNet(fd.sotype)
	if sa.Family() != syscall.AF_UNIX || network == "" {
		return nil
	}
	return &addrBox{addr: &UnixAddr{Name: sa.Unix(), Net: network}}
}

// inetAddr turns the kernel's address into one of the socket's network, or nil if the
// kernel reported none.
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
