//go:build linux

package scenario

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

var udpListen = []Scenario{
	{
		Name: "udp/listen/forms",
		Doc:  "ListenPacket on every form of address with every network; addresses and sockets",
		run:  udpListenForms,
	},
	{
		Name: "udp/listen/typed",
		Doc:  "ListenUDP with nil, empty, short, mapped and impossible addresses",
		run:  udpListenTyped,
	},
	{
		Name: "udp/listen/in-use",
		Doc:  "a second socket on a port: refused, even on the wildcard address, and possible after Close",
		run:  udpListenInUse,
	},
	{
		Name: "udp/listen/bad-network",
		Doc:  "ListenPacket with networks that don't exist or have no packets",
		run:  udpListenBadNetwork,
	},
	{
		Name: "udp/listen/control",
		Doc:  "ListenConfig.Control of packet sockets: arguments, an option, an error",
		run:  udpListenControl,
	},
}

func udpListenForms(t *T) {
	defer t.goResolver()()
	for _, network := range []string{"udp", "udp4", "udp6"} {
		for _, address := range []string{
			"", ":0", "127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0", "[::1%lo]:0", "[::ffff:127.0.0.1]:0",
			"127.0.0.1:nosuchservice", "127.0.0.1", "127.0.0.1:65536", "224.0.0.251:0", "[ff02::fb%lo]:0", "198.51.100.7:0", "255.255.255.255:0",
		} {
			c, err := t.ListenPacket(network, address)
			t.Rec(network+" "+address, c, err)
			if err != nil {
				continue
			}
			t.Rec("addr", c.LocalAddr())
			t.Rec("remote", c.(UDPConn).RemoteAddr())
			t.Socket("socket", c.(UDPConn))
			t.Check(c.Close())
		}
	}
}

func udpListenTyped(t *T) {
	for name, addr := range inOrder(
		named[*net.UDPAddr]{"nil", nil},
		named[*net.UDPAddr]{"zero", &net.UDPAddr{}},
		named[*net.UDPAddr]{"4 bytes", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[*net.UDPAddr]{"16 bytes", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		named[*net.UDPAddr]{"IPv6", &net.UDPAddr{IP: net.IPv6loopback, Zone: "lo"}},
		named[*net.UDPAddr]{"5 bytes", &net.UDPAddr{IP: make(net.IP, 5)}},
		named[*net.UDPAddr]{"port too high", &net.UDPAddr{Port: 65536}},
		named[*net.UDPAddr]{"port negative", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: -1}},
	) {
		for _, network := range []string{"udp", "udp4", "udp6", "udp5", "", "tcp", "unixgram"} {
			c, err := t.ListenUDP(network, addr)
			t.Rec(network+" "+name, c, err)
			if err == nil {
				t.Rec("addr", c.LocalAddr())
				t.Check(c.Close())
			}
		}
	}
}

func udpListenInUse(t *T) {
	first := t.UDP4()
	for _, host := range []string{"127.0.0.1", "", "127.0.0.2"} {
		c, err := t.ListenPacket("udp", t.hostPort(host, first.LocalAddr()))
		t.Rec("listen on "+host, c, err)
		t.Keep(c)
	}
	addr := first.LocalAddr().(*net.UDPAddr)
	t.Check(first.Close())
	c, err := t.ListenUDP("udp", addr)
	t.Rec("after close", c, err)
	t.Keep(c)
}

func udpListenBadNetwork(t *T) {
	for _, network := range []string{"", "udp5", "UDP", "tcp", "tcp4", "ip", "ip4", "ip4:nosuchproto", "udp:53"} {
		c, err := t.ListenPacket(network, "127.0.0.1:0")
		t.Rec(network, c, err)
		t.Keep(c)
	}
}

func udpListenControl(t *T) {
	for _, address := range []string{":0", "127.0.0.1:0", "[::1]:0", "224.0.0.254:0"} {
		lc := ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
			t.Rec("control", network, address)
			return c.Control(func(fd uintptr) {
				t.Check(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
			})
		}}
		p, err := t.ConfigListenPacket(context.Background(), lc, "udp", address)
		t.Rec("listen "+address, p, err)
		if err == nil {
			t.Rec("addr", p.LocalAddr())
			t.Opt("SO_REUSEPORT", p.(UDPConn), unix.SOL_SOCKET, unix.SO_REUSEPORT)
			t.Check(p.Close())
		}
	}
	p, err := t.ConfigListenPacket(context.Background(), ListenConfig{Control: func(string, string, syscall.RawConn) error { return errScript }}, "udp", "127.0.0.1:0")
	t.Rec("failing", p, err)
}
