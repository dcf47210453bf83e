package net2

import (
	"context"
	"net/netip"
	"strings"
)

// addrList holds the addresses of a name, in the order in which a dial tries them.
type addrList []Addr

func isIPv4(addr Addr) bool {
	switch addr := addr.(type) {
	case *TCPAddr:
		return addr.IP.To4() != nil
	case *UDPAddr:
		return addr.IP.To4() != nil
	case *IPAddr:
		return addr.IP.To4() != nil
	}
	return false
}

func isNotIPv4(addr Addr) bool { return !isIPv4(addr) }

// forResolve picks the address that a Resolve function returns: IPv4 where
// there is one, unless the text of the address asks for IPv6.
//
// std: net.(addrList).forResolve
func (addrs addrList) forResolve(network, addr string) Addr {
	var want6 bool
	switch network {
	case "ip":
		want6 = strings.Contains(addr, ":")
	case "tcp", "udp":
		want6 = strings.Contains(addr, "[")
	}
	if want6 {
		return addrs.first(isNotIPv4)
	}
	return addrs.first(isIPv4)
}

// first returns the first address that strategy accepts, or else the first.
//
// std: net.(addrList).first
func (addrs addrList) first(strategy func(Addr) bool) Addr {
	for _, addr := range addrs {
		if strategy(addr) {
			return addr
		}
	}
	return addrs[0]
}

// partition splits addrs into those that strategy labels like the first one
// and the others.
//
// std: net.(addrList).partition
func (addrs addrList) partition(strategy func(Addr) bool) (primaries, fallbacks addrList) {
	if len(addrs) == 1 {
		return addrs, nil
	}
	for _, addr := range addrs {
		if strategy(addr) == strategy(addrs[0]) {
			primaries = append(primaries, addr)
		} else {
			fallbacks = append(fallbacks, addr)
		}
	}
	return primaries, fallbacks
}

// internetAddrList resolves addr, a literal or a name, with its port where
// the network has ports.
//
// std: net.(*Resolver).internetAddrList
func internetAddrList(ctx context.Context, r *Resolver, network, addr string) (addrList, error) {
	var host string
	var port int
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
		if addr != "" {
			var service string
			var err error
			if host, service, err = SplitHostPort(addr); err != nil {
				return nil, err
			}
			if port, err = r.LookupPort(ctx, network, service); err != nil {
				return nil, err
			}
		}
	case "ip", "ip4", "ip6":
		host = addr
	default:
		return nil, UnknownNetworkError(network)
	}
	inetaddr := func(ip IPAddr) Addr {
		switch network[0] {
		case 't':
			return &TCPAddr{IP: ip.IP, Port: port, Zone: ip.Zone}
		case 'u':
			return &UDPAddr{IP: ip.IP, Port: port, Zone: ip.Zone}
		}
		return &IPAddr{IP: ip.IP, Zone: ip.Zone}
	}
	if host == "" {
		return addrList{inetaddr(IPAddr{})}, nil
	}

	var ips []IPAddr
	if ip, err := netip.ParseAddr(host); err == nil {
		a16 := ip.As16()
		ips = []IPAddr{{IP: a16[:], Zone: ip.Zone()}}
	} else if ips, err = lookupIPAddr(ctx, r, network, host); err != nil {
		return nil, err
	}
	// Whoever asks for [::] means every address, even on a host without IPv6.
	if len(ips) == 1 && ips[0].IP.Equal(IPv6unspecified) {
		ips = append(ips, IPAddr{IP: IPv4zero})
	}
	return filterAddrList(ips, network, inetaddr, host)
}

// lookupIPAddr looks up host, a name, and returns the addresses that suit network,
// with their zones. Like net, it asks for A records alone if the network ends in
// 4, and for AAAA records alone if it ends in 6.
//
// std: net.(*Resolver).lookupIPAddr
func lookupIPAddr(ctx context.Context, r *Resolver, network, host string) ([]IPAddr, error) {
	family := ipVersion(network)
	if family == "ip" {
		return r.LookupIPAddr(ctx, host)
	}
	ips, err := r.LookupIP(ctx, family, host)
	if err != nil {
		return nil, err
	}
	addrs := make([]IPAddr, len(ips))
	for i, ip := range ips {
		if family == "ip6" && ip.IsLinkLocalUnicast() {
			// LookupIP drops the zone that /etc/hosts may give.
			return r.LookupIPAddr(ctx, host)
		}
		addrs[i].IP = ip
	}
	return addrs, nil
}

// ipVersion returns "ip", "ip4" or "ip6", for the addresses that network takes.
func ipVersion(network string) string {
	switch network[len(network)-1] {
	case '4':
		return "ip4"
	case '6':
		return "ip6"
	}
	return "ip"
}

// std: net.filterAddrList
func filterAddrList(ips []IPAddr, network string, inetaddr func(IPAddr) Addr, host string) (addrList, error) {
	var addrs addrList
	for _, ip := range ips {
		is4 := ip.IP.To4() != nil
		switch ipVersion(network) {
		case "ip4":
			if !is4 {
				continue
			}
		case "ip6":
			if is4 || len(ip.IP) != IPv6len {
				continue
			}
		}
		addrs = append(addrs, inetaddr(ip))
	}
	if len(addrs) == 0 {
		return nil, &AddrError{Err: noSuitableAddress, Addr: host}
	}
	return addrs, nil
}

const noSuitableAddress = "no suitable address found"

// ResolveTCPAddr turns address, "host:port", into a TCPAddr, and looks up names and
// services with [DefaultResolver]. The network is "tcp", "tcp4" or "tcp6"; ""
// stands for "tcp". The forms of the address are those that [Dial] takes.
//
// If a name has several addresses, ResolveTCPAddr returns the first IPv4 address,
// or the first of all if there is no IPv4 address. A dial by name is better: it
// tries them all.
func ResolveTCPAddr(network, address string) (*TCPAddr, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	case "":
		network = "tcp"
	default:
		return nil, UnknownNetworkError(network)
	}
	addrs, err := internetAddrList(context.Background(), defaultResolver(), network, address)
	if err != nil {
		return nil, err
	}
	return addrs.forResolve(network, address).(*TCPAddr), nil
}

// ResolveUDPAddr turns address, "host:port", into a UDPAddr, as [ResolveTCPAddr]
// does for TCP. The network is "udp", "udp4" or "udp6"; "" stands for "udp".
func ResolveUDPAddr(network, address string) (*UDPAddr, error) {
	switch network {
	case "udp", "udp4", "udp6":
	case "":
		network = "udp"
	default:
		return nil, UnknownNetworkError(network)
	}
	addrs, err := internetAddrList(context.Background(), defaultResolver(), network, address)
	if err != nil {
		return nil, err
	}
	return addrs.forResolve(network, address).(*UDPAddr), nil
}

// ResolveIPAddr turns address, a host, into an IPAddr, and looks up names with
// [DefaultResolver]. The network is "ip", "ip4" or "ip6", and may be followed by a
// colon and a protocol; "" stands for "ip". If a name has several addresses,
// ResolveIPAddr chooses as [ResolveTCPAddr] does.
func ResolveIPAddr(network, address string) (*IPAddr, error) {
	if network == "" {
		network = "ip"
	}
	afnet, _, err := parseNetwork(network, false)
	if err != nil {
		return nil, err
	}
	switch afnet {
	case "ip", "ip4", "ip6":
	default:
		return nil, UnknownNetworkError(network)
	}
	addrs, err := internetAddrList(context.Background(), defaultResolver(), afnet, address)
	if err != nil {
		return nil, err
	}
	return addrs.forResolve(network, address).(*IPAddr), nil
}
