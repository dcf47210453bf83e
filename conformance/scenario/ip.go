//go:build linux

package scenario

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// The protocol number 253 is for experiments (RFC 3692): nobody else on the
// loopback interface speaks it.
const experimental = "ip4:253"

// rawIP returns a raw IPv4 socket on an address of the loopback interface.
func (t *T) rawIP(d byte) IPConn {
	c, err := t.ListenIP(experimental, &net.IPAddr{IP: net.IP{127, 0, 77, d}})
	t.Check(err)
	t.Keep(c)
	return c
}

var rawIP = []Scenario{
	{
		Name:  "ip/listen/forms",
		Doc:   "ListenIP and ListenPacket on every form of address and network; addresses and sockets",
		needs: []host.Need{host.RawSockets},
		run:   ipListenForms,
	},
	{
		Name: "ip/listen/bad-network",
		Doc:  "IP networks without a protocol, with unknown protocols, and networks that are not IP",
		run:  ipListenBadNetwork,
	},
	{
		Name:  "ip/listen/forbidden",
		Doc:   "raw sockets without the privilege to make them",
		needs: []host.Need{host.NoRawSockets},
		run:   ipListenForbidden,
	},
	{
		Name:  "ip/dial/forms",
		Doc:   "Dial, DialIP and Dialer.DialIP: addresses, with and without a local one, and errors",
		needs: []host.Need{host.RawSockets},
		run:   ipDialForms,
	},
	{
		Name:  "ip/io/header",
		Doc:   "the IPv4 header: stripped by ReadFrom, there in Read and ReadMsgIP",
		needs: []host.Need{host.RawSockets},
		run:   ipIOHeader,
	},
	{
		Name:  "ip/io/short-buffer",
		Doc:   "reads into buffers shorter than the header, as long as it, and shorter than the packet",
		needs: []host.Need{host.RawSockets},
		run:   ipIOShortBuffer,
	},
	{
		Name:  "ip/io/connected",
		Doc:   "a connected raw socket: writes, reads, refusal of WriteTo, strangers kept out",
		needs: []host.Need{host.RawSockets},
		run:   ipIOConnected,
	},
	{
		Name:  "ip/io/bad-destination",
		Doc:   "writes to nil, wrong types and families, and too much at once",
		needs: []host.Need{host.RawSockets},
		run:   ipIOBadDestination,
	},
	{
		Name:  "ip/io/echo",
		Doc:   "an ICMP echo to the loopback interface and the kernel's reply",
		needs: []host.Need{host.RawSockets},
		run:   ipIOEcho,
	},
	{
		Name:  "ip/io/ipv6",
		Doc:   "raw IPv6 has no header to strip",
		needs: []host.Need{host.RawSocketsIPv6, host.IPv6},
		run:   ipIOIPv6,
	},
	{
		Name:  "ip/deadline/every-method",
		Doc:   "deadlines of a raw socket, by every method",
		needs: []host.Need{host.RawSockets},
		run:   ipDeadlineEveryMethod,
	},
	{
		Name:  "ip/close/blocked-and-after",
		Doc:   "Close ends reads that are blocked; every method after it",
		needs: []host.Need{host.RawSockets},
		run:   ipCloseBlockedAndAfter,
	},
	{
		Name:  "ip/file/copies",
		Doc:   "File of a raw socket and what FileConn and FilePacketConn make of it; SyscallConn; buffers",
		needs: []host.Need{host.RawSockets},
		run:   ipFileCopies,
	},
}

func ipListenForms(t *T) {
	for name, addr := range inOrder(
		named[*net.IPAddr]{"nil", nil},
		named[*net.IPAddr]{"zero", &net.IPAddr{}},
		named[*net.IPAddr]{"4 bytes", &net.IPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[*net.IPAddr]{"16 bytes", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		named[*net.IPAddr]{"IPv6", &net.IPAddr{IP: net.IPv6loopback}},
		named[*net.IPAddr]{"5 bytes", &net.IPAddr{IP: make(net.IP, 5)}},
		named[*net.IPAddr]{"foreign", &net.IPAddr{IP: net.IP{198, 51, 100, 7}}},
	) {
		for _, network := range []string{"ip4:253", "ip:253", "ip6:253", "ip4:icmp", "ip4:ICMP", "ip4:tcp"} {
			c, err := t.ListenIP(network, addr)
			t.Rec(network+" "+name, c, err)
			if err == nil {
				t.Rec("addr", c.LocalAddr())
				t.Rec("remote", c.RemoteAddr())
				t.Socket("socket", c)
				t.Check(c.Close())
			}
		}
	}
	for _, address := range []string{"", "127.0.0.1", "0.0.0.0", "::1", "::", "[::1]", "127.0.0.1:0", "::1%lo"} {
		for _, network := range []string{"ip4:253", "ip:253", "ip6:253"} {
			c, err := t.ListenPacket(network, address)
			t.Rec("packet "+network+" "+address, c, err)
			if err == nil {
				t.Rec("addr", c.LocalAddr())
				t.Check(c.Close())
			}
		}
	}
}

func ipListenBadNetwork(t *T) {
	to := &net.IPAddr{IP: net.IP{127, 0, 0, 1}}
	for _, network := range []string{
		"ip", "ip4", "ip6", "ip4:", "ip:", ":icmp", "ip4:nosuchproto", "ip4:-1", "ip4:99999999", "ip4:1 ", "ip5:icmp", "tcp", "udp:1", "unix", "",
	} {
		c, err := t.ListenIP(network, to)
		t.Rec("ListenIP "+network, c, err)
		t.Keep(c)
		c, err = t.DialIP(network, nil, to)
		t.Rec("DialIP "+network, c, err)
		t.Keep(c)
		c, err = t.DialerDialIP(context.Background(), Dialer{}, network, netip.Addr{}, netip.MustParseAddr("127.0.0.1"))
		t.Rec("Dialer.DialIP "+network, c, err)
		t.Keep(c)
		if network != "unix" {
			p, err := t.ListenPacket(network, "127.0.0.1")
			t.Rec("ListenPacket "+network, p, err)
			t.Keep(p)
		}
	}
	c, err := t.DialIP("ip4:253", nil, nil)
	t.Rec("DialIP to nil", c, err)
}

func ipListenForbidden(t *T) {
	c, err := t.ListenIP("ip4:icmp", nil)
	t.Rec("ListenIP", c, err)
	p, err := t.ListenPacket("ip4:icmp", "127.0.0.1")
	t.Rec("ListenPacket", p, err)
	d, err := t.Dial("ip4:icmp", "127.0.0.1")
	t.Rec("Dial", d, err)
	c, err = t.DialIP("ip6:253", nil, &net.IPAddr{IP: net.IPv6loopback})
	t.Rec("DialIP", c, err)
}

func ipDialForms(t *T) {
	for _, address := range []string{"127.0.0.1", "", "127.0.0.1:0", "::1", "no such host"} {
		for _, network := range []string{"ip4:253", "ip:253"} {
			c, err := t.Dial(network, address)
			rec(t, network+" "+address, c, err)
		}
	}
	to := &net.IPAddr{IP: net.IP{127, 0, 0, 1}}
	for name, from := range inOrder(
		named[*net.IPAddr]{"an address", &net.IPAddr{IP: net.IP{127, 0, 77, 5}}},
		named[*net.IPAddr]{"a foreign one", &net.IPAddr{IP: net.IP{198, 51, 100, 7}}},
		named[*net.IPAddr]{"IPv6", &net.IPAddr{IP: net.IPv6loopback}},
	) {
		c, err := t.DialIP(experimental, from, to)
		t.Rec("from "+name, c, err)
		if c != nil {
			t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
			t.Socket("socket", c)
			t.Check(c.Close())
		}
	}
	d := Dialer{Control: func(network, address string, c syscall.RawConn) error {
		t.Rec("control", network, address)
		return nil
	}}
	c, err := t.DialerDialIP(context.Background(), d, "ip:253", netip.Addr{}, netip.MustParseAddr("127.0.0.1"))
	t.Rec("Dialer", c, err)
	t.Keep(c)
	c, err = t.DialerDialIP(context.Background(), d, "ip4:253", netip.MustParseAddr("127.0.77.6"), netip.MustParseAddr("127.0.0.1"))
	t.Rec("Dialer from", c, err)
	t.Keep(c)
	c, err = t.DialerDialIP(context.Background(), Dialer{}, "ip4:253", netip.Addr{}, netip.Addr{})
	t.Rec("Dialer to nothing", c, err)
	t.Keep(c)
	nc, err := t.DialerDial(Dialer{LocalAddr: &net.UDPAddr{}}, "ip4:253", "127.0.0.1")
	t.Rec("mismatched", nc, err)
	nc, err = t.DialerDial(Dialer{Timeout: -1}, "ip4:253", "127.0.0.1")
	t.Rec("no time", nc, err)
}

func ipIOHeader(t *T) {
	a, b := t.rawIP(1), t.rawIP(2)
	to := b.LocalAddr()
	for range 4 {
		t.Op("WriteTo")(a.WriteTo([]byte("payload"), to))
	}
	readFrom(t, "ReadFrom", b, 64)
	buf := make([]byte, 64)
	n, addr, err := b.ReadFromIP(buf)
	t.Rec("ReadFromIP", n, buf[:n], addr, err)
	n, err = b.Read(buf)
	t.Rec("Read", n, buf[0], buf[20:n], err)
	n, oobn, flags, addr, err := b.ReadMsgIP(buf, nil)
	t.Rec("ReadMsgIP", n, buf[0], buf[20:n], oobn, flags, addr, err)
	t.Op("WriteToIP")(a.WriteToIP([]byte("to ip"), to.(*net.IPAddr)))
	readFrom(t, "ReadFrom", b, 64)
	t.Op("WriteMsgIP")(a.WriteMsgIP([]byte("message"), nil, to.(*net.IPAddr)))
	readFrom(t, "ReadFrom", b, 64)
	t.Op("WriteTo nothing")(a.WriteTo(nil, to))
	readFrom(t, "ReadFrom nothing", b, 64)
}

func ipIOShortBuffer(t *T) {
	a, b := t.rawIP(3), t.rawIP(4)
	for _, size := range []int{0, 1, 19, 20, 21, 24} {
		t.Op("WriteTo")(a.WriteTo([]byte("payload"), b.LocalAddr()))
		buf := make([]byte, size)
		n, addr, err := b.ReadFrom(buf)
		t.Rec("ReadFrom", size, n, addr, err)
		if size > 20 {
			t.Rec("payload", buf[:n])
		}
		t.Op("WriteTo")(a.WriteTo([]byte("payload"), b.LocalAddr()))
		n, oobn, flags, addr2, err := b.ReadMsgIP(buf, nil)
		t.Rec("ReadMsgIP", size, n, oobn, flags, addr2, err)
	}
}

func ipIOConnected(t *T) {
	peer, stranger := t.rawIP(7), t.rawIP(8)
	c, err := t.DialIP(experimental, &net.IPAddr{IP: net.IP{127, 0, 77, 9}}, peer.LocalAddr().(*net.IPAddr))
	t.Check(err)
	t.Keep(c)
	t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
	t.Write("write", c, "hello")
	readFrom(t, "peer reads", peer, 64)
	t.Op("a stranger writes")(stranger.WriteTo([]byte("stranger"), c.LocalAddr()))
	t.Op("peer writes")(peer.WriteTo([]byte("answer"), c.LocalAddr()))
	readFrom(t, "read", c, 64)
	to := peer.LocalAddr().(*net.IPAddr)
	t.Op("WriteTo")(c.WriteTo([]byte("x"), to))
	t.Op("WriteToIP")(c.WriteToIP([]byte("x"), nil))
	t.Op("WriteMsgIP")(c.WriteMsgIP([]byte("x"), nil, nil))
	t.Op("WriteTo another type")(c.WriteTo([]byte("x"), &net.UDPAddr{}))
}

func ipIOBadDestination(t *T) {
	c := t.rawIP(10)
	var none *net.IPAddr
	for name, to := range inOrder(
		named[net.Addr]{"nil", nil},
		named[net.Addr]{"typed nil", none},
		named[net.Addr]{"UDP", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}}},
		named[net.Addr]{"IPv6", &net.IPAddr{IP: net.IPv6loopback}},
		named[net.Addr]{"5 bytes", &net.IPAddr{IP: make(net.IP, 5)}},
	) {
		t.Op("WriteTo " + name)(c.WriteTo([]byte("x"), to))
		if to, ok := to.(*net.IPAddr); ok {
			t.Op("WriteToIP " + name)(c.WriteToIP([]byte("x"), to))
			t.Op("WriteMsgIP " + name)(c.WriteMsgIP([]byte("x"), nil, to))
		}
	}
	t.Write("Write without a peer", c, "x")
	to := &net.IPAddr{IP: net.IP{127, 0, 77, 11}}
	t.Op("too long")(c.WriteTo(make([]byte, 70000), to))
	t.Op("too long as a message")(c.WriteMsgIP(make([]byte, 70000), nil, to))
}

func ipIOEcho(t *T) {
	c, err := t.ListenPacket("ip4:icmp", "127.0.77.12")
	t.Check(err)
	t.Keep(c)
	echo := []byte{8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'}
	sum := uint32(0)
	for i := 0; i < len(echo); i += 2 {
		sum += uint32(echo[i])<<8 | uint32(echo[i+1])
	}
	sum = sum>>16 + sum&0xffff
	echo[2], echo[3] = byte(^sum>>8), byte(^sum)
	t.Op("write")(c.WriteTo(echo, &net.IPAddr{IP: net.IP{127, 0, 77, 12}}))
	for range 2 {
		b := make([]byte, 64)
		n, addr, err := c.ReadFrom(b)
		t.Rec("read", n, addr, err, b[0], b[8:n])
	}
}

func ipIOIPv6(t *T) {
	c, err := t.ListenIP("ip6:253", &net.IPAddr{IP: net.IPv6loopback})
	t.Rec("listen", c, err)
	t.Check(err)
	t.Keep(c)
	t.Rec("addr", c.LocalAddr())
	for range 2 {
		t.Op("write")(c.WriteTo([]byte("payload of six"), &net.IPAddr{IP: net.IPv6loopback, Zone: "lo"}))
	}
	readFrom(t, "read", c, 64)
	b := make([]byte, 64)
	t.Op("read message")(c.ReadMsgIP(b, make([]byte, 64)))
	t.Op("to IPv4")(c.WriteTo([]byte("x"), &net.IPAddr{IP: net.IP{127, 0, 0, 1}}))
}

func ipDeadlineEveryMethod(t *T) {
	c := t.rawIP(13)
	to := c.LocalAddr().(*net.IPAddr)
	b := make([]byte, 32)
	t.Rec("past", c.SetDeadline(past))
	t.Op("ReadFrom")(c.ReadFrom(b))
	t.Op("ReadFromIP")(c.ReadFromIP(b))
	t.Op("ReadMsgIP")(c.ReadMsgIP(b, nil))
	t.Op("Read")(c.Read(b))
	t.Op("WriteTo")(c.WriteTo(b, to))
	t.Op("WriteMsgIP")(c.WriteMsgIP(b, nil, to))
	t.Rec("near", c.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
	t.Op("ReadFrom")(c.ReadFrom(b))
	t.Rec("none", c.SetReadDeadline(never))
	k := blockedReadFrom(t, c)
	t.Rec("past while blocked", c.SetReadDeadline(past))
	t.Rec("ReadFrom", k.Wait()...)
}

func ipCloseBlockedAndAfter(t *T) {
	c := t.rawIP(14)
	k := blockedReadFrom(t, c)
	t.Rec("close", c.Close())
	t.Rec("read", k.Wait()...)
	everyMethod(t, "closed", c)
}

func ipFileCopies(t *T) {
	c := t.rawIP(15)
	f, err := c.File()
	t.Rec("file", f, err)
	t.Check(err)
	p, err := t.FilePacketConn(f)
	t.Rec("packet conn", p, err)
	t.Keep(p)
	fc, err := t.FileConn(f)
	t.Rec("conn", fc, err)
	t.Keep(fc)
	l, err := t.FileListener(f)
	t.Rec("listener", l, err)
	t.Check(f.Close())
	if p != nil {
		t.Rec("addr", p.LocalAddr())
	}
	t.Rec("raw", raw(t, c).Control(func(uintptr) {}))
	t.Rec("read buffer", c.SetReadBuffer(40000))
	t.Opt("SO_RCVBUF", c, unix.SOL_SOCKET, unix.SO_RCVBUF)
}
