//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// rec records a dial, and the connection's addresses where there is one.
func rec(t *T, name string, c net.Conn, err error) {
	t.Rec(name, c, err)
	if c != nil {
		t.Rec(name+": addresses", c.LocalAddr(), c.RemoteAddr())
		t.Keep(c)
	}
}

// dialVia dials address in each way that the API offers.
func dialVia(t *T, network, address string) {
	name := network + " " + address
	c, err := t.Dial(network, address)
	rec(t, "dial "+name, c, err)
	c, err = t.DialTimeout(network, address, time.Minute)
	rec(t, "dial within a minute "+name, c, err)
	c, err = t.DialerDial(Dialer{FallbackDelay: -1}, network, address)
	rec(t, "dial without fallback "+name, c, err)
}

// oneTimeout makes one error of the two that a connect in flight may return when
// its time is over: in net too, the timer of the context and the write deadline
// of the socket race each other.
func oneTimeout(err error) error {
	if op, ok := err.(*net.OpError); ok && (op.Err == os.ErrDeadlineExceeded || errors.Is(op.Err, context.DeadlineExceeded)) {
		one := *op
		one.Err = os.ErrDeadlineExceeded
		return &one
	}
	return err
}

// anyTimeout is oneTimeout for a dial to several addresses, where the same race
// decides which of them the error names.
func anyTimeout(err error) error {
	err = oneTimeout(err)
	if op, ok := err.(*net.OpError); ok && op.Timeout() {
		op.Addr = nil
	}
	return err
}

var tcpDial = []Scenario{
	{
		Name: "tcp/dial/loopback",
		Doc:  "dial 127.0.0.1 with each network and function; addresses and options",
		run:  tcpDialLoopback,
	},
	{
		Name:  "tcp/dial/loopback-ipv6",
		Doc:   "dial ::1, plain, zoned and mapped, with each network",
		needs: []host.Need{host.IPv6, host.MappedIPv4},
		run:   tcpDialLoopbackIPv6,
	},
	{
		Name: "tcp/dial/unspecified",
		Doc:  "dial no host, 0.0.0.0 and ::, which mean this host",
		run:  tcpDialUnspecified,
	},
	{
		Name: "tcp/dial/refused",
		Doc:  "dial a port on which nobody listens, in every way",
		run:  tcpDialRefused,
	},
	{
		Name: "tcp/dial/bad-address",
		Doc:  "malformed addresses, missing ports, unknown services",
		run:  tcpDialBadAddress,
	},
	{
		Name: "tcp/dial/bad-network",
		Doc:  "unknown networks, for Dial, DialTimeout, DialTCP and Dialer.DialTCP",
		run:  tcpDialBadNetwork,
	},
	{
		Name: "tcp/dial/typed",
		Doc:  "DialTCP with nil, impossible and mismatched addresses",
		run:  tcpDialTyped,
	},
	{
		Name: "tcp/dial/addr-port",
		Doc:  "Dialer.DialTCP with netip addresses: zero, invalid, mapped, zoned",
		run:  tcpDialAddrPort,
	},
	{
		Name: "tcp/dial/timeout",
		Doc:  "a full backlog: each way to give a dial little time, and its error",
		run:  tcpDialTimeout,
	},
	{
		Name: "tcp/dial/timeout-past",
		Doc:  "no time at all: negative timeouts and deadlines in the past, with somebody listening",
		run:  tcpDialTimeoutPast,
	},
	{
		Name: "tcp/dial/cancel-before",
		Doc:  "a context that is done before the dial, with and without a cause",
		run:  tcpDialCancelBefore,
	},
	{
		Name: "tcp/dial/cancel-during",
		Doc:  "a connect in flight, cancelled by its context, with and without a deadline, and by Dialer.Cancel",
		run:  tcpDialCancelDuring,
	},
	{
		Name: "tcp/dial/cancel-after",
		Doc:  "the end of the context after the dial does not affect the connection",
		run:  tcpDialCancelAfter,
	},
	{
		Name: "tcp/dial/deadline-not-kept",
		Doc:  "the time limit of a dial does not apply to the connection: when it has passed, reads and writes go on",
		run:  tcpDialDeadlineNotKept,
	},
	{
		Name: "tcp/dial/nil-context",
		Doc:  "a nil context is a panic",
		run:  tcpDialNilContext,
	},
	{
		Name: "tcp/dial/control",
		Doc:  "Dialer.Control: its arguments for every network, before bind and connect, and an option that it sets",
		run:  tcpDialControl,
	},
	{
		Name: "tcp/dial/control-context",
		Doc:  "Dialer.ControlContext: takes precedence over Control, gets the dial's context with its values and deadline",
		run:  tcpDialControlContext,
	},
	{
		Name: "tcp/dial/control-error",
		Doc:  "an error of Control or ControlContext ends the dial, wrapped, with no descriptor left",
		run:  tcpDialControlError,
	},
	{
		Name: "tcp/dial/control-retries",
		Doc:  "how often Control is called when the kernel has no address for the dial",
		run:  tcpDialControlRetries,
	},
	{
		Name: "tcp/dial/control-cancels",
		Doc:  "a Control that cancels the dial's own context: the connect does not succeed",
		run:  tcpDialControlCancels,
	},
	{
		Name: "tcp/dial/control-raw",
		Doc:  "the RawConn of Control outlives the call and works on the connection; after Close it does not",
		run:  tcpDialControlRaw,
	},
	{
		Name: "tcp/dial/local-address",
		Doc:  "Dialer.LocalAddr: an address, a port, both, one in use, a foreign one, zero and typed nil",
		run:  tcpDialLocalAddress,
	},
	{
		Name: "tcp/dial/local-address-mismatched",
		Doc:  "Dialer.LocalAddr of another type or family than the network's",
		run:  tcpDialLocalAddressMismatched,
	},
	{
		Name:  "tcp/dial/name",
		Doc:   "dial localhost, from every network, and from an address of either family",
		needs: []host.Need{host.Localhost},
		run:   tcpDialName,
	},
	{
		Name: "tcp/dial/service",
		Doc:  "dial a port by the name of its service",
		run:  tcpDialService,
	},
	{
		Name: "tcp/dial/self-connect",
		Doc:  "a dial from the port that it dials connects to itself",
		run:  tcpDialSelfConnect,
	},
	{
		Name: "tcp/dial/concurrent",
		Doc:  "several goroutines use one Dialer at once",
		run:  tcpDialConcurrent,
	},
	{
		Name: "tcp/dial/close-before-accept",
		Doc:  "dial, write and close before the listener accepts: nothing that was written is lost",
		run:  tcpDialCloseBeforeAccept,
	},
}

func tcpDialLoopback(t *T) {
	l := t.ListenTCP4()
	for _, network := range []string{"tcp", "tcp4", "tcp6"} {
		dialVia(t, network, l.Addr().String())
	}
	c, err := t.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	rec(t, "dial TCP", c, err)
	t.Socket("dialled", c)
	t.TCPOpts("dialled", c)
}

func tcpDialLoopbackIPv6(t *T) {
	l, err := t.Listen("tcp", ":0")
	t.Check(err)
	t.Keep(l)
	for _, host := range []string{"::1", "::1%lo", "::1%1", "::1%nosuch0", "::ffff:127.0.0.1"} {
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			c, err := t.Dial(network, t.hostPort(host, l.Addr()))
			rec(t, network+" "+host, c, err)
		}
	}
}

func tcpDialUnspecified(t *T) {
	l := t.ListenTCP4()
	for _, host := range []string{"", "0.0.0.0", "::", "::ffff:0.0.0.0"} {
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			c, err := t.Dial(network, t.hostPort(host, l.Addr()))
			rec(t, network+" "+host, c, err)
		}
	}
	c, err := t.DialTCP("tcp", nil, &net.TCPAddr{Port: t.Port(l.Addr())})
	rec(t, "TCP without an IP", c, err)
}

func tcpDialRefused(t *T) {
	port := t.FreePort()
	address := "127.0.0.1:" + strconv.Itoa(port)
	dialVia(t, "tcp", address)
	dialVia(t, "tcp4", address)
	c, err := t.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: port})
	t.Rec("dial TCP", c, err)
	c, err = t.DialTCP("tcp", &net.TCPAddr{IP: net.IP{127, 0, 0, 2}}, &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: port})
	t.Rec("dial TCP from an address", c, err)
	nc, err := t.DialerDial(Dialer{LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 2}}}, "tcp", address)
	t.Rec("dial from an address", nc, err)
	nc, err = t.DialerDialContext(context.Background(), Dialer{}, "tcp", "[::1]:"+strconv.Itoa(port))
	t.Rec("dial IPv6", nc, err)
	nc, err = t.Dial("tcp", "127.0.0.1:0")
	t.Rec("dial port 0", nc, err)
}

func tcpDialBadAddress(t *T) {
	defer t.goResolver()()
	for _, address := range []string{
		"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http:", "::1:80", "[::1]", "[::1", "127.0.0.1:65536", "127.0.0.1:-1",
		"127.0.0.1:nosuchservice", "no such host:80", "..:80", "[127.0.0.1]x:80", "%lo:80", "[%lo]:80", "[fe80::1%%lo]:80",
	} {
		c, err := t.Dial("tcp", address)
		t.Rec("dial "+address, c, err)
		t.Keep(c)
	}
}

func tcpDialBadNetwork(t *T) {
	for _, network := range []string{"", "tcp5", "TCP", "tcp:80", "udp", "ip4", "ip4:tcp", "ip4:nosuchproto", "unixstream", ":tcp"} {
		if network != "udp" {
			c, err := t.Dial(network, "127.0.0.1:1")
			t.Rec("dial "+network, c, err)
			t.Keep(c)
			c, err = t.DialTimeout(network, "127.0.0.1:1", time.Minute)
			t.Rec("dial timeout "+network, c, err)
			t.Keep(c)
		}
		c, err := t.DialTCP(network, nil, &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 1})
		t.Rec("dial TCP "+network, c, err)
		c, err = t.DialTCP(network, nil, nil)
		t.Rec("dial TCP nil "+network, c, err)
		c, err = t.DialerDialTCP(context.Background(), Dialer{}, network, netip.AddrPort{}, netip.MustParseAddrPort("127.0.0.1:1"))
		t.Rec("dialer dial TCP "+network, c, err)
	}
}

func tcpDialTyped(t *T) {
	l := t.ListenTCP4()
	port := t.Port(l.Addr())
	type pair struct{ l, r *net.TCPAddr }
	v4, v6 := net.IP{127, 0, 0, 1}, net.IPv6loopback
	for name, p := range inOrder(
		named[pair]{"no remote", pair{nil, nil}},
		named[pair]{"local only", pair{&net.TCPAddr{IP: v4}, nil}},
		named[pair]{"zero remote", pair{nil, &net.TCPAddr{}}},
		named[pair]{"both", pair{&net.TCPAddr{IP: v4}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"empty local", pair{&net.TCPAddr{}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"IPv6 zero local", pair{&net.TCPAddr{IP: net.IPv6zero}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"IPv6 local", pair{&net.TCPAddr{IP: v6}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"IPv4 local, IPv6 remote", pair{&net.TCPAddr{IP: v4}, &net.TCPAddr{IP: v6, Port: port}}},
		named[pair]{"16 bytes", pair{&net.TCPAddr{IP: v4.To16()}, &net.TCPAddr{IP: v4.To16(), Port: port}}},
		named[pair]{"5 bytes", pair{nil, &net.TCPAddr{IP: net.IP{127, 0, 0, 1, 1}, Port: port}}},
		named[pair]{"5 bytes local", pair{&net.TCPAddr{IP: net.IP{127, 0, 0, 1, 1}}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"port too high", pair{nil, &net.TCPAddr{IP: v4, Port: 65536 + 9}}},
		named[pair]{"port negative", pair{nil, &net.TCPAddr{IP: v4, Port: -5}}},
		named[pair]{"local port too high", pair{&net.TCPAddr{IP: v4, Port: 70000}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"multicast", pair{nil, &net.TCPAddr{IP: net.IPv4(224, 0, 0, 1), Port: port}}},
		named[pair]{"broadcast", pair{nil, &net.TCPAddr{IP: net.IPv4bcast, Port: port}}},
		named[pair]{"foreign local", pair{&net.TCPAddr{IP: net.IPv4(198, 51, 100, 7)}, &net.TCPAddr{IP: v4, Port: port}}},
		named[pair]{"local in use", pair{&net.TCPAddr{IP: v4, Port: port}, &net.TCPAddr{IP: v4, Port: port}}},
	) {
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			c, err := t.DialTCP(network, p.l, p.r)
			t.Rec(network+" "+name, c, err)
			if c != nil {
				t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
				t.Check(c.Close())
			}
		}
	}
}

func tcpDialAddrPort(t *T) {
	l := t.ListenTCP4()
	port := uint16(t.Port(l.Addr()))
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	for name, p := range inOrder(
		named[[2]netip.AddrPort]{"plain", [2]netip.AddrPort{{}, to}},
		named[[2]netip.AddrPort]{"from an address", [2]netip.AddrPort{netip.MustParseAddrPort("127.0.0.3:0"), to}},
		named[[2]netip.AddrPort]{"to nothing", [2]netip.AddrPort{{}, {}}},
		named[[2]netip.AddrPort]{"to a port", [2]netip.AddrPort{{}, netip.AddrPortFrom(netip.Addr{}, port)}},
		named[[2]netip.AddrPort]{"mapped", [2]netip.AddrPort{{}, netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.0.1"), port)}},
		named[[2]netip.AddrPort]{"zoned", [2]netip.AddrPort{{}, netip.AddrPortFrom(netip.MustParseAddr("::1%lo"), port)}},
		named[[2]netip.AddrPort]{"families mixed", [2]netip.AddrPort{netip.MustParseAddrPort("[::1]:0"), to}},
	) {
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			c, err := t.DialerDialTCP(context.Background(), Dialer{}, network, p[0], p[1])
			t.Rec(network+" "+name, c, err)
			if c != nil {
				t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
				t.Check(c.Close())
			}
		}
	}
	c, err := t.DialerDialTCP(context.Background(), Dialer{LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 9}}}, "tcp", netip.AddrPort{}, to)
	rec(t, "LocalAddr is not used", c, err)
}

func tcpDialTimeout(t *T) {
	hole := t.BlackHole()
	const little = 15 * time.Millisecond
	waited := func(name string, dial func() (net.Conn, error)) {
		start := time.Now()
		c, err := dial()
		t.Rec(name, c, oneTimeout(err))
		t.Keep(c)
		t.Rec("waited", time.Since(start) >= little)
	}
	waited("DialTimeout", func() (net.Conn, error) { return t.DialTimeout("tcp", hole.String(), little) })
	waited("Dialer.Timeout", func() (net.Conn, error) {
		return t.DialerDial(Dialer{Timeout: little, Deadline: time.Now().Add(time.Hour)}, "tcp4", hole.String())
	})
	waited("Dialer.Deadline", func() (net.Conn, error) {
		return t.DialerDial(Dialer{Timeout: time.Hour, Deadline: time.Now().Add(little)}, "tcp", hole.String())
	})
	waited("context", func() (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), little)
		defer cancel()
		return t.DialerDialContext(ctx, Dialer{Timeout: time.Hour}, "tcp", hole.String())
	})
	waited("Dialer.DialTCP", func() (net.Conn, error) {
		c, err := t.DialerDialTCP(context.Background(), Dialer{Timeout: little}, "tcp", netip.AddrPort{}, hole.AddrPort())
		if c == nil {
			return nil, err
		}
		return c, err
	})
	waited("with a local address", func() (net.Conn, error) {
		return t.DialerDial(Dialer{Timeout: little, LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 4}}}, "tcp", hole.String())
	})
}

func tcpDialTimeoutPast(t *T) {
	l := t.ListenTCP4()
	address := l.Addr().String()
	c, err := t.DialTimeout("tcp", address, -1)
	t.Rec("DialTimeout", c, err)
	t.Keep(c)
	c, err = t.DialTimeout("tcp", address, -time.Hour)
	t.Rec("DialTimeout of an hour ago", c, err)
	t.Keep(c)
	c, err = t.DialerDial(Dialer{Deadline: past}, "tcp", address)
	t.Rec("Dialer.Deadline", c, err)
	t.Keep(c)
	c, err = t.DialerDial(Dialer{Deadline: past, LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 4}}}, "tcp", address)
	t.Rec("with a local address", c, err)
	t.Keep(c)
	tc, err := t.DialerDialTCP(context.Background(), Dialer{Timeout: -1}, "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
	t.Rec("Dialer.DialTCP", tc, err)
	t.Keep(tc)
	ctx, cancel := context.WithDeadline(context.Background(), past)
	defer cancel()
	c, err = t.DialerDialContext(ctx, Dialer{}, "tcp", address)
	t.Rec("context", c, err)
	t.Keep(c)
	c, err = t.DialerDial(Dialer{Timeout: time.Nanosecond}, "tcp", address)
	t.Rec("a nanosecond", c != nil, err != nil && errors.Is(err, context.DeadlineExceeded))
	t.Keep(c)
	c, err = t.DialTimeout("tcp", address, 0)
	t.Rec("zero is no limit", c, err)
	t.Keep(c)
}

func tcpDialCancelBefore(t *T) {
	l := t.ListenTCP4()
	address := l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, err := t.DialerDialContext(ctx, Dialer{}, "tcp", address)
	t.Rec("context", c, err)
	t.Keep(c)
	ctx, because := context.WithCancelCause(context.Background())
	because(errScript)
	c, err = t.DialerDialContext(ctx, Dialer{}, "tcp", address)
	t.Rec("with a cause", c, err)
	t.Keep(c)
	tc, err := t.DialerDialTCP(ctx, Dialer{}, "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
	t.Rec("DialTCP", tc, err)
	t.Keep(tc)
	c, err = t.DialerDialContext(ctx, Dialer{}, "tcp", "")
	t.Rec("no address", c, err)
	c, err = t.DialerDialContext(ctx, Dialer{LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 4}}}, "tcp", address)
	t.Rec("with a local address", c, err)
}

func tcpDialCancelDuring(t *T) {
	hole := t.BlackHole()
	dial := func(ctx context.Context, d Dialer) *Task {
		return t.Park(func() []any {
			c, err := t.DialerDialContext(ctx, d, "tcp", hole.String())
			return all(c, err)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	k := dial(ctx, Dialer{})
	cancel()
	t.Rec("context", k.Wait()...)

	ctx, cancel = context.WithCancel(context.Background())
	k = dial(ctx, Dialer{Timeout: time.Hour, LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 4}}})
	cancel()
	t.Rec("context and timeout", k.Wait()...)

	ctx, because := context.WithCancelCause(context.Background())
	k = dial(ctx, Dialer{})
	because(errScript)
	t.Rec("context with a cause", k.Wait()...)

	stop := make(chan struct{})
	k = dial(context.Background(), Dialer{Cancel: stop})
	close(stop)
	t.Rec("Cancel", k.Wait()...)
}

func tcpDialCancelAfter(t *T) {
	l := t.ListenTCP4()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	c, err := t.DialerDialContext(ctx, Dialer{Timeout: time.Hour}, "tcp", l.Addr().String())
	t.Rec("dial", c, err)
	t.Check(err)
	t.Keep(c)
	s := t.Accept(l)
	cancel()
	t.Write("write", c, "x")
	t.Read("read", s, 4)
	k := t.Park(func() []any { return all(c.Read(make([]byte, 4))) })
	t.Write("write back", s, "yz")
	t.Rec("read back", k.Wait()...)
}

func tcpDialDeadlineNotKept(t *T) {
	l := t.ListenTCP4()
	const limit = 200 * time.Millisecond
	var conns []TCPConn
	start := time.Now()
	c, err := t.DialTimeout("tcp", l.Addr().String(), limit)
	t.Rec("DialTimeout", c, err)
	t.Check(err)
	conns = append(conns, c.(TCPConn))
	ctx, cancel := context.WithDeadline(context.Background(), start.Add(limit))
	defer cancel()
	c, err = t.DialerDialContext(ctx, Dialer{}, "tcp", l.Addr().String())
	t.Rec("DialContext", c, err)
	t.Check(err)
	conns = append(conns, c.(TCPConn))
	tc, err := t.DialerDialTCP(ctx, Dialer{}, "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
	t.Rec("DialTCP", tc, err)
	t.Check(err)
	conns = append(conns, tc)
	t.Until("the deadlines have passed", func() bool { return time.Since(start) > limit+10*time.Millisecond })
	for _, c := range conns {
		t.Keep(c)
		s := t.Accept(l)
		t.Write("write", c, "x")
		t.Read("peer reads", s, 4)
		t.Write("peer writes", s, "y")
		t.Read("read", c, 4)
	}
}

func tcpDialNilContext(t *T) {
	t.Try("DialContext", func() []any {
		return all(t.DialerDialContext(nil, Dialer{}, "tcp", "127.0.0.1:1"))
	})
	t.Try("DialTCP", func() []any {
		return all(t.DialerDialTCP(nil, Dialer{}, "tcp", netip.AddrPort{}, netip.AddrPort{}))
	})
}

func tcpDialControl(t *T) {
	l := t.ListenTCP4()
	for _, network := range []string{"tcp", "tcp4"} {
		d := Dialer{
			LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 5}},
			Control: func(network, address string, c syscall.RawConn) error {
				t.Rec("control", network, address, c)
				t.Op("control again")(c.Control(func(fd uintptr) {
					sa, err := unix.Getsockname(int(fd))
					t.Check(err)
					t.Rec("unbound", sa.(*unix.SockaddrInet4).Port == 0)
					_, err = unix.Getpeername(int(fd))
					t.Rec("unconnected", err)
					t.Rec("TOS", unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, 32))
				}))
				return nil
			},
		}
		c, err := t.DialerDial(d, network, l.Addr().String())
		rec(t, network, c, err)
		t.Opt("TOS", c.(TCPConn), unix.IPPROTO_IP, unix.IP_TOS)
	}
	tc, err := t.DialerDialTCP(context.Background(), Dialer{Control: func(network, address string, c syscall.RawConn) error {
		t.Rec("control", network, address)
		return nil
	}}, "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
	rec(t, "DialTCP", tc, err)
}

func tcpDialControlContext(t *T) {
	l := t.ListenTCP4()
	type key struct{}
	d := Dialer{
		Timeout: time.Hour,
		Control: func(network, address string, c syscall.RawConn) error {
			t.Rec("control, which must not be called")
			return errScript
		},
		ControlContext: func(ctx context.Context, network, address string, c syscall.RawConn) error {
			_, deadline := ctx.Deadline()
			t.Rec("control context", network, address, ctx.Value(key{}), deadline, ctx.Err())
			return nil
		},
	}
	ctx := context.WithValue(context.Background(), key{}, "value")
	c, err := t.DialerDialContext(ctx, d, "tcp", l.Addr().String())
	rec(t, "dial", c, err)
	tc, err := t.DialerDialTCP(ctx, d, "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
	rec(t, "dial TCP", tc, err)
}

func tcpDialControlError(t *T) {
	l := t.ListenTCP4()
	calls := 0
	failing := func(network, address string, c syscall.RawConn) error {
		calls++
		return fmt.Errorf("wrapped: %w", errScript)
	}
	for _, mptcp := range []*bool{nil, ptr(true)} {
		c, err := t.DialerDial(Dialer{Control: failing, MultipathTCP: mptcp}, "tcp", l.Addr().String())
		t.Rec("control", c, err)
		c, err = t.DialerDial(Dialer{
			LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 5}}, MultipathTCP: mptcp,
			ControlContext: func(_ context.Context, network, address string, c syscall.RawConn) error {
				return failing(network, address, c)
			},
		}, "tcp", l.Addr().String())
		t.Rec("control context", c, err)
		tc, err := t.DialerDialTCP(context.Background(), Dialer{Control: failing, MultipathTCP: mptcp}, "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
		t.Rec("dial TCP", tc, err)
		t.Rec("calls", calls)
	}
}

func tcpDialControlRetries(t *T) {
	l := t.ListenTCP4()
	for name, laddr := range inOrder(
		named[net.Addr]{"a foreign address", &net.TCPAddr{IP: net.IP{198, 51, 100, 7}}},
		named[net.Addr]{"a foreign address with a port", &net.TCPAddr{IP: net.IP{198, 51, 100, 7}, Port: 1234}},
	) {
		calls := 0
		d := Dialer{LocalAddr: laddr, Control: func(string, string, syscall.RawConn) error { calls++; return nil }}
		c, err := t.DialerDial(d, "tcp", l.Addr().String())
		t.Rec(name, c, err)
		t.Rec("calls", calls)
	}
}

func tcpDialControlCancels(t *T) {
	l := t.ListenTCP4()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d := Dialer{Control: func(string, string, syscall.RawConn) error { cancel(); return nil }}
	c, err := t.DialerDialContext(ctx, d, "tcp", l.Addr().String())
	t.Rec("dial", c, err)
	t.Keep(c)
}

func tcpDialControlRaw(t *T) {
	l := t.ListenTCP4()
	var raw syscall.RawConn
	d := Dialer{Control: func(_, _ string, c syscall.RawConn) error { raw = c; return nil }}
	c, err := t.DialerDial(d, "tcp", l.Addr().String())
	t.Check(err)
	s := t.Accept(l)
	t.Write("write", s, "x")
	t.Rec("read", raw.Read(func(fd uintptr) bool {
		b := make([]byte, 4)
		n, err := unix.Read(int(fd), b)
		if err == unix.EAGAIN {
			return false
		}
		t.Rec("read inside", n, err)
		return true
	}))
	t.Check(c.Close())
	t.Rec("control after close", raw.Control(func(uintptr) {}))
	t.Rec("read after close", raw.Read(func(uintptr) bool { return true }))
}

func tcpDialLocalAddress(t *T) {
	l := t.ListenTCP4()
	var none *net.TCPAddr
	for name, laddr := range inOrder(
		named[net.Addr]{"an address", &net.TCPAddr{IP: net.IP{127, 0, 0, 5}}},
		named[net.Addr]{"a port", &net.TCPAddr{Port: t.ReleasedPort()}},
		named[net.Addr]{"zero", &net.TCPAddr{}},
		named[net.Addr]{"IPv4 zero", &net.TCPAddr{IP: net.IPv4zero}},
		named[net.Addr]{"IPv6 zero", &net.TCPAddr{IP: net.IPv6zero}},
		named[net.Addr]{"in use", l.Addr()},
		named[net.Addr]{"typed nil", none},
	) {
		c, err := t.DialerDial(Dialer{LocalAddr: laddr}, "tcp", l.Addr().String())
		t.Rec(name, c, err)
		if c != nil {
			t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
			t.Check(c.Close())
		}
	}
	own := &net.TCPAddr{IP: net.IP{127, 0, 0, 6}, Port: t.FreePort()}
	c, err := t.DialerDial(Dialer{LocalAddr: own}, "tcp", l.Addr().String())
	t.Rec("an address and a port", c, err)
	t.Check(err)
	t.Rec("as asked", c.LocalAddr().String() == own.String())
	again, err := t.DialerDial(Dialer{LocalAddr: own}, "tcp", l.Addr().String())
	t.Rec("the same again", again, err)
	t.Check(c.Close())
}

func tcpDialLocalAddressMismatched(t *T) {
	l := t.ListenTCP4()
	for name, laddr := range inOrder(
		named[net.Addr]{"UDP", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[net.Addr]{"IP", &net.IPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[net.Addr]{"Unix", &net.UnixAddr{Name: "@x", Net: "unix"}},
		named[net.Addr]{"network", &net.IPNet{IP: net.IP{127, 0, 0, 0}, Mask: net.CIDRMask(8, 32)}},
		named[net.Addr]{"IPv6", &net.TCPAddr{IP: net.IPv6loopback}},
	) {
		for _, network := range []string{"tcp", "tcp4"} {
			c, err := t.DialerDial(Dialer{LocalAddr: laddr}, network, l.Addr().String())
			t.Rec(network+" from "+name, c, err)
			t.Keep(c)
		}
	}
	c, err := t.DialerDial(Dialer{LocalAddr: &net.TCPAddr{IP: net.IP{127, 0, 0, 1}}}, "tcp", t.hostPort("::1", l.Addr()))
	t.Rec("tcp to IPv6 from IPv4", c, err)
	t.Keep(c)
}

func tcpDialName(t *T) {
	l := t.ListenTCP4()
	r := &net.Resolver{PreferGo: true, Dial: refuseDNS}
	for _, network := range []string{"tcp", "tcp4", "tcp6"} {
		c, err := t.DialerDial(Dialer{Resolver: r}, network, t.hostPort("localhost", l.Addr()))
		rec(t, network, c, err)
	}
	for _, ip := range []net.IP{{127, 0, 0, 5}, net.IPv6loopback} {
		c, err := t.DialerDial(Dialer{Resolver: r, LocalAddr: &net.TCPAddr{IP: ip}}, "tcp4", t.hostPort("localhost", l.Addr()))
		rec(t, "from "+ip.String(), c, err)
	}
}

func tcpDialService(t *T) {
	defer t.goResolver()()
	l, err := t.Listen("tcp", "127.91.7.4:http")
	if errors.Is(err, unix.EACCES) {
		// Without privilege the kernel refuses the dial: that too is an answer.
		t.Rec("listen", err)
	} else {
		t.Check(err)
		t.Keep(l)
	}
	for _, port := range []string{"http", "HTTP", "80", "080", "+80"} {
		c, err := t.Dial("tcp", "127.91.7.4:"+port)
		rec(t, port, c, err)
	}
}

func tcpDialSelfConnect(t *T) {
	port := t.FreePort()
	addr := &net.TCPAddr{IP: net.IP{127, 0, 0, 7}, Port: port}
	c, err := t.DialTCP("tcp", addr, addr)
	t.Rec("dial", c, err)
	t.Check(err)
	t.Keep(c)
	t.Rec("itself", c.LocalAddr().String() == c.RemoteAddr().String())
	t.Write("write", c, "echo")
	t.ReadFull("read", c, 4)
}

func tcpDialConcurrent(t *T) {
	l := t.ListenTCP4()
	d := Dialer{Timeout: time.Hour, KeepAlive: 33 * time.Second}
	var tasks []*Task
	for range 8 {
		tasks = append(tasks, t.Go(func() []any {
			c, err := t.DialerDial(d, "tcp", l.Addr().String())
			t.Keep(c)
			return all(c, err)
		}))
	}
	for range tasks {
		t.Accept(l)
	}
	for _, k := range tasks {
		t.Rec("dial", k.Wait()...)
	}
}

func tcpDialCloseBeforeAccept(t *T) {
	l := t.ListenTCP4()
	c, err := t.Dial("tcp", l.Addr().String())
	t.Check(err)
	t.Write("write", c, "early")
	t.Rec("close", c.Close())
	s := t.Accept(l)
	t.ReadFull("read", s, 5)
	t.Read("read the end", s, 5)
}
