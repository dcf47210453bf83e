//go:build linux

package scenario

import (
	"net"
	"net/netip"
	"time"
)

// These scenarios look at what net2 forwards or aliases: a forward can go to the
// wrong place.
var values = []Scenario{
	{
		Name: "value/parse/addresses",
		Doc:  "ParseIP, ParseCIDR, ParseMAC, SplitHostPort and JoinHostPort of good and bad text",
		run:  valueParseAddresses,
	},
	{
		Name: "value/addr-port/conversions",
		Doc:  "addresses made from netip.AddrPorts and turned back",
		run:  valueAddrPortConversions,
	},
	{
		Name: "value/interfaces/loopback",
		Doc:  "the host's interfaces: the same list, found by name and by index, or not found",
		run:  valueInterfacesLoopback,
	},
	{
		Name: "value/pipe/ends",
		Doc:  "Pipe: reads, writes, deadlines, Close of either end",
		run:  valuePipeEnds,
	},
	{
		Name: "value/errors/sentinels",
		Doc:  "ErrClosed and ErrWriteToConnected are the errors that connections give, and net's own",
		run:  valueErrorsSentinels,
	},
}

func valueParseAddresses(t *T) {
	for _, s := range []string{
		"", "127.0.0.1", "127.0.0.01", "256.0.0.1", "1.2.3", "1.2.3.4.5", "::", "::1", "::ffff:1.2.3.4", "1::2::3", "fe80::1%lo", "12345::", "127.0.0.1 ", "::1.2.3.4.5",
	} {
		ip := t.ParseIP(s)
		t.Rec("ParseIP "+s, ip, len(ip))
	}
	for _, s := range []string{"", "10.0.0.0/8", "10.1.2.3/33", "10.0.0.0", "10.0.0.0/", "/8", "10.0.0.0/-1", "10.0.0.0/08", "2001:db8::1/32", "::/129", "fe80::%lo/64"} {
		t.Op("ParseCIDR " + s)(t.ParseCIDR(s))
	}
	for _, s := range []string{"", "00:00:5e:00:53:01", "00-00-5e-00-53-01", "0000.5e00.5301", "02:00:5e:10:00:00:00:01", "00:00:5e:00:53", "zz:00:5e:00:53:01", "00:00-5e:00:53:01", "00:00:5e:00:53:01:"} {
		t.Op("ParseMAC " + s)(t.ParseMAC(s))
	}
	for _, s := range []string{"", ":", "a:b", "a", "[a]:b", "[a", "a]:b", "[a]b:c", "[[a]]:b", "a:b:c", "[::1]:80", "::1:80", "[a]", "[]:", "%lo:1", "[a%b]:c", "a[]:b", "[a]:b]"} {
		t.Op("SplitHostPort " + s)(t.SplitHostPort(s))
	}
	for _, p := range [][2]string{{"", ""}, {"a", "b"}, {"::1", "80"}, {"::1%lo", "80"}, {"[::1]", "80"}, {"a%b", "c"}} {
		t.Rec("JoinHostPort", t.JoinHostPort(p[0], p[1]))
	}
}

func valueAddrPortConversions(t *T) {
	for _, s := range []string{"127.0.0.1:80", "[::1]:80", "[::1%lo]:80", "[::ffff:127.0.0.1]:80", "0.0.0.0:0"} {
		ap := netip.MustParseAddrPort(s)
		t.Rec("TCP "+s, t.TCPAddrFromAddrPort(ap), t.TCPAddrFromAddrPort(ap).AddrPort())
		t.Rec("UDP "+s, t.UDPAddrFromAddrPort(ap), t.UDPAddrFromAddrPort(ap).AddrPort())
	}
	t.Rec("TCP of nothing", t.TCPAddrFromAddrPort(netip.AddrPort{}))
	t.Rec("UDP of nothing", t.UDPAddrFromAddrPort(netip.AddrPort{}))
}

func valueInterfacesLoopback(t *T) {
	all, err := t.Interfaces()
	t.Rec("Interfaces", len(all), err)
	for _, ifi := range all {
		t.Rec("interface", ifi.Name, ifi.Index, ifi.MTU, ifi.Flags, ifi.HardwareAddr)
		t.Op("by name")(t.InterfaceByName(ifi.Name))
		t.Op("by index")(t.InterfaceByIndex(ifi.Index))
	}
	addrs, err := t.InterfaceAddrs()
	t.Rec("InterfaceAddrs", len(addrs), err)
	for _, name := range []string{"", "nosuch0", "lo\x00"} {
		t.Op("by name")(t.InterfaceByName(name))
	}
	for _, index := range []int{0, -1, 1 << 30} {
		t.Op("by index")(t.InterfaceByIndex(index))
	}
}

func valuePipeEnds(t *T) {
	a, b := t.Pipe()
	t.Keep(a)
	t.Keep(b)
	t.Rec("ends", a, b, a.LocalAddr(), a.RemoteAddr())
	k := blockedRead(t, b)
	t.Write("write", a, "through")
	t.Rec("read", k.Wait()...)
	t.Check(a.SetReadDeadline(time.Now().Add(time.Millisecond)))
	t.Read("read out of time", a, 4)
	k = blockedRead(t, b)
	t.Rec("close", b.Close())
	t.Rec("read", k.Wait()...)
	t.Write("write to a closed end", a, "x")
	t.Rec("clear deadline", a.SetReadDeadline(never))
	t.Read("read from a closed end", a, 4)
	t.Rec("close again", b.Close())
}

func valueErrorsSentinels(t *T) {
	c, _ := t.TCPPair()
	t.Check(c.Close())
	_, err := c.Read(make([]byte, 1))
	t.Rec("ErrClosed", t.ErrClosed(), t.ErrClosed() == net.ErrClosed, err.(*net.OpError).Err == t.ErrClosed())
	u := t.UDP4()
	d := t.dialUDP(u.LocalAddr())
	_, err = d.WriteTo([]byte("x"), u.LocalAddr())
	t.Rec("ErrWriteToConnected", t.ErrWriteToConnected(), t.ErrWriteToConnected() == net.ErrWriteToConnected, err.(*net.OpError).Err == t.ErrWriteToConnected())
}
