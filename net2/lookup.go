package net2

import (
	"context"
)

// LookupHost looks up the addresses of host with [DefaultResolver]. To set a limit
// on the time, use [Resolver.LookupHost]; every function here has such a method.
func LookupHost(host string) (addrs []string, err error) {
	return defaultResolver().LookupHost(context.Background(), host)
}

// LookupIP looks up host with [DefaultResolver] and returns its IPv4 and IPv6
// addresses, without their zones.
func LookupIP(host string) ([]IP, error) {
	addrs, err := defaultResolver().LookupIPAddr(context.Background(), host)
	if err != nil {
		return nil, err
	}
	ips := make([]IP, len(addrs))
	for i, addr := range addrs {
		ips[i] = addr.IP
	}
	return ips, nil
}

// LookupPort looks up the port of a service on network with [DefaultResolver].
func LookupPort(network, service string) (port int, err error) {
	return defaultResolver().LookupPort(context.Background(), network, service)
}

// LookupCNAME looks up the canonical name of host with [DefaultResolver].
func LookupCNAME(host string) (cname string, err error) {
	return defaultResolver().LookupCNAME(context.Background(), host)
}

// LookupSRV looks up the SRV records of _service._proto.name (RFC 2782) with
// [DefaultResolver]; if service and proto are empty, it looks up name itself. It
// sorts the records by priority and shuffles those of one priority by weight.
func LookupSRV(service, proto, name string) (cname string, addrs []*SRV, err error) {
	return defaultResolver().LookupSRV(context.Background(), service, proto, name)
}

// LookupMX looks up the MX records of name with [DefaultResolver], and sorts them
// by preference.
func LookupMX(name string) ([]*MX, error) {
	return defaultResolver().LookupMX(context.Background(), name)
}

// LookupNS looks up the NS records of name with [DefaultResolver].
func LookupNS(name string) ([]*NS, error) {
	return defaultResolver().LookupNS(context.Background(), name)
}

// LookupTXT looks up the TXT records of name with [DefaultResolver].
func LookupTXT(name string) ([]string, error) {
	return defaultResolver().LookupTXT(context.Background(), name)
}

// LookupAddr looks up the names of an IP address with [DefaultResolver], which is
// called a reverse look-up.
func LookupAddr(addr string) (names []string, err error) {
	return defaultResolver().LookupAddr(context.Background(), addr)
}
