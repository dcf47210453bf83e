//go:build linux

package scenario

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"strings"

	"go.parity/conformance/pattern"
)

// unixgram returns a datagram socket with a name.
func (t *T) unixgram() UnixConn {
	c, err := t.ListenUnixgram("unixgram", &net.UnixAddr{Name: t.Abstract(), Net: "unixgram"})
	t.Check(err)
	t.Keep(c)
	return c
}

var unixIO = []Scenario{
	{
		Name: "unix/stream/io",
		Doc:  "a stream in both directions, half closed at either end",
		run:  unixStreamIO,
	},
	{
		Name: "unix/stream/zero-length",
		Doc:  "reads and writes of nothing on a stream",
		run:  unixStreamZeroLength,
	},
	{
		Name: "unix/stream/peer-gone",
		Doc:  "a peer that closes with data unread, while the other reads and writes",
		run:  unixStreamPeerGone,
	},
	{
		Name:  "unix/stream/copy",
		Doc:   "megabytes through a stream by io.Copy, complete",
		run:   unixStreamCopy,
		pools: true,
	},
	{
		Name: "unix/packet/bounds",
		Doc:  "unixpacket keeps the boundaries of packets; empty ones read as the end; long ones are cut",
		run:  unixPacketBounds,
	},
	{
		Name: "unix/end/every-read",
		Doc:  "the end of a stream and of packets by every method that reads: from Go 1.27 on io.EOF is bare in each",
		run:  unixEndEveryRead,
	},
	{
		Name: "unix/packet/too-long",
		Doc:  "a packet longer than the socket's buffer",
		run:  unixPacketTooLong,
	},
	{
		Name: "unix/gram/unconnected",
		Doc:  "datagrams between named sockets by every method",
		run:  unixGramUnconnected,
	},
	{
		Name: "unix/gram/nameless-peer",
		Doc:  "datagrams from a socket without a name: no address comes with them",
		run:  unixGramNamelessPeer,
	},
	{
		Name: "unix/gram/connected",
		Doc:  "a connected datagram socket: both names, the refusal of WriteTo, strangers kept out",
		run:  unixGramConnected,
	},
	{
		Name: "unix/gram/bad-destination",
		Doc:  "datagrams to nil, wrong types and networks, names without a socket, names too long",
		run:  unixGramBadDestination,
	},
	{
		Name: "unix/gram/full-queue",
		Doc:  "a datagram socket whose queue is full makes writers wait, until somebody reads, a deadline or Close",
		run:  unixGramFullQueue,
	},
	{
		Name: "unix/gram/unlink",
		Doc:  "a datagram socket at a path leaves its file behind",
		run:  unixGramUnlink,
	},
}

func unixStreamIO(t *T) {
	c, s := t.UnixPair("unix")
	t.Write("write", c, "abc")
	t.Write("write", c, "def")
	t.ReadFull("read", s, 4)
	t.Rec("close write", c.CloseWrite())
	t.Write("write after", c, "x")
	t.ReadFull("read the rest", s, 2)
	t.Read("read the end", s, 4)
	t.Write("peer writes", s, "back")
	t.ReadFull("read", c, 4)
	t.Rec("peer closes for reading", s.CloseRead())
	t.Rec("close read", c.CloseRead())
	t.Read("read after", c, 4)
	t.Write("peer writes to one that reads no more", s, "x")
	t.Rec("close", c.Close(), s.Close())
	t.Rec("half close after close", c.CloseRead(), c.CloseWrite())
}

func unixStreamZeroLength(t *T) {
	c, s := t.UnixPair("unix")
	t.Write("write", c, "")
	t.Read("read", s, 0)
	t.Write("write something", c, "x")
	t.Read("read nothing with something there", s, 0)
	t.Read("read it", s, 4)
	t.Check(c.Close())
	t.Read("read nothing at the end", s, 0)
	t.Read("read at the end", s, 4)
	t.Write("write nothing to one that is gone", s, "")
	t.Write("write to one that is gone", s, "x")
}

func unixStreamPeerGone(t *T) {
	c, s := t.UnixPair("unix")
	k := blockedRead(t, c)
	t.Write("write", c, "never read")
	t.Check(s.Close())
	t.Rec("blocked read", k.Wait()...)
	t.Read("read again", c, 4)
	t.Write("write", c, "x")
	c, s = t.UnixPair("unix")
	w := t.Park(func() []any { n, err := c.Write(make([]byte, 8<<20)); return all(n > 0, n < 8<<20, err) })
	t.Check(s.Close())
	t.Rec("blocked write", w.Wait()...)
}

func unixStreamCopy(t *T) {
	c, s := t.UnixPair("unix")
	data := pattern.Bytes(3 << 20)
	k := t.Go(func() []any { n, err := io.Copy(c, bytes.NewReader(data)); return all(n, err, c.Close()) })
	got, err := io.ReadAll(s)
	t.Rec("read", bytes.Equal(got, data), err)
	t.Rec("copy", k.Wait()...)
}

func unixPacketBounds(t *T) {
	c, s := t.UnixPair("unixpacket")
	for _, text := range []string{"one", "twotwo", "three"} {
		t.Write("write", c, text)
	}
	t.Read("read", s, 16)
	t.Read("read cut", s, 3)
	b, oob := make([]byte, 2), make([]byte, 8)
	t.Op("read message cut")(s.ReadMsgUnix(b, oob))
	t.Write("write nothing", c, "")
	t.Read("read nothing", s, 16)
	t.Write("write more", c, "more")
	t.Read("read more", s, 16)
	t.Write("write for ReadFrom", c, "from")
	readFrom(t, "ReadFrom", s, 16)
	t.Check(c.Close())
	t.Read("read the end", s, 16)
	t.Write("write to one that is gone", s, "x")
}

func unixEndEveryRead(t *T) {
	for _, network := range []string{"unix", "unixpacket"} {
		c, s := t.UnixPair(network)
		t.Write(network+" write", c, "last")
		t.Check(c.CloseWrite())
		readFrom(t, network+" ReadFrom", s, 16)
		readFrom(t, network+" ReadFrom, the end", s, 16)
		b, oob := make([]byte, 16), make([]byte, 16)
		t.Op(network + " ReadFromUnix, the end")(s.ReadFromUnix(b))
		t.Op(network + " ReadMsgUnix, the end")(s.ReadMsgUnix(b, oob))
		t.Op(network + " ReadMsgUnix without bytes out of band, the end")(s.ReadMsgUnix(b, nil))
		t.Op(network + " ReadMsgUnix of nothing, the end")(s.ReadMsgUnix(nil, nil))
		readFrom(t, network+" ReadFrom of nothing, the end", s, 0)
		t.Read(network+" Read, the end", s, 16)
	}
}

func unixPacketTooLong(t *T) {
	c, s := t.UnixPair("unixpacket")
	t.Check(c.SetWriteBuffer(8 << 10))
	t.Op("write")(c.Write(make([]byte, 1<<20)))
	t.Write("write after", c, "fits")
	t.Read("read", s, 16)
}

func unixGramUnconnected(t *T) {
	a, b := t.unixgram(), t.unixgram()
	to := b.LocalAddr().(*net.UnixAddr)
	t.Rec("addresses", a.LocalAddr(), a.RemoteAddr())
	t.Socket("socket", a)
	t.Op("WriteTo")(a.WriteTo([]byte("one"), to))
	t.Op("WriteToUnix")(a.WriteToUnix([]byte("two"), to))
	t.Op("WriteMsgUnix")(a.WriteMsgUnix([]byte("three"), nil, to))
	t.Op("WriteTo")(a.WriteTo([]byte("four"), to))
	t.Op("WriteTo nothing")(a.WriteTo(nil, to))
	readFrom(t, "ReadFrom", b, 16)
	buf := make([]byte, 16)
	t.Op("ReadFromUnix")(b.ReadFromUnix(buf))
	t.Op("ReadMsgUnix")(b.ReadMsgUnix(buf, nil))
	t.Read("Read cut", b, 2)
	readFrom(t, "ReadFrom nothing", b, 16)
}

func unixGramNamelessPeer(t *T) {
	b := t.unixgram()
	c, err := t.DialUnix("unixgram", nil, b.LocalAddr().(*net.UnixAddr))
	t.Rec("dial", c, err)
	t.Check(err)
	t.Keep(c)
	t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
	for range 3 {
		t.Write("write", c, "who?")
	}
	readFrom(t, "ReadFrom", b, 16)
	buf := make([]byte, 16)
	t.Op("ReadFromUnix")(b.ReadFromUnix(buf))
	t.Op("ReadMsgUnix")(b.ReadMsgUnix(buf, nil))
}

func unixGramConnected(t *T) {
	b, stranger := t.unixgram(), t.unixgram()
	c, err := t.DialUnix("unixgram", &net.UnixAddr{Name: t.Abstract(), Net: "unixgram"}, b.LocalAddr().(*net.UnixAddr))
	t.Check(err)
	t.Keep(c)
	t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
	t.Write("write", c, "hello")
	readFrom(t, "peer reads", b, 16)
	t.Op("peer answers")(b.WriteTo([]byte("answer"), c.LocalAddr()))
	t.Read("read", c, 16)
	t.Op("a stranger writes")(stranger.WriteTo([]byte("x"), c.LocalAddr()))
	to := b.LocalAddr().(*net.UnixAddr)
	t.Op("WriteTo")(c.WriteTo([]byte("x"), to))
	t.Op("WriteTo nil")(c.WriteTo([]byte("x"), nil))
	t.Op("WriteToUnix nil")(c.WriteToUnix([]byte("x"), nil))
	t.Op("WriteMsgUnix")(c.WriteMsgUnix([]byte("x"), nil, to))
	t.Op("WriteMsgUnix nil")(c.WriteMsgUnix([]byte("x"), nil, nil))
	t.Check(b.Close())
	t.Write("write to one that is gone", c, "x")
	local, err := t.DialUnix("unixgram", &net.UnixAddr{Name: t.Abstract(), Net: "unixgram"}, nil)
	t.Rec("local name only", local, err)
	if local != nil {
		t.Rec("addresses", local.LocalAddr(), local.RemoteAddr())
		t.Write("write", local, "x")
		t.Check(local.Close())
	}
}

func unixGramBadDestination(t *T) {
	c := t.unixgram()
	var none *net.UnixAddr
	for name, to := range inOrder(
		named[net.Addr]{"nil", nil},
		named[net.Addr]{"typed nil", none},
		named[net.Addr]{"UDP", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 9}},
		named[net.Addr]{"another network", &net.UnixAddr{Name: "@nobody", Net: "unix"}},
		named[net.Addr]{"no network", &net.UnixAddr{Name: "@nobody"}},
		named[net.Addr]{"nobody", &net.UnixAddr{Name: "@nobody/here", Net: "unixgram"}},
		named[net.Addr]{"no file", &net.UnixAddr{Name: "/no/such/file", Net: "unixgram"}},
		named[net.Addr]{"empty", &net.UnixAddr{Net: "unixgram"}},
		named[net.Addr]{"too long", &net.UnixAddr{Name: strings.Repeat("x", 200), Net: "unixgram"}},
	) {
		t.Op("WriteTo " + name)(c.WriteTo([]byte("x"), to))
		if to, ok := to.(*net.UnixAddr); ok {
			t.Op("WriteToUnix " + name)(c.WriteToUnix([]byte("x"), to))
			t.Op("WriteMsgUnix " + name)(c.WriteMsgUnix([]byte("x"), nil, to))
		}
	}
	t.Write("Write without a peer", c, "x")
	a, _ := t.UnixPair("unix")
	to := c.LocalAddr().(*net.UnixAddr)
	t.Op("a stream's WriteTo")(a.WriteTo([]byte("x"), to))
	t.Op("a stream's WriteToUnix")(a.WriteToUnix([]byte("x"), &net.UnixAddr{Name: "@nobody", Net: "unix"}))
	t.Op("a stream's WriteMsgUnix")(a.WriteMsgUnix([]byte("x"), nil, to))
}

func unixGramFullQueue(t *T) {
	b := t.unixgram()
	c, err := t.DialUnix("unixgram", nil, b.LocalAddr().(*net.UnixAddr))
	t.Check(err)
	t.Keep(c)
	fill := func() []any {
		for {
			if _, err := c.Write([]byte("x")); err != nil {
				return all(err)
			}
		}
	}
	k := t.Park(fill)
	t.Check(c.SetWriteDeadline(past))
	t.Rec("deadline", k.Wait()...)
	t.Check(c.SetWriteDeadline(never))
	k = t.Park(func() []any { return all(c.Write([]byte("last"))) })
	t.Read("peer reads", b, 4)
	t.Rec("write", k.Wait()...)
	k = t.Park(fill)
	t.Check(c.Close())
	t.Rec("close", k.Wait()...)
}

func unixGramUnlink(t *T) {
	path := filepath.Join(t.Dir(), "gram")
	c, err := t.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	t.Rec("listen", c, err)
	t.Check(err)
	t.Rec("addr", c.LocalAddr())
	t.Rec("close", c.Close())
	t.Rec("file is there", there(path))
	c, err = t.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	t.Rec("listen again", c, err)
	t.Keep(c)
	auto, err := t.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"})
	t.Rec("autobind", auto, err)
	t.Check(err)
	t.Rec("addr", auto.LocalAddr())
	t.Rec("close", auto.Close())
}
