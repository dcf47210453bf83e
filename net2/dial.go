//go:build linux

package net2

import (
	"context"
	"net/netip"
	"syscall"
	"time"
)

// A Dialer connects to an address. The zero value is Dial. It is safe for
// concurrent use.
type Dialer struct {
	// Timeout bounds the whole of a dial, look-up included; 0 is no bound, a
	// negative one has passed. Where a name has several addresses, each gets
	// its share of it.
	Timeout time.Duration

	// Deadline is the time at which a dial fails; zero for none. The earlier of
	// it and Timeout counts.
	Deadline time.Time

	// LocalAddr is the address to dial from, of a type that suits the network;
	// nil for the kernel's choice.
	LocalAddr Addr

	// DualStack once switched on what is now always on.
	//
	// Deprecated: a negative FallbackDelay switches it off.
	DualStack bool

	// FallbackDelay is how long the addresses of the first family have for
	// themselves before those of the other are tried too (RFC 8305), 300 ms if
	// 0. A negative one tries one after the other.
	FallbackDelay time.Duration

	// KeepAlive is how long a connection is idle before the first keep-alive
	// probe, 15 s if 0; a negative one switches probes off. It is not looked at
	// where KeepAliveConfig is enabled.
	KeepAlive time.Duration

	// KeepAliveConfig configures keep-alive probes, if enabled.
	KeepAliveConfig KeepAliveConfig

	// Resolver looks names up, [DefaultResolver] if nil.
	Resolver *Resolver

	// Cancel ends a dial when it is closed.
	//
	// Deprecated: use DialContext.
	Cancel <-chan struct{}

	// Control, if not nil, sees the socket when it has been made, before it is
	// bound or connected; its error ends the dial. The network it is told has
	// the version, as in "tcp4".
	Control func(network, address string, c syscall.RawConn) error

	// ControlContext is Control with the dial's context, and is called in its
	// place if not nil.
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error

	mptcpStatus mptcpStatus
}

// Dial connects to address on network: "tcp", "udp" or "ip", which may be
// followed by 4 or 6, with host and port, or host and protocol; "unix",
// "unixgram" or "unixpacket" with a path. A host may be a name, whose addresses
// are tried in turn.
func Dial(network, address string) (Conn, error) {
	var d Dialer
	return d.Dial(network, address)
}

// DialTimeout is Dial that takes no longer than timeout, look-up included.
func DialTimeout(network, address string, timeout time.Duration) (Conn, error) {
	d := Dialer{Timeout: timeout}
	return d.Dial(network, address)
}

// Dial connects to address on network; see [Dial].
func (d *Dialer) Dial(network, address string) (Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to address on network; see [Dial]. When ctx is done
// first it returns an error that wraps ctx's; afterwards ctx has no effect on
// the connection. A nil ctx panics.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (Conn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()

	addrs, err := resolveAddrList(withoutConnectHooks(ctx), d.resolver(), "dial", network, address, d.LocalAddr)
	if err != nil {
		return nil, &OpError{Op: "dial", Net: network, Err: err}
	}
	sd := &sysDialer{Dialer: *d, network: network, address: address}
	if d.FallbackDelay >= 0 && network == "tcp" {
		primaries, fallbacks := addrs.partition(isIPv4)
		return sd.dialParallel(ctx, primaries, fallbacks)
	}
	return sd.dialSerial(ctx, addrs)
}

// DialTCP is [DialTCP] with the dialer's settings and a context. An address
// that is not valid is none.
func (d *Dialer) DialTCP(ctx context.Context, network string, laddr, raddr netip.AddrPort) (*TCPConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialTCP(ctx, d, network, TCPAddrFromAddrPort(laddr), TCPAddrFromAddrPort(raddr))
}

// DialUDP is [DialUDP] with the dialer's settings and a context.
func (d *Dialer) DialUDP(ctx context.Context, network string, laddr, raddr netip.AddrPort) (*UDPConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialUDP(ctx, d, network, UDPAddrFromAddrPort(laddr), UDPAddrFromAddrPort(raddr))
}

// DialIP is [DialIP] with the dialer's settings and a context.
func (d *Dialer) DialIP(ctx context.Context, network string, laddr, raddr netip.Addr) (*IPConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialIP(ctx, d, network, ipAddrFromAddr(laddr), ipAddrFromAddr(raddr))
}

// DialUnix is [DialUnix] with the dialer's settings and a context.
func (d *Dialer) DialUnix(ctx context.Context, network string, laddr, raddr *UnixAddr) (*UnixConn, error) {
	ctx, cancel := d.dialCtx(ctx)
	defer cancel()
	return dialUnix(ctx, d, network, laddr, raddr)
}

// std: net.ipAddrFromAddr
func ipAddrFromAddr(addr netip.Addr) *IPAddr {
	return &IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
}

// dialCtx returns ctx with the dialer's own bounds, and what must be called
// when the dial is over.
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

// deadline returns the earliest of the dialer's bounds and ctx's, zero if there
// is none. A negative Timeout is one, for history's sake.
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

// A sysDialer is one dial: the dialer with what it dials.
//
// std: net.sysDialer
type sysDialer struct {
	Dialer
	network, address string
}

// spec is what the dialer's sockets have of their own.
func (sd *sysDialer) spec() socketSpec {
	control := sd.ControlContext
	if control == nil && sd.Control != nil {
		control = func(_ context.Context, network, address string, c syscall.RawConn) error {
			return sd.Control(network, address, c)
		}
	}
	return socketSpec{control: control}
}

// dialParallel dials primaries and, when those take longer than the fallback
// delay or fail, fallbacks beside them, and returns the first connection; see
// RFC 8305. If all fail, the error is the primaries'.
//
// std: net.(*sysDialer).dialParallel
func (sd *sysDialer) dialParallel(ctx context.Context, primaries, fallbacks addrList) (Conn, error) {
	if len(fallbacks) == 0 {
		return sd.dialSerial(ctx, primaries)
	}
	// A connection that comes when we have returned is closed by its racer.
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
	// The loser's dial ends with these.
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
				timer.Reset(0) // no use in waiting any longer
			}
		}
	}
}

// dialSerial dials addrs one after the other, each with its share of the time
// that is left, and returns the first connection. If all fail, the error is the
// first one.
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

// error is the error of dialling addr.
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

// asConn returns c as a Conn that is nil when err is not.
func asConn[C Conn](c C, err error) (Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// A ListenConfig listens on an address. The zero value is Listen.
type ListenConfig struct {
	// Control, if not nil, sees the socket when it has been made, before it is
	// bound; its error ends the listening. The network it is told has the
	// version, as in "tcp4".
	Control func(network, address string, c syscall.RawConn) error

	// KeepAlive is how long an accepted connection is idle before the first
	// keep-alive probe, 15 s if 0; a negative one switches probes off. It is
	// not looked at where KeepAliveConfig is enabled.
	KeepAlive time.Duration

	// KeepAliveConfig configures keep-alive probes, if enabled.
	KeepAliveConfig KeepAliveConfig

	mptcpStatus mptcpStatus
}

// Listen listens on address, the local one, on "tcp", "tcp4", "tcp6", "unix" or
// "unixpacket". A TCP address without host, or with an unspecified one, is
// every address of this host; port 0, or "", lets the kernel choose.
func Listen(network, address string) (Listener, error) {
	var lc ListenConfig
	return lc.Listen(context.Background(), network, address)
}

// ListenPacket makes a socket that receives packets on address, the local one,
// on "udp", "udp4", "udp6", "unixgram", or an IP network with a protocol.
func ListenPacket(network, address string) (PacketConn, error) {
	var lc ListenConfig
	return lc.ListenPacket(context.Background(), network, address)
}

// Listen listens on address; see [Listen]. ctx bounds the look-up of a name,
// and has no effect on the listener.
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

// ListenPacket receives packets on address; see [ListenPacket]. ctx bounds the
// look-up of a name, and has no effect on the socket.
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

// asListener and asPacketConn return what they get as interfaces that are nil
// when err is not.

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

// resolve returns the address to listen on, an IPv4 one if there is a choice.
func (lc *ListenConfig) resolve(ctx context.Context, network, address string) (*sysListener, Addr, error) {
	addrs, err := resolveAddrList(ctx, defaultResolver(), "listen", network, address, nil)
	if err != nil {
		return nil, nil, &OpError{Op: "listen", Net: network, Err: err}
	}
	return &sysListener{ListenConfig: *lc, network: network, address: address}, addrs.first(isIPv4), nil
}

// A sysListener is one listening: the configuration with the address.
//
// std: net.sysListener
type sysListener struct {
	ListenConfig
	network, address string
}

// spec is what the listener's socket has of its own.
func (sl *sysListener) spec() socketSpec {
	if sl.Control == nil {
		return socketSpec{}
	}
	return socketSpec{control: func(_ context.Context, network, address string, c syscall.RawConn) error {
		return sl.Control(network, address, c)
	}}
}
