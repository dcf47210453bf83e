//go:build linux

package net2

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"go.parity/socket"
)

// UDPConn is a UDP socket, with a peer (from Dial) or without (from Listen);
// see udp(7). Its methods are safe for concurrent use.
type UDPConn struct{ conn }

// std: net.newUDPConn
func newUDPConn(fd *netFD) *UDPConn { return &UDPConn{conn{fd}} }

// SyscallConn returns the socket's descriptor for use in system calls.
func (c *UDPConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// ReadFromUDP receives a packet into b and returns its length and its sender.
// What does not fit into b is lost. See recvfrom(2).
func (c *UDPConn) ReadFromUDP(b []byte) (n int, addr *UDPAddr, err error) {
	// The address is allocated here, so that it need not be on the heap where
	// this is inlined into a caller who does not keep it.
	return c.readFromUDP(b, &UDPAddr{})
}

// std: net.(*UDPConn).readFromUDP
func (c *UDPConn) readFromUDP(b []byte, addr *UDPAddr) (int, *UDPAddr, error) {
	n, ap, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	*addr = UDPAddr{IP: ap.Addr().AsSlice(), Port: int(ap.Port()), Zone: ap.Addr().Zone()}
	return n, addr, nil
}

// ReadFrom is ReadFromUDP for a [PacketConn].
func (c *UDPConn) ReadFrom(b []byte) (int, Addr, error) {
	n, addr, err := c.readFromUDP(b, &UDPAddr{})
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadFromUDPAddrPort is ReadFromUDP that allocates nothing. On a socket for
// both IP versions an IPv4 sender has its mapped address.
func (c *UDPConn) ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, netip.AddrPort{}, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, err = c.fd.readFrom(b, &sa)
	if err != nil {
		return n, addr, c.fd.opError("read", err)
	}
	return n, sockaddrToAddrPort(&sa, c.fd.family), nil
}

// ReadMsgUDP receives a packet into b and its control messages into oob, and
// returns their lengths, the flags, of which MSG_TRUNC and MSG_CTRUNC say that
// something did not fit, and the sender. See recvmsg(2).
func (c *UDPConn) ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *UDPAddr, err error) {
	n, oobn, flags, ap, err := c.ReadMsgUDPAddrPort(b, oob)
	if ap.IsValid() {
		addr = UDPAddrFromAddrPort(ap)
	}
	return n, oobn, flags, addr, err
}

// ReadMsgUDPAddrPort is ReadMsgUDP that allocates nothing.
func (c *UDPConn) ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, 0, 0, netip.AddrPort{}, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, oobn, flags, err = c.fd.readMsg(b, oob, 0, &sa)
	if err != nil {
		err = c.fd.opError("read", err)
	}
	return n, oobn, flags, sockaddrToAddrPort(&sa, c.fd.family), err
}

// WriteToUDP sends b to addr; see sendto(2). A socket with a peer refuses with
// [ErrWriteToConnected].
func (c *UDPConn) WriteToUDP(b []byte, addr *UDPAddr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.writeTo(b, addr)
	if err != nil {
		err = c.fd.writeError(opAddr(addr), err)
	}
	return n, err
}

// WriteToUDPAddrPort is WriteToUDP that allocates nothing.
func (c *UDPConn) WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.writeToAddrPort(b, addr)
	if err != nil {
		err = c.fd.writeError(addrPortUDPAddr{addr}, err)
	}
	return n, err
}

// WriteTo is WriteToUDP for a [PacketConn]; addr is a *UDPAddr.
func (c *UDPConn) WriteTo(b []byte, addr Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	a, ok := addr.(*UDPAddr)
	if !ok {
		return 0, c.fd.writeError(addr, syscall.EINVAL)
	}
	return c.WriteToUDP(b, a)
}

// WriteMsgUDP sends b and the control messages oob to addr, which is nil on a
// socket with a peer, and only there. See sendmsg(2).
func (c *UDPConn) WriteMsgUDP(b, oob []byte, addr *UDPAddr) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	n, oobn, err = c.writeMsg(b, oob, addr)
	if err != nil {
		err = c.fd.writeError(opAddr(addr), err)
	}
	return n, oobn, err
}

// WriteMsgUDPAddrPort is WriteMsgUDP that allocates nothing; no address is one
// that is not valid.
func (c *UDPConn) WriteMsgUDPAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	n, oobn, err = c.writeMsgAddrPort(b, oob, addr)
	if err != nil {
		err = c.fd.writeError(addrPortUDPAddr{addr}, err)
	}
	return n, oobn, err
}

// writeError is the error of a write to addr.
func (fd *netFD) writeError(addr Addr, err error) error {
	return &OpError{Op: "write", Net: fd.net, Source: fd.localAddr(), Addr: addr, Err: err}
}

// std: net.(*UDPConn).writeTo
func (c *UDPConn) writeTo(b []byte, addr *UDPAddr) (int, error) {
	if c.fd.isConnected {
		return 0, ErrWriteToConnected
	}
	if addr == nil {
		return 0, errMissingAddress
	}
	var sa socket.Sockaddr
	if err := ipToSockaddr(&sa, c.fd.family, addr.IP, addr.Port, addr.Zone); err != nil {
		return 0, err
	}
	return c.fd.writeTo(b, &sa)
}

// std: net.(*UDPConn).writeToAddrPort
func (c *UDPConn) writeToAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	if c.fd.isConnected {
		return 0, ErrWriteToConnected
	}
	if !addr.IsValid() {
		return 0, errMissingAddress
	}
	var sa socket.Sockaddr
	if err := addrPortToSockaddr(&sa, c.fd.family, addr); err != nil {
		return 0, err
	}
	return c.fd.writeTo(b, &sa)
}

// std: net.(*UDPConn).writeMsg
func (c *UDPConn) writeMsg(b, oob []byte, addr *UDPAddr) (n, oobn int, err error) {
	if err := c.fd.checkPeer(addr != nil); err != nil {
		return 0, 0, err
	}
	if addr == nil {
		return c.fd.writeMsg(b, oob, nil)
	}
	var sa socket.Sockaddr
	if err := ipToSockaddr(&sa, c.fd.family, addr.IP, addr.Port, addr.Zone); err != nil {
		return 0, 0, err
	}
	return c.fd.writeMsg(b, oob, &sa)
}

// std: net.(*UDPConn).writeMsgAddrPort
func (c *UDPConn) writeMsgAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error) {
	if err := c.fd.checkPeer(addr.IsValid()); err != nil {
		return 0, 0, err
	}
	if !addr.IsValid() {
		return c.fd.writeMsg(b, oob, nil)
	}
	var sa socket.Sockaddr
	if err := addrPortToSockaddr(&sa, c.fd.family, addr); err != nil {
		return 0, 0, err
	}
	return c.fd.writeMsg(b, oob, &sa)
}

// checkPeer refuses an address on a socket that has a peer, and none on one
// that has not.
func (fd *netFD) checkPeer(addressed bool) error {
	switch {
	case fd.isConnected && addressed:
		return ErrWriteToConnected
	case !fd.isConnected && !addressed:
		return errMissingAddress
	}
	return nil
}

// addrPortUDPAddr is a netip.AddrPort as the address of an error.
//
// std: net.addrPortUDPAddr
type addrPortUDPAddr struct{ netip.AddrPort }

func (addrPortUDPAddr) Network() string { return "udp" }

// DialUDP makes a socket with the peer raddr on "udp", "udp4" or "udp6", from
// laddr unless that is nil. A raddr whose IP is nil or unspecified is this
// host.
func DialUDP(network string, laddr, raddr *UDPAddr) (*UDPConn, error) {
	return dialUDP(context.Background(), nil, network, laddr, raddr)
}

// std: net.dialUDP
func dialUDP(ctx context.Context, dialer *Dialer, network string, laddr, raddr *UDPAddr) (*UDPConn, error) {
	fail := func(err error) (*UDPConn, error) {
		return nil, &OpError{Op: "dial", Net: network, Source: opAddr(laddr), Addr: opAddr(raddr), Err: err}
	}
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return fail(UnknownNetworkError(network))
	}
	if raddr == nil {
		return fail(errMissingAddress)
	}
	sd := &sysDialer{network: network, address: raddr.String()}
	if dialer != nil {
		sd.Dialer = *dialer
	}
	c, err := sd.dialUDP(ctx, laddr, raddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// std: net.(*sysDialer).dialUDP
func (sd *sysDialer) dialUDP(ctx context.Context, laddr, raddr *UDPAddr) (*UDPConn, error) {
	fd, err := internetSocket(ctx, sd.network, asSockaddr(laddr), asSockaddr(raddr), syscall.SOCK_DGRAM, 0, "dial", sd.spec())
	if err != nil {
		return nil, err
	}
	return newUDPConn(fd), nil
}

// ListenUDP receives packets on "udp", "udp4" or "udp6". If the IP of laddr is
// nil or unspecified it does so on every address of the host; a port of 0 lets
// the kernel choose.
func ListenUDP(network string, laddr *UDPAddr) (*UDPConn, error) {
	fail := func(err error) (*UDPConn, error) {
		return nil, &OpError{Op: "listen", Net: network, Addr: opAddr(laddr), Err: err}
	}
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return fail(UnknownNetworkError(network))
	}
	if laddr == nil {
		laddr = &UDPAddr{}
	}
	sl := &sysListener{network: network, address: laddr.String()}
	c, err := sl.listenUDP(context.Background(), laddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// std: net.(*sysListener).listenUDP
func (sl *sysListener) listenUDP(ctx context.Context, laddr *UDPAddr) (*UDPConn, error) {
	fd, err := internetSocket(ctx, sl.network, asSockaddr(laddr), nil, syscall.SOCK_DGRAM, 0, "listen", sl.spec())
	if err != nil {
		return nil, err
	}
	return newUDPConn(fd), nil
}

// ListenMulticastUDP receives packets to the group gaddr on "udp", "udp4" or
// "udp6", on the interface ifi, or one that the kernel chooses if that is nil.
// It listens on every address, so that other groups can be joined, and does not
// see what it sends to the group itself. It is for simple programs;
// golang.org/x/net/ipv4 and ipv6 do the rest.
func ListenMulticastUDP(network string, ifi *Interface, gaddr *UDPAddr) (*UDPConn, error) {
	fail := func(err error) (*UDPConn, error) {
		return nil, &OpError{Op: "listen", Net: network, Addr: opAddr(gaddr), Err: err}
	}
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return fail(UnknownNetworkError(network))
	}
	if gaddr == nil || gaddr.IP == nil {
		return fail(errMissingAddress)
	}
	sl := &sysListener{network: network, address: gaddr.String()}
	c, err := sl.listenMulticastUDP(context.Background(), ifi, gaddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// std: net.(*sysListener).listenMulticastUDP
func (sl *sysListener) listenMulticastUDP(ctx context.Context, ifi *Interface, gaddr *UDPAddr) (*UDPConn, error) {
	c, err := sl.listenUDP(ctx, gaddr)
	if err != nil {
		return nil, err
	}
	if ip4 := gaddr.IP.To4(); ip4 != nil {
		err = listenIPv4MulticastUDP(c, ifi, ip4)
	} else {
		err = listenIPv6MulticastUDP(c, ifi, gaddr.IP)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// std: net.listenIPv4MulticastUDP
func listenIPv4MulticastUDP(c *UDPConn, ifi *Interface, ip IP) error {
	if ifi != nil {
		if err := setIPv4MulticastInterface(c.fd, ifi); err != nil {
			return err
		}
	}
	if err := setIPv4MulticastLoopback(c.fd, false); err != nil {
		return err
	}
	return joinIPv4Group(c.fd, ifi, ip)
}

// std: net.listenIPv6MulticastUDP
func listenIPv6MulticastUDP(c *UDPConn, ifi *Interface, ip IP) error {
	if ifi != nil {
		if err := setIPv6MulticastInterface(c.fd, ifi); err != nil {
			return err
		}
	}
	if err := setIPv6MulticastLoopback(c.fd, false); err != nil {
		return err
	}
	return joinIPv6Group(c.fd, ifi, ip)
}

var (
	_ net.Conn       = (*UDPConn)(nil)
	_ net.PacketConn = (*UDPConn)(nil)
	_ syscall.Conn   = (*UDPConn)(nil)
)
