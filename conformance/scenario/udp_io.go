//go:build linux

package scenario

import (
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
	"go.parity/conformance/pattern"
)

// blockedReadFrom starts a ReadFrom that waits.
func blockedReadFrom(t *T, c net.PacketConn) *Task {
	return t.Park(func() []any {
		b := make([]byte, 16)
		n, addr, err := c.ReadFrom(b)
		return all(n, string(b[:max(n, 0)]), addr, err)
	})
}

// readFrom records what one ReadFrom returns.
func readFrom(t *T, name string, c net.PacketConn, size int) {
	b := make([]byte, size)
	n, addr, err := c.ReadFrom(b)
	t.Rec(name, n, b[:max(n, 0)], addr, err)
}

// readMsg records what one ReadMsgUDP returns, except the bytes out of band.
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

var udpIO = []Scenario{
	{
		Name: "udp/io/unconnected",
		Doc:  "every way to write and to read a datagram on sockets that are not connected",
		run:  udpIOUnconnected,
	},
	{
		Name: "udp/io/connected",
		Doc:  "a connected socket: it reads from its peer only, and refuses WriteTo in every form",
		run:  udpIOConnected,
	},
	{
		Name: "udp/io/bad-destination",
		Doc:  "writes to nil, wrong types and families, impossible addresses",
		run:  udpIOBadDestination,
	},
	{
		Name:  "udp/io/families",
		Doc:   "an IPv6 socket, dual-stack and not, and peers of both families: forms of addresses, errors",
		needs: []host.Need{host.IPv6, host.MappedIPv4},
		run:   udpIOFamilies,
	},
	{
		Name: "udp/io/zero-length",
		Doc:  "empty datagrams arrive, and reading one is not the end of the stream",
		run:  udpIOZeroLength,
	},
	{
		Name: "udp/io/truncated",
		Doc:  "datagrams longer than the buffer are cut, with a flag if the method returns flags",
		run:  udpIOTruncated,
	},
	{
		Name: "udp/io/too-long",
		Doc:  "datagrams at the limit and above it",
		run:  udpIOTooLong,
	},
	{
		Name: "udp/io/refused",
		Doc:  "a connected socket whose peer is gone hears of it, on reading or on writing, blocked or not",
		run:  udpIORefused,
	},
	{
		Name: "udp/io/order",
		Doc:  "many datagrams to one reader keep their order and their boundaries",
		run:  udpIOOrder,
	},
	{
		Name: "udp/message/packet-info",
		Doc:  "control messages: the destination of a datagram, read with enough room and with too little, and a source set by hand",
		run:  udpMessagePacketInfo,
	},
	{
		Name: "udp/io/concurrent",
		Doc:  "several writers of one socket and one reader: datagrams do not mix",
		run:  udpIOConcurrent,
	},
}

func udpIOUnconnected(t *T) {
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
}

func udpIOConnected(t *T) {
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
}

func udpIOBadDestination(t *T) {
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
}

func udpIOFamilies(t *T) {
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
}

func udpIOZeroLength(t *T) {
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
}

func udpIOTruncated(t *T) {
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
}

func udpIOTooLong(t *T) {
	peer := t.UDP4()
	c := t.dialUDP(peer.LocalAddr())
	const limit = 65507
	t.Check(peer.SetReadBuffer(1 << 20))
	t.Op("at the limit")(c.Write(pattern.Bytes(limit)))
	readFrom(t, "peer reads", peer, 1<<16)
	t.Op("above it")(c.Write(make([]byte, limit+1)))
	t.Op("above it, WriteTo")(peer.WriteTo(make([]byte, 70000), c.LocalAddr()))
	t.Op("above it, message")(peer.WriteMsgUDP(make([]byte, 70000), nil, c.LocalAddr().(*net.UDPAddr)))
	t.Op("above it, AddrPort")(peer.WriteToUDPAddrPort(make([]byte, 70000), c.LocalAddr().(*net.UDPAddr).AddrPort()))
}

func udpIORefused(t *T) {
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
}

func udpIOOrder(t *T) {
	peer := t.UDP4()
	c := t.dialUDP(peer.LocalAddr())
	for i := range 50 {
		t.Op("write")(c.Write(pattern.Bytes(i * 3)))
	}
	for range 50 {
		b := make([]byte, 200)
		n, err := peer.Read(b)
		t.Rec("read", n, err)
	}
}

func udpMessagePacketInfo(t *T) {
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
}

func udpIOConcurrent(t *T) {
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
}
