//go:build linux

package net2

import (
	"context"
	"io"
	"net/netip"
	"syscall"

	"go.parity/socket"
)

// The operations here end when their context is done. Their error is then that of
// DialContext: its cause is net's own "operation was canceled", for which errors.Is finds
// [context.Canceled], or a time-out. They cancel this one call: deadlines and later calls
// are as before. What the kernel gave is returned: no byte and no connection gets lost. They
// tell the context of themselves only if they have to wait.

// ReadContext is Read until ctx is done. A call that waits for another Read to end sees ctx
// when its turn comes.
func (c *conn) ReadContext(ctx context.Context, b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.fd.pfd.ReadContext(ctx, b)
	if err != nil && err != io.EOF {
		err = c.fd.opError("read", mapErr(wrapSyscallError("read", err)))
	}
	return n, err
}

// WriteContext is Write until ctx is done. It may have written a part of b then, and returns
// how much.
func (c *conn) WriteContext(ctx context.Context, b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.fd.pfd.WriteContext(ctx, b)
	if err != nil {
		err = c.fd.opError("write", mapErr(wrapSyscallError("write", err)))
	}
	return n, err
}

// ReadFromUDPAddrPortContext is ReadFromUDPAddrPort until ctx is done.
func (c *UDPConn) ReadFromUDPAddrPortContext(ctx context.Context, b []byte) (n int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, netip.AddrPort{}, syscall.EINVAL
	}
	var sa socket.Sockaddr
	n, err = c.fd.pfd.ReadFromContext(ctx, b, &sa)
	if err != nil {
		return n, addr, c.fd.opError("read", mapErr(wrapSyscallError("recvfrom", err)))
	}
	return n, sockaddrToAddrPort(&sa, c.fd.family), nil
}

// AcceptContext is Accept until ctx is done.
func (l *TCPListener) AcceptContext(ctx context.Context) (Conn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	fd, err := l.fd.acceptContext(ctx)
	if err != nil {
		return nil, l.fd.listenerError("accept", err)
	}
	l.inherit.apply(l.fd, fd)
	return newTCPConn(fd), nil
}

// AcceptContext is Accept until ctx is done.
func (l *UnixListener) AcceptContext(ctx context.Context) (Conn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	fd, err := l.fd.acceptContext(ctx)
	if err != nil {
		return nil, l.fd.listenerError("accept", err)
	}
	return newUnixConn(fd), nil
}

func (fd *netFD) acceptContext(ctx context.Context) (*netFD, error) {
	var rsa socket.Sockaddr
	s, err := fd.pfd.AcceptContext(ctx, &rsa)
	if err != nil {
		return nil, mapErr(wrapSyscallError("accept4", err))
	}
	return fd.accepted(s, &rsa)
}
