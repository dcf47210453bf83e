// Package stack has one table of functions for each network stack that the
// suite runs: net, net2, and any other that a reader wants to hold against
// them. Net is written by hand; the others are generated from it, so that all
// call the same functions in the same way:
//
//	go generate ./conformance/stack
//	go run ./conformance/stack/generate -name other -import example.org/other
package stack

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

//go:generate go run ./generate -name net2 -import go.parity/net2

// A Stack has the functions of one network stack that the parts of the suite
// call, with connections as interfaces that fit every stack. A nil pointer of a connection
// comes back as a nil interface from the functions that return pointers.
type Stack struct {
	Name string // of the package

	Dial        func(network, address string) (net.Conn, error)
	DialTimeout func(network, address string, timeout time.Duration) (net.Conn, error)
	DialTCP     func(network string, laddr, raddr *net.TCPAddr) (TCPConn, error)
	DialUDP     func(network string, laddr, raddr *net.UDPAddr) (UDPConn, error)
	DialIP      func(network string, laddr, raddr *net.IPAddr) (IPConn, error)
	DialUnix    func(network string, laddr, raddr *net.UnixAddr) (UnixConn, error)

	Listen             func(network, address string) (net.Listener, error)
	ListenPacket       func(network, address string) (net.PacketConn, error)
	ListenTCP          func(network string, laddr *net.TCPAddr) (TCPListener, error)
	ListenUDP          func(network string, laddr *net.UDPAddr) (UDPConn, error)
	ListenMulticastUDP func(network string, ifi *net.Interface, gaddr *net.UDPAddr) (UDPConn, error)
	ListenIP           func(network string, laddr *net.IPAddr) (IPConn, error)
	ListenUnix         func(network string, laddr *net.UnixAddr) (UnixListener, error)
	ListenUnixgram     func(network string, laddr *net.UnixAddr) (UnixConn, error)

	FileConn       func(f *os.File) (net.Conn, error)
	FileListener   func(f *os.File) (net.Listener, error)
	FilePacketConn func(f *os.File) (net.PacketConn, error)

	// Methods of a Dialer and of a ListenConfig with the given fields.
	DialerDial         func(d Dialer, network, address string) (net.Conn, error)
	DialerDialContext  func(ctx context.Context, d Dialer, network, address string) (net.Conn, error)
	DialerDialTCP      func(ctx context.Context, d Dialer, network string, laddr, raddr netip.AddrPort) (TCPConn, error)
	DialerDialUDP      func(ctx context.Context, d Dialer, network string, laddr, raddr netip.AddrPort) (UDPConn, error)
	DialerDialIP       func(ctx context.Context, d Dialer, network string, laddr, raddr netip.Addr) (IPConn, error)
	DialerDialUnix     func(ctx context.Context, d Dialer, network string, laddr, raddr *net.UnixAddr) (UnixConn, error)
	DialerMultipathTCP func(d Dialer) bool
	ConfigListen       func(ctx context.Context, lc ListenConfig, network, address string) (net.Listener, error)
	ConfigListenPacket func(ctx context.Context, lc ListenConfig, network, address string) (net.PacketConn, error)
	ConfigMultipathTCP func(lc ListenConfig) bool

	AcceptTCP      func(l TCPListener) (TCPConn, error)
	AcceptUnix     func(l UnixListener) (UnixConn, error)
	BuffersWriteTo func(v *[][]byte, w io.Writer) (int64, error)
	BuffersRead    func(v *[][]byte, p []byte) (int, error)

	NilTCPConn       func() TCPConn
	NilTCPListener   func() TCPListener
	NilUDPConn       func() UDPConn
	NilIPConn        func() IPConn
	NilUnixConn      func() UnixConn
	NilUnixListener  func() UnixListener
	ZeroTCPConn      func() TCPConn
	ZeroTCPListener  func() TCPListener
	ZeroUDPConn      func() UDPConn
	ZeroIPConn       func() IPConn
	ZeroUnixConn     func() UnixConn
	ZeroUnixListener func() UnixListener

	// SwapDefaultResolver sets DefaultResolver.
	SwapDefaultResolver func(r *net.Resolver) (restore func())

	ResolveTCPAddr      func(network, address string) (*net.TCPAddr, error)
	ResolveUDPAddr      func(network, address string) (*net.UDPAddr, error)
	ResolveIPAddr       func(network, address string) (*net.IPAddr, error)
	ResolveUnixAddr     func(network, address string) (*net.UnixAddr, error)
	LookupHost          func(host string) ([]string, error)
	LookupIP            func(host string) ([]net.IP, error)
	LookupPort          func(network, service string) (int, error)
	LookupCNAME         func(host string) (string, error)
	LookupSRV           func(service, proto, name string) (string, []*net.SRV, error)
	LookupMX            func(name string) ([]*net.MX, error)
	LookupNS            func(name string) ([]*net.NS, error)
	LookupTXT           func(name string) ([]string, error)
	LookupAddr          func(addr string) ([]string, error)
	SplitHostPort       func(hostport string) (string, string, error)
	JoinHostPort        func(host, port string) string
	ParseIP             func(s string) net.IP
	ParseCIDR           func(s string) (net.IP, *net.IPNet, error)
	ParseMAC            func(s string) (net.HardwareAddr, error)
	InterfaceByName     func(name string) (*net.Interface, error)
	InterfaceByIndex    func(index int) (*net.Interface, error)
	Interfaces          func() ([]net.Interface, error)
	InterfaceAddrs      func() ([]net.Addr, error)
	Pipe                func() (net.Conn, net.Conn)
	TCPAddrFromAddrPort func(addr netip.AddrPort) *net.TCPAddr
	UDPAddrFromAddrPort func(addr netip.AddrPort) *net.UDPAddr
	ErrClosed           func() error
	ErrWriteToConnected func() error
}

// A Dialer has the fields of each package's Dialer.
type Dialer struct {
	Timeout         time.Duration
	Deadline        time.Time
	LocalAddr       net.Addr
	DualStack       bool
	FallbackDelay   time.Duration
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	Resolver        *net.Resolver
	Cancel          <-chan struct{}
	Control         func(network, address string, c syscall.RawConn) error
	ControlContext  func(ctx context.Context, network, address string, c syscall.RawConn) error
	MultipathTCP    *bool // for SetMultipathTCP, if not nil
}

// A ListenConfig has the fields of each package's ListenConfig.
type ListenConfig struct {
	Control         func(network, address string, c syscall.RawConn) error
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	MultipathTCP    *bool // for SetMultipathTCP, if not nil
}

// A TCPConn has the methods of *TCPConn.
type TCPConn interface {
	net.Conn
	syscall.Conn
	io.ReaderFrom
	io.WriterTo
	CloseRead() error
	CloseWrite() error
	File() (*os.File, error)
	MultipathTCP() (bool, error)
	SetKeepAlive(keepalive bool) error
	SetKeepAliveConfig(config net.KeepAliveConfig) error
	SetKeepAlivePeriod(d time.Duration) error
	SetLinger(sec int) error
	SetNoDelay(noDelay bool) error
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

// A TCPListener has the methods of *TCPListener except AcceptTCP, which returns
// a type of its own package: see Stack.AcceptTCP.
type TCPListener interface {
	net.Listener
	syscall.Conn
	File() (*os.File, error)
	SetDeadline(t time.Time) error
}

// A UDPConn has the methods of *UDPConn.
type UDPConn interface {
	net.Conn
	net.PacketConn
	syscall.Conn
	File() (*os.File, error)
	ReadFromUDP(b []byte) (n int, addr *net.UDPAddr, err error)
	ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error)
	ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
	WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
	WriteMsgUDPAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error)
	WriteToUDP(b []byte, addr *net.UDPAddr) (int, error)
	WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error)
}

// An IPConn has the methods of *IPConn.
type IPConn interface {
	net.Conn
	net.PacketConn
	syscall.Conn
	File() (*os.File, error)
	ReadFromIP(b []byte) (int, *net.IPAddr, error)
	ReadMsgIP(b, oob []byte) (n, oobn, flags int, addr *net.IPAddr, err error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
	WriteMsgIP(b, oob []byte, addr *net.IPAddr) (n, oobn int, err error)
	WriteToIP(b []byte, addr *net.IPAddr) (int, error)
}

// A UnixConn has the methods of *UnixConn.
type UnixConn interface {
	net.Conn
	net.PacketConn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
	File() (*os.File, error)
	ReadFromUnix(b []byte) (int, *net.UnixAddr, error)
	ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
	WriteMsgUnix(b, oob []byte, addr *net.UnixAddr) (n, oobn int, err error)
	WriteToUnix(b []byte, addr *net.UnixAddr) (int, error)
}

// A UnixListener has the methods of *UnixListener except AcceptUnix: see
// Stack.AcceptUnix.
type UnixListener interface {
	net.Listener
	syscall.Conn
	File() (*os.File, error)
	SetDeadline(t time.Time) error
	SetUnlinkOnClose(unlink bool)
}

// as turns a function's pointer into an interface I, and a nil pointer into a
// nil I.
func as[I any, P comparable](p P, err error) (I, error) {
	var none P
	if p == none {
		var i I
		return i, err
	}
	return any(p).(I), err
}

// ListenContext listens with an empty ListenConfig.
func (s *Stack) ListenContext(ctx context.Context, network, address string) (net.Listener, error) {
	return s.ConfigListen(ctx, ListenConfig{}, network, address)
}

// DialContext dials with an empty Dialer.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return s.DialerDialContext(ctx, Dialer{}, network, address)
}
