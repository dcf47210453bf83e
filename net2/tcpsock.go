//go:build linux

package net2

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// TCPConn is a TCP connection; see tcp(7). Its methods are safe for concurrent
// use.
type TCPConn struct{ conn }

// newTCPConn makes a connection of a socket whose options are set.
func newTCPConn(fd *netFD) *TCPConn { return &TCPConn{conn{fd}} }

// SyscallConn returns the connection's descriptor for use in system calls.
func (c *TCPConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// ReadFrom sends what r has until its end, without copying it where r is a
// file (sendfile(2)), or a TCP or Unix stream connection (splice(2)). It
// implements [io.ReaderFrom].
func (c *TCPConn) ReadFrom(r io.Reader) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.readFrom(r)
	if err != nil && err != io.EOF {
		err = c.fd.opError("readfrom", err)
	}
	return n, err
}

// std: net.(*TCPConn).readFrom
func (c *TCPConn) readFrom(r io.Reader) (int64, error) {
	if n, err, handled := spliceFrom(c.fd, r); handled {
		return n, err
	}
	if n, err, handled := sendFile(c.fd, r); handled {
		return n, err
	}
	return io.Copy(tcpConnWithoutReadFrom{TCPConn: c}, r)
}

// WriteTo writes to w what the connection receives until its end, without
// copying it where w is a Unix stream connection (splice(2)). It implements
// [io.WriterTo].
func (c *TCPConn) WriteTo(w io.Writer) (int64, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.writeTo(w)
	if err != nil && err != io.EOF {
		err = c.fd.opError("writeto", err)
	}
	return n, err
}

// std: net.(*TCPConn).writeTo
func (c *TCPConn) writeTo(w io.Writer) (int64, error) {
	if n, err, handled := spliceTo(w, c.fd); handled {
		return n, err
	}
	return io.Copy(w, tcpConnWithoutWriteTo{TCPConn: c})
}

// A connection without ReadFrom, or without WriteTo, lets io.Copy copy and not
// call us back: an embedded method that is ambiguous is none.
type (
	tcpConnWithoutReadFrom struct {
		noReadFrom //lint:ignore U1000 it is there to be ambiguous
		*TCPConn
	}
	tcpConnWithoutWriteTo struct {
		noWriteTo //lint:ignore U1000 it is there to be ambiguous
		*TCPConn
	}
)

//lint:ignore U1000 it is there to be ambiguous
type noReadFrom struct{}

//lint:ignore U1000 it is there to be ambiguous
type noWriteTo struct{}

//lint:ignore U1000 it is there to be ambiguous
func (noReadFrom) ReadFrom(io.Reader) (int64, error) { panic("unreachable") }

//lint:ignore U1000 it is there to be ambiguous
func (noWriteTo) WriteTo(io.Writer) (int64, error) { panic("unreachable") }

// CloseRead shuts down the reading side; see shutdown(2). Reads return io.EOF.
func (c *TCPConn) CloseRead() error { return c.closeRead() }

// CloseWrite shuts down the writing side: the peer reads to the end. Most
// callers should just Close.
func (c *TCPConn) CloseWrite() error { return c.closeWrite() }

// SetLinger sets what Close does with data that was not sent or acknowledged;
// see SO_LINGER in socket(7). If sec is negative, which is the default, it is
// sent in the background; if 0, it is discarded and the connection reset; if
// positive, it is sent in the background too, but after sec seconds what is
// left may be discarded.
func (c *TCPConn) SetLinger(sec int) error {
	return c.set(func(fd *netFD) error { return setLinger(fd, sec) })
}

// SetKeepAlive switches keep-alive probes on or off; see SO_KEEPALIVE in
// socket(7).
func (c *TCPConn) SetKeepAlive(keepalive bool) error {
	return c.set(func(fd *netFD) error { return setKeepAlive(fd, keepalive) })
}

// SetKeepAlivePeriod sets how long the connection is idle before the first
// probe, rounded up to a second: 0 is 15 seconds, a negative d changes nothing.
// See TCP_KEEPIDLE in tcp(7), and SetKeepAliveConfig for the rest.
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	return c.set(func(fd *netFD) error {
		o, ok := keepAliveIdleOption(d)
		if !ok {
			return nil
		}
		return fd.setOption(o)
	})
}

// SetKeepAliveConfig sets all of keep-alive; see TCP_KEEPIDLE, TCP_KEEPINTVL
// and TCP_KEEPCNT in tcp(7).
func (c *TCPConn) SetKeepAliveConfig(config KeepAliveConfig) error {
	return c.set(func(fd *netFD) error {
		for _, o := range keepAliveOptions(config) {
			if err := fd.setOption(o); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetNoDelay switches Nagle's algorithm off, which is the default, or on; see
// TCP_NODELAY in tcp(7).
func (c *TCPConn) SetNoDelay(noDelay bool) error {
	return c.set(func(fd *netFD) error { return fd.setOption(noDelayOption(noDelay)) })
}

// set does op on the connection's socket and makes its error a "set" error with
// both addresses.
func (c *TCPConn) set(op func(fd *netFD) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := op(c.fd); err != nil {
		return c.fd.opError("set", err)
	}
	return nil
}

// MultipathTCP reports whether the connection uses Multipath TCP (RFC 8684). It
// may report false for one that was asked for it, when the peer or something in
// between does not do it.
func (c *TCPConn) MultipathTCP() (bool, error) {
	if !c.ok() {
		return false, syscall.EINVAL
	}
	return isUsingMultipathTCP(c.fd), nil
}

// DialTCP connects to raddr on "tcp", "tcp4" or "tcp6", from laddr unless that
// is nil. A raddr whose IP is nil or unspecified is this host.
func DialTCP(network string, laddr, raddr *TCPAddr) (*TCPConn, error) {
	return dialTCP(context.Background(), nil, network, laddr, raddr)
}

// std: net.dialTCP
func dialTCP(ctx context.Context, dialer *Dialer, network string, laddr, raddr *TCPAddr) (*TCPConn, error) {
	fail := func(err error) (*TCPConn, error) {
		return nil, &OpError{Op: "dial", Net: network, Source: opAddr(laddr), Addr: opAddr(raddr), Err: err}
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return fail(UnknownNetworkError(network))
	}
	if raddr == nil {
		return fail(errMissingAddress)
	}
	sd := &sysDialer{network: network, address: raddr.String()}
	if dialer != nil {
		sd.Dialer = *dialer
	}
	c, err := sd.dialAnyTCP(ctx, laddr, raddr)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// opAddr returns a as an Addr that is nil when a is.
//
// std: net.(*TCPAddr).opAddr
func opAddr[T any, A interface {
	*T
	Addr
}](a A) Addr {
	if a == nil {
		return nil
	}
	return a
}

// dialAnyTCP dials Multipath TCP where that is asked for, or else plain TCP.
func (sd *sysDialer) dialAnyTCP(ctx context.Context, laddr, raddr *TCPAddr) (*TCPConn, error) {
	if sd.MultipathTCP() {
		return sd.dialMPTCP(ctx, laddr, raddr)
	}
	return sd.dialTCP(ctx, laddr, raddr)
}

// std: net.(*sysDialer).dialTCP
func (sd *sysDialer) dialTCP(ctx context.Context, laddr, raddr *TCPAddr) (*TCPConn, error) {
	return sd.doDialTCPProto(ctx, laddr, raddr, 0)
}

// doDialTCPProto dials with a protocol of socket(2): 0 for TCP, or Multipath
// TCP's.
//
// Where the kernel chooses the local port and nobody listens, it may choose
// the very port that is dialled; then the connection is one with itself, by
// TCP's simultaneous open. And it may choose one that is in use. Both are
// tried again, twice.
//
// std: net.(*sysDialer).doDialTCPProto
func (sd *sysDialer) doDialTCPProto(ctx context.Context, laddr, raddr *TCPAddr, proto int) (*TCPConn, error) {
	dial := func() (*netFD, error) {
		return internetSocket(ctx, sd.network, asSockaddr(laddr), asSockaddr(raddr), syscall.SOCK_STREAM, proto, "dial", sd.spec())
	}
	fd, err := dial()
	for range 2 {
		if laddr != nil && laddr.Port != 0 || !selfConnect(fd, err) && !spuriousENOTAVAIL(err) {
			break
		}
		if err == nil {
			fd.Close()
		}
		fd, err = dial()
	}
	if err != nil {
		return nil, err
	}
	fd.setOptions(connOptions(sd.KeepAlive, sd.KeepAliveConfig))
	return newTCPConn(fd), nil
}

// selfConnect reports whether the connection is one with itself. One whose
// addresses are not known counts as such.
//
// std: net.selfConnect
func selfConnect(fd *netFD, err error) bool {
	if err != nil {
		return false
	}
	if l, r := fd.laddr.raw, fd.raddr.raw; l.Family != syscall.AF_UNSPEC && r.Family != syscall.AF_UNSPEC {
		return l.Port == r.Port && l.Addr == r.Addr
	}
	l, lok := fd.localAddr().(*TCPAddr)
	r, rok := fd.remoteAddr().(*TCPAddr)
	if !lok || !rok {
		return true
	}
	return l.Port == r.Port && l.IP.Equal(r.IP)
}

// std: net.spuriousENOTAVAIL
func spuriousENOTAVAIL(err error) bool {
	if op, ok := err.(*OpError); ok {
		err = op.Err
	}
	if sys, ok := err.(*os.SyscallError); ok {
		err = sys.Err
	}
	return err == syscall.EADDRNOTAVAIL
}

// TCPListener accepts TCP connections. Its methods are safe for concurrent use.
type TCPListener struct {
	fd      *netFD
	inherit inheritance
}

// std: net.(*TCPListener).ok
func (l *TCPListener) ok() bool { return l != nil && l.fd != nil }

// SyscallConn returns the listener's descriptor for use in system calls. The
// RawConn's Read and Write fail.
func (l *TCPListener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return newRawListener(l.fd), nil
}

// AcceptTCP waits for a connection and returns it; see accept(2). Too many open
// files (EMFILE, ENFILE) is an error after which the listener still works.
func (l *TCPListener) AcceptTCP() (*TCPConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	c, err := l.accept()
	if err != nil {
		return nil, l.fd.listenerError("accept", err)
	}
	return c, nil
}

// Accept is AcceptTCP for a [Listener].
func (l *TCPListener) Accept() (Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// std: net.(*TCPListener).accept
func (l *TCPListener) accept() (*TCPConn, error) {
	fd, err := l.fd.accept()
	if err != nil {
		return nil, err
	}
	l.inherit.apply(l.fd, fd)
	return newTCPConn(fd), nil
}

// Close stops listening. An Accept that waits returns an error; connections
// that were accepted stay open.
func (l *TCPListener) Close() error {
	if !l.ok() {
		return syscall.EINVAL
	}
	if err := l.fd.Close(); err != nil {
		return l.fd.listenerError("close", err)
	}
	return nil
}

// Addr returns the address listened on, a *TCPAddr, the same one each time: do
// not change it.
func (l *TCPListener) Addr() Addr { return l.fd.localAddr() }

// SetDeadline sets the time at which Accept fails, also one that waits; the
// zero time clears it.
func (l *TCPListener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.fd.pfd.SetDeadline(t)
}

// File returns a file of a duplicate of the listener's descriptor, for the
// caller to close. Neither closing affects the other.
func (l *TCPListener) File() (*os.File, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	f, err := l.fd.dup()
	if err != nil {
		return nil, l.fd.listenerError("file", err)
	}
	return f, nil
}

// ListenTCP listens on "tcp", "tcp4" or "tcp6". If the IP of laddr is nil or
// unspecified it listens on every address of the host, on "tcp" of both
// versions; a port of 0 lets the kernel choose, and Addr tells which.
func ListenTCP(network string, laddr *TCPAddr) (*TCPListener, error) {
	fail := func(err error) (*TCPListener, error) {
		return nil, &OpError{Op: "listen", Net: network, Source: nil, Addr: opAddr(laddr), Err: err}
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return fail(UnknownNetworkError(network))
	}
	if laddr == nil {
		laddr = &TCPAddr{}
	}
	sl := &sysListener{network: network, address: laddr.String()}
	l, err := sl.listenAnyTCP(context.Background(), laddr)
	if err != nil {
		return fail(err)
	}
	return l, nil
}

// listenAnyTCP listens for Multipath TCP unless that is switched off.
func (sl *sysListener) listenAnyTCP(ctx context.Context, laddr *TCPAddr) (*TCPListener, error) {
	if sl.MultipathTCP() {
		return sl.listenMPTCP(ctx, laddr)
	}
	return sl.listenTCP(ctx, laddr)
}

// std: net.(*sysListener).listenTCP
func (sl *sysListener) listenTCP(ctx context.Context, laddr *TCPAddr) (*TCPListener, error) {
	return sl.listenTCPProto(ctx, laddr, 0)
}

// std: net.(*sysListener).listenTCPProto
func (sl *sysListener) listenTCPProto(ctx context.Context, laddr *TCPAddr, proto int) (*TCPListener, error) {
	l := &TCPListener{inherit: inheritance{opts: connOptions(sl.KeepAlive, sl.KeepAliveConfig)}}
	spec := sl.spec()
	spec.beforeListen = l.inherit.prepare
	var err error
	l.fd, err = internetSocket(ctx, sl.network, asSockaddr(laddr), nil, syscall.SOCK_STREAM, proto, "listen", spec)
	if err != nil {
		return nil, err
	}
	return l, nil
}

var (
	_ net.Conn      = (*TCPConn)(nil)
	_ io.ReaderFrom = (*TCPConn)(nil)
	_ io.WriterTo   = (*TCPConn)(nil)
	_ syscall.Conn  = (*TCPConn)(nil)
	_ net.Listener  = (*TCPListener)(nil)
	_ syscall.Conn  = (*TCPListener)(nil)
)
