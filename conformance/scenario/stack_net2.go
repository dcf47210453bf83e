//go:build linux

package scenario

import (
	"context"
	"io"
	"net"
	"net/netip"

	"go.parity/net2"
)

func dialerNet2(d Dialer) *net2.Dialer {
	nd := &net2.Dialer{
		Timeout:   d.Timeout,
		Deadline:  d.Deadline,
		LocalAddr: d.LocalAddr,
		//lint:ignore SA1019 deprecated fields are part of the API too
		DualStack:       d.DualStack,
		FallbackDelay:   d.FallbackDelay,
		KeepAlive:       d.KeepAlive,
		KeepAliveConfig: d.KeepAliveConfig,
		Resolver:        d.Resolver,
		//lint:ignore SA1019 deprecated fields are part of the API too
		Cancel:         d.Cancel,
		Control:        d.Control,
		ControlContext: d.ControlContext,
	}
	if d.MultipathTCP != nil {
		nd.SetMultipathTCP(*d.MultipathTCP)
	}
	return nd
}

func listenConfigNet2(lc ListenConfig) *net2.ListenConfig {
	nlc := &net2.ListenConfig{
		Control:         lc.Control,
		KeepAlive:       lc.KeepAlive,
		KeepAliveConfig: lc.KeepAliveConfig,
	}
	if lc.MultipathTCP != nil {
		nlc.SetMultipathTCP(*lc.MultipathTCP)
	}
	return nlc
}

// stackNet2 is package net2.
var stackNet2 = &Stack{
	Name: "net2",

	Dial:        net2.Dial,
	DialTimeout: net2.DialTimeout,
	DialTCP: func(network string, laddr, raddr *net.TCPAddr) (TCPConn, error) {
		return as[TCPConn](net2.DialTCP(network, laddr, raddr))
	},
	DialUDP: func(network string, laddr, raddr *net.UDPAddr) (UDPConn, error) {
		return as[UDPConn](net2.DialUDP(network, laddr, raddr))
	},
	DialIP: func(network string, laddr, raddr *net.IPAddr) (IPConn, error) {
		return as[IPConn](net2.DialIP(network, laddr, raddr))
	},
	DialUnix: func(network string, laddr, raddr *net.UnixAddr) (UnixConn, error) {
		return as[UnixConn](net2.DialUnix(network, laddr, raddr))
	},

	Listen:       net2.Listen,
	ListenPacket: net2.ListenPacket,
	ListenTCP: func(network string, laddr *net.TCPAddr) (TCPListener, error) {
		return as[TCPListener](net2.ListenTCP(network, laddr))
	},
	ListenUDP: func(network string, laddr *net.UDPAddr) (UDPConn, error) {
		return as[UDPConn](net2.ListenUDP(network, laddr))
	},
	ListenMulticastUDP: func(network string, ifi *net.Interface, gaddr *net.UDPAddr) (UDPConn, error) {
		return as[UDPConn](net2.ListenMulticastUDP(network, ifi, gaddr))
	},
	ListenIP: func(network string, laddr *net.IPAddr) (IPConn, error) {
		return as[IPConn](net2.ListenIP(network, laddr))
	},
	ListenUnix: func(network string, laddr *net.UnixAddr) (UnixListener, error) {
		return as[UnixListener](net2.ListenUnix(network, laddr))
	},
	ListenUnixgram: func(network string, laddr *net.UnixAddr) (UnixConn, error) {
		return as[UnixConn](net2.ListenUnixgram(network, laddr))
	},

	FileConn:       net2.FileConn,
	FileListener:   net2.FileListener,
	FilePacketConn: net2.FilePacketConn,

	DialerDial: func(d Dialer, network, address string) (net.Conn, error) {
		return dialerNet2(d).Dial(network, address)
	},
	DialerDialContext: func(ctx context.Context, d Dialer, network, address string) (net.Conn, error) {
		return dialerNet2(d).DialContext(ctx, network, address)
	},
	DialerDialTCP: func(ctx context.Context, d Dialer, network string, laddr, raddr netip.AddrPort) (TCPConn, error) {
		return as[TCPConn](dialerNet2(d).DialTCP(ctx, network, laddr, raddr))
	},
	DialerDialUDP: func(ctx context.Context, d Dialer, network string, laddr, raddr netip.AddrPort) (UDPConn, error) {
		return as[UDPConn](dialerNet2(d).DialUDP(ctx, network, laddr, raddr))
	},
	DialerDialIP: func(ctx context.Context, d Dialer, network string, laddr, raddr netip.Addr) (IPConn, error) {
		return as[IPConn](dialerNet2(d).DialIP(ctx, network, laddr, raddr))
	},
	DialerDialUnix: func(ctx context.Context, d Dialer, network string, laddr, raddr *net.UnixAddr) (UnixConn, error) {
		return as[UnixConn](dialerNet2(d).DialUnix(ctx, network, laddr, raddr))
	},
	DialerMultipathTCP: func(d Dialer) bool { return dialerNet2(d).MultipathTCP() },
	ConfigListen: func(ctx context.Context, lc ListenConfig, network, address string) (net.Listener, error) {
		return listenConfigNet2(lc).Listen(ctx, network, address)
	},
	ConfigListenPacket: func(ctx context.Context, lc ListenConfig, network, address string) (net.PacketConn, error) {
		return listenConfigNet2(lc).ListenPacket(ctx, network, address)
	},
	ConfigMultipathTCP: func(lc ListenConfig) bool { return listenConfigNet2(lc).MultipathTCP() },

	AcceptTCP: func(l TCPListener) (TCPConn, error) {
		return as[TCPConn](l.(*net2.TCPListener).AcceptTCP())
	},
	AcceptUnix: func(l UnixListener) (UnixConn, error) {
		return as[UnixConn](l.(*net2.UnixListener).AcceptUnix())
	},
	BuffersWriteTo: func(v *[][]byte, w io.Writer) (int64, error) {
		return (*net2.Buffers)(v).WriteTo(w)
	},
	BuffersRead: func(v *[][]byte, p []byte) (int, error) {
		return (*net2.Buffers)(v).Read(p)
	},

	NilTCPConn:       func() TCPConn { return (*net2.TCPConn)(nil) },
	NilTCPListener:   func() TCPListener { return (*net2.TCPListener)(nil) },
	NilUDPConn:       func() UDPConn { return (*net2.UDPConn)(nil) },
	NilIPConn:        func() IPConn { return (*net2.IPConn)(nil) },
	NilUnixConn:      func() UnixConn { return (*net2.UnixConn)(nil) },
	NilUnixListener:  func() UnixListener { return (*net2.UnixListener)(nil) },
	ZeroTCPConn:      func() TCPConn { return new(net2.TCPConn) },
	ZeroTCPListener:  func() TCPListener { return new(net2.TCPListener) },
	ZeroUDPConn:      func() UDPConn { return new(net2.UDPConn) },
	ZeroIPConn:       func() IPConn { return new(net2.IPConn) },
	ZeroUnixConn:     func() UnixConn { return new(net2.UnixConn) },
	ZeroUnixListener: func() UnixListener { return new(net2.UnixListener) },

	SwapDefaultResolver: func(r *net.Resolver) func() {
		old := net2.DefaultResolver
		net2.DefaultResolver = r
		return func() { net2.DefaultResolver = old }
	},
	ResolveTCPAddr:      net2.ResolveTCPAddr,
	ResolveUDPAddr:      net2.ResolveUDPAddr,
	ResolveIPAddr:       net2.ResolveIPAddr,
	ResolveUnixAddr:     net2.ResolveUnixAddr,
	LookupHost:          net2.LookupHost,
	LookupIP:            net2.LookupIP,
	LookupPort:          net2.LookupPort,
	LookupCNAME:         net2.LookupCNAME,
	LookupSRV:           net2.LookupSRV,
	LookupMX:            net2.LookupMX,
	LookupNS:            net2.LookupNS,
	LookupTXT:           net2.LookupTXT,
	LookupAddr:          net2.LookupAddr,
	SplitHostPort:       net2.SplitHostPort,
	JoinHostPort:        net2.JoinHostPort,
	ParseIP:             net2.ParseIP,
	ParseCIDR:           net2.ParseCIDR,
	ParseMAC:            net2.ParseMAC,
	InterfaceByName:     net2.InterfaceByName,
	InterfaceByIndex:    net2.InterfaceByIndex,
	Interfaces:          net2.Interfaces,
	InterfaceAddrs:      net2.InterfaceAddrs,
	Pipe:                net2.Pipe,
	TCPAddrFromAddrPort: net2.TCPAddrFromAddrPort,
	UDPAddrFromAddrPort: net2.UDPAddrFromAddrPort,
	ErrClosed:           func() error { return net2.ErrClosed },
	ErrWriteToConnected: func() error { return net2.ErrWriteToConnected },
}
