//go:build linux

package net2

import (
	"net"
	"os"
	"syscall"

	"go.parity/socket"
)

// fileAddr is the address in the error about a file that we could not turn into
// a connection.
//
// std: net.fileAddr
type fileAddr string

func (fileAddr) Network() string  { return "file+net" }
func (f fileAddr) String() string { return string(f) }

// FileConn returns a connection on a duplicate of the descriptor of f, which must
// be an open socket. The caller must close f; closing f does not close the
// connection, nor the other way round. The two share the socket: the Fd method of f
// puts it into blocking mode, and FileConn takes it out of that mode again.
func FileConn(f *os.File) (Conn, error) {
	c, err := fileConn(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return c, nil
}

// FileListener returns a listener on a duplicate of the descriptor of f, which must
// be a socket that listens. The caller must close f; closing f does not close the
// listener, nor the other way round.
func FileListener(f *os.File) (Listener, error) {
	l, err := fileListener(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return l, nil
}

// FilePacketConn returns a packet connection on a duplicate of the descriptor of f,
// which must be an open socket for packets. The caller must close f; closing f does
// not close the connection, nor the other way round.
func FilePacketConn(f *os.File) (PacketConn, error) {
	c, err := filePacketConn(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return c, nil
}

func fileError(f *os.File, err error) error {
	return &OpError{Op: "file", Net: "file+net", Addr: fileAddr(f.Name()), Err: err}
}

// std: net.fileConn
func fileConn(f *os.File) (Conn, error) {
	fd, err := newFileFD(f)
	if err != nil {
		return nil, err
	}
	switch fd.localAddr().(type) {
	case *TCPAddr:
		fd.setOptions(connOptions(defaultTCPKeepAliveIdle, KeepAliveConfig{}))
		return newTCPConn(fd), nil
	case *UDPAddr:
		return newUDPConn(fd), nil
	case *IPAddr:
		return newIPConn(fd), nil
	case *UnixAddr:
		return newUnixConn(fd), nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

// std: net.fileListener
func fileListener(f *os.File) (Listener, error) {
	fd, err := newFileFD(f)
	if err != nil {
		return nil, err
	}
	switch la := fd.localAddr().(type) {
	case *TCPAddr:
		l := &TCPListener{fd: fd, inherit: inheritance{opts: connOptions(0, KeepAliveConfig{})}}
		l.inherit.state.Store(inheritFails) // whoever made the socket may have set other options
		return l, nil
	case *UnixAddr:
		return &UnixListener{fd: fd, path: la.Name, unlink: false}, nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

// std: net.filePacketConn
func filePacketConn(f *os.File) (PacketConn, error) {
	fd, err := newFileFD(f)
	if err != nil {
		return nil, err
	}
	switch fd.localAddr().(type) {
	case *UDPAddr:
		return newUDPConn(fd), nil
	case *IPAddr:
		return newIPConn(fd), nil
	case *UnixAddr:
		return newUnixConn(fd), nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

// newFileFD duplicates the descriptor of f and asks the kernel what kind of socket
// it is.
//
// std: net.newFileFD
func newFileFD(f *os.File) (*netFD, error) {
	s, err := dupFileSocket(f)
	if err != nil {
		return nil, err
	}
	fd, err := fileFD(s)
	if err != nil {
		socket.Close(s)
		return nil, err
	}
	fd.pfd.Share()
	if err := fd.init(); err != nil {
		fd.pfd.Close()
		return nil, err
	}
	fd.setFinalizer()
	return fd, nil
}

func fileFD(s int) (*netFD, error) {
	sotype, errno := socket.GetsockoptInt(s, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if errno != 0 {
		return nil, os.NewSyscallError("getsockopt", errno)
	}
	var lsa, rsa socket.Sockaddr
	if errno := socket.Getsockname(s, &lsa); errno != 0 {
		return nil, os.NewSyscallError("getsockname", errno)
	}
	switch lsa.Family() {
	case syscall.AF_INET, syscall.AF_INET6, syscall.AF_UNIX:
	case syscall.AF_NETLINK, syscall.AF_PACKET:
		return nil, syscall.EPROTONOSUPPORT
	default: // an address that package syscall cannot decode
		return nil, os.NewSyscallError("getsockname", syscall.EAFNOSUPPORT)
	}
	socket.Getpeername(s, &rsa)
	fd := newFD(s, lsa.Family(), sotype, "")
	fd.setAddrs(&lsa, &rsa)
	la := fd.localAddr()
	if la == nil {
		return nil, syscall.EPROTONOSUPPORT
	}
	fd.net = la.Network()
	return fd, nil
}

// std: net.dupFileSocket
func dupFileSocket(f *os.File) (int, error) {
	s, call, errno := socket.DupCloseOnExec(int(f.Fd()))
	if errno != 0 {
		return -1, os.NewSyscallError(call, errno)
	}
	if errno := socket.SetNonblock(s, true); errno != 0 {
		socket.Close(s)
		return -1, os.NewSyscallError("setnonblock", errno)
	}
	return s, nil
}

var _ net.Addr = fileAddr("")
