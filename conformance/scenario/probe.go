//go:build linux

package scenario

import (
	"net"
	"os"
	"sync"
)

// A need is something that not every host or user has: it returns why a
// scenario can't run here, or "". It asks net, never net2.
type need func() string

var needIPv6 need = sync.OnceValue(func() string {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return "no IPv6 on the loopback interface: " + err.Error()
	}
	l.Close()
	return ""
})

var needIPv4Mapped need = sync.OnceValue(func() string {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		return "no wildcard listener: " + err.Error()
	}
	defer l.Close()
	if l.Addr().(*net.TCPAddr).IP.To4() != nil {
		return "no IPv4-mapped IPv6 addresses"
	}
	return ""
})

var needRawIP need = sync.OnceValue(func() string {
	c, err := net.ListenIP("ip4:253", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "this user may not open raw sockets: " + err.Error()
	}
	c.Close()
	return ""
})

var needRawIPv6 need = sync.OnceValue(func() string {
	c, err := net.ListenIP("ip6:253", &net.IPAddr{IP: net.IPv6loopback})
	if err != nil {
		return "this user may not open raw IPv6 sockets: " + err.Error()
	}
	c.Close()
	return ""
})

// needNoPrivilege is for what fails without privilege.
var needNoPrivilege need = sync.OnceValue(func() string {
	l, err := net.Listen("tcp4", "127.0.0.1:1")
	if err == nil {
		l.Close()
		return "this user may listen on privileged ports"
	}
	return ""
})

// needNoRawIP is for what fails where raw sockets are forbidden.
var needNoRawIP need = sync.OnceValue(func() string {
	if needRawIP() == "" {
		return "this user may open raw sockets"
	}
	return ""
})

var needMulticast need = sync.OnceValue(func() string {
	lo, err := loopback()
	if err != nil {
		return err.Error()
	}
	c, err := net.ListenMulticastUDP("udp4", lo, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254)})
	if err != nil {
		return "no multicast on the loopback interface: " + err.Error()
	}
	c.Close()
	return ""
})

var needMulticast6 need = sync.OnceValue(func() string {
	lo, err := loopback()
	if err != nil {
		return err.Error()
	}
	c, err := net.ListenMulticastUDP("udp6", lo, &net.UDPAddr{IP: net.ParseIP("ff01::114")})
	if err != nil {
		return "no IPv6 multicast on the loopback interface: " + err.Error()
	}
	c.Close()
	return ""
})

var needMultipathTCP need = sync.OnceValue(func() string {
	text, err := os.ReadFile("/proc/sys/net/mptcp/enabled")
	if err != nil {
		return "no Multipath TCP in this kernel: " + err.Error()
	}
	if len(text) == 0 || text[0] != '1' {
		return "Multipath TCP is switched off"
	}
	return ""
})

// needLocalhost is for names: the host must know localhost as 127.0.0.1
// without asking a name server.
var needLocalhost need = sync.OnceValue(func() string {
	r := &net.Resolver{PreferGo: true, Dial: refuseDNS}
	addrs, err := r.LookupHost(contextWithin(defaultLimit), "localhost")
	if err != nil {
		return "/etc/hosts does not know localhost: " + err.Error()
	}
	for _, a := range addrs {
		if a == "127.0.0.1" {
			return ""
		}
	}
	return "localhost is not 127.0.0.1 here"
})

// loopback returns the loopback interface.
func loopback() (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return &ifi, nil
		}
	}
	return nil, &net.AddrError{Err: "no loopback interface", Addr: "lo"}
}
