//go:build linux

package net2

import (
	"net"
	"os"
	"syscall"

	"go.parity/socket"
)

// fileAddr is the address of a file that made no connection.
//
// std: net.fileAddr
type fileAddr string

func (fileAddr) Network() string  { return "file+net" }
func (f fileAddr) String() string { return string(f) }

// FileConn returns a connection on a duplicate of the descriptor of f, an open
// socket, which stays the caller's to close. Its Fd method puts f into blocking
// mode, this one out of it.
func FileConn(f *os.File) (Conn, error) {
	c, err := fileConn(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return c, nil
}

// FileListener returns a listener on a duplicate of the descriptor of f, a
// socket that listens, which stays the caller's to close.
func FileListener(f *os.File) (Listener, error) {
	l, err := fileListener(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return l, nil
}

// FilePacketConn returns a packet connection on a duplicate of the descriptor
// of f, an open socket, which stays the caller's to close.
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
		l.inherit.state.Store(inheritFails) // whoever made the socket set other options
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

// newFileFD makes a socket of a duplicate of f's descriptor and finds out what
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
