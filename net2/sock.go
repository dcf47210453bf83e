//go:build linux

package net2

import (
	"context"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// A socketSpec holds what a caller may set for a new socket.
type socketSpec struct {
	// control is the user's Control function, which we call before we bind or
	// connect the socket; it may be nil.
	control func(ctx context.Context, network, address string, c syscall.RawConn) error

	options   *SocketOptions
	use       socketUse
	reusePort bool
	backlog   int // 0: what the host allows

	// connect starts to connect the socket; it may be nil, for connect(2).
	connect func(sysfd int, sa *socket.Sockaddr) socket.Errno

	// beforeListen, if it is not nil, prepares a stream socket that is bound and
	// does not listen yet.
	beforeListen func(fd *netFD)
}

// newSocket makes a socket. If raddr is nil, it makes the socket listen on laddr;
// otherwise it connects it to raddr.
//
// std: net.socket
func newSocket(ctx context.Context, network string, family, sotype, proto int, ipv6only bool, laddr, raddr sockaddr, spec socketSpec) (*netFD, error) {
	if err := spec.options.check(network, spec.use); err != nil {
		return nil, err
	}
	s, errno := socket.Socket(family, sotype, proto)
	if errno != 0 {
		return nil, os.NewSyscallError("socket", errno)
	}
	if err := setDefaultSockopts(s, family, sotype, ipv6only); err != nil {
		socket.Close(s)
		return nil, err
	}
	if err := spec.setOptions(s, network, family); err != nil {
		socket.Close(s)
		return nil, err
	}
	fd := newFD(s, family, sotype, network)
	if spec.options.Transparent {
		fd.pfd.Share() // its connections may have any address
	}
	fd.pfd.OnDemand = raddr != nil

	// The user's Control function may panic, or end the goroutine. Unlike net, we
	// leave no socket open then.
	ready := false
	defer func() {
		if !ready {
			fd.pfd.Close()
		}
	}()
	var err error
	switch {
	case laddr == nil || raddr != nil:
		err = fd.dial(ctx, laddr, raddr, spec)
	case sotype == syscall.SOCK_STREAM || sotype == syscall.SOCK_SEQPACKET:
		err = fd.listenStream(ctx, laddr, spec.listenBacklog(), spec)
	case sotype == syscall.SOCK_DGRAM:
		err = fd.listenDatagram(ctx, laddr, spec)
	default:
		err = fd.dial(ctx, laddr, raddr, spec)
	}
	if err != nil {
		return nil, err
	}
	fd.setFinalizer()
	ready = true
	return fd, nil
}

// setOptions sets what the user wants of a new socket beside net's own options.
func (spec *socketSpec) setOptions(s int, network string, family int) error {
	if spec.reusePort {
		if errno := socket.SetsockoptInt(s, syscall.SOL_SOCKET, unix.SO_REUSEPORT, 1); errno != 0 {
			return &OptionError{Option: "ReusePort", Err: os.NewSyscallError("setsockopt", errno)}
		}
	}
	return spec.options.apply(s, network, family)
}

// listenBacklog returns the backlog for listen(2).
func (spec *socketSpec) listenBacklog() int {
	if spec.backlog != 0 {
		return spec.backlog
	}
	return socket.ListenerBacklog()
}

// ctrlNetwork returns the network that a Control function gets, with the IP version of
// the socket.
//
// std: net.(*netFD).ctrlNetwork
func (fd *netFD) ctrlNetwork() string {
	switch fd.net {
	case "unix", "unixgram", "unixpacket":
		return fd.net
	}
	switch fd.net[len(fd.net)-1] {
	case '4', '6':
		return fd.net
	}
	if fd.family == syscall.AF_INET {
		return fd.net + "4"
	}
	return fd.net + "6"
}

// callControl shows the socket to the user's function, if there is one, with
// the first of addrs that is not nil.
func (fd *netFD) callControl(ctx context.Context, spec socketSpec, addrs ...sockaddr) error {
	if spec.control == nil {
		return nil
	}
	var address string
	for _, a := range addrs {
		if a != nil {
			address = a.String()
			break
		}
	}
	return spec.control(ctx, fd.ctrlNetwork(), address, newRawConn(fd))
}

// bind gives the socket the local address.
func (fd *netFD) bind(laddr sockaddr) error {
	var sa socket.Sockaddr
	if err := laddr.sockaddr(&sa, fd.family); err != nil {
		return err
	}
	if errno := socket.Bind(fd.pfd.Sysfd, &sa); errno != 0 {
		return os.NewSyscallError("bind", errno)
	}
	return nil
}

// dial binds the socket to laddr and connects it to raddr, each unless it is
// nil.
//
// std: net.(*netFD).dial
func (fd *netFD) dial(ctx context.Context, laddr, raddr sockaddr, spec socketSpec) error {
	if err := fd.callControl(ctx, spec, raddr, laddr); err != nil {
		return err
	}
	if laddr != nil {
		if err := fd.bind(laddr); err != nil {
			return err
		}
	}
	var rsa socket.Sockaddr
	if raddr != nil {
		var sa socket.Sockaddr
		err := raddr.sockaddr(&sa, fd.family)
		if err != nil {
			return err
		}
		if rsa, err = fd.connect(ctx, &sa, spec); err != nil {
			return err
		}
		fd.isConnected = true
	} else if err := fd.init(); err != nil {
		return err
	}

	var lsa socket.Sockaddr
	socket.Getsockname(fd.pfd.Sysfd, &lsa)
	if rsa.Family() == syscall.AF_UNSPEC {
		socket.Getpeername(fd.pfd.Sysfd, &rsa)
	}
	fd.setAddrs(&lsa, &rsa)
	if rsa.Family() == syscall.AF_UNSPEC && raddr != nil {
		fd.raddr.store(&addrBox{addr: netAddr(raddr)})
	}
	return nil
}

// listenStream binds the socket and makes it accept connections.
//
// std: net.(*netFD).listenStream
func (fd *netFD) listenStream(ctx context.Context, laddr sockaddr, backlog int, spec socketSpec) error {
	if err := setDefaultListenerSockopts(fd.pfd.Sysfd); err != nil {
		return err
	}
	// Refuse an address that does not suit before the user sees the socket.
	var sa socket.Sockaddr
	if err := laddr.sockaddr(&sa, fd.family); err != nil {
		return err
	}
	if err := fd.callControl(ctx, spec, laddr); err != nil {
		return err
	}
	if errno := socket.Bind(fd.pfd.Sysfd, &sa); errno != 0 {
		return os.NewSyscallError("bind", errno)
	}
	if spec.beforeListen != nil {
		spec.beforeListen(fd)
	}
	if errno := socket.Listen(fd.pfd.Sysfd, backlog); errno != 0 {
		return os.NewSyscallError("listen", errno)
	}
	if err := fd.init(); err != nil {
		return err
	}
	fd.setLocalAddr()
	return nil
}

// listenDatagram binds the socket. If laddr is a multicast group, it binds the socket to
// every address, so that the socket can join more groups, and lets other sockets that do
// the same share the port.
//
// std: net.(*netFD).listenDatagram
func (fd *netFD) listenDatagram(ctx context.Context, laddr sockaddr, spec socketSpec) error {
	if a, ok := laddr.(*udpSockaddr); ok && a.IP != nil && a.IP.IsMulticast() {
		if err := setDefaultMulticastSockopts(fd.pfd.Sysfd); err != nil {
			return err
		}
		addr := *a
		switch fd.family {
		case syscall.AF_INET:
			addr.IP = IPv4zero
		case syscall.AF_INET6:
			addr.IP = IPv6unspecified
		}
		laddr = &addr
	}
	var sa socket.Sockaddr
	if err := laddr.sockaddr(&sa, fd.family); err != nil {
		return err
	}
	if err := fd.callControl(ctx, spec, laddr); err != nil {
		return err
	}
	if errno := socket.Bind(fd.pfd.Sysfd, &sa); errno != 0 {
		return os.NewSyscallError("bind", errno)
	}
	if err := fd.init(); err != nil {
		return err
	}
	fd.setLocalAddr()
	return nil
}

// setLocalAddr sets the address of a socket without a peer.
func (fd *netFD) setLocalAddr() {
	var lsa, none socket.Sockaddr
	socket.Getsockname(fd.pfd.Sysfd, &lsa)
	fd.setAddrs(&lsa, &none)
}

// netAddr returns the address of net that a sockaddr stands for.
func netAddr(sa sockaddr) net.Addr {
	switch a := sa.(type) {
	case *tcpSockaddr:
		return (*TCPAddr)(a)
	case *udpSockaddr:
		return (*UDPAddr)(a)
	case *ipSockaddr:
		return (*IPAddr)(a)
	case *unixSockaddr:
		return (*UnixAddr)(a)
	}
	return nil
}

// favoriteAddrFamily chooses the address family of a socket. It takes that of the network
// or of the addresses. For a listener on every address it takes IPv6 with IPv4 mapped into
// it, if the host can do that.
//
// std: net.favoriteAddrFamily
func favoriteAddrFamily(network string, laddr, raddr sockaddr, mode string) (family int, ipv6only bool) {
	switch network[len(network)-1] {
	case '4':
		return syscall.AF_INET, false
	case '6':
		return syscall.AF_INET6, true
	}
	if mode == "listen" && (laddr == nil || laddr.isWildcard()) {
		if caps := socket.HostCapabilities(); caps.IPv4Mapped || !caps.IPv4 {
			return syscall.AF_INET6, false
		}
		if laddr == nil {
			return syscall.AF_INET, false
		}
		return laddr.family(), false
	}
	if (laddr == nil || laddr.family() == syscall.AF_INET) &&
		(raddr == nil || raddr.family() == syscall.AF_INET) {
		return syscall.AF_INET, false
	}
	return syscall.AF_INET6, false
}

// internetSocket makes a TCP, UDP or raw IP socket. mode is "dial" or "listen".
//
// std: net.internetSocket
func internetSocket(ctx context.Context, network string, laddr, raddr sockaddr, sotype, proto int, mode string, spec socketSpec) (*netFD, error) {
	family, ipv6only := favoriteAddrFamily(network, laddr, raddr, mode)
	return newSocket(ctx, network, family, sotype, proto, ipv6only, laddr, raddr, spec)
}
