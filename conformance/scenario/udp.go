//go:build linux

package scenario

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// blockedReadFrom starts a ReadFrom that waits.
func blockedReadFrom(t *T, c net.PacketConn) *Task {
	return t.Park(func() []any {
		b := make([]byte, 16)
		n, addr, err := c.ReadFrom(b)
		return all(n, string(b[:max(n, 0)]), addr, err)
	})
}

// readFrom records what one ReadFrom gives.
func readFrom(t *T, name string, c net.PacketConn, size int) {
	b := make([]byte, size)
	n, addr, err := c.ReadFrom(b)
	t.Rec(name, n, b[:max(n, 0)], addr, err)
}

// readMsg records what one ReadMsgUDP gives, but for the bytes out of band.
func readMsg(t *T, name string, c UDPConn, size, oobSize int) (oob []byte) {
	b := make([]byte, size)
	oob = make([]byte, oobSize)
	n, oobn, flags, addr, err := c.ReadMsgUDP(b, oob)
	t.Rec(name, n, b[:max(n, 0)], "oob", oobn, "flags", flags, addr, err)
	return oob[:max(oobn, 0)]
}

// dialUDP dials a connected socket.
func (t *T) dialUDP(to net.Addr) UDPConn {
	c, err := t.DialUDP("udp", nil, to.(*net.UDPAddr))
	t.Check(err)
	t.Keep(c)
	return c
}

var udp = []Scenario{
	{
		Name: "udp/listen/forms",
		Doc:  "ListenPacket on every form of address with every network; addresses and sockets",
		run: func(t *T) {
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
		},
	},
	{
		Name: "udp/listen/typed",
		Doc:  "ListenUDP with nil, empty, short, mapped and impossible addresses",
		run: func(t *T) {
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
		},
	},
	{
		Name: "udp/listen/in-use",
		Doc:  "a second socket on a port: refused, also on the wildcard, and given away after Close",
		run: func(t *T) {
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
		},
	},
	{
		Name: "udp/listen/bad-network",
		Doc:  "ListenPacket with networks that don't exist or have no packets",
		run: func(t *T) {
			for _, network := range []string{"", "udp5", "UDP", "tcp", "tcp4", "ip", "ip4", "ip4:nosuchproto", "udp:53"} {
				c, err := t.ListenPacket(network, "127.0.0.1:0")
				t.Rec(network, c, err)
				t.Keep(c)
			}
		},
	},
	{
		Name: "udp/dial/forms",
		Doc:  "Dial and DialUDP: addresses of both ends, with and without a local address",
		run: func(t *T) {
			peer := t.UDP4()
			for _, network := range []string{"udp", "udp4", "udp6"} {
				for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "::", "::ffff:127.0.0.1"} {
					c, err := t.Dial(network, t.hostPort(host, peer.LocalAddr()))
					rec(t, network+" "+host, c, err)
				}
			}
			to := peer.LocalAddr().(*net.UDPAddr)
			for name, from := range inOrder(
				named[*net.UDPAddr]{"nowhere", nil},
				named[*net.UDPAddr]{"zero", &net.UDPAddr{}},
				named[*net.UDPAddr]{"an address", &net.UDPAddr{IP: net.IP{127, 0, 0, 8}}},
				named[*net.UDPAddr]{"IPv6", &net.UDPAddr{IP: net.IPv6loopback}},
				named[*net.UDPAddr]{"a foreign address", &net.UDPAddr{IP: net.IP{198, 51, 100, 7}}},
				named[*net.UDPAddr]{"one in use", to},
			) {
				c, err := t.DialUDP("udp", from, to)
				t.Rec("from "+name, c, err)
				if c != nil {
					t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
					t.Socket("socket", c)
					t.Check(c.Close())
				}
			}
		},
	},
	{
		Name: "udp/dial/bad",
		Doc:  "dials with bad networks and addresses, by every function",
		run: func(t *T) {
			defer t.goResolver()()
			for _, address := range []string{"", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:nosuchservice", "[::1]:", "no such host:9"} {
				c, err := t.Dial("udp", address)
				t.Rec("dial "+address, c, err)
				t.Keep(c)
			}
			to := &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 9}
			for _, network := range []string{"", "udp5", "tcp", "unixgram", "ip4:udp"} {
				c, err := t.DialUDP(network, nil, to)
				t.Rec("DialUDP "+network, c, err)
				c, err = t.DialUDP(network, nil, nil)
				t.Rec("DialUDP nil "+network, c, err)
				c, err = t.DialerDialUDP(context.Background(), Dialer{}, network, netip.AddrPort{}, to.AddrPort())
				t.Rec("Dialer.DialUDP "+network, c, err)
			}
			c, err := t.DialUDP("udp", nil, &net.UDPAddr{IP: make(net.IP, 7), Port: 9})
			t.Rec("7 bytes", c, err)
			c, err = t.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv6loopback, Port: 9})
			t.Rec("udp4 to IPv6", c, err)
			c, err = t.DialUDP("udp", nil, &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 1 << 17})
			t.Rec("port too high", c, err)
		},
	},
	{
		Name: "udp/dial/addr-port",
		Doc:  "Dialer.DialUDP with netip addresses, and with a Control",
		run: func(t *T) {
			peer := t.UDP4()
			to := peer.LocalAddr().(*net.UDPAddr).AddrPort()
			d := Dialer{Control: func(network, address string, c syscall.RawConn) error {
				t.Rec("control", network, address)
				return nil
			}}
			for name, from := range inOrder(
				named[netip.AddrPort]{"zero", netip.AddrPort{}},
				named[netip.AddrPort]{"an address", netip.MustParseAddrPort("127.0.0.9:0")},
				named[netip.AddrPort]{"IPv6", netip.MustParseAddrPort("[::1]:0")},
			) {
				c, err := t.DialerDialUDP(context.Background(), d, "udp", from, to)
				t.Rec("from "+name, c, err)
				if c != nil {
					t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
					t.Check(c.Close())
				}
			}
			c, err := t.DialerDialUDP(context.Background(), Dialer{}, "udp", netip.AddrPort{}, netip.AddrPort{})
			t.Rec("to nowhere", c, err)
			t.Keep(c)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			c, err = t.DialerDialUDP(ctx, Dialer{}, "udp", netip.AddrPort{}, to)
			t.Rec("cancelled", c, err)
			t.Keep(c)
			nc, err := t.DialerDial(Dialer{Timeout: -1}, "udp", to.String())
			t.Rec("no time", nc, err)
			t.Keep(nc)
			nc, err = t.DialerDial(Dialer{LocalAddr: &net.TCPAddr{}}, "udp", to.String())
			t.Rec("mismatched", nc, err)
			t.Keep(nc)
		},
	},
	{
		Name: "udp/io/unconnected",
		Doc:  "every way to write and to read a datagram on sockets that are not connected",
		run: func(t *T) {
			a, b := t.UDP4(), t.UDP4()
			to := b.LocalAddr().(*net.UDPAddr)
			t.Op("WriteTo")(a.WriteTo([]byte("one"), to))
			t.Op("WriteToUDP")(a.WriteToUDP([]byte("two"), to))
			t.Op("WriteToUDPAddrPort")(a.WriteToUDPAddrPort([]byte("three"), to.AddrPort()))
			t.Op("WriteMsgUDP")(a.WriteMsgUDP([]byte("four"), nil, to))
			t.Op("WriteMsgUDPAddrPort")(a.WriteMsgUDPAddrPort([]byte("five"), nil, to.AddrPort()))
			t.Op("WriteTo for Read")(a.WriteTo([]byte("six"), to))
			readFrom(t, "ReadFrom", b, 16)
			buf := make([]byte, 16)
			t.Op("ReadFromUDP")(b.ReadFromUDP(buf))
			t.Op("ReadFromUDPAddrPort")(b.ReadFromUDPAddrPort(buf))
			readMsg(t, "ReadMsgUDP", b, 16, 0)
			t.Op("ReadMsgUDPAddrPort")(b.ReadMsgUDPAddrPort(buf, nil))
			t.Read("Read", b, 16)
		},
	},
	{
		Name: "udp/io/connected",
		Doc:  "a connected socket: it reads from its peer only, and refuses WriteTo in every form",
		run: func(t *T) {
			peer, other := t.UDP4(), t.UDP4()
			c := t.dialUDP(peer.LocalAddr())
			to := peer.LocalAddr().(*net.UDPAddr)
			t.Write("write", c, "hello")
			readFrom(t, "peer reads", peer, 16)
			t.Op("a stranger writes")(other.WriteTo([]byte("stranger"), c.LocalAddr()))
			t.Op("peer writes")(peer.WriteTo([]byte("peer"), c.LocalAddr()))
			readFrom(t, "read from", c, 16)
			t.Op("peer writes")(peer.WriteTo([]byte("again"), c.LocalAddr()))
			t.Read("read", c, 16)
			t.Op("WriteTo")(c.WriteTo([]byte("x"), to))
			t.Op("WriteTo nil")(c.WriteTo([]byte("x"), nil))
			t.Op("WriteToUDP")(c.WriteToUDP([]byte("x"), to))
			t.Op("WriteToUDP nil")(c.WriteToUDP([]byte("x"), nil))
			t.Op("WriteToUDPAddrPort")(c.WriteToUDPAddrPort([]byte("x"), to.AddrPort()))
			t.Op("WriteMsgUDP")(c.WriteMsgUDP([]byte("x"), nil, to))
			t.Op("WriteMsgUDPAddrPort")(c.WriteMsgUDPAddrPort([]byte("x"), nil, to.AddrPort()))
			t.Op("WriteMsgUDP nil")(c.WriteMsgUDP([]byte("msg"), nil, nil))
			t.Op("WriteMsgUDPAddrPort none")(c.WriteMsgUDPAddrPort([]byte("msg"), nil, netip.AddrPort{}))
			readFrom(t, "peer reads", peer, 16)
			readFrom(t, "peer reads", peer, 16)
		},
	},
	{
		Name: "udp/io/bad-destination",
		Doc:  "writes to nil, wrong types and families, impossible addresses",
		run: func(t *T) {
			c := t.UDP4()
			var none *net.UDPAddr
			for name, to := range inOrder(
				named[net.Addr]{"nil", nil},
				named[net.Addr]{"typed nil", none},
				named[net.Addr]{"TCP", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 9}},
				named[net.Addr]{"IP", &net.IPAddr{IP: net.IP{127, 0, 0, 1}}},
				named[net.Addr]{"IPv6", &net.UDPAddr{IP: net.IPv6loopback, Port: 9}},
				named[net.Addr]{"5 bytes", &net.UDPAddr{IP: make(net.IP, 5), Port: 9}},
				named[net.Addr]{"port 0", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}}},
				named[net.Addr]{"port too high", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 65536}},
			) {
				t.Op("WriteTo " + name)(c.WriteTo([]byte("x"), to))
				if to, ok := to.(*net.UDPAddr); ok {
					t.Op("WriteToUDP " + name)(c.WriteToUDP([]byte("x"), to))
					t.Op("WriteMsgUDP " + name)(c.WriteMsgUDP([]byte("x"), nil, to))
				}
			}
			for _, to := range []netip.AddrPort{{}, netip.MustParseAddrPort("[::1]:9"), netip.MustParseAddrPort("127.0.0.1:0"), netip.AddrPortFrom(netip.Addr{}, 9)} {
				t.Op("WriteToUDPAddrPort")(c.WriteToUDPAddrPort([]byte("x"), to))
				t.Op("WriteMsgUDPAddrPort")(c.WriteMsgUDPAddrPort([]byte("x"), nil, to))
			}
			t.Write("Write without a peer", c, "x")
			t.Op("Write of nothing without a peer")(c.Write(nil))
			t.Op("WriteMsgUDP with bad oob")(c.WriteMsgUDP([]byte("x"), []byte{1, 2, 3}, &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: t.FreeUDPPort()}))
		},
	},
	{
		Name:  "udp/io/families",
		Doc:   "an IPv6 socket, dual-stack and not, and peers of both families: forms of addresses, errors",
		needs: []host.Need{host.IPv6, host.MappedIPv4},
		run: func(t *T) {
			four := t.UDP4()
			for _, network := range []string{"udp", "udp6"} {
				six, err := t.ListenUDP(network, nil)
				t.Check(err)
				port := t.Port(six.LocalAddr())
				v4, v6 := &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: port}, &net.UDPAddr{IP: net.IPv6loopback, Port: port}
				t.Op(network + ": IPv6 to itself")(six.WriteTo([]byte("six"), v6))
				readFrom(t, "read", six, 16)
				t.Op(network + ": IPv6 to itself by AddrPort")(six.WriteToUDPAddrPort([]byte("six"), v6.AddrPort()))
				t.Op("read")(six.ReadFromUDPAddrPort(make([]byte, 16)))
				t.Op(network + ": to IPv4 of 4 bytes")(six.WriteTo([]byte("four"), four.LocalAddr()))
				t.Op(network + ": to IPv4 of 16 bytes")(six.WriteToUDP([]byte("four"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: t.Port(four.LocalAddr())}))
				t.Op(network + ": to IPv4 by AddrPort")(six.WriteToUDPAddrPort([]byte("four"), four.LocalAddr().(*net.UDPAddr).AddrPort()))
				t.Op(network + ": to mapped by AddrPort")(six.WriteToUDPAddrPort([]byte("four"), netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.0.1"), uint16(t.Port(four.LocalAddr())))))
				if network == "udp" {
					for range 4 {
						readFrom(t, "IPv4 reads", four, 16)
					}
					for range 3 {
						t.Op("IPv4 to dual-stack")(four.WriteTo([]byte("back"), v4))
					}
					readFrom(t, "read from IPv4", six, 16)
					t.Op("read from IPv4 by AddrPort")(six.ReadFromUDPAddrPort(make([]byte, 16)))
					readMsg(t, "read message from IPv4", six, 16, 0)
				}
				t.Check(six.Close())
			}
			t.Op("IPv4 to mapped by AddrPort")(four.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.0.1"), uint16(t.Port(four.LocalAddr())))))
			t.Op("read by AddrPort")(four.ReadFromUDPAddrPort(make([]byte, 16)))
		},
	},
	{
		Name: "udp/io/zero-length",
		Doc:  "datagrams of no bytes arrive, are read, and are no end of anything",
		run: func(t *T) {
			peer := t.UDP4()
			c := t.dialUDP(peer.LocalAddr())
			t.Write("write nothing", c, "")
			t.Op("write nil")(c.Write(nil))
			t.Op("peer writes nothing")(peer.WriteTo(nil, c.LocalAddr()))
			readFrom(t, "peer reads", peer, 16)
			readFrom(t, "peer reads into nothing", peer, 0)
			k := blockedReadFrom(t, peer)
			t.Read("read into something", c, 16)
			t.Write("write", c, "end")
			t.Rec("peer reads", k.Wait()...)
			t.Write("write", c, "lost")
			t.Await(peer, unix.POLLIN)
			t.Read("peer reads into nothing by Read", peer, 0)
			readMsg(t, "peer reads a message", peer, 16, 0)
		},
	},
	{
		Name: "udp/io/truncated",
		Doc:  "datagrams longer than the buffer are cut, with a flag where there are flags",
		run: func(t *T) {
			peer := t.UDP4()
			c := t.dialUDP(peer.LocalAddr())
			for range 5 {
				t.Write("write", c, "0123456789")
			}
			readFrom(t, "ReadFrom", peer, 4)
			t.Read("Read", peer, 4)
			readMsg(t, "ReadMsgUDP", peer, 4, 0)
			t.Op("ReadFromUDPAddrPort")(peer.ReadFromUDPAddrPort(make([]byte, 1)))
			readMsg(t, "ReadMsgUDP of nothing", peer, 0, 0)
		},
	},
	{
		Name: "udp/io/too-long",
		Doc:  "datagrams at the limit and above it",
		run: func(t *T) {
			peer := t.UDP4()
			c := t.dialUDP(peer.LocalAddr())
			const limit = 65507
			t.Check(peer.SetReadBuffer(1 << 20))
			t.Op("at the limit")(c.Write(pattern(limit)))
			readFrom(t, "peer reads", peer, 1<<16)
			t.Op("above it")(c.Write(make([]byte, limit+1)))
			t.Op("above it, WriteTo")(peer.WriteTo(make([]byte, 70000), c.LocalAddr()))
			t.Op("above it, message")(peer.WriteMsgUDP(make([]byte, 70000), nil, c.LocalAddr().(*net.UDPAddr)))
			t.Op("above it, AddrPort")(peer.WriteToUDPAddrPort(make([]byte, 70000), c.LocalAddr().(*net.UDPAddr).AddrPort()))
		},
	},
	{
		Name: "udp/io/refused",
		Doc:  "a connected socket whose peer is gone hears of it, on reading or on writing, blocked or not",
		run: func(t *T) {
			c := t.dialUDP(&net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: t.FreeUDPPort()})
			t.Write("write", c, "anybody?")
			t.Await(c, unix.POLLERR)
			t.Read("read", c, 16)
			t.Write("write", c, "anybody?")
			t.Await(c, unix.POLLERR)
			t.Write("write hears of it", c, "anybody?")
			t.Write("write", c, "anybody?")
			t.Await(c, unix.POLLERR)
			readFrom(t, "read from", c, 16)
			k := blockedRead(t, c)
			t.Write("write", c, "anybody?")
			t.Rec("blocked read", k.Wait()...)
			t.Write("write", c, "anybody?")
			t.Await(c, unix.POLLERR)
			readMsg(t, "read message", c, 16, 0)
			alone := t.UDP4()
			t.Op("an unconnected socket writes")(alone.WriteTo([]byte("x"), c.RemoteAddr()))
			t.Check(alone.SetReadDeadline(time.Now().Add(5 * time.Millisecond)))
			readFrom(t, "and hears nothing", alone, 16)
		},
	},
	{
		Name: "udp/io/order",
		Doc:  "many datagrams to one reader keep their order and their bounds",
		run: func(t *T) {
			peer := t.UDP4()
			c := t.dialUDP(peer.LocalAddr())
			for i := range 50 {
				t.Op("write")(c.Write(pattern(i * 3)))
			}
			for range 50 {
				b := make([]byte, 200)
				n, err := peer.Read(b)
				t.Rec("read", n, err)
			}
		},
	},
	{
		Name: "udp/message/packet-info",
		Doc:  "control messages: the destination of a datagram, read with enough room and with too little, and a source set by hand",
		run: func(t *T) {
			server, err := t.ListenUDP("udp4", nil)
			t.Check(err)
			t.Keep(server)
			t.Control(server, func(fd int) {
				t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1))
			})
			c := t.UDP4()
			to := &net.UDPAddr{IP: net.IP{127, 0, 0, 11}, Port: t.Port(server.LocalAddr())}
			for range 3 {
				t.Op("write")(c.WriteTo([]byte("data"), to))
			}
			oob := readMsg(t, "with room", server, 16, 64)
			msgs, err := unix.ParseSocketControlMessage(oob)
			t.Check(err)
			for _, m := range msgs {
				t.Rec("control message", m.Header.Level, m.Header.Type, len(m.Data), m.Data[8:12])
			}
			readMsg(t, "with too little room", server, 16, 20)
			readMsg(t, "with no room", server, 16, 0)
			info := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: [4]byte{127, 0, 0, 12}})
			t.Op("write with a source")(server.WriteMsgUDP([]byte("data"), info, c.LocalAddr().(*net.UDPAddr)))
			readFrom(t, "read", c, 16)
			t.Op("write with a source by AddrPort")(server.WriteMsgUDPAddrPort([]byte("data"), info, c.LocalAddr().(*net.UDPAddr).AddrPort()))
			t.Op("read")(c.ReadFromUDPAddrPort(make([]byte, 16)))
			t.Op("only out of band")(server.WriteMsgUDP(nil, info, c.LocalAddr().(*net.UDPAddr)))
			readFrom(t, "read nothing", c, 16)
		},
	},
	{
		Name: "udp/option/buffers-and-broadcast",
		Doc:  "buffer sizes read back; broadcast is allowed on every socket",
		run: func(t *T) {
			c := t.UDP4()
			d := t.dialUDP(c.LocalAddr())
			for _, c := range []UDPConn{c, d} {
				for _, size := range []int{32 << 10, 0, -1} {
					t.Rec("set read", size, c.SetReadBuffer(size))
					t.Rec("set write", size, c.SetWriteBuffer(size))
					t.Opt("SO_RCVBUF", c, unix.SOL_SOCKET, unix.SO_RCVBUF)
					t.Opt("SO_SNDBUF", c, unix.SOL_SOCKET, unix.SO_SNDBUF)
				}
				t.Opt("SO_BROADCAST", c, unix.SOL_SOCKET, unix.SO_BROADCAST)
			}
		},
	},
	{
		Name: "udp/deadline/read",
		Doc:  "read deadlines of every reading method: past, near, cleared",
		run: func(t *T) {
			c := t.UDP4()
			t.Rec("past", c.SetReadDeadline(past))
			readFrom(t, "ReadFrom", c, 4)
			b := make([]byte, 4)
			t.Op("ReadFromUDP")(c.ReadFromUDP(b))
			t.Op("ReadFromUDPAddrPort")(c.ReadFromUDPAddrPort(b))
			t.Op("ReadMsgUDP")(c.ReadMsgUDP(b, nil))
			t.Op("ReadMsgUDPAddrPort")(c.ReadMsgUDPAddrPort(b, nil))
			t.Read("Read", c, 4)
			t.Read("Read nothing", c, 0)
			readFrom(t, "ReadFrom nothing", c, 0)
			t.Rec("near", c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			readFrom(t, "ReadFrom", c, 4)
			t.Rec("none", c.SetReadDeadline(never))
			k := blockedReadFrom(t, c)
			t.Rec("past while blocked", c.SetDeadline(past))
			t.Rec("ReadFrom", k.Wait()...)
		},
	},
	{
		Name: "udp/deadline/write",
		Doc:  "write deadlines of every writing method",
		run: func(t *T) {
			c := t.UDP4()
			to := c.LocalAddr().(*net.UDPAddr)
			t.Rec("past", c.SetWriteDeadline(past))
			t.Op("WriteTo")(c.WriteTo([]byte("x"), to))
			t.Op("WriteToUDPAddrPort")(c.WriteToUDPAddrPort([]byte("x"), to.AddrPort()))
			t.Op("WriteMsgUDP")(c.WriteMsgUDP([]byte("x"), nil, to))
			t.Op("WriteMsgUDPAddrPort")(c.WriteMsgUDPAddrPort([]byte("x"), nil, to.AddrPort()))
			t.Op("Write")(c.Write([]byte("x")))
			t.Rec("none", c.SetWriteDeadline(never))
			t.Op("WriteTo")(c.WriteTo([]byte("x"), to))
			readFrom(t, "ReadFrom", c, 4)
		},
	},
	{
		Name: "udp/close/blocked",
		Doc:  "Close ends reads that are blocked or queued; a second Close fails",
		run: func(t *T) {
			c := t.UDP4()
			tasks := []*Task{blockedReadFrom(t, c), blockedReadFrom(t, c), blockedRead(t, c)}
			t.Rec("close", c.Close())
			for _, k := range tasks {
				t.Rec("read", k.Wait()...)
			}
			t.Rec("close again", c.Close())
		},
	},
	{
		Name: "udp/close/every-method-after",
		Doc:  "every method of closed sockets, connected and not",
		run: func(t *T) {
			c := t.UDP4()
			d := t.dialUDP(c.LocalAddr())
			t.Check(c.Close())
			t.Check(d.Close())
			everyMethod(t, "unconnected", c)
			everyMethod(t, "connected", d)
		},
	},
	{
		Name:  "udp/close/leaked",
		Doc:   "datagram sockets that nobody refers to any more are closed by the garbage collector, UDP's and Unix's",
		pools: true,
		run: func(t *T) {
			var at *net.UDPAddr
			name := &net.UnixAddr{Name: t.Abstract(), Net: "unixgram"}
			stream := &net.UnixAddr{Name: t.Abstract(), Net: "unix"}
			func() {
				c, err := t.ListenUDP("udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}})
				t.Check(err)
				at = c.LocalAddr().(*net.UDPAddr)
				_, err = t.ListenUnixgram("unixgram", name)
				t.Check(err)
				_, err = t.ListenUnix("unix", stream)
				t.Check(err)
			}()
			for what, again := range inOrder(
				named[func() (net.PacketConn, error)]{"UDP", func() (net.PacketConn, error) { return t.ListenPacket("udp", at.String()) }},
				named[func() (net.PacketConn, error)]{"unixgram", func() (net.PacketConn, error) { return t.ListenPacket("unixgram", name.Name) }},
				named[func() (net.PacketConn, error)]{"unix", func() (net.PacketConn, error) { return t.ListenPacket("unix", stream.Name) }},
			) {
				t.Until("the name is free again", func() bool {
					runtime.GC()
					c, err := again()
					if err == nil {
						c.Close()
					}
					return err == nil
				})
				t.Rec(what, "closed")
			}
		},
	},
	{
		Name: "udp/file/copies",
		Doc:  "File of a socket and FilePacketConn, FileConn of the file: addresses, and whether they count as connected",
		run: func(t *T) {
			peer := t.UDP4()
			c := t.dialUDP(peer.LocalAddr())
			for name, u := range inOrder(named[UDPConn]{"unconnected", peer}, named[UDPConn]{"connected", c}) {
				f, err := u.File()
				t.Rec(name+": file", f, err)
				t.Check(err)
				p, err := t.FilePacketConn(f)
				t.Rec("packet conn", p, err)
				t.Check(err)
				t.Rec("local", p.LocalAddr())
				t.Rec("remote", p.(UDPConn).RemoteAddr())
				t.Op("WriteTo")(p.WriteTo([]byte("copy"), peer.LocalAddr()))
				fc, err := t.FileConn(f)
				t.Rec("conn", fc, err)
				t.Check(err)
				t.Op("Write")(fc.Write([]byte("copy")))
				t.Rec("closed", f.Close(), p.Close(), fc.Close())
			}
			readFrom(t, "peer reads", peer, 16)
		},
	},
	{
		Name: "udp/raw/control-read-write",
		Doc:  "SyscallConn of a socket: Control, Read and Write, before and after Close",
		run: func(t *T) {
			c := t.UDP4()
			rc := raw(t, c)
			t.Rec("control", rc.Control(func(uintptr) {}))
			k := t.Park(func() []any {
				var got string
				err := rc.Read(func(fd uintptr) bool {
					b := make([]byte, 16)
					n, _, err := unix.Recvfrom(int(fd), b, 0)
					if err == unix.EAGAIN {
						return false
					}
					got = string(b[:n])
					return true
				})
				return all(got, err)
			})
			t.Op("write")(c.WriteTo([]byte("raw"), c.LocalAddr()))
			t.Rec("read", k.Wait()...)
			t.Rec("write", rc.Write(func(uintptr) bool { return true }))
			t.Check(c.Close())
			t.Rec("control after", rc.Control(func(uintptr) {}))
			t.Rec("read after", rc.Read(func(uintptr) bool { return true }))
			t.Rec("write after", rc.Write(func(uintptr) bool { return true }))
		},
	},
	{
		Name: "udp/listen/control",
		Doc:  "ListenConfig.Control of packet sockets: arguments, an option, an error",
		run: func(t *T) {
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
		},
	},
	{
		Name:  "udp/multicast/listen",
		Doc:   "ListenMulticastUDP: address, options, membership, and two listeners on one group both get what is sent",
		needs: []host.Need{host.Multicast},
		run: func(t *T) {
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
		},
	},
	{
		Name:  "udp/multicast/listen-ipv6",
		Doc:   "ListenMulticastUDP on an IPv6 group of the loopback interface",
		needs: []host.Need{host.IPv6, host.MulticastIPv6},
		run: func(t *T) {
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
		},
	},
	{
		Name: "udp/multicast/bad",
		Doc:  "ListenMulticastUDP with groups that are none, of the other family, on interfaces that are none",
		run: func(t *T) {
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
		},
	},
	{
		Name: "udp/io/concurrent",
		Doc:  "several writers of one socket and one reader: no datagram is mixed",
		run: func(t *T) {
			peer := t.UDP4()
			t.Check(peer.SetReadBuffer(1 << 20))
			c := t.UDP4()
			const writers, each = 4, 20
			var tasks []*Task
			for i := range writers {
				tasks = append(tasks, t.Go(func() []any {
					for range each {
						if _, err := c.WriteTo([]byte(strings.Repeat(string(rune('a'+i)), 10+i)), peer.LocalAddr()); err != nil {
							return all(err)
						}
					}
					return all(nil)
				}))
			}
			whole := true
			b := make([]byte, 32)
			for range writers * each {
				n, err := peer.Read(b)
				t.Check(err)
				whole = whole && n == 10+int(b[0]-'a') && strings.Count(string(b[:n]), string(b[:1])) == n
			}
			t.Rec("whole", whole)
			for _, k := range tasks {
				t.Rec("writer", k.Wait()...)
			}
		},
	},
}
