//go:build linux

package net2

import (
	"net"
	"os"
	"syscall"
	"time"

	"go.parity/socket"
)

// A package may assert at run time that a connection has one of net's concrete
// types. That code still compiles after a program has swapped the import, but the
// assertion fails: golang.org/x/net/ipv4 asks for a *net.UDPConn to read, grpc for
// a *net.TCPConn to set TCP_USER_TIMEOUT. The functions in this file give such code
// a connection of package net.

// StdConn returns a connection of package net on the socket of c: a
// [*net.TCPConn], [*net.UDPConn], [*net.IPConn] or [*net.UnixConn]. It has a
// duplicate of the descriptor and starts with the deadlines that c has now. The
// options of the socket stay as they are.
//
// The two connections share the socket, its options and its data: what one reads,
// the other does not read. From now on each has its own deadlines, and the caller
// must close both: the peer sees the end when both are closed. If c is closed or is
// not a connection of this package, StdConn returns an [OpError].
func StdConn(c Conn) (net.Conn, error) {
	fd, err := shownFD(c)
	if err != nil {
		return nil, err
	}
	return stdOf(fd, net.FileConn)
}

// StdListener returns a listener of package net on the socket of l, a
// [*net.TCPListener] or [*net.UnixListener], as StdConn does for a connection. If
// both listeners accept, each connection goes to one of them. The new listener sets
// the options that one from [net.FileListener] sets, and its Close does not remove
// the file of a Unix socket.
func StdListener(l Listener) (net.Listener, error) {
	fd, err := shownFD(l)
	if err != nil {
		return nil, err
	}
	return stdOf(fd, net.FileListener)
}

// StdPacketConn returns a packet connection of package net on the socket of c, a
// [*net.UDPConn], [*net.IPConn] or [*net.UnixConn], as StdConn does for a
// connection.
func StdPacketConn(c PacketConn) (net.PacketConn, error) {
	fd, err := shownFD(c)
	if err != nil {
		return nil, err
	}
	return stdOf(fd, net.FilePacketConn)
}

// shownFD returns the socket of a connection or listener of this package. It does
// not look inside a wrapper, because what the wrapper does to the bytes would be
// lost.
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

// stdOf lets package net make its connection or listener of the socket.
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
	// The Fd method of this file, which net calls, leaves the socket in
	// non-blocking mode, unlike that of a file from File: other goroutines may be
	// in the middle of a read.
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

// keepOptions returns a function that restores, on the connection s, the options
// that net changes on every connection that it makes of a file.
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

// setDeadlines sets the read and the write deadline of v to r and w from now; 0
// means no deadline.
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
