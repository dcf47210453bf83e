//go:build linux

package scenario

import (
	"net"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

var udpMulticast = []Scenario{
	{
		Name:  "udp/multicast/listen",
		Doc:   "ListenMulticastUDP: address, options, membership, and two listeners on one group both get what is sent",
		needs: []host.Need{host.Multicast},
		run:   udpMulticastListen,
	},
	{
		Name:  "udp/multicast/listen-ipv6",
		Doc:   "ListenMulticastUDP on an IPv6 group of the loopback interface",
		needs: []host.Need{host.IPv6, host.MulticastIPv6},
		run:   udpMulticastListenIPv6,
	},
	{
		Name: "udp/multicast/bad",
		Doc:  "ListenMulticastUDP with addresses that are not groups, groups of the other family, interfaces that do not exist",
		run:  udpMulticastBad,
	},
}

func udpMulticastListen(t *T) {
	lo, err := host.LoopbackInterface()
	t.Check(err)
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254)}
	for _, network := range []string{"udp", "udp4"} {
		first, err := t.ListenMulticastUDP(network, lo, group)
		t.Rec(network, first, err)
		t.Check(err)
		t.Rec("local", first.LocalAddr())
		t.Rec("remote", first.RemoteAddr())
		t.Socket("socket", first)
		t.Opt("IP_MULTICAST_LOOP", first, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP)
		t.Opt("IP_MULTICAST_TTL", first, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL)
		t.Control(first, func(fd int) {
			a, err := unix.GetsockoptInet4Addr(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF)
			t.Rec("IP_MULTICAST_IF", a[:], err)
		})
		at := &net.UDPAddr{IP: group.IP, Port: t.Port(first.LocalAddr())}
		second, err := t.ListenMulticastUDP(network, lo, at)
		t.Rec("second", second, err)
		t.Check(err)
		sender := t.UDP4()
		t.Op("send")(sender.WriteTo([]byte("to the group"), at))
		readFrom(t, "first reads", first, 32)
		readFrom(t, "second reads", second, 32)
		t.Check(first.Close())
		t.Check(second.Close())
	}
}

func udpMulticastListenIPv6(t *T) {
	lo, err := host.LoopbackInterface()
	t.Check(err)
	for _, zone := range []string{"", lo.Name} {
		group := &net.UDPAddr{IP: net.ParseIP("ff01::114"), Zone: zone}
		c, err := t.ListenMulticastUDP("udp6", lo, group)
		t.Rec("listen", c, err)
		t.Check(err)
		t.Rec("local", c.LocalAddr())
		t.Socket("socket", c)
		t.Opt("IPV6_MULTICAST_LOOP", c, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP)
		t.Control(c, func(fd int) {
			v, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF)
			t.Rec("IPV6_MULTICAST_IF", v == lo.Index, err)
		})
		t.Check(c.Close())
	}
}

func udpMulticastBad(t *T) {
	lo, err := host.LoopbackInterface()
	t.Check(err)
	for name, group := range inOrder(
		named[*net.UDPAddr]{"nil", nil},
		named[*net.UDPAddr]{"no IP", &net.UDPAddr{}},
		named[*net.UDPAddr]{"unicast", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[*net.UDPAddr]{"IPv6 unicast", &net.UDPAddr{IP: net.IPv6loopback}},
		named[*net.UDPAddr]{"5 bytes", &net.UDPAddr{IP: make(net.IP, 5)}},
	) {
		for _, network := range []string{"udp", "udp4", "udp6", "tcp", ""} {
			c, err := t.ListenMulticastUDP(network, lo, group)
			t.Rec(network+" "+name, c, err)
			t.Keep(c)
		}
	}
	c, err := t.ListenMulticastUDP("udp4", lo, &net.UDPAddr{IP: net.ParseIP("ff01::114")})
	t.Rec("udp4 on IPv6", c, err)
	t.Keep(c)
	c, err = t.ListenMulticastUDP("udp6", lo, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254)})
	t.Rec("udp6 on IPv4", c, err)
	t.Keep(c)
	c, err = t.ListenMulticastUDP("udp4", &net.Interface{Index: 1 << 20, Name: "nosuch0"}, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254)})
	t.Rec("no such interface", c, err)
	t.Keep(c)
	c, err = t.ListenMulticastUDP("udp6", &net.Interface{Index: 1 << 20, Name: "nosuch0"}, &net.UDPAddr{IP: net.ParseIP("ff01::114")})
	t.Rec("no such interface for IPv6", c, err)
	t.Keep(c)
}
