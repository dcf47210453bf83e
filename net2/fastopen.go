//go:build linux

package net2

import (
	"context"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// DialTCPFastOpen connects to raddr and sends b, which is not empty, with the first
// packet if it can: if this host has talked to that one before, b then arrives one
// round trip sooner (TCP Fast Open, RFC 7413). Otherwise b follows when the connection
// stands. It returns when the peer has answered and the kernel has all of b, with how
// many bytes of b it took.
//
// The network may deliver the first packet twice, to two connections: b must be a
// request that does no harm if it is done twice.
//
// The Dialer's LocalAddr counts if it is a *TCPAddr. The connection is plain TCP. If the
// host does not allow Fast Open to its clients, errors.Is finds
// [errors.ErrUnsupported], and nothing was sent. Package net has no such method.
func (d *Dialer) DialTCPFastOpen(ctx context.Context, network string, raddr netip.AddrPort, b []byte) (*TCPConn, int, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	ra := TCPAddrFromAddrPort(raddr)
	la, _ := d.LocalAddr.(*TCPAddr)
	fail := func(n int, err error) (*TCPConn, int, error) {
		return nil, n, &OpError{Op: "dial", Net: network, Source: opAddr(la), Addr: opAddr(ra), Err: err}
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return fail(0, UnknownNetworkError(network))
	}
	if len(b) == 0 {
		return fail(0, syscall.EINVAL)
	}
	if err := ctx.Err(); err != nil {
		return fail(0, mapErr(err))
	}
	sd := &sysDialer{Dialer: *d, network: network, address: raddr.String()}
	sent := 0
	refused := false
	sd.connect = func(sysfd int, sa *socket.Sockaddr) (errno socket.Errno) {
		// A second socket, in the place of one that connected to itself, sends
		// all of b again.
		sent, errno = socket.Sendmsg(sysfd, b, nil, unix.MSG_FASTOPEN, sa)
		refused = errno == unix.EOPNOTSUPP
		if errno == 0 {
			return unix.EINPROGRESS // b is on its way, and the peer has not answered
		}
		return errno
	}
	c, err := sd.dialTCP(ctx, la, ra)
	if refused {
		err = &OptionError{Option: "FastOpen", Err: err}
	}
	if err != nil {
		return fail(sent, err)
	}
	if sent == len(b) {
		return c, sent, nil
	}
	n, err := c.writeUntil(ctx, b[sent:])
	if sent += n; err != nil {
		c.Close()
		return fail(sent, err)
	}
	return c, sent, nil
}

// writeUntil writes b, and gives up when ctx is done. Nobody else uses the connection
// yet.
func (c *TCPConn) writeUntil(ctx context.Context, b []byte) (int, error) {
	if ctx.Done() == nil {
		return c.fd.Write(b)
	}
	stop := context.AfterFunc(ctx, func() { c.fd.pfd.SetWriteDeadline(aLongTimeAgo) })
	n, err := c.fd.Write(b)
	if !stop() && err == nil {
		err = mapErr(ctx.Err()) // the deadline has come, or comes yet
	}
	if ctxErr := ctx.Err(); err != nil && ctxErr != nil {
		err = mapErr(ctxErr)
	}
	return n, err
}
