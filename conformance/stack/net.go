package stack

import (
	"context"
	"io"
	"net"
	"net/netip"
)

func netDialer(d Dialer) *net.Dialer {
	nd := &net.Dialer{
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

func netListenConfig(lc ListenConfig) *net.ListenConfig {
	nlc := &net.ListenConfig{
		Control:         lc.Control,
		KeepAlive:       lc.KeepAlive,
		KeepAliveConfig: lc.KeepAliveConfig,
	}
	if lc.MultipathTCP != nil {
		nlc.SetMultipathTCP(*lc.MultipathTCP)
	}
	return nlc
}

// Net is the table of package net.
var Net = &Stack{
	Name: "net",

	Dial:        net.Dial,
	DialTimeout: net.DialTimeout,
	DialTCP: func(network string, laddr, raddr *net.TCPAddr) (TCPConn, error) {
		return as[TCPConn](net.DialTCP(network, laddr, raddr))
	},
	DialUDP: func(network string, laddr, raddr *net.UDPAddr) (UDPConn, error) {
		return as[UDPConn](net.DialUDP(network, laddr, raddr))
	},
	DialIP: func(network string, laddr, raddr *net.IPAddr) (IPConn, error) {
		return as[IPConn](net.DialIP(network, laddr, raddr))
	},
	DialUnix: func(network string, laddr, raddr *net.UnixAddr) (UnixConn, error) {
		return as[UnixConn](net.DialUnix(network, laddr, raddr))
	},

	Listen:       net.Listen,
	ListenPacket: net.ListenPacket,
	ListenTCP: func(network string, laddr *net.TCPAddr) (TCPListener, error) {
		return as[TCPListener](net.ListenTCP(network, laddr))
	},
	ListenUDP: func(network string, laddr *net.UDPAddr) (UDPConn, error) {
		return as[UDPConn](net.ListenUDP(network, laddr))
	},
	ListenMulticastUDP: func(network string, ifi *net.Interface, gaddr *net.UDPAddr) (UDPConn, error) {
		return as[UDPConn](net.ListenMulticastUDP(network, ifi, gaddr))
	},
	ListenIP: func(network string, laddr *net.IPAddr) (IPConn, error) {
		return as[IPConn](net.ListenIP(network, laddr))
	},
	ListenUnix: func(network string, laddr *net.UnixAddr) (UnixListener, error) {
		return as[UnixListener](net.ListenUnix(network, laddr))
	},
	ListenUnixgram: func(network string, laddr *net.UnixAddr) (UnixConn, error) {
		return as[UnixConn](net.ListenUnixgram(network, laddr))
	},

	FileConn:       net.FileConn,
	FileListener:   net.FileListener,
	FilePacketConn: net.FilePacketConn,

	DialerDial: func(d Dialer, network, address string) (net.Conn, error) {
		return netDialer(d).Dial(network, address)
	},
	DialerDialContext: func(ctx context.Context, d Dialer, network, address string) (net.Conn, error) {
		return netDialer(d).DialContext(ctx, network, address)
	},
	DialerDialTCP: func(ctx context.Context, d Dialer, network string, laddr, raddr netip.AddrPort) (TCPConn, error) {
		return as[TCPConn](netDialer(d).DialTCP(ctx, network, laddr, raddr))
	},
	DialerDialUDP: func(ctx context.Context, d Dialer, network string, laddr, raddr netip.AddrPort) (UDPConn, error) {
		return as[UDPConn](netDialer(d).DialUDP(ctx, network, laddr, raddr))
	},
	DialerDialIP: func(ctx context.Context, d Dialer, network string, laddr, raddr netip.Addr) (IPConn, error) {
		return as[IPConn](netDialer(d).DialIP(ctx, network, laddr, raddr))
	},
	DialerDialUnix: func(ctx context.Context, d Dialer, network string, laddr, raddr *net.UnixAddr) (UnixConn, error) {
		return as[UnixConn](netDialer(d).DialUnix(ctx, network, laddr, raddr))
	},
	DialerMultipathTCP: func(d Dialer) bool { return netDialer(d).MultipathTCP() },
	ConfigListen: func(ctx context.Context, lc ListenConfig, network, address string) (net.Listener, error) {
		return netListenConfig(lc).Listen(ctx, network, address)
	},
	ConfigListenPacket: func(ctx context.Context, lc ListenConfig, network, address string) (net.PacketConn, error) {
		return netListenConfig(lc).ListenPacket(ctx, network, address)
	},
	ConfigMultipathTCP: func(lc ListenConfig) bool { return netListenConfig(lc).MultipathTCP() },

	AcceptTCP: func(l TCPListener) (TCPConn, error) {
		return as[TCPConn](l.(*net.TCPListener).AcceptTCP())
	},
	AcceptUnix: func(l UnixListener) (UnixConn, error) {
		return as[UnixConn](l.(*net.UnixListener).AcceptUnix())
	},
	BuffersWriteTo: func(v *[][]byte, w io.Writer) (int64, error) {
		return (*net.Buffers)(v).WriteTo(w)
	},
	BuffersRead: func(v *[][]byte, p []byte) (int, error) {
		return (*net.Buffers)(v).Read(p)
	},

	NilTCPConn:       func() TCPConn { return (*net.TCPConn)(nil) },
	NilTCPListener:   func() TCPListener { return (*net.TCPListener)(nil) },
	NilUDPConn:       func() UDPConn { return (*net.UDPConn)(nil) },
	NilIPConn:        func() IPConn { return (*net.IPConn)(nil) },
	NilUnixConn:      func() UnixConn { return (*net.UnixConn)(nil) },
	NilUnixListener:  func() UnixListener { return (*net.UnixListener)(nil) },
	ZeroTCPConn:      func() TCPConn { return new(net.TCPConn) },
	ZeroTCPListener:  func() TCPListener { return new(net.TCPListener) },
	ZeroUDPConn:      func() UDPConn { return new(net.UDPConn) },
	ZeroIPConn:       func() IPConn { return new(net.IPConn) },
	ZeroUnixConn:     func() UnixConn { return new(net.UnixConn) },
	ZeroUnixListener: func() UnixListener { return new(net.UnixListener) },

	SwapDefaultResolver: func(r *net.Resolver) func() {
		old := net.DefaultResolver
		net.DefaultResolver = r
		return func() { net.DefaultResolver = old }
	},
	ResolveTCPAddr:      net.ResolveTCPAddr,
	ResolveUDPAddr:      net.ResolveUDPAddr,
	ResolveIPAddr:       net.ResolveIPAddr,
	ResolveUnixAddr:     net.ResolveUnixAddr,
	LookupHost:          net.LookupHost,
	LookupIP:            net.LookupIP,
	LookupPort:          net.LookupPort,
	LookupCNAME:         net.LookupCNAME,
	LookupSRV:           net.LookupSRV,
	LookupMX:            net.LookupMX,
	LookupNS:            net.LookupNS,
	LookupTXT:           net.LookupTXT,
	LookupAddr:          net.LookupAddr,
	SplitHostPort:       net.SplitHostPort,
	JoinHostPort:        net.JoinHostPort,
	ParseIP:             net.ParseIP,
	ParseCIDR:           net.ParseCIDR,
	ParseMAC:            net.ParseMAC,
	InterfaceByName:     net.InterfaceByName,
	InterfaceByIndex:    net.InterfaceByIndex,
	Interfaces:          net.Interfaces,
	InterfaceAddrs:      net.InterfaceAddrs,
	Pipe:                net.Pipe,
	TCPAddrFromAddrPort: net.TCPAddrFromAddrPort,
	UDPAddrFromAddrPort: net.UDPAddrFromAddrPort,
	ErrClosed:           func() error { return net.ErrClosed },
	ErrWriteToConnected: func() error { return net.ErrWriteToConnected },
}
