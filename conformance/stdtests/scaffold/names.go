//go:build ignore

package net2

import (
	"context"
	"syscall"

	"go.parity/socket"
)

// What net2 has in a different form than net.

func stdNetFD_laddr(fd *netFD) Addr { return fd.localAddr() }

func stdNetFD_raddr(fd *netFD) Addr { return fd.remoteAddr() }

func stdLookupProtocol(_ context.Context, name string) (int, error) { return lookupProtocol(name) }

// net2 never asks for the version of an empty network.
func stdIpVersion(network string) byte {
	if network == "" {
		return 0
	}
	switch version := ipVersion(network); version {
	case "ip4", "ip6":
		return version[2]
	}
	return 0
}

func stdFilterAddrList(filter func(IPAddr) bool, ips []IPAddr, inetaddr func(IPAddr) Addr, host string) (addrList, error) {
	network := "tcp"
	if filter != nil {
		network = "tcp6"
		if filter(IPAddr{IP: IPv4(127, 0, 0, 1)}) {
			network = "tcp4"
		}
	}
	return filterAddrList(ips, network, inetaddr, host)
}

var stdHasSOLMPTCP = socket.HasMultipathInfo()

func stdIsUsingMPTCPProto(fd *netFD) bool {
	proto, _ := fd.pfd.GetsockoptInt(syscall.SOL_SOCKET, syscall.SO_PROTOCOL)
	return proto == protoMPTCP
}

var stdZoneCache indexNames

type indexNames struct{}

func (indexNames) name(index int) string { return zoneCache.name(uint32(index)) }
