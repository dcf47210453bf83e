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

// TCPConn is a TCP connection; see tcp(7). [Dial], [DialTCP] and the Accept of a
// [TCPListener] make one. Several goroutines may call its methods at the same
// time.
type TCPConn struct{ conn }

// newTCPConn makes a connection of a socket whose options somebody has set.
func newTCPConn(fd *netFD) *TCPConn { return &TCPConn{conn{fd}} }

// SyscallConn returns access to the connection's descriptor, for system calls that
// this package does not make.
func (c *TCPConn) SyscallConn() (syscall.RawConn, error) {
	if !c.ok() {
		return nil, syscall.EINVAL
	}
	return newRawConn(c.fd), nil
}

// ReadFrom reads from r until its end and sends what it reads. If r is a file, the
// kernel moves the bytes by sendfile(2); if r is a TCP or a Unix stream
// connection, by splice(2). ReadFrom implements [io.ReaderFrom].
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

// WriteTo receives until the peer's end and writes what it receives to w. If w is
// a Unix stream connection, the kernel moves the bytes by splice(2). WriteTo
// implements [io.WriterTo].
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

// These types hide the connection's ReadFrom or WriteTo, so that io.Copy copies
// and does not call us back: if two embedded types have a method of the same
// name at the same depth, the outer type does not have that method.
type (
	tcpConnWithoutReadFrom struct {
		noReadFrom //lint:ignore U1000 its method hides the connection's
		*TCPConn
	}
	tcpConnWithoutWriteTo struct {
		noWriteTo //lint:ignore U1000 its method hides the connection's
		*TCPConn
	}
)

//lint:ignore U1000 its method hides the connection's
type noReadFrom struct{}

//lint:ignore U1000 its method hides the connection's
type noWriteTo struct{}

//lint:ignore U1000 its method hides the connection's
func (noReadFrom) ReadFrom(io.Reader) (int64, error) { panic("unreachable") }

//lint:ignore U1000 its method hides the connection's
func (noWriteTo) WriteTo(io.Writer) (int64, error) { panic("unreachable") }

// CloseRead shuts down the reading side of the connection; see shutdown(2). From
// then on Read returns io.EOF. Most callers should just call Close.
func (c *TCPConn) CloseRead() error { return c.closeRead() }

// CloseWrite shuts down the writing side of the connection; see shutdown(2). The
// peer reads what was written and then the end. Most callers should just call
// Close.
func (c *TCPConn) CloseWrite() error { return c.closeWrite() }

// SetLinger sets what happens at Close to data that the kernel has not yet sent or
// the peer has not yet acknowledged; see SO_LINGER in socket(7). If sec is
// negative, which is the default, the kernel sends it in the background. If sec
// is 0, the kernel discards it and resets the connection. If sec is positive, the
// kernel sends it in the background too, but may discard what is left after sec
// seconds.
func (c *TCPConn) SetLinger(sec int) error {
	return c.set(func(fd *netFD) error { return setLinger(fd, sec) })
}

// SetKeepAlive switches keep-alive probes on or off; see SO_KEEPALIVE in
// socket(7).
func (c *TCPConn) SetKeepAlive(keepalive bool) error {
	return c.set(func(fd *netFD) error { return setKeepAlive(fd, keepalive) })
}

// SetKeepAlivePeriod sets how long the connection must be idle before the kernel
// sends the first keep-alive probe; see TCP_KEEPIDLE in tcp(7). It rounds d up to
// whole seconds. If d is 0, it sets 15 seconds; if d is negative, it changes
// nothing. [TCPConn.SetKeepAliveConfig] sets the interval and the number of
// probes too.
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	return c.set(func(fd *netFD) error {
		o, ok := keepAliveIdleOption(d)
		if !ok {
			return nil
		}
		return fd.setOption(o)
	})
}

// SetKeepAliveConfig switches keep-alive probes on or off and sets their idle
// time, interval and number; see SO_KEEPALIVE in socket(7), and TCP_KEEPIDLE,
// TCP_KEEPINTVL and TCP_KEEPCNT in tcp(7).
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

// SetNoDelay sets whether the kernel sends data at once, which is the default, or
// may hold small writes back to send fewer packets (Nagle's algorithm); see
// TCP_NODELAY in tcp(7).
func (c *TCPConn) SetNoDelay(noDelay bool) error {
	return c.set(func(fd *netFD) error { return fd.setOption(noDelayOption(noDelay)) })
}

// set calls op with the connection's socket and wraps its error as a "set" error
// with both addresses.
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
// may report false although the program asked for Multipath TCP: the peer, or a
// device between the two, may not support it.
func (c *TCPConn) MultipathTCP() (bool, error) {
	if !c.ok() {
		return false, syscall.EINVAL
	}
	return isUsingMultipathTCP(c.fd), nil
}

// DialTCP is [Dial] for TCP, with addresses that are resolved already. The network
// is "tcp", "tcp4" or "tcp6".
//
// If laddr is nil, the kernel chooses the local address. If the IP of raddr is nil
// or unspecified, DialTCP connects to this host. If raddr is nil, it fails.
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

// opAddr returns a as an Addr, which is nil if a is nil.
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

// dialAnyTCP dials Multipath TCP if the program asked for that, or else plain TCP.
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
// If the kernel chooses the local port and nobody listens, it may choose the very
// port that we dial; the socket then connects to itself, by TCP's simultaneous
// open. The kernel may also choose a port that is in use. In both cases we dial
// again, at most twice.
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

// selfConnect reports whether the socket is connected to itself. If its addresses
// are not known, it reports true.
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

// TCPListener accepts TCP connections. [Listen] and [ListenTCP] make one. Several
// goroutines may call its methods at the same time. A program should hold a
// [Listener] where it can, so that it does not depend on TCP.
type TCPListener struct {
	fd      *netFD
	inherit inheritance
	group   listenerGroup // that the listener is in, or nil; immutable
}

// A listenerGroup is a *ListenGroup. It is an interface, so that only a program that makes
// one contains its code.
type listenerGroup interface {
	close(l *TCPListener) error
	steer(l *TCPListener) bool
	hasOthers(l *TCPListener) bool
}

// std: net.(*TCPListener).ok
func (l *TCPListener) ok() bool { return l != nil && l.fd != nil }

// SyscallConn returns access to the listener's descriptor, for system calls that
// this package does not make. Its Control method works; its Read and Write
// methods return an error.
func (l *TCPListener) SyscallConn() (syscall.RawConn, error) {
	if !l.ok() {
		return nil, syscall.EINVAL
	}
	return newRawListener(l.fd), nil
}

// AcceptTCP waits for a connection and returns it; see accept(2). If the process
// or the system has too many open files (EMFILE, ENFILE), it returns an error, and
// the listener still works.
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

// Accept is AcceptTCP with the signature of a [Listener]. The connection is a
// [*TCPConn].
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

// Close stops listening. An Accept that waits returns an error. Connections that
// the listener has accepted stay open.
func (l *TCPListener) Close() error {
	if !l.ok() {
		return syscall.EINVAL
	}
	err := l.close()
	if err != nil {
		return l.fd.listenerError("close", err)
	}
	return nil
}

func (l *TCPListener) close() error {
	if l.group != nil {
		return l.group.close(l)
	}
	return l.fd.Close()
}

// Addr returns the listener's address, a [*TCPAddr]. Every call returns the same
// one, so callers must not change it.
func (l *TCPListener) Addr() Addr { return l.fd.localAddr() }

// SetDeadline sets the moment from which on Accept fails, also an Accept that
// already waits. The zero time means no deadline.
func (l *TCPListener) SetDeadline(t time.Time) error {
	if !l.ok() {
		return syscall.EINVAL
	}
	return l.fd.pfd.SetDeadline(t)
}

// File returns an [os.File] with a duplicate of the listener's descriptor. The
// caller must close it; closing the file does not close the listener, nor the
// other way round. If a program changes the socket's options through one, the
// other shows the change.
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

// ListenTCP is [Listen] for TCP, with an address that is resolved already. The
// network is "tcp", "tcp4" or "tcp6".
//
// If laddr or its IP is nil, or the IP is unspecified, ListenTCP listens on every
// address of this host; on "tcp" it takes connections of both IP versions, unless
// the IP is 0.0.0.0. If the port is 0, the kernel chooses one, and the Addr method
// returns it.
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

// listenAnyTCP listens for Multipath TCP unless the program switched that off.
func (sl *sysListener) listenAnyTCP(ctx context.Context, laddr *TCPAddr) (*TCPListener, error) {
	if sl.MultipathTCP() && (!sl.ReusePort || sl.mptcpStatus == mptcpEnabled) {
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
