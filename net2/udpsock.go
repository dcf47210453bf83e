//go:build linux

package net2

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"go.parity/socket"
)

// UDPConn is a UDP socket; see udp(7). One from [Dial] or [DialUDP] has a peer, to
// which Write sends and from which alone it receives. One from [ListenPacket] or
// [ListenUDP] has no peer: it receives from everybody, and WriteTo names the
// receiver. Several goroutines may call its methods at the same time.
type UDPConn struct{ conn }

// std: net.newUDPConn
func newUDPConn(fd *netFD) *UDPConn { return &UDPConn{conn{fd}} }

// SyscallConn returns access to the socket's descriptor, for system calls that
// this package does not make.
func (c *UDPConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// Read receives a packet into b and returns its length; see ReadFromUDP.
func (c *UDPConn) Read(b []byte) (int, error) {
	if err := c.mayRead(); err != nil {
		return 0, err
	}
	return c.conn.Read(b)
}

// mayRead returns an error if the kernel may merge datagrams, or if there is no
// connection.
func (c *UDPConn) mayRead() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if c.fd.udp.has(udpMerges) {
		return c.fd.opError("read", errMerged)
	}
	return nil
}

// ReadFromUDP receives a packet into b and returns its length and its sender. The
// bytes of the packet that do not fit into b are lost. See recvfrom(2).
func (c *UDPConn) ReadFromUDP(b []byte) (n int, addr *UDPAddr, err error) {
	// We allocate the address here, so that it can stay on the stack if the
	// compiler inlines this function into a caller that does not keep it.
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

// ReadFrom is ReadFromUDP with the signature of a [PacketConn]. The address is a
// [*UDPAddr].
func (c *UDPConn) ReadFrom(b []byte) (int, Addr, error) {
	n, addr, err := c.readFromUDP(b, &UDPAddr{})
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadFromUDPAddrPort is ReadFromUDP with another type of address, and allocates
// nothing. On a socket for both IP versions, the address of an IPv4 sender is an
// IPv4-mapped IPv6 address.
func (c *UDPConn) ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error) {
	if err := c.mayRead(); err != nil {
		return 0, netip.AddrPort{}, err
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

// ReadMsgUDPAddrPort is ReadMsgUDP with another type of address, and allocates
// nothing.
func (c *UDPConn) ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	if err := c.mayRead(); err != nil {
		return 0, 0, 0, netip.AddrPort{}, err
	}
	var sa socket.Sockaddr
	n, oobn, flags, err = c.fd.readMsg(b, oob, 0, &sa)
	if err != nil {
		err = c.fd.opError("read", err)
	}
	return n, oobn, flags, sockaddrToAddrPort(&sa, c.fd.family), err
}

// WriteToUDP sends b to addr as one packet; see sendto(2). If the socket has a
// peer, WriteToUDP fails with [ErrWriteToConnected].
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

// WriteToUDPAddrPort is WriteToUDP with another type of address, and allocates
// nothing.
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

// WriteTo is WriteToUDP with the signature of a [PacketConn]. The address must be
// a [*UDPAddr].
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

// WriteMsgUDP sends b and the control messages oob to addr, and returns how many
// bytes of each it sent. If the socket has a peer, addr must be nil; if it has no
// peer, addr must not be nil. See sendmsg(2).
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

// WriteMsgUDPAddrPort is WriteMsgUDP with another type of address, and allocates
// nothing. The zero AddrPort stands for no address.
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

// writeError wraps err, with which a write to addr failed.
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

// checkPeer returns an error if the socket has a peer and the caller gave an
// address, or if it has no peer and the caller gave no address.
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

// DialUDP is [Dial] for UDP, with addresses that are resolved already. The network
// is "udp", "udp4" or "udp6".
//
// If laddr is nil, the kernel chooses the local address. If the IP of raddr is nil
// or unspecified, the peer is this host. If raddr is nil, DialUDP fails.
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

// ListenUDP is [ListenPacket] for UDP, with an address that is resolved already.
// The network is "udp", "udp4" or "udp6".
//
// If laddr or its IP is nil, or the IP is unspecified, the socket receives on every
// address of this host. If the port is 0, the kernel chooses one, and the
// LocalAddr method returns it.
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

// ListenMulticastUDP makes a socket that receives packets sent to the multicast
// group gaddr on the interface ifi. The network is "udp", "udp4" or "udp6". If ifi
// is nil, the kernel chooses the interface.
//
// The socket receives on every address of this host at the port of gaddr, so that
// a program can join more groups, and it does not receive what it sends to the
// group itself. ListenMulticastUDP is for simple programs; the packages
// golang.org/x/net/ipv4 and golang.org/x/net/ipv6 do more.
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
