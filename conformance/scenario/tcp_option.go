//go:build linux

package scenario

import (
	"context"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// keepAlives are configurations of keep-alive, each with its purpose.
func keepAlives() func(yield func(string, net.KeepAliveConfig) bool) {
	return inOrder(
		named[net.KeepAliveConfig]{"zero", net.KeepAliveConfig{}},
		named[net.KeepAliveConfig]{"disabled with values", net.KeepAliveConfig{Idle: 7 * time.Second, Interval: 8 * time.Second, Count: 3}},
		named[net.KeepAliveConfig]{"defaults", net.KeepAliveConfig{Enable: true}},
		named[net.KeepAliveConfig]{"all set", net.KeepAliveConfig{Enable: true, Idle: 31 * time.Second, Interval: 7 * time.Second, Count: 4}},
		named[net.KeepAliveConfig]{"left alone", net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}},
		named[net.KeepAliveConfig]{"idle only", net.KeepAliveConfig{Enable: true, Idle: 40 * time.Second, Interval: -1, Count: -1}},
		named[net.KeepAliveConfig]{"interval only", net.KeepAliveConfig{Enable: true, Idle: -1, Interval: 41 * time.Second, Count: -1}},
		named[net.KeepAliveConfig]{"count only", net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: 11}},
		named[net.KeepAliveConfig]{"below a second", net.KeepAliveConfig{Enable: true, Idle: time.Millisecond, Interval: 1500 * time.Millisecond, Count: 1}},
		named[net.KeepAliveConfig]{"idle too long", net.KeepAliveConfig{Enable: true, Idle: 40000 * time.Second, Interval: 9 * time.Second, Count: 5}},
		named[net.KeepAliveConfig]{"count too high", net.KeepAliveConfig{Enable: true, Idle: 9 * time.Second, Interval: 9 * time.Second, Count: 128}},
	)
}

// idles are values of the KeepAlive fields.
var idles = []time.Duration{0, -1, time.Nanosecond, time.Second, 1500 * time.Millisecond, 30 * time.Second, time.Hour, 40000 * time.Second}

var tcpOption = []Scenario{
	{
		Name: "tcp/option/no-delay",
		Doc:  "SetNoDelay, read back, and on a closed connection",
		run:  tcpOptionNoDelay,
	},
	{
		Name: "tcp/option/keep-alive",
		Doc:  "SetKeepAlive and SetKeepAlivePeriod with every kind of period, read back",
		run:  tcpOptionKeepAlive,
	},
	{
		Name: "tcp/option/keep-alive-config",
		Doc:  "SetKeepAliveConfig with every kind of configuration, read back",
		run:  tcpOptionKeepAliveConfig,
	},
	{
		Name: "tcp/option/dialer-keep-alive",
		Doc:  "Dialer.KeepAlive, read back on what it dialled",
		run:  tcpOptionDialerKeepAlive,
	},
	{
		Name: "tcp/option/dialer-keep-alive-config",
		Doc:  "Dialer.KeepAliveConfig alone and beside Dialer.KeepAlive, read back on what it dialled",
		run:  tcpOptionDialerKeepAliveConfig,
	},
	{
		Name: "tcp/option/listen-keep-alive",
		Doc:  "ListenConfig.KeepAlive, read back on the first and the second connection accepted",
		run:  tcpOptionListenKeepAlive,
	},
	{
		Name: "tcp/option/listen-keep-alive-config",
		Doc:  "ListenConfig.KeepAliveConfig alone and beside ListenConfig.KeepAlive, read back on what was accepted",
		run:  tcpOptionListenKeepAliveConfig,
	},
	{
		Name: "tcp/option/linger",
		Doc:  "SetLinger with every kind of time, read back",
		run:  tcpOptionLinger,
	},
	{
		Name: "tcp/option/buffers",
		Doc:  "SetReadBuffer and SetWriteBuffer: usual, tiny, zero, negative and huge sizes, read back",
		run:  tcpOptionBuffers,
	},
	{
		Name: "tcp/option/peer-gone",
		Doc:  "options of a connection that the peer has reset",
		run:  tcpOptionPeerGone,
	},
	{
		Name:  "tcp/option/multipath",
		Doc:   "Multipath TCP on either end, on both and on neither: which end speaks it, and over which socket",
		needs: []host.Need{host.MultipathTCP},
		run:   tcpOptionMultipath,
	},
	{
		Name: "tcp/option/multipath-settings",
		Doc:  "MultipathTCP of Dialer and ListenConfig, unset and set",
		run:  tcpOptionMultipathSettings,
	},
	{
		Name:  "tcp/option/multipath-dial-errors",
		Doc:   "a dial with Multipath TCP that is refused, times out or is mismatched, as without Multipath TCP",
		needs: []host.Need{host.MultipathTCP},
		run:   tcpOptionMultipathDialErrors,
	},
}

func tcpOptionNoDelay(t *T) {
	c, s := t.TCPPair()
	for _, c := range []TCPConn{c, s} {
		t.Opt("at first", c, unix.IPPROTO_TCP, unix.TCP_NODELAY)
		for _, on := range []bool{false, false, true} {
			t.Rec("set", on, c.SetNoDelay(on))
			t.Opt("TCP_NODELAY", c, unix.IPPROTO_TCP, unix.TCP_NODELAY)
		}
		t.Check(c.Close())
		t.Rec("set after close", c.SetNoDelay(true))
	}
}

func tcpOptionKeepAlive(t *T) {
	c, s := t.TCPPair()
	for _, c := range []TCPConn{c, s} {
		t.Rec("off", c.SetKeepAlive(false))
		t.TCPOpts("off", c)
		for _, d := range idles {
			t.Rec("period", d, c.SetKeepAlivePeriod(d))
			t.TCPOpts("period", c)
		}
		t.Rec("on", c.SetKeepAlive(true))
		t.TCPOpts("on", c)
	}
}

func tcpOptionKeepAliveConfig(t *T) {
	c, s := t.TCPPair()
	for _, c := range []TCPConn{c, s} {
		for name, config := range keepAlives() {
			t.Rec("set "+name, c.SetKeepAliveConfig(config))
			t.TCPOpts(name, c)
		}
	}
}

func tcpOptionDialerKeepAlive(t *T) {
	l := t.ListenTCP4()
	for _, d := range idles {
		c, err := t.DialerDial(Dialer{KeepAlive: d}, "tcp", l.Addr().String())
		t.Rec("dial", d, err)
		t.Check(err)
		t.TCPOpts("dialled", c.(TCPConn))
		tc, err := t.DialerDialTCP(context.Background(), Dialer{KeepAlive: d}, "tcp4", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
		t.Rec("dial TCP", d, err)
		t.Check(err)
		t.TCPOpts("dialled", tc)
		t.Check(c.Close())
		t.Check(tc.Close())
	}
}

func tcpOptionDialerKeepAliveConfig(t *T) {
	l := t.ListenTCP4()
	for name, config := range keepAlives() {
		for _, d := range []time.Duration{0, -1, 50 * time.Second} {
			c, err := t.DialerDial(Dialer{KeepAlive: d, KeepAliveConfig: config}, "tcp", l.Addr().String())
			t.Rec(name, d, err)
			t.Check(err)
			t.TCPOpts("dialled", c.(TCPConn))
			t.Check(c.Close())
		}
	}
}

func tcpOptionListenKeepAlive(t *T) {
	for _, d := range idles {
		l, err := t.ConfigListen(context.Background(), ListenConfig{KeepAlive: d}, "tcp", "127.0.0.1:0")
		t.Check(err)
		for range 2 {
			c, s := t.TCPPairOn(l.(TCPListener))
			t.Rec("accept", d)
			t.TCPOpts("accepted", s)
			t.TCPOpts("dialled", c)
		}
		t.Check(l.Close())
	}
}

func tcpOptionListenKeepAliveConfig(t *T) {
	for name, config := range keepAlives() {
		for _, d := range []time.Duration{0, -1, 50 * time.Second} {
			lc := ListenConfig{KeepAlive: d, KeepAliveConfig: config}
			l, err := t.ConfigListen(context.Background(), lc, "tcp", "127.0.0.1:0")
			t.Check(err)
			for range 2 {
				c, s := t.TCPPairOn(l.(TCPListener))
				t.Rec(name, d)
				t.TCPOpts("accepted", s)
				t.Check(c.Close())
			}
			t.Check(l.Close())
		}
	}
}

func tcpOptionLinger(t *T) {
	c, _ := t.TCPPair()
	linger := func() {
		t.Control(c, func(fd int) {
			l, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER)
			t.Check(err)
			t.Rec("linger", l.Onoff, l.Linger)
		})
	}
	linger()
	for _, sec := range []int{5, 0, -1, 32768, -100, 1 << 20} {
		t.Rec("set", sec, c.SetLinger(sec))
		linger()
	}
}

func tcpOptionBuffers(t *T) {
	c, s := t.TCPPair()
	for _, c := range []TCPConn{c, s} {
		for _, size := range []int{64 << 10, 1, 0, -1, 1 << 30} {
			t.Rec("set read", size, c.SetReadBuffer(size))
			t.Opt("SO_RCVBUF", c, unix.SOL_SOCKET, unix.SO_RCVBUF)
			t.Rec("set write", size, c.SetWriteBuffer(size))
			t.Opt("SO_SNDBUF", c, unix.SOL_SOCKET, unix.SO_SNDBUF)
		}
	}
	t.Check(c.Close())
	t.Rec("read after close", c.SetReadBuffer(1))
	t.Rec("write after close", c.SetWriteBuffer(1))
}

func tcpOptionPeerGone(t *T) {
	c, s := t.TCPPair()
	t.Reset(s, c)
	t.Rec("no delay", c.SetNoDelay(false))
	t.Rec("keep alive", c.SetKeepAlive(true))
	t.Rec("period", c.SetKeepAlivePeriod(time.Minute))
	t.Rec("config", c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: time.Second, Count: 2}))
	t.Rec("linger", c.SetLinger(1))
	t.Rec("buffer", c.SetReadBuffer(10000))
	t.TCPOpts("after", c)
}

func tcpOptionMultipath(t *T) {
	for _, listen := range []*bool{nil, ptr(false), ptr(true)} {
		l, err := t.ConfigListen(context.Background(), ListenConfig{MultipathTCP: listen}, "tcp", "127.0.0.1:0")
		t.Check(err)
		t.Keep(l)
		t.Opt("listener's SO_PROTOCOL", l.(TCPListener), unix.SOL_SOCKET, unix.SO_PROTOCOL)
		for _, dial := range []*bool{nil, ptr(false), ptr(true)} {
			c, err := t.DialerDial(Dialer{MultipathTCP: dial}, "tcp", l.Addr().String())
			t.Rec("dial", listen, dial, c, err)
			t.Check(err)
			s := t.Accept(l.(TCPListener))
			t.Write("write", c, "over any path")
			t.ReadFull("read", s, 13)
			t.Op("dialled speaks it")(c.(TCPConn).MultipathTCP())
			t.Op("accepted speaks it")(s.MultipathTCP())
			t.Opt("dialled SO_PROTOCOL", c.(TCPConn), unix.SOL_SOCKET, unix.SO_PROTOCOL)
			t.Opt("accepted SO_PROTOCOL", s, unix.SOL_SOCKET, unix.SO_PROTOCOL)
			t.TCPOpts("dialled", c.(TCPConn))
			t.TCPOpts("accepted", s)
			t.Check(c.Close())
			t.Op("closed speaks it")(c.(TCPConn).MultipathTCP())
		}
	}
}

func tcpOptionMultipathSettings(t *T) {
	for _, use := range []*bool{nil, ptr(false), ptr(true)} {
		t.Rec("dialer", use == nil, t.DialerMultipathTCP(Dialer{MultipathTCP: use}))
		t.Rec("listen config", use == nil, t.ConfigMultipathTCP(ListenConfig{MultipathTCP: use}))
	}
}

func tcpOptionMultipathDialErrors(t *T) {
	port := t.FreePort()
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
	d := Dialer{MultipathTCP: ptr(true)}
	c, err := t.DialerDial(d, "tcp", to.String())
	t.Rec("refused", c, err)
	tc, err := t.DialerDialTCP(context.Background(), d, "tcp", netip.AddrPort{}, to)
	t.Rec("DialTCP refused", tc, err)
	d.Timeout = 15 * time.Millisecond
	c, err = t.DialerDial(d, "tcp", t.BlackHole().String())
	t.Rec("timed out", c, oneTimeout(err))
	d.Timeout = 0
	d.LocalAddr = &net.TCPAddr{IP: net.IPv6loopback}
	c, err = t.DialerDial(d, "tcp4", to.String())
	t.Rec("mismatched", c, err)
}
