package net2

// Value types, interfaces, errors and constants are the standard library's own, and
// the functions over them call it: a program that asserts .(*net.TCPAddr) or calls
// errors.As with a *net.OpError must not notice that the import has changed.
//
// Each type here is an alias of the type of that name in package net, each constant
// and variable has net's value, and each function calls the one of its name.

import (
	"net"
	"net/netip"
)

// Interfaces of connections, listeners, addresses and errors: aliases of net's.
type (
	Addr       = net.Addr
	Conn       = net.Conn
	Error      = net.Error
	Listener   = net.Listener
	PacketConn = net.PacketConn
)

// Addresses and interfaces of the host: aliases of net's types.
type (
	Flags        = net.Flags
	HardwareAddr = net.HardwareAddr
	IP           = net.IP
	IPAddr       = net.IPAddr
	IPMask       = net.IPMask
	IPNet        = net.IPNet
	Interface    = net.Interface
	TCPAddr      = net.TCPAddr
	UDPAddr      = net.UDPAddr
	UnixAddr     = net.UnixAddr
)

// Errors: aliases of net's types.
type (
	AddrError           = net.AddrError
	DNSConfigError      = net.DNSConfigError
	DNSError            = net.DNSError
	InvalidAddrError    = net.InvalidAddrError
	OpError             = net.OpError
	ParseError          = net.ParseError
	UnknownNetworkError = net.UnknownNetworkError
)

// Configuration and look-ups: aliases of net's types.
type (
	KeepAliveConfig = net.KeepAliveConfig
	MX              = net.MX
	NS              = net.NS
	Resolver        = net.Resolver
	SRV             = net.SRV
)

// The lengths of an IP address in bytes, and the bits of [Flags]: net's constants.
const (
	FlagBroadcast    = net.FlagBroadcast
	FlagLoopback     = net.FlagLoopback
	FlagMulticast    = net.FlagMulticast
	FlagPointToPoint = net.FlagPointToPoint
	FlagRunning      = net.FlagRunning
	FlagUp           = net.FlagUp
	IPv4len          = net.IPv4len
	IPv6len          = net.IPv6len
)

// Well-known addresses: they share net's slices.
var (
	IPv4allrouter              = net.IPv4allrouter
	IPv4allsys                 = net.IPv4allsys
	IPv4bcast                  = net.IPv4bcast
	IPv4zero                   = net.IPv4zero
	IPv6interfacelocalallnodes = net.IPv6interfacelocalallnodes
	IPv6linklocalallnodes      = net.IPv6linklocalallnodes
	IPv6linklocalallrouters    = net.IPv6linklocalallrouters
	IPv6loopback               = net.IPv6loopback
	IPv6unspecified            = net.IPv6unspecified
	IPv6zero                   = net.IPv6zero
)

// Errors with which callers compare: net's own values.
var (
	ErrClosed           = net.ErrClosed
	ErrWriteToConnected = net.ErrWriteToConnected
)

// CIDRMask is [net.CIDRMask].
func CIDRMask(ones int, bits int) IPMask { return net.CIDRMask(ones, bits) }

// IPv4 is [net.IPv4].
func IPv4(a byte, b byte, c byte, d byte) IP { return net.IPv4(a, b, c, d) }

// IPv4Mask is [net.IPv4Mask].
func IPv4Mask(a byte, b byte, c byte, d byte) IPMask { return net.IPv4Mask(a, b, c, d) }

// InterfaceAddrs is [net.InterfaceAddrs].
func InterfaceAddrs() ([]Addr, error) { return net.InterfaceAddrs() }

// InterfaceByIndex is [net.InterfaceByIndex].
func InterfaceByIndex(index int) (*Interface, error) { return net.InterfaceByIndex(index) }

// InterfaceByName is [net.InterfaceByName].
func InterfaceByName(name string) (*Interface, error) { return net.InterfaceByName(name) }

// Interfaces is [net.Interfaces].
func Interfaces() ([]Interface, error) { return net.Interfaces() }

// JoinHostPort is [net.JoinHostPort].
func JoinHostPort(host string, port string) string { return net.JoinHostPort(host, port) }

// ParseCIDR is [net.ParseCIDR].
func ParseCIDR(s string) (IP, *IPNet, error) { return net.ParseCIDR(s) }

// ParseIP is [net.ParseIP].
func ParseIP(s string) IP { return net.ParseIP(s) }

// ParseMAC is [net.ParseMAC].
func ParseMAC(s string) (hw HardwareAddr, err error) { return net.ParseMAC(s) }

// Pipe is [net.Pipe].
func Pipe() (Conn, Conn) { return net.Pipe() }

// ResolveUnixAddr is [net.ResolveUnixAddr].
func ResolveUnixAddr(network string, address string) (*UnixAddr, error) {
	return net.ResolveUnixAddr(network, address)
}

// SplitHostPort is [net.SplitHostPort].
func SplitHostPort(hostport string) (host string, port string, err error) {
	return net.SplitHostPort(hostport)
}

// TCPAddrFromAddrPort is [net.TCPAddrFromAddrPort].
func TCPAddrFromAddrPort(addr netip.AddrPort) *TCPAddr { return net.TCPAddrFromAddrPort(addr) }

// UDPAddrFromAddrPort is [net.UDPAddrFromAddrPort].
func UDPAddrFromAddrPort(addr netip.AddrPort) *UDPAddr { return net.UDPAddrFromAddrPort(addr) }
