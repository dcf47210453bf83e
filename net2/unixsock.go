//go:build linux

package net2

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"go.parity/socket"
)

// UnixConn is a Unix domain socket: a stream ("unix"), packets on a connection
// ("unixpacket") or datagrams ("unixgram"); see unix(7). Its methods are safe
// for concurrent use.
type UnixConn struct{ conn }

// std: net.newUnixConn
func newUnixConn(fd *netFD) *UnixConn { return &UnixConn{conn{fd}} }

// SyscallConn returns the socket's descriptor for use in system calls.
func (c *UnixConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// CloseRead shuts down the reading side; see shutdown(2).
func (c *UnixConn) CloseRead() error { return c.closeRead() }

// CloseWrite shuts down the writing side: the peer reads to the end.
func (c *UnixConn) CloseWrite() error { return c.closeWrite() }

// ReadFromUnix receives into b and returns the length and the sender, nil for
// one without a name and on a stream. See recvfrom(2).
func (c *UnixConn) ReadFromUnix(b []byte) (int, *UnixAddr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, err := c.fd.readFrom(b, &sa)
	return n, c.sender(&sa), c.fd.unixReadError(err)
}

// ReadFrom is ReadFromUnix for a [PacketConn].
func (c *UnixConn) ReadFrom(b []byte) (int, Addr, error) {
	n, addr, err := c.ReadFromUnix(b)
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadMsgUnix receives into b and control messages into oob, and returns their
// lengths, the flags and the sender. Descriptors that come with a message are
// closed on exec. If b is empty and oob is not, a stream gives up one byte with
// the message. See recvmsg(2).
func (c *UnixConn) ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *UnixAddr, err error) {
	if !c.ok() {
		return 0, 0, 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, oobn, flags, err = c.fd.readMsg(b, oob, syscall.MSG_CMSG_CLOEXEC, &sa)
	return n, oobn, flags, c.sender(&sa), c.fd.unixReadError(err)
}

// unixReadError is the error of a read that may give an address.
func (fd *netFD) unixReadError(err error) error {
	switch err {
	case nil:
		return nil
	case io.EOF:
		return fd.unixEOF(err)
	}
	return fd.opError("read", err)
}

// sender returns the address that a read was given, nil if there is none.
func (c *UnixConn) sender(sa *socket.Sockaddr) *UnixAddr {
	if sa.Family() != syscall.AF_UNIX {
		return nil
	}
	return &UnixAddr{Name: sa.Unix(), Net: sotypeToNet(c.fd.sotype)}
}

// WriteToUnix sends b to addr; see sendto(2). A socket with a peer refuses with
// [ErrWriteToConnected].
func (c *UnixConn) WriteToUnix(b []byte, addr *UnixAddr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.writeTo(b, addr)
	if err != nil {
		err = c.fd.writeError(opAddr(addr), err)
	}
	return n, err
}

// WriteTo is WriteToUnix for a [PacketConn]; addr is a *UnixAddr.
func (c *UnixConn) WriteTo(b []byte, addr Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	a, ok := addr.(*UnixAddr)
	if !ok {
		return 0, c.fd.writeError(addr, syscall.EINVAL)
	}
	return c.WriteToUnix(b, a)
}

// WriteMsgUnix sends b and the control messages oob to addr, or to the peer if
// addr is nil. If b is empty and oob is not, one byte goes with the message on
// a stream. See sendmsg(2).
func (c *UnixConn) WriteMsgUnix(b, oob []byte, addr *UnixAddr) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	n, oobn, err = c.writeMsg(b, oob, addr)
	if err != nil {
		err = c.fd.writeError(opAddr(addr), err)
	}
	return n, oobn, err
}

// std: net.(*UnixConn).writeTo
func (c *UnixConn) writeTo(b []byte, addr *UnixAddr) (int, error) {
	if c.fd.isConnected {
		return 0, ErrWriteToConnected
	}
	if addr == nil {
		return 0, errMissingAddress
	}
	if addr.Net != sotypeToNet(c.fd.sotype) {
		return 0, syscall.EAFNOSUPPORT
	}
	var sa socket.Sockaddr
	sa.SetUnix(addr.Name)
	return c.fd.writeTo(b, &sa)
}

// std: net.(*UnixConn).writeMsg
func (c *UnixConn) writeMsg(b, oob []byte, addr *UnixAddr) (n, oobn int, err error) {
	if c.fd.sotype == syscall.SOCK_DGRAM && c.fd.isConnected {
		return 0, 0, ErrWriteToConnected
	}
	if addr == nil {
		return c.fd.writeMsg(b, oob, nil)
	}
	if addr.Net != sotypeToNet(c.fd.sotype) {
		return 0, 0, syscall.EAFNOSUPPORT
	}
	var sa socket.Sockaddr
	sa.SetUnix(addr.Name)
	return c.fd.writeMsg(b, oob, &sa)
}

// sotypeToNet returns the network of a Unix domain socket, "" for a type that
// has none.
//
// std: net.sotypeToNet
func sotypeToNet(sotype int) string {
	switch sotype {
	case syscall.SOCK_STREAM:
		return "unix"
	case syscall.SOCK_DGRAM:
		return "unixgram"
	case syscall.SOCK_SEQPACKET:
		return "unixpacket"
	}
	return ""
}

// std: net.unixSocket
func unixSocket(ctx context.Context, network string, laddr, raddr *UnixAddr, mode string, spec socketSpec) (*netFD, error) {
	var sotype int
	switch network {
	case "unix":
		sotype = syscall.SOCK_STREAM
	case "unixgram":
		sotype = syscall.SOCK_DGRAM
	case "unixpacket":
		sotype = syscall.SOCK_SEQPACKET
	default:
		return nil, UnknownNetworkError(network)
	}
	la, ra := asSockaddr(laddr), asSockaddr(raddr)
	if mode == "dial" {
		if la != nil && la.isWildcard() {
			la = nil
		}
		if ra != nil && ra.isWildcard() {
			ra = nil
		}
		if ra == nil && (sotype != syscall.SOCK_DGRAM || la == nil) {
			return nil, errMissingAddress
		}
	}
	return newSocket(ctx, network, syscall.AF_UNIX, sotype, 0, false, la, ra, spec)
}

// DialUnix connects to raddr on "unix", "unixpacket" or "unixgram", from laddr
// unless that is nil.
func DialUnix(network string, laddr, raddr *UnixAddr) (*UnixConn, error) {
	return dialUnix(context.Background(), nil, network, laddr, raddr)
}

// std: net.dialUnix
func dialUnix(ctx context.Context, dialer *Dialer, network string, laddr, raddr *UnixAddr) (*UnixConn, error) {
	fail := func(err error) (*UnixConn, error) {
		return nil, &OpError{Op: "dial", Net: network, Source: opAddr(laddr), Addr: opAddr(raddr), Err: err}
	}
	switch network {
	case "unix", "unixgram", "unixpacket":
	default:
		return fail(UnknownNetworkError(network))
	}
	sd := &sysDialer{network: network, address: raddr.String()}
	if dialer != nil {
		sd.Dialer = *dialer
	}
	c, err := sd.dialUnix(ctx, laddr, raddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// std: net.(*sysDialer).dialUnix
func (sd *sysDialer) dialUnix(ctx context.Context, laddr, raddr *UnixAddr) (*UnixConn, error) {
	fd, err := unixSocket(ctx, sd.network, laddr, raddr, "dial", sd.spec())
	if err != nil {
		return nil, err
	}
	return newUnixConn(fd), nil
}

// UnixListener accepts connections on a Unix domain socket. Its methods, but
// for SetUnlinkOnClose, are safe for concurrent use.
type UnixListener struct {
	fd         *netFD
	path       string
	unlink     bool
	unlinkOnce sync.Once
}

// std: net.(*UnixListener).ok
func (l *UnixListener) ok() bool { return l != nil && l.fd != nil }

// SyscallConn returns the listener's descriptor for use in system calls. The
// RawConn's Read and Write fail.
func (l *UnixListener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return newRawListener(l.fd), nil
}

// AcceptUnix waits for a connection and returns it; see accept(2).
func (l *UnixListener) AcceptUnix() (*UnixConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	fd, err := l.fd.accept()
	if err != nil {
		return nil, l.fd.listenerError("accept", err)
	}
	return newUnixConn(fd), nil
}

// Accept is AcceptUnix for a [Listener].
func (l *UnixListener) Accept() (Conn, error) {
	c, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close stops listening, and removes the socket's file if Listen made it; see
// SetUnlinkOnClose.
func (l *UnixListener) Close() error {
	if !l.ok() {
		return syscall.EINVAL
	}
	// The file goes first: once the socket is closed, another may have taken
	// the name. And only once, for the same reason.
	l.unlinkOnce.Do(func() {
		if l.path[0] != '@' && l.unlink {
			syscall.Unlink(l.path)
		}
	})
	if err := l.fd.Close(); err != nil {
		return l.fd.listenerError("close", err)
	}
	return nil
}

// Addr returns the address listened on, the same one each time: do not change
// it.
func (l *UnixListener) Addr() Addr { return l.fd.localAddr() }

// SetDeadline sets the time at which Accept fails, also one that waits; the
// zero time clears it.
func (l *UnixListener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.fd.pfd.SetDeadline(t)
}

// File returns a file of a duplicate of the listener's descriptor, for the
// caller to close. Neither closing affects the other.
func (l *UnixListener) File() (*os.File, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	f, err := l.fd.dup()
	if err != nil {
		return nil, l.fd.listenerError("file", err)
	}
	return f, nil
}

// SetUnlinkOnClose says whether Close removes the socket's file: by default it
// does if Listen made it, and does not if the listener came from a file.
func (l *UnixListener) SetUnlinkOnClose(unlink bool) { l.unlink = unlink }

// ListenUnix listens on "unix" or "unixpacket".
func ListenUnix(network string, laddr *UnixAddr) (*UnixListener, error) {
	fail := func(err error) (*UnixListener, error) {
		return nil, &OpError{Op: "listen", Net: network, Addr: opAddr(laddr), Err: err}
	}
	switch network {
	case "unix", "unixpacket":
	default:
		return fail(UnknownNetworkError(network))
	}
	if laddr == nil {
		return fail(errMissingAddress)
	}
	sl := &sysListener{network: network, address: laddr.String()}
	l, err := sl.listenUnix(context.Background(), laddr)
	if err != nil {
		return fail(err)
	}
	return l, nil
}

// std: net.(*sysListener).listenUnix
func (sl *sysListener) listenUnix(ctx context.Context, laddr *UnixAddr) (*UnixListener, error) {
	fd, err := unixSocket(ctx, sl.network, laddr, nil, "listen", sl.spec())
	if err != nil {
		return nil, err
	}
	return &UnixListener{fd: fd, path: fd.localAddr().String(), unlink: true}, nil
}

// ListenUnixgram receives datagrams on "unixgram".
func ListenUnixgram(network string, laddr *UnixAddr) (*UnixConn, error) {
	fail := func(err error) (*UnixConn, error) {
		return nil, &OpError{Op: "listen", Net: network, Addr: opAddr(laddr), Err: err}
	}
	if network != "unixgram" {
		return fail(UnknownNetworkError(network))
	}
	if laddr == nil {
		return fail(errMissingAddress)
	}
	sl := &sysListener{network: network, address: laddr.String()}
	c, err := sl.listenUnixgram(context.Background(), laddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// std: net.(*sysListener).listenUnixgram
func (sl *sysListener) listenUnixgram(ctx context.Context, laddr *UnixAddr) (*UnixConn, error) {
	fd, err := unixSocket(ctx, sl.network, laddr, nil, "listen", sl.spec())
	if err != nil {
		return nil, err
	}
	return newUnixConn(fd), nil
}

var (
	_ net.Conn       = (*UnixConn)(nil)
	_ net.PacketConn = (*UnixConn)(nil)
	_ syscall.Conn   = (*UnixConn)(nil)
	_ net.Listener   = (*UnixListener)(nil)
	_ syscall.Conn   = (*UnixListener)(nil)
)
