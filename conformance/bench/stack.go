package bench

import (
	"net"
	"net/netip"

	"go.parity/net2"
)

// A UDPConn is what the benchmarks use of *net.UDPConn and *net2.UDPConn.
type UDPConn interface {
	net.PacketConn
	ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error)
}

// A Stack is an implementation of net, as far as the benchmarks use it.
type Stack struct {
	Name         string
	Listen       func(network, address string) (net.Listener, error)
	Dial         func(network, address string) (net.Conn, error)
	ListenUDP    func(network string, laddr *net.UDPAddr) (UDPConn, error)
	WriteBuffers func(c net.Conn, bufs [][]byte) (int64, error) // consumes bufs
}

// Stacks returns net and net2.
func Stacks() []Stack {
	return []Stack{
		{
			Name:   "net",
			Listen: net.Listen,
			Dial:   net.Dial,
			ListenUDP: func(network string, laddr *net.UDPAddr) (UDPConn, error) {
				return net.ListenUDP(network, laddr)
			},
			WriteBuffers: func(c net.Conn, bufs [][]byte) (int64, error) {
				b := net.Buffers(bufs)
				return b.WriteTo(c)
			},
		},
		{
			Name:   "net2",
			Listen: net2.Listen,
			Dial:   net2.Dial,
			ListenUDP: func(network string, laddr *net.UDPAddr) (UDPConn, error) {
				return net2.ListenUDP(network, laddr)
			},
			WriteBuffers: func(c net.Conn, bufs [][]byte) (int64, error) {
				b := net2.Buffers(bufs)
				return b.WriteTo(c)
			},
		},
	}
}
