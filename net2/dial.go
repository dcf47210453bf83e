//go:build linux

package net2

import (
	"context"
	"net/netip"
	"syscall"
	"time"

	"go.parity/socket"
)

// A Dialer holds the settings for connecting to an address. A Dialer whose
// fields are all zero dials as the function [Dial] does. Several goroutines may
// call its methods at the same time, as long as nobody changes its fields.
type Dialer struct {
	// Timeout is the longest time that a dial may take, the look-up of the name
	// included. If it is 0, the Dialer sets no limit; if it is negative, every
	// dial fails at once. If a name has several addresses, they share the time,
	// so that one address that does not answer leaves time for the next. The
	// kernel has a limit of its own, often two or three minutes for TCP.
	Timeout time.Duration

	// Deadline is the moment at which a dial fails. The zero time means no
	// deadline. If Timeout is set too, the earlier of the two counts.
	Deadline time.Time

	// LocalAddr is the address to dial from. Its type must suit the network: a
	// *TCPAddr for "tcp", a *UDPAddr for "udp", an *IPAddr for "ip", a *UnixAddr
	// for "unix". If it is nil, the kernel chooses the address.
	LocalAddr Addr

	// DualStack used to switch on the dialling of both IP versions (RFC 6555),
	// which is always on today. The field has no effect.
	//
	// Deprecated: set FallbackDelay to a negative value to switch it off.
	DualStack bool

	// FallbackDelay is how long a dial on "tcp" waits for the addresses of the
	// first IP version before it tries those of the other beside them (RFC
	// 8305). If it is 0, the delay is 300 ms. If it is negative, the dial tries
	// all addresses one after the other.
	FallbackDelay time.Duration

	// KeepAlive is how long a connection must be idle before the kernel sends
	// the first keep-alive probe; the next ones follow every 15 s. If KeepAlive
	// is 0, the first comes after 15 s too; if it is negative, there are no
	// probes. If KeepAliveConfig.Enable is true, KeepAlive has no effect.
	KeepAlive time.Duration

	// KeepAliveConfig sets the idle time, the interval and the number of
	// keep-alive probes. It takes effect if its Enable is true. If Enable is
	// false and KeepAlive is negative, there are no probes.
	KeepAliveConfig KeepAliveConfig

	// Resolver looks up names. If it is nil, [DefaultResolver] does.
	Resolver *Resolver

	// Cancel, if it is not nil, cancels the dial when it is closed. It has no
	// effect on a connection that Dial has returned.
	//
	// Deprecated: use DialContext.
	Cancel <-chan struct{}

	// If Control is not nil, the Dialer makes each socket, calls Control with
	// it, and then binds or connects it. An error from Control ends the dial to
	// that address.
	//
	// The network that Control gets names the IP version: Dial with "tcp" calls
	// it with "tcp4" or "tcp6". The address is the one being dialled, with its
	// name looked up. If ControlContext is set, the Dialer does not call
	// Control.
	Control func(network, address string, c syscall.RawConn) error

	// If ControlContext is not nil, the Dialer calls it in place of Control. It
	// gets the context of the dial too.
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error

	// Options are set on each socket before Control sees it. Package net has no
	// such field.
	Options SocketOptions

	// AttemptDelay, if it is not 0, is how long a dial to a name with several TCP
	// addresses waits for one address before it tries the next beside it (RFC
	// 8305, section 5, which recommends 250 ms). The IP versions come in turn, the
	// first connection wins, and the others are closed. Each attempt has all of the
	// time that the dial may take. Control and ControlContext then run at the same
	// time for several addresses, and FallbackDelay has no effect. If AttemptDelay
	// is negative, the dial fails. Package net has no such field.
	AttemptDelay time.Duration

	mptcpStatus mptcpStatus
}

// Dial connects to address on network and returns the connection.
//
// The network is one of
//
//   - "tcp", "tcp4" (IPv4 only), "tcp6" (IPv6 only): a [*TCPConn]
//   - "udp", "udp4", "udp6": a [*UDPConn], which sends to address and receives
//     from there alone
//   - "ip", "ip4", "ip6", each followed by a colon and a protocol: an [*IPConn],
//     for which a program needs privileges
//   - "unix" (a stream), "unixgram" (datagrams), "unixpacket" (packets on a
//     connection): a [*UnixConn]
//
// For TCP and UDP the address is "host:port". The host is a name or an IP
// address; an IPv6 address stands in brackets and may have a zone, as in
// "[2001:db8::1]:80" or "[fe80::1%lo]:53". The port is a number or the name of a
// service. [JoinHostPort] and [SplitHostPort] put the two together and take them
// apart. If the host is empty or an unspecified IP address, as in ":80",
// "0.0.0.0:80" and "[::]:80", Dial connects to this host.
//
// If a name has several addresses, Dial tries them in turn and returns the first
// connection; on "tcp" it dials both IP versions beside each other, as
// [Dialer.FallbackDelay] says.
//
// For IP networks the protocol is a number or a name, and the address is a host
// without a port. Which protocols other than the common ones have a name depends
// on the system. An empty or unspecified host means this host.
//
// For Unix networks the address is the path of the socket's file. A path that
// starts with @ is a name in Linux's abstract space; it has no file.
//
// Examples:
//
//	Dial("tcp", "example.com:http")
//	Dial("tcp", "192.0.2.1:80")
//	Dial("udp", "[2001:db8::1]:domain")
//	Dial("udp", "[fe80::1%lo]:53")
//	Dial("tcp", ":80")
//	Dial("ip4:1", "192.0.2.1")
//	Dial("ip6:ipv6-icmp", "2001:db8::1")
//	Dial("unix", "/run/server.sock")
//
// An error from Dial is an [*OpError].
func Dial(network, address string) (Conn, error) {
	var d Dialer
	return d.Dial(network, address)
}

// DialTimeout is [Dial] with a limit on the time that it may take, the look-up
// of the name included. If the name has several addresses, they share the time.
// [Dial] says which networks and addresses there are.
func DialTimeout(network, address string, timeout time.Duration) (Conn, error) {
	d := Dialer{Timeout: timeout}
	return d.Dial(network, address)
}

// Dial connects to address on network with the Dialer's settings. The function
// [Dial] says which networks and addresses there are. For a dial that the caller
// can cancel, use [Dialer.DialContext].
func (d *Dialer) Dial(network, address string) (Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to address on network with the Dialer's settings. The
// function [Dial] says which networks and addresses there are.
//
// If ctx ends before there is a connection, DialContext returns an error. If the
// deadline of ctx has passed, the error's Timeout method reports true; if
// somebody cancelled ctx, errors.Is finds [context.Canceled] in it. Once there is
// a connection, ctx has no effect on it. If a name has several addresses, they
// share the time until the deadline of ctx, as they share Timeout. A nil ctx
// panics.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (Conn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()

	if err := d.check(network); err != nil {
		return nil, &OpError{Op: "dial", Net: network, Err: err}
	}
	addrs, err := resolveAddrList(withoutConnectHooks(ctx), d.resolver(), "dial", network, address, d.LocalAddr)
	if err != nil {
		return nil, &OpError{Op: "dial", Net: network, Err: err}
	}
	sd := &sysDialer{Dialer: *d, network: network, address: address}
	if d.staggers(network) {
		return sd.dialStaggered(ctx, addrs.interleaved())
	}
	if d.FallbackDelay >= 0 && network == "tcp" {
		primaries, fallbacks := addrs.partition(isIPv4)
		return sd.dialParallel(ctx, primaries, fallbacks)
	}
	return sd.dialSerial(ctx, addrs)
}

// DialTCP is the function [DialTCP] with the Dialer's settings and a context. It
// does not use Dialer.LocalAddr. If laddr is the zero AddrPort, the kernel
// chooses the local address.
func (d *Dialer) DialTCP(ctx context.Context, network string, laddr, raddr netip.AddrPort) (*TCPConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialTCP(ctx, d, network, TCPAddrFromAddrPort(laddr), TCPAddrFromAddrPort(raddr))
}

// DialUDP is the function [DialUDP] with the Dialer's settings and a context. It
// does not use Dialer.LocalAddr. If laddr is the zero AddrPort, the kernel
// chooses the local address.
func (d *Dialer) DialUDP(ctx context.Context, network string, laddr, raddr netip.AddrPort) (*UDPConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialUDP(ctx, d, network, UDPAddrFromAddrPort(laddr), UDPAddrFromAddrPort(raddr))
}

// DialIP is the function [DialIP] with the Dialer's settings and a context. It
// does not use Dialer.LocalAddr. If laddr is the zero Addr, the kernel chooses
// the local address.
func (d *Dialer) DialIP(ctx context.Context, network string, laddr, raddr netip.Addr) (*IPConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialIP(ctx, d, network, ipAddrFromAddr(laddr), ipAddrFromAddr(raddr))
}

// DialUnix is the function [DialUnix] with the Dialer's settings and a context.
// It does not use Dialer.LocalAddr.
func (d *Dialer) DialUnix(ctx context.Context, network string, laddr, raddr *UnixAddr) (*UnixConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialUnix(ctx, d, network, laddr, raddr)
}

// std: net.ipAddrFromAddr
func ipAddrFromAddr(addr netip.Addr) *IPAddr {
	return &IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
}

// dialCtx returns ctx with the dialer's own limits, and the function that the
// caller must call when the dial is over.
//
// std: net.(*Dialer).dialCtx
func (d *Dialer) dialCtx(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx == nil {
		panic("nil context")
	}
	cancelDeadline := func() {}
	if deadline := d.deadline(ctx, time.Now()); !deadline.IsZero() {
		if outer, ok := ctx.Deadline(); !ok || deadline.Before(outer) {
			ctx, cancelDeadline = context.WithDeadline(ctx, deadline)
		}
	}
	done := d.Cancel
	if done == nil {
		return ctx, cancelDeadline
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancelDeadline()
		cancel()
	}
}

// deadline returns the earliest of the dialer's limits and ctx's, or the zero
// time if neither sets one. A negative Timeout counts as a limit, as it always
// did in net.
//
// std: net.(*Dialer).deadline
func (d *Dialer) deadline(ctx context.Context, now time.Time) (earliest time.Time) {
	if d.Timeout != 0 {
		earliest = now.Add(d.Timeout)
	}
	if t, ok := ctx.Deadline(); ok {
		earliest = minNonzeroTime(earliest, t)
	}
	return minNonzeroTime(earliest, d.Deadline)
}

// std: net.minNonzeroTime
func minNonzeroTime(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// check refuses what the network does not have, before the first system call.
func (d *Dialer) check(network string) error {
	if d.AttemptDelay < 0 {
		return syscall.EINVAL
	}
	return d.Options.check(network, useDial)
}

func (d *Dialer) resolver() *Resolver {
	if d.Resolver != nil {
		return d.Resolver
	}
	return defaultResolver()
}

func (d *Dialer) fallbackDelay() time.Duration {
	if d.FallbackDelay > 0 {
		return d.FallbackDelay
	}
	return 300 * time.Millisecond
}

// resolveAddrList resolves address on network for op, "dial" or "listen". The
// addresses suit hint, a dialer's local address, unless that is nil.
//
// std: net.(*Resolver).resolveAddrList
func resolveAddrList(ctx context.Context, r *Resolver, op, network, address string, hint Addr) (addrList, error) {
	afnet, _, err := parseNetwork(network, true)
	if err != nil {
		return nil, err
	}
	if op == "dial" && address == "" {
		return nil, errMissingAddress
	}
	if op != "dial" {
		hint = nil
	}
	switch afnet {
	case "unix", "unixgram", "unixpacket":
		addr, err := ResolveUnixAddr(afnet, address)
		if err != nil {
			return nil, err
		}
		if hint != nil && addr.Network() != hint.Network() {
			return nil, &AddrError{Err: "mismatched local address type", Addr: hint.String()}
		}
		return addrList{addr}, nil
	}
	addrs, err := internetAddrList(ctx, r, afnet, address)
	if err != nil || hint == nil {
		return addrs, err
	}
	return addrs.matching(hint)
}

// matching returns the addresses that can be dialled from local.
func (addrs addrList) matching(local Addr) (addrList, error) {
	from, fromWildcard := ipOf(local)
	var suitable addrList
	for _, addr := range addrs {
		if addr.Network() != local.Network() {
			return nil, &AddrError{Err: "mismatched local address type", Addr: local.String()}
		}
		to, toWildcard := ipOf(addr)
		if fromWildcard || toWildcard || matchAddrFamily(to, from) {
			suitable = append(suitable, addr)
		}
	}
	if len(suitable) == 0 {
		return nil, &AddrError{Err: noSuitableAddress, Addr: local.String()}
	}
	return suitable, nil
}

// ipOf returns the IP of an address, and whether it is unspecified.
func ipOf(addr Addr) (ip IP, wildcard bool) {
	switch a := addr.(type) {
	case *TCPAddr:
		if a != nil {
			ip = a.IP
		}
	case *UDPAddr:
		if a != nil {
			ip = a.IP
		}
	case *IPAddr:
		if a != nil {
			ip = a.IP
		}
	default:
		return nil, false
	}
	return ip, isWildcard(ip)
}

// std: net.(IP).matchAddrFamily
func matchAddrFamily(a, b IP) bool {
	a4, b4 := a.To4() != nil, b.To4() != nil
	return a4 && b4 || a.To16() != nil && !a4 && b.To16() != nil && !b4
}

// A sysDialer is one call of Dial: the dialer, the network and the address.
//
// std: net.sysDialer
type sysDialer struct {
	Dialer
	network, address string

	// connect starts to connect a socket; it may be nil, for connect(2).
	connect func(sysfd int, sa *socket.Sockaddr) socket.Errno
}

// spec returns the settings of the dialer's sockets.
func (sd *sysDialer) spec() socketSpec {
	control := sd.ControlContext
	if control == nil && sd.Control != nil {
		control = sd.control
	}
	return socketSpec{control: control, options: &sd.Options, use: useDial, connect: sd.connect}
}

// control is Control with the signature of ControlContext.
func (sd *sysDialer) control(_ context.Context, network, address string, c syscall.RawConn) error {
	return sd.Control(network, address, c)
}

// dialParallel dials the primaries. If they fail or take longer than the fallback
// delay, it dials the fallbacks beside them. It returns the first connection; see
// RFC 8305. If all fail, it returns the error of the primaries.
//
// std: net.(*sysDialer).dialParallel
func (sd *sysDialer) dialParallel(ctx context.Context, primaries, fallbacks addrList) (Conn, error) {
	if len(fallbacks) == 0 {
		return sd.dialSerial(ctx, primaries)
	}
	// Once this function has returned, a racer closes the connection that it gets.
	returned := make(chan struct{})
	defer close(returned)

	type result struct {
		c       Conn
		err     error
		primary bool
	}
	results := make(chan result)
	race := func(ctx context.Context, addrs addrList, primary bool) {
		c, err := sd.dialSerial(ctx, addrs)
		select {
		case results <- result{c, err, primary}:
		case <-returned:
			if c != nil {
				c.Close()
			}
		}
	}
	// Cancelling these ends the loser's dial.
	primaryCtx, cancelPrimary := context.WithCancel(ctx)
	defer cancelPrimary()
	fallbackCtx, cancelFallback := context.WithCancel(ctx)
	defer cancelFallback()

	go race(primaryCtx, primaries, true)
	timer := time.NewTimer(sd.fallbackDelay())
	defer timer.Stop()

	var primaryErr error
	failed := 0
	for {
		select {
		case <-timer.C:
			go race(fallbackCtx, fallbacks, false)
		case res := <-results:
			if res.err == nil {
				return res.c, nil
			}
			if failed++; res.primary {
				primaryErr = res.err
			}
			if failed == 2 {
				return nil, primaryErr
			}
			if res.primary && timer.Stop() {
				timer.Reset(0) // nothing to wait for any longer
			}
		}
	}
}

// dialSerial dials addrs one after the other, each with its share of the time
// that is left, and returns the first connection. If all fail, it returns the
// first error.
//
// std: net.(*sysDialer).dialSerial
func (sd *sysDialer) dialSerial(ctx context.Context, addrs addrList) (Conn, error) {
	var firstErr error
	for i, addr := range addrs {
		if err := ctx.Err(); err != nil {
			return nil, sd.error(addr, mapErr(err))
		}
		shareCtx, cancel, err := shareOf(ctx, len(addrs)-i)
		if err != nil {
			if firstErr == nil {
				firstErr = sd.error(addr, err)
			}
			break
		}
		c, err := sd.dialSingle(shareCtx, addr)
		cancel()
		if err == nil {
			return c, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	if firstErr == nil {
		firstErr = &OpError{Op: "dial", Net: sd.network, Err: errMissingAddress}
	}
	return nil, firstErr
}

// shareOf returns ctx with the share of its time that the first of remaining
// addresses gets. It fails when no time is left.
func shareOf(ctx context.Context, remaining int) (context.Context, context.CancelFunc, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}, nil
	}
	partial, err := partialDeadline(time.Now(), deadline, remaining)
	if err != nil {
		return nil, nil, err
	}
	if !partial.Before(deadline) {
		return ctx, func() {}, nil
	}
	ctx, cancel := context.WithDeadline(ctx, partial)
	return ctx, cancel, nil
}

// error wraps err, with which dialling addr failed.
func (sd *sysDialer) error(addr Addr, err error) error {
	return &OpError{Op: "dial", Net: sd.network, Source: sd.LocalAddr, Addr: addr, Err: err}
}

// partialDeadline returns the deadline of the first of several addresses: it
// gets an equal share of the time until deadline, but 2 seconds at least.
//
// std: net.partialDeadline
func partialDeadline(now, deadline time.Time, remaining int) (time.Time, error) {
	if deadline.IsZero() {
		return deadline, nil
	}
	left := deadline.Sub(now)
	if left <= 0 {
		return time.Time{}, errTimeout
	}
	const saneMinimum = 2 * time.Second
	share := max(left/time.Duration(remaining), min(left, saneMinimum))
	return now.Add(share), nil
}

// dialSingle dials one address.
//
// std: net.(*sysDialer).dialSingle
func (sd *sysDialer) dialSingle(ctx context.Context, ra Addr) (c Conn, err error) {
	if hooks := connectHooks(ctx); hooks != nil {
		address := ra.String()
		hooks.start(sd.network, address)
		defer func() { hooks.done(sd.network, address, err) }()
	}
	switch ra := ra.(type) {
	case *TCPAddr:
		la, _ := sd.LocalAddr.(*TCPAddr)
		c, err = asConn(sd.dialAnyTCP(ctx, la, ra))
	case *UDPAddr:
		la, _ := sd.LocalAddr.(*UDPAddr)
		c, err = asConn(sd.dialUDP(ctx, la, ra))
	case *IPAddr:
		la, _ := sd.LocalAddr.(*IPAddr)
		c, err = asConn(sd.dialIP(ctx, la, ra))
	case *UnixAddr:
		la, _ := sd.LocalAddr.(*UnixAddr)
		c, err = asConn(sd.dialUnix(ctx, la, ra))
	default:
		err = &AddrError{Err: "unexpected address type", Addr: sd.address}
	}
	if err != nil {
		return nil, sd.error(ra, err)
	}
	return c, nil
}

// asConn returns c as a Conn, which is nil if err is not nil.
func asConn[C Conn](c C, err error) (Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// A ListenConfig holds the settings for listening on an address. A ListenConfig
// whose fields are all zero listens as the functions [Listen] and [ListenPacket]
// do.
type ListenConfig struct {
	// If Control is not nil, the ListenConfig makes the socket, calls Control
	// with it, and then binds it. An error from Control makes Listen fail.
	//
	// The network that Control gets names the IP version: Listen with "tcp"
	// calls it with "tcp4" or "tcp6".
	Control func(network, address string, c syscall.RawConn) error

	// KeepAlive is how long an accepted connection must be idle before the
	// kernel sends the first keep-alive probe; the next ones follow every 15 s.
	// If KeepAlive is 0, the first comes after 15 s too; if it is negative,
	// there are no probes. If KeepAliveConfig.Enable is true, KeepAlive has no
	// effect.
	KeepAlive time.Duration

	// KeepAliveConfig sets the idle time, the interval and the number of
	// keep-alive probes of accepted connections. It takes effect if its Enable
	// is true. If Enable is false and KeepAlive is negative, there are no
	// probes.
	KeepAliveConfig KeepAliveConfig

	// Options are set on each socket before Control sees it. Package net has no
	// such field.
	Options SocketOptions

	// Backlog is how many connections may wait for Accept. If it is 0, it is the
	// most that the host allows, which is also the limit; see listen(2) and
	// [TCPListener.Backlog]. If it is negative, Listen fails. ListenPacket does not
	// use it. Package net has no such field.
	Backlog int

	// ReusePort lets several sockets of one user listen on one TCP or UDP
	// port, and the kernel spreads what comes over them; see SO_REUSEPORT in
	// socket(7). Listeners then use plain TCP, unless SetMultipathTCP(true) was
	// called. [ListenConfig.ListenGroup] makes several at once. Package net has no
	// such field.
	ReusePort bool

	mptcpStatus mptcpStatus
}

// Listen listens for connections on address, an address of this host, and
// returns the listener.
//
// The network is "tcp", "tcp4" (IPv4 only) or "tcp6" (IPv6 only) for a
// [*TCPListener], "unix" (a stream) or "unixpacket" (packets) for a
// [*UnixListener].
//
// For TCP the address is "host:port", in the forms that [Dial] takes. If the host
// is empty or an unspecified IP address, Listen takes connections on every
// address of this host; on "tcp" with an empty host or "[::]" it takes those of
// both IP versions, on "tcp4" those of IPv4 alone. A name as the host works, but
// Listen uses only one of its addresses, IPv4 if there is one. If the port is
// empty or "0", as in "127.0.0.1:" or "[::1]:0", the kernel chooses one, and the
// listener's Addr method returns it.
//
// For Unix networks the address is a path, where Listen makes a file, or a name in
// the abstract space that starts with @. Listen fails if the file exists.
//
// To set limits on the look-up of a name, or options of the socket, use
// [ListenConfig.Listen]. An error from Listen is an [*OpError].
func Listen(network, address string) (Listener, error) {
	var lc ListenConfig
	return lc.Listen(context.Background(), network, address)
}

// ListenPacket makes a socket that receives packets sent to address, an address
// of this host, and sends packets from there.
//
// The network is "udp", "udp4" (IPv4 only) or "udp6" (IPv6 only) for a
// [*UDPConn]; "unixgram" for a [*UnixConn]; or "ip", "ip4" or "ip6", each followed
// by a colon and a protocol, number or name, for an [*IPConn], for which a program
// needs privileges.
//
// For UDP the address is "host:port" and for IP networks a host, in the forms that
// [Dial] takes. If the host is empty or an unspecified IP address, the socket
// receives on every address of this host; it joins no multicast group, which
// [ListenMulticastUDP] does. A name as the host works, but ListenPacket uses only one of its
// addresses, IPv4 if there is one. If the port is empty or "0", the kernel chooses
// one, and the LocalAddr method returns it.
//
// For "unixgram" the address is a path, where ListenPacket makes a file, or a name
// in the abstract space that starts with @.
//
// To set limits on the look-up of a name, or options of the socket, use
// [ListenConfig.ListenPacket]. An error from ListenPacket is an [*OpError].
func ListenPacket(network, address string) (PacketConn, error) {
	var lc ListenConfig
	return lc.ListenPacket(context.Background(), network, address)
}

// Listen listens on address with the settings of lc. The function [Listen] says
// which networks and addresses there are. When ctx ends, the look-up of a name
// ends; ctx has no effect on the listener that Listen returns.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (Listener, error) {
	sl, la, err := lc.resolve(ctx, network, address)
	if err != nil {
		return nil, err
	}
	var l Listener
	switch la := la.(type) {
	case *TCPAddr:
		l, err = asListener(sl.listenAnyTCP(ctx, la))
	case *UnixAddr:
		l, err = asListener(sl.listenUnix(ctx, la))
	default:
		err = &AddrError{Err: "unexpected address type", Addr: address}
	}
	if err != nil {
		return nil, &OpError{Op: "listen", Net: network, Addr: la, Err: err}
	}
	return l, nil
}

// ListenPacket makes a socket that receives packets sent to address, with the
// settings of lc. The function [ListenPacket] says which networks and addresses
// there are. When ctx ends, the look-up of a name ends; ctx has no effect on the
// socket that ListenPacket returns.
func (lc *ListenConfig) ListenPacket(ctx context.Context, network, address string) (PacketConn, error) {
	sl, la, err := lc.resolve(ctx, network, address)
	if err != nil {
		return nil, err
	}
	var c PacketConn
	switch la := la.(type) {
	case *UDPAddr:
		c, err = asPacketConn(sl.listenUDP(ctx, la))
	case *IPAddr:
		c, err = asPacketConn(sl.listenIP(ctx, la))
	case *UnixAddr:
		c, err = asPacketConn(sl.listenUnixgram(ctx, la))
	default:
		err = &AddrError{Err: "unexpected address type", Addr: address}
	}
	if err != nil {
		return nil, &OpError{Op: "listen", Net: network, Addr: la, Err: err}
	}
	return c, nil
}

// asListener and asPacketConn turn their argument into an interface, which is nil
// if err is not nil.

func asListener[L Listener](l L, err error) (Listener, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

func asPacketConn[C PacketConn](c C, err error) (PacketConn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// resolve returns the address to listen on: the first IPv4 address, if the name
// has one.
func (lc *ListenConfig) resolve(ctx context.Context, network, address string) (*sysListener, Addr, error) {
	if err := lc.check(network); err != nil {
		return nil, nil, &OpError{Op: "listen", Net: network, Err: err}
	}
	addrs, err := resolveAddrList(ctx, defaultResolver(), "listen", network, address, nil)
	if err != nil {
		return nil, nil, &OpError{Op: "listen", Net: network, Err: err}
	}
	return &sysListener{ListenConfig: *lc, network: network, address: address}, addrs.first(isIPv4), nil
}

// check refuses what the network does not have, before the first system call. Package
// net's own fields it leaves alone.
func (lc *ListenConfig) check(network string) error {
	kind := kindOfNetwork(network)
	switch {
	case lc.Backlog < 0:
		return &OptionError{Option: "Backlog", Err: syscall.EINVAL}
	case lc.ReusePort && kind != onTCP && kind != onUDP:
		return &OptionError{Option: "ReusePort", Err: syscall.ENOPROTOOPT}
	}
	return lc.Options.check(network, useListen)
}

// A sysListener is one call of Listen: the configuration and the address.
//
// std: net.sysListener
type sysListener struct {
	ListenConfig
	network, address string
}

// spec returns the settings of the listener's socket.
func (sl *sysListener) spec() socketSpec {
	spec := socketSpec{options: &sl.Options, use: useListen, reusePort: sl.ReusePort, backlog: sl.Backlog}
	if sl.Control != nil {
		spec.control = sl.control
	}
	return spec
}

// control is Control with the signature of a socketSpec's.
func (sl *sysListener) control(_ context.Context, network, address string, c syscall.RawConn) error {
	return sl.Control(network, address, c)
}
