//go:build !linux

package net2

// On everything but Linux, what holds a descriptor or makes one is net's own:
// a program whose import was swapped still builds and runs.

import (
	"net"
	"os"
	"time"
)

// Connections, listeners and what makes them.
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

// DefaultResolver is the resolver of every Lookup function and of a [Dialer]
// without one.
var DefaultResolver = net.DefaultResolver

// defaultResolver returns the resolver that counts.
func defaultResolver() *Resolver { return DefaultResolver }
