//go:build !linux

package net2

// On platforms other than Linux, the types that hold a descriptor and the
// functions that make one are net's own, so that a program that imports this
// package builds and runs there too.

import (
	"net"
	"os"
	"time"
)

// Each of these is an alias of the type of that name in package net.
type (
	Buffers      = net.Buffers
	Dialer       = net.Dialer
	IPConn       = net.IPConn
	ListenConfig = net.ListenConfig
	TCPConn      = net.TCPConn
	TCPListener  = net.TCPListener
	UDPConn      = net.UDPConn
	UnixConn     = net.UnixConn
	UnixListener = net.UnixListener
)

// Dial is [net.Dial].
func Dial(network string, address string) (Conn, error) { return net.Dial(network, address) }

// DialIP is [net.DialIP].
func DialIP(network string, laddr *IPAddr, raddr *IPAddr) (*IPConn, error) {
	return net.DialIP(network, laddr, raddr)
}

// DialTCP is [net.DialTCP].
func DialTCP(network string, laddr *TCPAddr, raddr *TCPAddr) (*TCPConn, error) {
	return net.DialTCP(network, laddr, raddr)
}

// DialTimeout is [net.DialTimeout].
func DialTimeout(network string, address string, timeout time.Duration) (Conn, error) {
	return net.DialTimeout(network, address, timeout)
}

// DialUDP is [net.DialUDP].
func DialUDP(network string, laddr *UDPAddr, raddr *UDPAddr) (*UDPConn, error) {
	return net.DialUDP(network, laddr, raddr)
}

// DialUnix is [net.DialUnix].
func DialUnix(network string, laddr *UnixAddr, raddr *UnixAddr) (*UnixConn, error) {
	return net.DialUnix(network, laddr, raddr)
}

// FileConn is [net.FileConn].
func FileConn(f *os.File) (c Conn, err error) { return net.FileConn(f) }

// FileListener is [net.FileListener].
func FileListener(f *os.File) (ln Listener, err error) { return net.FileListener(f) }

// FilePacketConn is [net.FilePacketConn].
func FilePacketConn(f *os.File) (c PacketConn, err error) { return net.FilePacketConn(f) }

// Listen is [net.Listen].
func Listen(network string, address string) (Listener, error) { return net.Listen(network, address) }

// ListenIP is [net.ListenIP].
func ListenIP(network string, laddr *IPAddr) (*IPConn, error) { return net.ListenIP(network, laddr) }

// ListenMulticastUDP is [net.ListenMulticastUDP].
func ListenMulticastUDP(network string, ifi *Interface, gaddr *UDPAddr) (*UDPConn, error) {
	return net.ListenMulticastUDP(network, ifi, gaddr)
}

// ListenPacket is [net.ListenPacket].
func ListenPacket(network string, address string) (PacketConn, error) {
	return net.ListenPacket(network, address)
}

// ListenTCP is [net.ListenTCP].
func ListenTCP(network string, laddr *TCPAddr) (*TCPListener, error) {
	return net.ListenTCP(network, laddr)
}

// ListenUDP is [net.ListenUDP].
func ListenUDP(network string, laddr *UDPAddr) (*UDPConn, error) {
	return net.ListenUDP(network, laddr)
}

// ListenUnix is [net.ListenUnix].
func ListenUnix(network string, laddr *UnixAddr) (*UnixListener, error) {
	return net.ListenUnix(network, laddr)
}

// ListenUnixgram is [net.ListenUnixgram].
func ListenUnixgram(network string, laddr *UnixAddr) (*UnixConn, error) {
	return net.ListenUnixgram(network, laddr)
}

// DefaultResolver is [net.DefaultResolver].
var DefaultResolver = net.DefaultResolver

// defaultResolver returns the resolver to use.
func defaultResolver() *Resolver { return DefaultResolver }
