//go:build linux

package netns

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// A family is a version of IP, with what scripts and hosts must know of it.
type family struct {
	name   string // in the names of the tests
	suffix string // of the names of networks

	here, there, nobody, router netip.Addr
	// bits is the length of the prefix of the network that comprises all of them.
	bits int

	// kinds are what routers say of packets that they do not carry.
	kinds    []unreachable
	hostGone icmp // a router gives up
	tooBig   icmp

	// small is the MTU of a path that takes less than the links at its ends.
	small int

	level, recvErr, mtu, mtuDiscover, neverFragment int // socket options
}

type unreachable struct {
	name string
	says icmp
}

var families = []*family{ipv4, ipv6}

var ipv4 = &family{
	name: "ipv4", suffix: "4",
	here: netip.MustParseAddr("10.0.0.1"), there: netip.MustParseAddr("10.0.0.2"),
	nobody: netip.MustParseAddr("10.0.0.3"), router: netip.MustParseAddr("10.255.255.254"), bits: 8,
	kinds: []unreachable{
		{"network", icmp{3, 0}}, {"host", icmp{3, 1}}, {"protocol", icmp{3, 2}}, {"port", icmp{3, 3}},
		{"source route", icmp{3, 5}}, {"network unknown", icmp{3, 6}}, {"host unknown", icmp{3, 7}},
		{"host isolated", icmp{3, 8}}, {"network prohibited", icmp{3, 9}}, {"host prohibited", icmp{3, 10}},
		{"network for this service", icmp{3, 11}}, {"host for this service", icmp{3, 12}}, {"filtered", icmp{3, 13}},
	},
	hostGone: icmp{3, 1}, tooBig: icmp{3, 4},
	small: 600,
	level: unix.IPPROTO_IP, recvErr: unix.IP_RECVERR, mtu: unix.IP_MTU,
	mtuDiscover: unix.IP_MTU_DISCOVER, neverFragment: unix.IP_PMTUDISC_DO,
}

var ipv6 = &family{
	name: "ipv6", suffix: "6",
	here: netip.MustParseAddr("fd00::1"), there: netip.MustParseAddr("fd00::2"),
	nobody: netip.MustParseAddr("fd00::3"), router: netip.MustParseAddr("fdff::fffe"), bits: 8,
	kinds: []unreachable{
		{"network", icmp{1, 0}}, {"prohibited", icmp{1, 1}}, {"beyond the scope", icmp{1, 2}}, {"host", icmp{1, 3}},
		{"port", icmp{1, 4}}, {"policy", icmp{1, 5}}, {"route rejected", icmp{1, 6}},
		{"header", icmp{4, 0}}, {"next header", icmp{4, 1}}, {"hops", icmp{3, 0}},
	},
	hostGone: icmp{1, 3}, tooBig: icmp{2, 0},
	small: 1300, // no link may take less than 1280
	level: unix.IPPROTO_IPV6, recvErr: unix.IPV6_RECVERR, mtu: unix.IPV6_MTU,
	mtuDiscover: unix.IPV6_MTU_DISCOVER, neverFragment: unix.IPV6_PMTUDISC_DO,
}

// destination is where a packet goes to, if it goes to one host. A host of IPv6 also asks
// all routers there are, and tells them of its groups.
func destination(p []byte) (to netip.Addr, ok bool) {
	switch {
	case len(p) >= 20 && p[0]>>4 == 4:
		to = netip.AddrFrom4([4]byte(p[16:20]))
	case len(p) >= 40 && p[0]>>4 == 6:
		to = netip.AddrFrom16([16]byte(p[24:40]))
	}
	return to, to.IsValid() && !to.IsMulticast()
}
