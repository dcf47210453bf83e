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

// UnixConn is a Unix domain socket; see unix(7). It carries a stream ("unix"),
// packets on a connection ("unixpacket") or datagrams ("unixgram"). [Dial],
// [DialUnix], [ListenPacket], [ListenUnixgram] and the Accept of a [UnixListener]
// make one. Several goroutines may call its methods at the same time.
type UnixConn struct{ conn }

// std: net.newUnixConn
func newUnixConn(fd *netFD) *UnixConn { return &UnixConn{conn{fd}} }

// SyscallConn returns access to the socket's descriptor, for system calls that
// this package does not make.
func (c *UnixConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// CloseRead shuts down the reading side of the connection; see shutdown(2). Most
// callers should just call Close.
func (c *UnixConn) CloseRead() error { return c.closeRead() }

// CloseWrite shuts down the writing side of the connection; see shutdown(2). The
// peer reads what was written and then the end. Most callers should just call
// Close.
func (c *UnixConn) CloseWrite() error { return c.closeWrite() }

// ReadFromUnix receives into b and returns the length and the sender. The address
// is nil if the sender has no name, and always nil on a stream. See recvfrom(2).
func (c *UnixConn) ReadFromUnix(b []byte) (int, *UnixAddr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, err := c.fd.readFrom(b, &sa)
	return n, c.sender(&sa), c.fd.unixReadError(err)
}

// ReadFrom is ReadFromUnix with the signature of a [PacketConn]. The address is a
// [*UnixAddr].
func (c *UnixConn) ReadFrom(b []byte) (int, Addr, error) {
	n, addr, err := c.ReadFromUnix(b)
	if addr == nil {
		return n, nil, err
	}
	return n, addr, err
}

// ReadMsgUnix receives into b, and control messages into oob, and returns their
// lengths, the flags and the sender. Descriptors that come with a message have
// close-on-exec set. If b is empty and oob is not, a stream gives up one byte with
// the message. See recvmsg(2).
func (c *UnixConn) ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *UnixAddr, err error) {
	if !c.ok() {
		return 0, 0, 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, oobn, flags, err = c.fd.readMsg(b, oob, syscall.MSG_CMSG_CLOEXEC, &sa)
	return n, oobn, flags, c.sender(&sa), c.fd.unixReadError(err)
}

// unixReadError wraps err, with which a read that may return an address failed.
func (fd *netFD) unixReadError(err error) error {
	switch err {
	case nil:
		return nil
	case io.EOF:
		return fd.unixEOF(err)
	}
	return fd.opError("read", err)
}

// sender returns the address that a read got from the kernel, or nil if it got
// none.
func (c *UnixConn) sender(sa *socket.Sockaddr) *UnixAddr {
	if sa.Family() != syscall.AF_UNIX {
		return nil
	}
	return &UnixAddr{Name: sa.Unix(), Net: sotypeToNet(c.fd.sotype)}
}

// WriteToUnix sends b to addr; see sendto(2). If the socket has a peer,
// WriteToUnix fails with [ErrWriteToConnected].
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

// WriteTo is WriteToUnix with the signature of a [PacketConn]. The address must be
// a [*UnixAddr].
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

// WriteMsgUnix sends b and the control messages oob to addr, or to the peer if addr
// is nil, and returns how many bytes of each it sent. If b is empty and oob is not,
// it sends one byte with the messages on a stream. See sendmsg(2).
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

// sotypeToNet returns the network of a Unix domain socket, or "" if net has no
// name for the type.
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

// DialUnix is [Dial] for Unix domain sockets. The network is "unix", "unixgram" or
// "unixpacket".
//
// If laddr is not nil, DialUnix binds the socket to it first, which makes a file
// unless the name starts with @. For "unixgram", raddr may be nil if laddr is not:
// the socket then has no peer.
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

// UnixListener accepts connections on a Unix domain socket. [Listen] and
// [ListenUnix] make one. Several goroutines may call its methods at the same time,
// except SetUnlinkOnClose. A program should hold a [Listener] where it can, so
// that it does not depend on Unix domain sockets.
type UnixListener struct {
	fd         *netFD
	path       string
	unlink     bool
	unlinkOnce sync.Once
}

// std: net.(*UnixListener).ok
func (l *UnixListener) ok() bool { return l != nil && l.fd != nil }

// SyscallConn returns access to the listener's descriptor, for system calls that
// this package does not make. Its Control method works; its Read and Write
// methods return an error.
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

// Accept is AcceptUnix with the signature of a [Listener]. The connection is a
// [*UnixConn].
func (l *UnixListener) Accept() (Conn, error) {
	c, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close stops listening. It also removes the socket's file if Listen or ListenUnix
// made it; see SetUnlinkOnClose. An Accept that waits returns an error.
// Connections that the listener has accepted stay open.
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

// Addr returns the listener's address, a [*UnixAddr]. Every call returns the same
// one, so callers must not change it.
func (l *UnixListener) Addr() Addr { return l.fd.localAddr() }

// SetDeadline sets the moment from which on Accept fails, also an Accept that
// already waits. The zero time means no deadline.
func (l *UnixListener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.fd.pfd.SetDeadline(t)
}

// File returns an [os.File] with a duplicate of the listener's descriptor. The
// caller must close it; closing the file does not close the listener, nor the
// other way round.
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

// SetUnlinkOnClose sets whether Close removes the socket's file. By default Close
// removes it if Listen or ListenUnix made it, and leaves it if the listener came
// from FileListener.
func (l *UnixListener) SetUnlinkOnClose(unlink bool) { l.unlink = unlink }

// ListenUnix is [Listen] for Unix domain sockets. The network is "unix" or
// "unixpacket". If laddr is nil, ListenUnix fails; if its name is empty, the
// kernel chooses a name in the abstract space.
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

// ListenUnixgram is [ListenPacket] for Unix domain sockets. The network must be
// "unixgram". It makes a file at the path of laddr, unless the name starts with @,
// and Close does not remove the file. If laddr is nil, ListenUnixgram fails.
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
