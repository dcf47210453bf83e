package net2

import (
	"os"
	"strings"
	"sync"
)

// parseNetwork splits a network such as "ip4:icmp" into the part before the colon and
// the number of the protocol. It returns an error if net does not know the network, or
// if needsProto is true and an IP network has no protocol.
//
// std: net.parseNetwork
func parseNetwork(network string, needsProto bool) (afnet string, proto int, err error) {
	i := strings.LastIndexByte(network, ':')
	if i < 0 {
		switch network {
		case "tcp", "tcp4", "tcp6":
		case "udp", "udp4", "udp6":
		case "ip", "ip4", "ip6":
			if needsProto {
				return "", 0, UnknownNetworkError(network)
			}
		case "unix", "unixgram", "unixpacket":
		default:
			return "", 0, UnknownNetworkError(network)
		}
		return network, 0, nil
	}
	afnet = network[:i]
	switch afnet {
	case "ip", "ip4", "ip6":
		name := network[i+1:]
		proto, ok := dtoi(name)
		if !ok {
			if proto, err = lookupProtocol(name); err != nil {
				return "", 0, err
			}
		}
		return afnet, proto, nil
	}
	return "", 0, UnknownNetworkError(network)
}

// dtoi converts a whole decimal number below 0xFFFFFF, net's limit.
func dtoi(s string) (n int, ok bool) {
	const big = 0xFFFFFF
	if s == "" {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n >= big {
			return 0, false
		}
	}
	return n, true
}

// protocols maps the names of IP protocols to their numbers: those that every
// host knows, and those of /etc/protocols, read once; see protocols(5).
var protocols = sync.OnceValue(func() map[string]int {
	m := map[string]int{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "ipv6-icmp": 58}
	text, err := os.ReadFile("/etc/protocols")
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		proto, ok := dtoi(f[1])
		if !ok {
			continue
		}
		for _, name := range append(f[:1:1], f[2:]...) {
			if _, known := m[name]; !known {
				m[name] = proto
			}
		}
	}
	return m
})

// std: net.lookupProtocolMap
func lookupProtocol(name string) (int, error) {
	if proto, ok := protocols()[strings.ToLower(name)]; ok {
		return proto, nil
	}
	return 0, &AddrError{Err: "unknown IP protocol specified", Addr: name}
}
