//go:build linux

package net2

import (
	"net"
	"os"
	"syscall"
	"time"

	"go.parity/socket"
)

// A type assertion on net's concrete types compiles after the import was
// swapped, and fails at run time: golang.org/x/net/ipv4 asks for a *net.UDPConn
// to read, grpc for a *net.TCPConn to set TCP_USER_TIMEOUT. The functions here are
// the way out: they give such code a connection that is package net's own.

// StdConn returns package net's own connection of the same socket: a
// [*net.TCPConn], [*net.UDPConn], [*net.IPConn] or [*net.UnixConn], on a duplicate
// of the descriptor, with the deadlines that c has now. The options of the socket
// stay as they are.
//
// The two share the socket, its options and its data: what one reads the other
// does not. Deadlines are each one's own from now on, and so is closing: the peer
// sees the end when both are closed. A c that is not of this package, or is
// closed, is refused with an [OpError].
func StdConn(c Conn) (net.Conn, error) {
	fd, err := shownFD(c)
	if err != nil {
		return nil, err
	}
	return stdOf(fd, net.FileConn)
}

// StdListener returns package net's own listener of the same socket, a
// [*net.TCPListener] or [*net.UnixListener], as StdConn does for a connection. Each
// connection comes to one of the two that accept. What the new one accepts has the
// options of a listener of [net.FileListener], and closing it leaves the file of a
// Unix socket where it is.
func StdListener(l Listener) (net.Listener, error) {
	fd, err := shownFD(l)
	if err != nil {
		return nil, err
	}
	return stdOf(fd, net.FileListener)
}

// StdPacketConn returns package net's own packet connection of the same socket, a
// [*net.UDPConn], [*net.IPConn] or [*net.UnixConn], as StdConn does for a
// connection.
func StdPacketConn(c PacketConn) (net.PacketConn, error) {
	fd, err := shownFD(c)
	if err != nil {
		return nil, err
	}
	return stdOf(fd, net.FilePacketConn)
}

// shownFD returns the socket of one of our connections or listeners. One that is
// wrapped is somebody else's: what it does to the bytes would be lost.
func shownFD(v any) (*netFD, error) {
	var fd *netFD
	switch v := v.(type) {
	case *TCPConn:
		if v != nil {
			fd = v.fd
		}
	case *UDPConn:
		if v != nil {
			fd = v.fd
		}
	case *IPConn:
		if v != nil {
			fd = v.fd
		}
	case *UnixConn:
		if v != nil {
			fd = v.fd
		}
	case *TCPListener:
		if v != nil {
			fd = v.fd
		}
	case *UnixListener:
		if v != nil {
			fd = v.fd
		}
	default:
		return nil, &OpError{Op: "file", Net: "file+net", Err: syscall.EINVAL}
	}
	if fd == nil {
		return nil, syscall.EINVAL
	}
	return fd, nil
}

// stdOf has package net make what it has of the socket.
func stdOf[T any](fd *netFD, make func(*os.File) (T, error)) (t T, err error) {
	r, w, err := fd.pfd.Deadlines()
	if err != nil {
		return t, fd.opError("file", err)
	}
	fd.pinLocalAddr()
	s, call, err := fd.pfd.Dup()
	if err != nil {
		return t, fd.opError("file", wrapSyscallError(call, err))
	}
	// Unlike that of File, this one's Fd method, which net calls, leaves the
	// socket in non-blocking mode: others are in the middle of reads.
	f := os.NewFile(uintptr(s), fd.name())
	defer f.Close()
	restore := fd.keepOptions(s)
	if t, err = make(f); err != nil {
		return t, err
	}
	restore()
	setDeadlines(t, r, w)
	return t, nil
}

// keepOptions returns a function that gives s, a connection, back the options
// that net sets on one which it makes.
func (fd *netFD) keepOptions(s int) (restore func()) {
	if fd.sotype != syscall.SOCK_STREAM || fd.family == syscall.AF_UNIX {
		return func() {}
	}
	opts := makeConnOptions(0, KeepAliveConfig{})
	kept := opts[:0]
	for _, o := range opts {
		if v, errno := socket.GetsockoptInt(s, o.level, o.name); errno == 0 {
			o.value = v
			kept = append(kept, o)
		}
	}
	return func() {
		for _, o := range kept {
			socket.SetsockoptInt(s, o.level, o.name, o.value)
		}
	}
}

// setDeadlines gives v the deadlines that are r and w away, each unless it is 0.
func setDeadlines(v any, r, w time.Duration) {
	if c, ok := v.(interface{ SetReadDeadline(time.Time) error }); ok && r != 0 {
		c.SetReadDeadline(time.Now().Add(r))
	}
	if c, ok := v.(interface{ SetWriteDeadline(time.Time) error }); ok && w != 0 {
		c.SetWriteDeadline(time.Now().Add(w))
	}
	if l, ok := v.(interface {
		net.Listener
		SetDeadline(time.Time) error
	}); ok && r != 0 {
		l.SetDeadline(time.Now().Add(r))
	}
}
