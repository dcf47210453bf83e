//go:build linux

package scenario

import (
	"context"
	"net"
	"net/netip"
	"syscall"
)

var udpDial = []Scenario{
	{
		Name: "udp/dial/forms",
		Doc:  "Dial and DialUDP: addresses of both ends, with and without a local address",
		run:  udpDialForms,
	},
	{
		Name: "udp/dial/bad",
		Doc:  "dials with bad networks and addresses, by every function",
		run:  udpDialBad,
	},
	{
		Name: "udp/dial/addr-port",
		Doc:  "Dialer.DialUDP with netip addresses, and with a Control function",
		run:  udpDialAddrPort,
	},
}

func udpDialForms(t *T) {
	peer := t.UDP4()
	for _, network := range []string{"udp", "udp4", "udp6"} {
		for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "::", "::ffff:127.0.0.1"} {
			c, err := t.Dial(network, t.hostPort(host, peer.LocalAddr()))
			rec(t, network+" "+host, c, err)
		}
	}
	to := peer.LocalAddr().(*net.UDPAddr)
	for name, from := range inOrder(
		named[*net.UDPAddr]{"nowhere", nil},
		named[*net.UDPAddr]{"zero", &net.UDPAddr{}},
		named[*net.UDPAddr]{"an address", &net.UDPAddr{IP: net.IP{127, 0, 0, 8}}},
		named[*net.UDPAddr]{"IPv6", &net.UDPAddr{IP: net.IPv6loopback}},
		named[*net.UDPAddr]{"a foreign address", &net.UDPAddr{IP: net.IP{198, 51, 100, 7}}},
		named[*net.UDPAddr]{"one in use", to},
	) {
		c, err := t.DialUDP("udp", from, to)
		t.Rec("from "+name, c, err)
		if c != nil {
			t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
			t.Socket("socket", c)
			t.Check(c.Close())
		}
	}
}

func udpDialBad(t *T) {
	defer t.goResolver()()
	for _, address := range []string{"", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:nosuchservice", "[::1]:", "no such host:9"} {
		c, err := t.Dial("udp", address)
		t.Rec("dial "+address, c, err)
		t.Keep(c)
	}
	to := &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 9}
	for _, network := range []string{"", "udp5", "tcp", "unixgram", "ip4:udp"} {
		c, err := t.DialUDP(network, nil, to)
		t.Rec("DialUDP "+network, c, err)
		c, err = t.DialUDP(network, nil, nil)
		t.Rec("DialUDP nil "+network, c, err)
		c, err = t.DialerDialUDP(context.Background(), Dialer{}, network, netip.AddrPort{}, to.AddrPort())
		t.Rec("Dialer.DialUDP "+network, c, err)
	}
	c, err := t.DialUDP("udp", nil, &net.UDPAddr{IP: make(net.IP, 7), Port: 9})
	t.Rec("7 bytes", c, err)
	c, err = t.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv6loopback, Port: 9})
	t.Rec("udp4 to IPv6", c, err)
	c, err = t.DialUDP("udp", nil, &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 1 << 17})
	t.Rec("port too high", c, err)
}

func udpDialAddrPort(t *T) {
	peer := t.UDP4()
	to := peer.LocalAddr().(*net.UDPAddr).AddrPort()
	d := Dialer{Control: func(network, address string, c syscall.RawConn) error {
		t.Rec("control", network, address)
		return nil
	}}
	for name, from := range inOrder(
		named[netip.AddrPort]{"zero", netip.AddrPort{}},
		named[netip.AddrPort]{"an address", netip.MustParseAddrPort("127.0.0.9:0")},
		named[netip.AddrPort]{"IPv6", netip.MustParseAddrPort("[::1]:0")},
	) {
		c, err := t.DialerDialUDP(context.Background(), d, "udp", from, to)
		t.Rec("from "+name, c, err)
		if c != nil {
			t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
			t.Check(c.Close())
		}
	}
	c, err := t.DialerDialUDP(context.Background(), Dialer{}, "udp", netip.AddrPort{}, netip.AddrPort{})
	t.Rec("to nowhere", c, err)
	t.Keep(c)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, err = t.DialerDialUDP(ctx, Dialer{}, "udp", netip.AddrPort{}, to)
	t.Rec("cancelled", c, err)
	t.Keep(c)
	nc, err := t.DialerDial(Dialer{Timeout: -1}, "udp", to.String())
	t.Rec("no time", nc, err)
	t.Keep(nc)
	nc, err = t.DialerDial(Dialer{LocalAddr: &net.TCPAddr{}}, "udp", to.String())
	t.Rec("mismatched", nc, err)
	t.Keep(nc)
}
