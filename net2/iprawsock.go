//go:build linux

package net2

import (
	"context"
	"net"
	"syscall"

	"go.parity/socket"
)

// IPConn is a raw IP socket, which only a privileged process may make; see
// raw(7). Its methods are safe for concurrent use.
type IPConn struct{ conn }

// std: net.newIPConn
func newIPConn(fd *netFD) *IPConn { return &IPConn{conn{fd}} }

// SyscallConn returns the socket's descriptor for use in system calls.
func (c *IPConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// ReadFromIP receives a packet into b and returns its length and its sender.
// From an IPv4 packet the header is taken away, if b holds it whole. See
// recvfrom(2).
func (c *IPConn) ReadFromIP(b []byte) (int, *IPAddr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, err := c.fd.readFrom(b, &sa)
	if err != nil {
		return n, nil, c.fd.opError("read", err)
	}
	addr := sockaddrToIPAddr(&sa)
	if sa.Family() == syscall.AF_INET {
		n = stripIPv4Header(n, b)
	}
	return n, addr, nil
}

// ReadFrom is ReadFromIP for a [PacketConn].
func (c *IPConn) ReadFrom(b []byte) (int, Addr, error) {
	n, addr, err := c.ReadFromIP(b)
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadMsgIP receives a packet into b, with its header where IPv4 has one, and
// control messages into oob, and returns their lengths, the flags and the
// sender. See recvmsg(2).
func (c *IPConn) ReadMsgIP(b, oob []byte) (n, oobn, flags int, addr *IPAddr, err error) {
	if !c.ok() {
		return 0, 0, 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, oobn, flags, err = c.fd.readMsg(b, oob, 0, &sa)
	addr = sockaddrToIPAddr(&sa)
	if err != nil {
		err = c.fd.opError("read", err)
	}
	return n, oobn, flags, addr, err
}

// WriteToIP sends b to addr; see sendto(2). A socket with a peer refuses with
// [ErrWriteToConnected].
func (c *IPConn) WriteToIP(b []byte, addr *IPAddr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n := 0
	err := c.destination(&sa, addr)
	if err == nil {
		n, err = c.fd.writeTo(b, &sa)
	}
	if err != nil {
		err = c.fd.writeError(opAddr(addr), err)
	}
	return n, err
}

// WriteTo is WriteToIP for a [PacketConn]; addr is an *IPAddr.
func (c *IPConn) WriteTo(b []byte, addr Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	a, ok := addr.(*IPAddr)
	if !ok {
		return 0, c.fd.writeError(addr, syscall.EINVAL)
	}
	return c.WriteToIP(b, a)
}

// WriteMsgIP sends b and the control messages oob to addr; see sendmsg(2). A
// socket with a peer refuses with [ErrWriteToConnected].
func (c *IPConn) WriteMsgIP(b, oob []byte, addr *IPAddr) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	var sa socket.Sockaddr
	if err = c.destination(&sa, addr); err == nil {
		n, oobn, err = c.fd.writeMsg(b, oob, &sa)
	}
	if err != nil {
		err = c.fd.writeError(opAddr(addr), err)
	}
	return n, oobn, err
}

// destination writes addr, to which a packet is to go, to sa.
func (c *IPConn) destination(sa *socket.Sockaddr, addr *IPAddr) error {
	if c.fd.isConnected {
		return ErrWriteToConnected
	}
	if addr == nil {
		return errMissingAddress
	}
	return ipToSockaddr(sa, c.fd.family, addr.IP, 0, addr.Zone)
}

// sockaddrToIPAddr returns the address that a read was given, nil if there is
// none.
//
// std: net.sockaddrToIP
func sockaddrToIPAddr(sa *socket.Sockaddr) *IPAddr {
	a := sa.Inet()
	switch a.Family {
	case syscall.AF_INET:
		return &IPAddr{IP: append(IP(nil), a.Addr[:4]...)}
	case syscall.AF_INET6:
		return &IPAddr{IP: append(IP(nil), a.Addr[:]...), Zone: zoneCache.name(a.Zone)}
	}
	return nil
}

// stripIPv4Header takes the header of the IPv4 packet in b away, and returns
// what is left of its length n; what is not a packet stays as it is.
//
// std: net.stripIPv4Header
func stripIPv4Header(n int, b []byte) int {
	const minHeader = 20
	if len(b) < minHeader || b[0]>>4 != 4 {
		return n
	}
	header := int(b[0]&0x0f) << 2
	if header < minHeader || header > len(b) {
		return n
	}
	copy(b, b[header:])
	return n - header
}

// DialIP makes a raw socket with the peer raddr, from laddr unless that is nil.
// The network is an IP network with a protocol, by name or number: "ip4:icmp",
// "ip6:58".
func DialIP(network string, laddr, raddr *IPAddr) (*IPConn, error) {
	return dialIP(context.Background(), nil, network, laddr, raddr)
}

// std: net.dialIP
func dialIP(ctx context.Context, dialer *Dialer, network string, laddr, raddr *IPAddr) (*IPConn, error) {
	fail := func(err error) (*IPConn, error) {
		return nil, &OpError{Op: "dial", Net: network, Source: opAddr(laddr), Addr: opAddr(raddr), Err: err}
	}
	if raddr == nil {
		return fail(errMissingAddress)
	}
	sd := &sysDialer{network: network, address: raddr.String()}
	if dialer != nil {
		sd.Dialer = *dialer
	}
	c, err := sd.dialIP(ctx, laddr, raddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// std: net.(*sysDialer).dialIP
func (sd *sysDialer) dialIP(ctx context.Context, laddr, raddr *IPAddr) (*IPConn, error) {
	return rawSocket(ctx, sd.network, laddr, raddr, "dial", sd.spec())
}

// ListenIP makes a raw socket that receives packets to laddr, or to every
// address of the host if its IP is nil or unspecified. The network is as for
// [DialIP].
func ListenIP(network string, laddr *IPAddr) (*IPConn, error) {
	if laddr == nil {
		laddr = &IPAddr{}
	}
	sl := &sysListener{network: network, address: laddr.String()}
	c, err := sl.listenIP(context.Background(), laddr)
	if err != nil {
		return nil, &OpError{Op: "listen", Net: network, Addr: opAddr(laddr), Err: err}
	}
	return c, nil
}

// std: net.(*sysListener).listenIP
func (sl *sysListener) listenIP(ctx context.Context, laddr *IPAddr) (*IPConn, error) {
	return rawSocket(ctx, sl.network, laddr, nil, "listen", sl.spec())
}

// rawSocket makes the socket of an IP network with a protocol.
func rawSocket(ctx context.Context, network string, laddr, raddr *IPAddr, mode string, spec socketSpec) (*IPConn, error) {
	afnet, proto, err := parseNetwork(network, true)
	if err != nil {
		return nil, err
	}
	switch afnet {
	case "ip", "ip4", "ip6":
	default:
		return nil, UnknownNetworkError(network)
	}
	fd, err := internetSocket(ctx, afnet, asSockaddr(laddr), asSockaddr(raddr), syscall.SOCK_RAW, proto, mode, spec)
	if err != nil {
		return nil, err
	}
	return newIPConn(fd), nil
}

var (
	_ net.Conn       = (*IPConn)(nil)
	_ net.PacketConn = (*IPConn)(nil)
	_ syscall.Conn   = (*IPConn)(nil)
)
