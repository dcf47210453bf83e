//go:build linux

package net2

import (
	"context"
	"net"
	"syscall"

	"go.parity/socket"
)

// IPConn is a raw IP socket, which only a process with privileges may make; see
// raw(7). [Dial], [DialIP], [ListenPacket] and [ListenIP] make one. Several
// goroutines may call its methods at the same time.
type IPConn struct{ conn }

// std: net.newIPConn
func newIPConn(fd *netFD) *IPConn { return &IPConn{conn{fd}} }

// SyscallConn returns access to the socket's descriptor, for system calls that
// this package does not make.
func (c *IPConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// ReadFromIP receives a packet into b and returns its length and its sender. It
// removes the header of an IPv4 packet, if b holds the whole header. See
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

// ReadFrom is ReadFromIP with the signature of a [PacketConn]. The address is an
// [*IPAddr].
func (c *IPConn) ReadFrom(b []byte) (int, Addr, error) {
	n, addr, err := c.ReadFromIP(b)
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadMsgIP receives a packet into b, and control messages into oob, and returns
// their lengths, the flags and the sender. An IPv4 packet keeps its header. See
// recvmsg(2).
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

// WriteToIP sends b to addr as one packet; see sendto(2). If the socket has a peer,
// WriteToIP fails with [ErrWriteToConnected].
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

// WriteTo is WriteToIP with the signature of a [PacketConn]. The address must be an
// [*IPAddr].
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

// WriteMsgIP sends b and the control messages oob to addr, and returns how many
// bytes of each it sent; see sendmsg(2). If the socket has a peer, WriteMsgIP fails
// with [ErrWriteToConnected].
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

// destination writes addr, the receiver of a packet, to sa.
func (c *IPConn) destination(sa *socket.Sockaddr, addr *IPAddr) error {
	if c.fd.isConnected {
		return ErrWriteToConnected
	}
	if addr == nil {
		return errMissingAddress
	}
	return ipToSockaddr(sa, c.fd.family, addr.IP, 0, addr.Zone)
}

// sockaddrToIPAddr returns the address that a read got from the kernel, or nil if
// it got none.
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

// stripIPv4Header removes the header of the IPv4 packet in b, whose length is n,
// and returns the length without it. It leaves b as it is if b does not hold such a
// packet.
//
// std: net.stripIPv4Header
func stripIPv4Header(n int, b []byte) int {
	const minHeader = 20
	if n < minHeader || b[0]>>4 != 4 {
		return n
	}
	header := int(b[0]&0x0f) << 2
	if header < minHeader || header > n {
		return n
	}
	copy(b, b[header:n])
	return n - header
}

// DialIP is [Dial] for IP networks, with addresses that are resolved already. The
// network is "ip", "ip4" or "ip6", followed by a colon and a protocol, name or
// number, as in "ip4:icmp" and "ip6:58".
//
// If laddr is nil, the kernel chooses the local address. If the IP of raddr is nil
// or unspecified, the peer is this host. If raddr is nil, DialIP fails.
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

// ListenIP is [ListenPacket] for IP networks, with an address that is resolved
// already. The network has the form that [DialIP] takes. If laddr or its IP is nil,
// or the IP is unspecified, the socket receives on every address of this host.
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

// rawSocket makes a socket for an IP network with a protocol.
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
