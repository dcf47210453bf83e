//go:build linux

package scenario

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// listenOn listens on each address and records the result: the error, or the
// listener's address and socket and which clients get through to it.
func listenOn(t *T, network string, addresses ...string) {
	for _, address := range addresses {
		name := network + " " + address
		l, err := t.Listen(network, address)
		t.Rec("listen "+name, l, err)
		if err != nil {
			continue
		}
		t.Rec("addr "+name, l.Addr())
		t.Socket(name, l.(TCPListener))
		t.Opt(name+": SO_ACCEPTCONN", l.(TCPListener), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		for _, host := range []string{"127.0.0.1", "::1"} {
			c, err := t.Dial("tcp", t.hostPort(host, l.Addr()))
			t.Rec("dial "+host+" to "+name, c, err)
			if err != nil {
				continue
			}
			s, err := l.Accept()
			t.Rec("accept on "+name, s, err)
			if err == nil {
				t.Rec("accepted local address", s.LocalAddr())
				t.Rec("accepted remote address", s.RemoteAddr())
				t.Rec("dialled remote address", c.RemoteAddr())
				t.Check(s.Close())
			}
			t.Check(c.Close())
		}
		t.Check(l.Close())
	}
}

var tcpListen = []Scenario{
	{
		Name: "tcp/listen/loopback",
		Doc:  "listen on 127.0.0.1 with each network; addresses, socket and reachability",
		run:  tcpListenLoopback,
	},
	{
		Name:  "tcp/listen/loopback-ipv6",
		Doc:   "listen on ::1 with each network; addresses, socket and reachability",
		needs: []host.Need{host.IPv6},
		run:   tcpListenLoopbackIPv6,
	},
	{
		Name: "tcp/listen/wildcard-tcp",
		Doc:  "every form of the wildcard address with tcp: which family, V6ONLY, which clients get through",
		run:  tcpListenWildcardTCP,
	},
	{
		Name: "tcp/listen/wildcard-tcp4",
		Doc:  "every form of the wildcard address with tcp4",
		run:  tcpListenWildcardTCP4,
	},
	{
		Name:  "tcp/listen/wildcard-tcp6",
		Doc:   "every form of the wildcard address with tcp6",
		needs: []host.Need{host.IPv6},
		run:   tcpListenWildcardTCP6,
	},
	{
		Name: "tcp/listen/mapped",
		Doc:  "listen on IPv4-mapped IPv6 literals",
		run:  tcpListenMapped,
	},
	{
		Name:  "tcp/listen/zone",
		Doc:   "listen on literals with zones: by name, by number, unknown, and on addresses that take no zone",
		needs: []host.Need{host.IPv6},
		run:   tcpListenZone,
	},
	{
		Name:  "tcp/listen/name",
		Doc:   "listen on localhost with each network",
		needs: []host.Need{host.Localhost},
		run:   tcpListenName,
	},
	{
		Name: "tcp/listen/service",
		Doc:  "listen on ports given as names of services, known and unknown",
		run:  tcpListenService,
	},
	{
		Name: "tcp/listen/bad-address",
		Doc:  "malformed addresses and ports out of range",
		run:  tcpListenBadAddress,
	},
	{
		Name: "tcp/listen/bad-network",
		Doc:  "networks that don't exist, and those that can't be listened on",
		run:  tcpListenBadNetwork,
	},
	{
		Name: "tcp/listen/in-use",
		Doc:  "a second listener on a port: same address, the wildcard, another address, and again after the first closed",
		run:  tcpListenInUse,
	},
	{
		Name: "tcp/listen/in-use-by-connection",
		Doc:  "listen on the local port of an established connection, and again once it has closed",
		run:  tcpListenInUseByConnection,
	},
	{
		Name: "tcp/listen/foreign-address",
		Doc:  "listen on addresses that this host does not have, multicast and broadcast among them",
		run:  tcpListenForeignAddress,
	},
	{
		Name:  "tcp/listen/privileged-port",
		Doc:   "listen on ports below 1024 without the privilege to do so",
		needs: []host.Need{host.NoLowPorts},
		run:   tcpListenPrivilegedPort,
	},
	{
		Name: "tcp/listen/typed",
		Doc:  "ListenTCP with nil, empty, short, mapped, zoned and impossible addresses",
		run:  tcpListenTyped,
	},
	{
		Name: "tcp/listen/control",
		Doc:  "ListenConfig.Control: its arguments, that it comes before bind, and an option of its that lets two listeners share a port",
		run:  tcpListenControl,
	},
	{
		Name: "tcp/listen/control-error",
		Doc:  "an error of ListenConfig.Control ends Listen, wrapped; with Multipath TCP it is called twice",
		run:  tcpListenControlError,
	},
	{
		Name: "tcp/listen/control-arguments",
		Doc:  "the network and address that ListenConfig.Control gets for every form of address",
		run:  tcpListenControlArguments,
	},
	{
		Name: "tcp/listen/control-raw",
		Doc:  "the RawConn that ListenConfig.Control gets, asked to read and write, and used after the listener has closed",
		run:  tcpListenControlRaw,
	},
	{
		Name: "tcp/listen/context",
		Doc:  "Listen on a literal address succeeds even with a context that is done",
		run:  tcpListenContext,
	},
	{
		Name:  "tcp/listen/descriptors-exhausted",
		Doc:   "no descriptor left: Listen, Dial and File fail alike, and nothing is lost",
		needs: []host.Need{host.Descriptors},
		run:   tcpListenDescriptorsExhausted,
	},
}

func tcpListenLoopback(t *T) {
	listenOn(t, "tcp", "127.0.0.1:0", "127.0.0.1:", "127.0.0.2:0")
	listenOn(t, "tcp4", "127.0.0.1:0")
	listenOn(t, "tcp6", "127.0.0.1:0")
}

func tcpListenLoopbackIPv6(t *T) {
	listenOn(t, "tcp", "[::1]:0")
	listenOn(t, "tcp6", "[::1]:0")
	listenOn(t, "tcp4", "[::1]:0")
}

func tcpListenWildcardTCP(t *T) {
	listenOn(t, "tcp", "", ":0", ":", "0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0")
}

func tcpListenWildcardTCP4(t *T) {
	listenOn(t, "tcp4", "", ":0", "0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0")
}

func tcpListenWildcardTCP6(t *T) {
	listenOn(t, "tcp6", "", ":0", "0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0")
}

func tcpListenMapped(t *T) {
	listenOn(t, "tcp", "[::ffff:127.0.0.1]:0")
	listenOn(t, "tcp4", "[::ffff:127.0.0.1]:0")
	listenOn(t, "tcp6", "[::ffff:127.0.0.1]:0")
}

func tcpListenZone(t *T) {
	listenOn(t, "tcp", "[::1%lo]:0", "[::1%1]:0", "[::1%nosuch0]:0", "[fe80::1%lo]:0", "[::%lo]:0", "[::1%]:0")
	listenOn(t, "tcp6", "[::1%lo]:0", "[fe80::1%nosuch0]:0")
	listenOn(t, "tcp4", "[::1%lo]:0")
}

func tcpListenName(t *T) {
	defer t.goResolver()()
	listenOn(t, "tcp", "localhost:0")
	listenOn(t, "tcp4", "localhost:0", "LocalHost:0")
	for _, network := range []string{"tcp6"} {
		l, err := t.Listen(network, "localhost:0")
		t.Rec("listen "+network, l, err)
		t.Keep(l)
	}
}

func tcpListenService(t *T) {
	defer t.goResolver()()
	listenOn(t, "tcp", "127.91.7.3:http", "127.91.7.3:HTTPS", "127.91.7.3:nosuchservice", "127.91.7.3:no such service",
		"127.91.7.3:00443", "127.91.7.3:+443")
}

func tcpListenBadAddress(t *T) {
	defer t.goResolver()()
	for _, address := range []string{
		"127.0.0.1", "127.0.0.1:0:0", "::1", ":::0", "[::1", "[::1]", "[::1]0", "[::1]x:0", "[[::1]]:0", "::1]:0", "[]:0", "a[b]:0",
		"127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:99999999999999999999", "127.0.0.1:0x10", "127.0.0.1: 0", "127.0.0.1:1e3",
		"no_such host!:0", "127.0.0.1%lo:0", "[127.0.0.1]:0", "[fe80::1%]:0", "01.02.03.04x y:0",
	} {
		l, err := t.Listen("tcp", address)
		t.Rec("listen "+address, l, err)
		t.Keep(l)
	}
}

func tcpListenBadNetwork(t *T) {
	for _, network := range []string{
		"", "tcp5", "TCP", "tcp:80", "tcp46", "udp", "udp4", "udp6", "ip", "ip4", "ip4:tcp", "ip:icmp", "ip4:", "ip4:nosuchproto",
		"sctp", ":", "tcp ",
	} {
		l, err := t.Listen(network, "127.0.0.1:0")
		t.Rec("listen "+network, l, err)
		t.Keep(l)
		tl, err := t.ListenTCP(network, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		t.Rec("listen TCP "+network, tl, err)
		t.Keep(tl)
	}
}

func tcpListenInUse(t *T) {
	first := t.ListenTCP4()
	port := t.Port(first.Addr())
	for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "127.0.0.2"} {
		l, err := t.Listen("tcp", t.hostPort(host, first.Addr()))
		t.Rec("listen on "+host, l, err)
		if err == nil {
			t.Rec("addr", l.Addr())
			t.Check(l.Close())
		}
	}
	l, err := t.ListenTCP("tcp4", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: port})
	t.Rec("listen TCP", l, err)
	t.Check(first.Close())
	l, err = t.ListenTCP("tcp4", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: port})
	t.Rec("listen TCP after close", l, err)
	if err == nil {
		t.Rec("port is the same", t.Port(l.Addr()) == port)
		t.Check(l.Close())
	}
}

func tcpListenInUseByConnection(t *T) {
	// An address of its own, so that nobody else has the port there.
	own := &net.TCPAddr{IP: net.IP{127, 91, 7, 9}}
	on := t.ListenTCP4()
	c, err := t.DialTCP("tcp", own, on.Addr().(*net.TCPAddr))
	t.Check(err)
	s := t.Accept(on)
	addr := c.LocalAddr().(*net.TCPAddr)
	l, err := t.ListenTCP("tcp", addr)
	t.Rec("while established", l, err)
	t.Keep(l)
	t.Reset(s, c)
	t.Check(c.Close())
	// The poller may hold on to the socket for another moment.
	t.Until("the port is free", func() bool {
		l, err = t.ListenTCP("tcp", addr)
		return err == nil
	})
	t.Rec("after the end", l, err)
	t.Keep(l)
}

func tcpListenForeignAddress(t *T) {
	for _, address := range []string{
		"198.51.100.7:0", "[2001:db8::7]:0", "224.0.0.251:0", "255.255.255.255:0", "[ff02::fb]:0", "[ff02::fb%lo]:0", "[fe80::7%lo]:0", "240.0.0.1:0",
	} {
		l, err := t.Listen("tcp", address)
		t.Rec("listen "+address, l, err)
		t.Keep(l)
	}
}

func tcpListenPrivilegedPort(t *T) {
	for _, address := range []string{"127.0.0.1:1", ":80", "127.0.0.1:https", "[::1]:22"} {
		l, err := t.Listen("tcp", address)
		t.Rec("listen "+address, l, err)
		t.Keep(l)
	}
}

func tcpListenTyped(t *T) {
	for name, addr := range inOrder(
		named[*net.TCPAddr]{"nil", nil},
		named[*net.TCPAddr]{"zero", &net.TCPAddr{}},
		named[*net.TCPAddr]{"empty IP", &net.TCPAddr{IP: net.IP{}}},
		named[*net.TCPAddr]{"4 bytes", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[*net.TCPAddr]{"16 bytes", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		named[*net.TCPAddr]{"IPv4 zero", &net.TCPAddr{IP: net.IPv4zero}},
		named[*net.TCPAddr]{"IPv6 zero", &net.TCPAddr{IP: net.IPv6zero}},
		named[*net.TCPAddr]{"IPv6", &net.TCPAddr{IP: net.IPv6loopback}},
		named[*net.TCPAddr]{"zone", &net.TCPAddr{IP: net.IPv6loopback, Zone: "lo"}},
		named[*net.TCPAddr]{"IPv4 with a zone", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Zone: "lo"}},
		named[*net.TCPAddr]{"5 bytes", &net.TCPAddr{IP: net.IP{127, 0, 0, 1, 0}}},
		named[*net.TCPAddr]{"3 bytes", &net.TCPAddr{IP: net.IP{127, 0, 0}}},
		named[*net.TCPAddr]{"17 bytes", &net.TCPAddr{IP: make(net.IP, 17)}},
		named[*net.TCPAddr]{"port too high", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 65536}},
		named[*net.TCPAddr]{"port negative", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: -1}},
		named[*net.TCPAddr]{"IPv6 port too high", &net.TCPAddr{IP: net.IPv6loopback, Port: 65536}},
	) {
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			l, err := t.ListenTCP(network, addr)
			t.Rec(network+" "+name, l, err)
			if err == nil {
				t.Rec("addr", l.Addr())
				t.Check(l.Close())
			}
		}
	}
}

func tcpListenControl(t *T) {
	var first net.Listener
	for _, address := range []string{"127.0.0.1:0", "again"} {
		if first != nil {
			address = first.Addr().String()
		}
		lc := ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
			t.Rec("control", network, address, c)
			t.Op("control again")(c.Control(func(fd uintptr) {
				sa, err := unix.Getsockname(int(fd))
				t.Check(err)
				t.Rec("unbound", sa.(*unix.SockaddrInet4).Port == 0)
				v, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR)
				t.Rec("SO_REUSEADDR", v, err)
				v, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PROTOCOL)
				t.Rec("SO_PROTOCOL", v, err)
				t.Rec("SO_REUSEPORT", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
			}))
			return nil
		}}
		l, err := t.ConfigListen(context.Background(), lc, "tcp", address)
		t.Rec("listen", l, err)
		t.Keep(l)
		first = l
	}
}

func tcpListenControlError(t *T) {
	for _, mptcp := range []*bool{ptr(false), nil, ptr(true)} {
		calls := 0
		lc := ListenConfig{MultipathTCP: mptcp, Control: func(network, address string, c syscall.RawConn) error {
			calls++
			return errScript
		}}
		l, err := t.ConfigListen(context.Background(), lc, "tcp", "127.0.0.1:0")
		t.Rec("listen", l, err)
		t.Rec("calls", calls)
	}
}

func tcpListenControlArguments(t *T) {
	lc := ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		t.Rec("control", network, address)
		return nil
	}}
	for _, network := range []string{"tcp", "tcp4", "tcp6"} {
		for _, address := range []string{"", ":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0", "[::1]:0", "[::1%lo]:0"} {
			l, err := t.ConfigListen(context.Background(), lc, network, address)
			t.Rec("listen "+network+" "+address, l, err)
			if err == nil {
				t.Check(l.Close())
			}
		}
	}
}

func tcpListenControlRaw(t *T) {
	var raw syscall.RawConn
	lc := ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		raw = c
		return nil
	}}
	l, err := t.ConfigListen(context.Background(), lc, "tcp", "127.0.0.1:0")
	t.Check(err)
	t.Rec("control", raw.Control(func(uintptr) {}))
	t.Check(l.Close())
	t.Rec("control after close", raw.Control(func(uintptr) {}))
	t.Rec("read after close", raw.Read(func(uintptr) bool { return true }))
	t.Rec("write after close", raw.Write(func(uintptr) bool { return true }))
}

func tcpListenContext(t *T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l, err := t.ConfigListen(ctx, ListenConfig{}, "tcp", "127.0.0.1:0")
	t.Rec("listen", l, err)
	t.Keep(l)
	p, err := t.ConfigListenPacket(ctx, ListenConfig{}, "udp", "127.0.0.1:0")
	t.Rec("listen packet", p, err)
	t.Keep(p)
}

func tcpListenDescriptorsExhausted(t *T) {
	l := t.ListenTCP4()
	var listen, dial, packet, file error
	t.withoutDescriptors(func() {
		_, listen = t.Listen("tcp", "127.0.0.1:0")
		_, dial = t.Dial("tcp", l.Addr().String())
		_, packet = t.ListenPacket("udp", "127.0.0.1:0")
		_, file = l.File()
	})
	t.Rec("listen", listen)
	t.Rec("dial", dial)
	t.Rec("listen packet", packet)
	t.Rec("file", file)
	c, err := t.Dial("tcp", l.Addr().String())
	t.Rec("dial again", c, err)
	t.Keep(c)
}
