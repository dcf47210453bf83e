//go:build linux

package scenario

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// there says whether a file is in the way of name.
func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// unixgram returns a datagram socket with a name.
func (t *T) unixgram() UnixConn {
	c, err := t.ListenUnixgram("unixgram", &net.UnixAddr{Name: t.Abstract(), Net: "unixgram"})
	t.Check(err)
	t.Keep(c)
	return c
}

var unixSockets = []Scenario{
	{
		Name: "unix/listen/path",
		Doc:  "a listener at a path: its address and socket, both ends of a connection, the file gone after Close",
		run: func(t *T) {
			for _, network := range []string{"unix", "unixpacket"} {
				path := filepath.Join(t.Dir(), "socket")
				l, err := t.Listen(network, path)
				t.Rec(network, l, err)
				t.Check(err)
				t.Rec("addr", l.Addr())
				t.Rec("file is there", there(path))
				t.Socket("listener", l.(UnixListener))
				c, err := t.Dial(network, path)
				t.Rec("dial", c, err)
				t.Check(err)
				s, err := l.Accept()
				t.Rec("accept", s, err)
				t.Check(err)
				t.Rec("client", c.LocalAddr(), c.RemoteAddr())
				t.Rec("server", s.LocalAddr(), s.RemoteAddr())
				t.Socket("client", c.(UnixConn))
				t.Socket("server", s.(UnixConn))
				t.Write("write", c, "hello")
				t.Read("read", s, 16)
				t.Rec("close", c.Close())
				t.Read("read the end", s, 16)
				t.Rec("close", s.Close())
				t.Rec("close listener", l.Close())
				t.Rec("file is there", there(path))
				t.Rec("close again", l.Close())
			}
		},
	},
	{
		Name: "unix/listen/abstract",
		Doc:  "listeners in the abstract namespace, and names that the kernel chooses",
		run: func(t *T) {
			for _, network := range []string{"unix", "unixpacket"} {
				name := t.Abstract()
				l, err := t.Listen(network, name)
				t.Rec(network, l, err)
				t.Check(err)
				t.Rec("addr", l.Addr())
				again, err := t.Listen(network, name)
				t.Rec("again", again, err)
				c, err := t.Dial(network, name)
				t.Rec("dial", c, err)
				t.Keep(c)
				t.Rec("close", l.Close())
				c, err = t.Dial(network, name)
				t.Rec("dial after close", c, err)
				auto, err := t.ListenUnix(network, &net.UnixAddr{Net: network})
				t.Rec("autobind", auto, err)
				t.Check(err)
				t.Rec("addr", auto.Addr())
				c, err = t.Dial(network, auto.Addr().String())
				t.Rec("dial", c, err)
				t.Keep(c)
				t.Rec("close", auto.Close())
			}
		},
	},
	{
		Name: "unix/listen/unlink",
		Doc:  "SetUnlinkOnClose: kept, removed, removed by somebody else, replaced by somebody else",
		run: func(t *T) {
			dir := t.Dir()
			for _, unlink := range []bool{false, true} {
				path := filepath.Join(dir, "socket")
				l, err := t.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
				t.Check(err)
				l.SetUnlinkOnClose(unlink)
				t.Rec("close", unlink, l.Close())
				t.Rec("file is there", there(path))
				os.Remove(path)
			}
			path := filepath.Join(dir, "gone")
			l, err := t.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			t.Check(err)
			t.Check(os.Remove(path))
			t.Rec("close one that is gone", l.Close())
			l, err = t.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			t.Check(err)
			t.Check(os.Remove(path))
			t.Check(os.WriteFile(path, []byte("somebody else's"), 0o600))
			t.Rec("close one that was replaced", l.Close())
			t.Rec("file is there", there(path))
			t.Check(os.WriteFile(path, []byte("later"), 0o600))
			t.Rec("close again", l.Close())
			t.Rec("file is there", there(path))
		},
	},
	{
		Name: "unix/listen/bad",
		Doc:  "paths that are taken, missing, forbidden, too long; bad networks",
		run: func(t *T) {
			dir := t.Dir()
			taken := filepath.Join(dir, "taken")
			t.Check(os.WriteFile(taken, nil, 0o600))
			for name, path := range inOrder(
				named[string]{"taken", taken},
				named[string]{"in no directory", filepath.Join(dir, "nowhere", "socket")},
				named[string]{"in a file", filepath.Join(taken, "socket")},
				named[string]{"a directory", dir},
				named[string]{"longest", filepath.Join(dir, strings.Repeat("x", 106-len(dir)))},
				named[string]{"one more", filepath.Join(dir, strings.Repeat("x", 107-len(dir)))},
				named[string]{"too long", filepath.Join(dir, strings.Repeat("x", 108-len(dir)))},
				named[string]{"far too long", "/" + strings.Repeat("x", 300)},
				named[string]{"abstract too long", "@" + strings.Repeat("x", 120)},
				named[string]{"with a zero byte", dir + "/a\x00b"},
			) {
				for _, network := range []string{"unix", "unixpacket", "unixgram"} {
					l, err := t.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
					t.Rec("ListenUnix "+network+" "+name, l, err)
					if err == nil {
						t.Check(l.Close())
					}
					p, err := t.ListenPacket(network, path)
					t.Rec("ListenPacket "+network+" "+name, p, err)
					t.Keep(p)
					os.Remove(path)
					t.Check(os.WriteFile(taken, nil, 0o600))
				}
			}
			for _, network := range []string{"", "unixstream", "tcp", "unixgram:x"} {
				l, err := t.ListenUnix(network, &net.UnixAddr{Name: taken, Net: network})
				t.Rec("ListenUnix "+network, l, err)
				c, err := t.ListenUnixgram(network, &net.UnixAddr{Name: taken, Net: network})
				t.Rec("ListenUnixgram "+network, c, err)
			}
		},
	},
	{
		Name: "unix/listen/mode-mixed",
		Doc:  "Listen on unixgram and ListenPacket on unix: what net makes of them",
		run: func(t *T) {
			dir := t.Dir()
			l, err := t.Listen("unixgram", filepath.Join(dir, "a"))
			t.Rec("Listen unixgram", l, err)
			if err == nil {
				t.Rec("addr", l.Addr())
				c, err := l.Accept()
				t.Rec("accept", c, err)
				t.Rec("close", l.Close())
				t.Rec("file is there", there(filepath.Join(dir, "a")))
			}
			p, err := t.ListenPacket("unix", filepath.Join(dir, "b"))
			t.Rec("ListenPacket unix", p, err)
			if err == nil {
				t.Rec("addr", p.LocalAddr())
				t.Op("read")(p.ReadFrom(make([]byte, 4)))
				t.Rec("close", p.Close())
				t.Rec("file is there", there(filepath.Join(dir, "b")))
			}
		},
	},
	{
		Name: "unix/dial/bad",
		Doc:  "dials to nothing, to files that are no sockets, to sockets of other types, to nobody",
		run: func(t *T) {
			dir := t.Dir()
			file := filepath.Join(dir, "file")
			t.Check(os.WriteFile(file, nil, 0o600))
			stream, gram, dead := filepath.Join(dir, "stream"), filepath.Join(dir, "gram"), filepath.Join(dir, "dead")
			l, err := t.Listen("unix", stream)
			t.Check(err)
			t.Keep(l)
			p, err := t.ListenPacket("unixgram", gram)
			t.Check(err)
			t.Keep(p)
			d, err := t.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
			t.Check(err)
			d.SetUnlinkOnClose(false)
			t.Check(d.Close())
			for name, path := range inOrder(
				named[string]{"nothing", filepath.Join(dir, "nothing")},
				named[string]{"empty", ""},
				named[string]{"a file", file},
				named[string]{"a directory", dir},
				named[string]{"a stream", stream},
				named[string]{"datagrams", gram},
				named[string]{"a dead socket", dead},
				named[string]{"too long", "/" + strings.Repeat("x", 200)},
				named[string]{"abstract nothing", "@nobody/listens/here"},
			) {
				for _, network := range []string{"unix", "unixgram", "unixpacket"} {
					c, err := t.Dial(network, path)
					t.Rec(network+" to "+name, c, err)
					t.Keep(c)
				}
			}
			for _, network := range []string{"", "unixstream", "tcp"} {
				c, err := t.DialUnix(network, nil, &net.UnixAddr{Name: stream, Net: network})
				t.Rec("DialUnix "+network, c, err)
				c, err = t.DialUnix(network, nil, nil)
				t.Rec("DialUnix nil "+network, c, err)
			}
			var none *net.UnixAddr
			c, err := t.DialUnix("unix", none, &net.UnixAddr{})
			t.Rec("to an empty name", c, err)
		},
	},
	{
		Name: "unix/dial/local-address",
		Doc:  "dials from a name: taken, given, of another network, by Dialer and DialUnix",
		run: func(t *T) {
			dir := t.Dir()
			name := t.Abstract()
			l, err := t.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
			t.Check(err)
			t.Keep(l)
			from := &net.UnixAddr{Name: filepath.Join(dir, "client"), Net: "unix"}
			c, err := t.DialUnix("unix", from, &net.UnixAddr{Name: name, Net: "unix"})
			t.Rec("DialUnix", c, err)
			t.Check(err)
			t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
			s, err := t.AcceptUnix(l)
			t.Check(err)
			t.Rec("accepted", s.LocalAddr(), s.RemoteAddr())
			again, err := t.DialUnix("unix", from, &net.UnixAddr{Name: name, Net: "unix"})
			t.Rec("from a taken name", again, err)
			t.Rec("close", c.Close(), s.Close())
			t.Rec("the client's file is there", there(from.Name))
			for name2, laddr := range inOrder(
				named[net.Addr]{"abstract", &net.UnixAddr{Name: t.Abstract(), Net: "unix"}},
				named[net.Addr]{"empty", &net.UnixAddr{Net: "unix"}},
				named[net.Addr]{"of another network", &net.UnixAddr{Name: "@x", Net: "unixgram"}},
				named[net.Addr]{"TCP", &net.TCPAddr{}},
			) {
				c, err := t.DialerDial(Dialer{LocalAddr: laddr}, "unix", name)
				t.Rec("Dialer from "+name2, c, err)
				if c != nil {
					t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
					t.Check(c.Close())
				}
			}
		},
	},
	{
		Name: "unix/dial/dialer",
		Doc:  "Dialer over Unix sockets: Control's arguments and error, time and cancellation, DialUnix",
		run: func(t *T) {
			name := t.Abstract()
			l, err := t.Listen("unix", name)
			t.Check(err)
			t.Keep(l)
			d := Dialer{Control: func(network, address string, c syscall.RawConn) error {
				t.Rec("control", network, address, c)
				return nil
			}}
			c, err := t.DialerDial(d, "unix", name)
			t.Rec("dial", c, err)
			t.Keep(c)
			u, err := t.DialerDialUnix(context.Background(), d, "unix", nil, &net.UnixAddr{Name: name, Net: "unix"})
			t.Rec("DialUnix", u, err)
			t.Keep(u)
			c, err = t.DialerDial(Dialer{Control: func(string, string, syscall.RawConn) error { return errScript }}, "unix", name)
			t.Rec("failing control", c, err)
			c, err = t.DialerDial(Dialer{Timeout: -1}, "unix", name)
			t.Rec("no time", c, err)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			c, err = t.DialerDialContext(ctx, Dialer{}, "unix", name)
			t.Rec("cancelled", c, err)
			u, err = t.DialerDialUnix(ctx, Dialer{}, "unix", nil, &net.UnixAddr{Name: name, Net: "unix"})
			t.Rec("DialUnix cancelled", u, err)
			lc := ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
				t.Rec("listen control", network, address)
				return errScript
			}}
			for _, network := range []string{"unix", "unixpacket"} {
				l, err := t.ConfigListen(context.Background(), lc, network, t.Abstract())
				t.Rec("listen", l, err)
			}
			p, err := t.ConfigListenPacket(context.Background(), lc, "unixgram", t.Abstract())
			t.Rec("listen packet", p, err)
		},
	},
	{
		Name: "unix/dial/full-backlog",
		Doc:  "a dial to a listener whose backlog is full does not wait",
		run: func(t *T) {
			name := t.Abstract()
			l, err := t.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
			t.Check(err)
			t.Keep(l)
			t.Control(l, func(fd int) { t.Check(unix.Listen(fd, 0)) })
			for range 3 {
				c, err := t.Dial("unix", name)
				t.Rec("dial", c, err)
				t.Keep(c)
			}
		},
	},
	{
		Name: "unix/stream/io",
		Doc:  "a stream in both directions, half closed at either end",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/stream/zero-length",
		Doc:  "reads and writes of nothing on a stream",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/stream/peer-gone",
		Doc:  "a peer that closes with data unread, while the other reads and writes",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/stream/copy",
		Doc:  "megabytes through a stream by io.Copy, complete",
		run: func(t *T) {
			c, s := t.UnixPair("unix")
			data := pattern(3 << 20)
			k := t.Go(func() []any { n, err := io.Copy(c, bytes.NewReader(data)); return all(n, err, c.Close()) })
			got, err := io.ReadAll(s)
			t.Rec("read", bytes.Equal(got, data), err)
			t.Rec("copy", k.Wait()...)
		},
		pools: true,
	},
	{
		Name: "unix/packet/bounds",
		Doc:  "unixpacket keeps the bounds of packets; empty ones read as the end; long ones are cut",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/end/every-read",
		Doc:  "the end of a stream and of packets by every method that reads: from Go 1.27 on io.EOF is bare in each",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/packet/too-long",
		Doc:  "a packet longer than the socket's buffer",
		run: func(t *T) {
			c, s := t.UnixPair("unixpacket")
			t.Check(c.SetWriteBuffer(8 << 10))
			t.Op("write")(c.Write(make([]byte, 1<<20)))
			t.Write("write after", c, "fits")
			t.Read("read", s, 16)
		},
	},
	{
		Name: "unix/gram/unconnected",
		Doc:  "datagrams between named sockets by every method",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/gram/nameless-peer",
		Doc:  "datagrams from a socket without a name: no address comes with them",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/gram/connected",
		Doc:  "a connected datagram socket: both names, the refusal of WriteTo, strangers kept out",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/gram/bad-destination",
		Doc:  "datagrams to nil, wrong types and networks, nobody, names too long",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/gram/full-queue",
		Doc:  "a datagram socket whose queue is full makes writers wait, until somebody reads, a deadline or Close",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/message/descriptors",
		Doc:  "descriptors passed along with bytes: how many come, that they work, that they are closed on exec",
		run: func(t *T) {
			for _, network := range []string{"unix", "unixpacket"} {
				c, s := t.UnixPair(network)
				r, w, err := os.Pipe()
				t.Check(err)
				rights := unix.UnixRights(int(r.Fd()), int(w.Fd()))
				t.Op(network + ": write")(c.WriteMsgUnix([]byte("two pipes"), rights, nil))
				b, oob := make([]byte, 32), make([]byte, 128)
				n, oobn, flags, addr, err := s.ReadMsgUnix(b, oob)
				t.Rec("read", n, b[:n], oobn, flags, addr, err)
				for _, fd := range passed(t, oob[:oobn]) {
					fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
					t.Rec("FD_CLOEXEC", fl&unix.FD_CLOEXEC != 0, err)
					unix.Close(fd)
				}
				t.Check(r.Close())
				t.Check(w.Close())
			}
		},
	},
	{
		Name: "unix/message/descriptors-lost",
		Doc:  "descriptors that come with too little room, or to a plain Read: cut, flagged, not leaked",
		run: func(t *T) {
			c, s := t.UnixPair("unix")
			r, w, err := os.Pipe()
			t.Check(err)
			t.Keep(r)
			t.Keep(w)
			rights := unix.UnixRights(int(r.Fd()), int(w.Fd()))
			b := make([]byte, 32)
			for _, room := range []int{0, 1, unix.CmsgSpace(0), unix.CmsgSpace(4), unix.CmsgSpace(8)} {
				t.Op("write")(c.WriteMsgUnix([]byte("x"), rights, nil))
				oob := make([]byte, room)
				n, oobn, flags, addr, err := s.ReadMsgUnix(b, oob)
				t.Rec("read", room, n, oobn, flags, addr, err)
				if oobn >= unix.CmsgSpace(4) {
					for _, fd := range passed(t, oob[:oobn]) {
						unix.Close(fd)
					}
				}
			}
			t.Op("write")(c.WriteMsgUnix([]byte("x"), rights, nil))
			t.Read("plain read", s, 4)
			t.Op("write bad descriptors")(c.WriteMsgUnix([]byte("x"), unix.UnixRights(1<<20), nil))
			t.Op("write bad control")(c.WriteMsgUnix([]byte("x"), []byte{1, 2, 3, 4}, nil))
		},
	},
	{
		Name: "unix/message/nothing",
		Doc:  "messages without bytes: only descriptors, and nothing at all",
		run: func(t *T) {
			for _, network := range []string{"unix", "unixpacket", "unixgram"} {
				var c, s UnixConn
				if network == "unixgram" {
					s = t.unixgram()
					var err error
					c, err = t.DialUnix("unixgram", nil, s.LocalAddr().(*net.UnixAddr))
					t.Check(err)
					t.Keep(c)
				} else {
					c, s = t.UnixPair(network)
				}
				f, err := os.Open(os.DevNull)
				t.Check(err)
				if network != "unixgram" {
					t.Op(network + ": only a descriptor")(c.WriteMsgUnix(nil, unix.UnixRights(int(f.Fd())), nil))
					b, oob := make([]byte, 8), make([]byte, 64)
					n, oobn, flags, addr, err := s.ReadMsgUnix(b, oob)
					t.Rec("read", n, oobn, flags, addr, err)
					for _, fd := range passed(t, oob[:max(oobn, 0)]) {
						unix.Close(fd)
					}
					t.Op("nothing at all")(c.WriteMsgUnix(nil, nil, nil))
				} else {
					t.Op(network + ": by WriteMsgUnix of a connected one")(c.WriteMsgUnix(nil, nil, nil))
				}
				t.Check(f.Close())
				t.Write("write", c, "x")
				t.Op("read into nothing")(s.ReadMsgUnix(nil, make([]byte, 16)))
			}
		},
	},
	{
		Name: "unix/message/credentials",
		Doc:  "credentials of the peer, asked for with an option",
		run: func(t *T) {
			c, s := t.UnixPair("unix")
			t.Control(s, func(fd int) { t.Check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)) })
			t.Write("write", c, "me")
			b, oob := make([]byte, 8), make([]byte, 64)
			n, oobn, flags, _, err := s.ReadMsgUnix(b, oob)
			t.Rec("read", n, oobn, flags, err)
			msgs, err := unix.ParseSocketControlMessage(oob[:oobn])
			t.Check(err)
			for _, m := range msgs {
				cred, err := unix.ParseUnixCredentials(&m)
				t.Check(err)
				t.Rec("credentials", int(cred.Pid) == os.Getpid(), int(cred.Uid) == os.Getuid())
			}
		},
	},
	{
		Name: "unix/accept/deadline-and-close",
		Doc:  "Accept of a Unix listener: deadlines past and near, Close while blocked, after Close",
		run: func(t *T) {
			for _, network := range []string{"unix", "unixpacket"} {
				l, err := t.ListenUnix(network, &net.UnixAddr{Name: t.Abstract(), Net: network})
				t.Check(err)
				t.Keep(l)
				t.Rec("past", l.SetDeadline(past))
				c, err := l.Accept()
				t.Rec("Accept", c, err)
				u, err := t.AcceptUnix(l)
				t.Rec("AcceptUnix", u, err)
				t.Rec("near", l.SetDeadline(time.Now().Add(5*time.Millisecond)))
				c, err = l.Accept()
				t.Rec("Accept", c, err)
				t.Rec("none", l.SetDeadline(never))
				k := t.Park(func() []any { return all(l.Accept()) })
				t.Rec("close", l.Close())
				t.Rec("Accept", k.Wait()...)
				everyMethod(t, network, l)
			}
		},
	},
	{
		Name: "unix/deadline/every-method",
		Doc:  "deadlines of streams and datagram sockets, by every method",
		run: func(t *T) {
			c, _ := t.UnixPair("unix")
			g := t.unixgram()
			to := g.LocalAddr().(*net.UnixAddr)
			for name, u := range inOrder(named[UnixConn]{"stream", c}, named[UnixConn]{"gram", g}) {
				t.Rec(name+": past", u.SetDeadline(past))
				b := make([]byte, 4)
				t.Op("Read")(u.Read(b))
				t.Op("Read nothing")(u.Read(nil))
				t.Op("ReadFrom")(u.ReadFrom(b))
				t.Op("ReadFromUnix")(u.ReadFromUnix(b))
				t.Op("ReadMsgUnix")(u.ReadMsgUnix(b, nil))
				t.Op("Write")(u.Write(b))
				t.Op("WriteTo")(u.WriteTo(b, to))
				t.Op("WriteMsgUnix")(u.WriteMsgUnix(b, nil, to))
				t.Rec("near", u.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
				t.Read("Read", u, 4)
				t.Rec("none", u.SetReadDeadline(never))
				k := blockedRead(t, u)
				t.Rec("past while blocked", u.SetReadDeadline(past))
				t.Rec("Read", k.Wait()...)
			}
		},
	},
	{
		Name: "unix/close/blocked",
		Doc:  "Close ends what is blocked on Unix sockets of each type; both ends after it",
		run: func(t *T) {
			c, s := t.UnixPair("unix")
			read := blockedRead(t, c)
			write := t.Park(func() []any { n, err := c.Write(make([]byte, 8<<20)); return all(n > 0, err) })
			t.Rec("close", c.Close())
			t.Rec("read", read.Wait()...)
			t.Rec("write", write.Wait()...)
			t.Rec("close again", c.Close())
			t.Rec("peer", s.Close())
			p, _ := t.UnixPair("unixpacket")
			k := t.Park(func() []any { return all(p.ReadMsgUnix(make([]byte, 4), nil)) })
			t.Rec("close packet", p.Close())
			t.Rec("read", k.Wait()...)
			g := t.unixgram()
			k = blockedReadFrom(t, g)
			t.Rec("close gram", g.Close())
			t.Rec("read", k.Wait()...)
		},
	},
	{
		Name: "unix/close/every-method-after",
		Doc:  "every method of closed Unix sockets",
		run: func(t *T) {
			c, s := t.UnixPair("unix")
			g := t.unixgram()
			t.Check(c.Close())
			t.Check(s.Close())
			t.Check(g.Close())
			everyMethod(t, "dialled", c)
			everyMethod(t, "accepted", s)
			everyMethod(t, "gram", g)
		},
	},
	{
		Name: "unix/gram/unlink",
		Doc:  "a datagram socket at a path leaves its file behind",
		run: func(t *T) {
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
		},
	},
	{
		Name: "unix/option/buffers",
		Doc:  "buffer sizes of Unix sockets, read back",
		run: func(t *T) {
			c, _ := t.UnixPair("unix")
			g := t.unixgram()
			for _, u := range []UnixConn{c, g} {
				for _, size := range []int{32 << 10, 0, -1} {
					t.Rec("set read", size, u.SetReadBuffer(size))
					t.Rec("set write", size, u.SetWriteBuffer(size))
					t.Opt("SO_RCVBUF", u, unix.SOL_SOCKET, unix.SO_RCVBUF)
					t.Opt("SO_SNDBUF", u, unix.SOL_SOCKET, unix.SO_SNDBUF)
				}
			}
		},
	},
	{
		Name: "unix/file/listener-and-connection",
		Doc:  "File of listeners and connections and what comes back from it: names, unlinking, reading on",
		run: func(t *T) {
			path := filepath.Join(t.Dir(), "socket")
			l, err := t.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			t.Check(err)
			f, err := l.File()
			t.Rec("file", f, err)
			t.Check(err)
			copied, err := t.FileListener(f)
			t.Rec("listener", copied, err)
			t.Check(err)
			t.Check(f.Close())
			t.Rec("addr", copied.Addr())
			t.Rec("close the copy", copied.Close())
			t.Rec("file is there", there(path))
			c, err := t.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
			t.Check(err)
			t.Keep(c)
			s, err := t.AcceptUnix(l)
			t.Check(err)
			t.Keep(s)
			for name, u := range inOrder(named[UnixConn]{"dialled", c}, named[UnixConn]{"accepted", s}) {
				f, err := u.File()
				t.Rec(name+": file", f, err)
				t.Check(err)
				fc, err := t.FileConn(f)
				t.Rec("conn", fc, err)
				t.Check(err)
				t.Rec("addresses", fc.LocalAddr(), fc.RemoteAddr())
				t.Write("write", fc, name)
				t.Check(f.Close())
				t.Check(fc.Close())
			}
			t.Read("accepted reads", s, 16)
			t.Read("dialled reads", c, 16)
			t.Rec("close", l.Close())
			t.Rec("file is there", there(path))
		},
	},
	{
		Name: "unix/raw/listener-and-connection",
		Doc:  "SyscallConn of Unix sockets: a listener's reads are invalid, a connection's work, until Close",
		run: func(t *T) {
			l, err := t.ListenUnix("unix", &net.UnixAddr{Name: t.Abstract(), Net: "unix"})
			t.Check(err)
			t.Keep(l)
			rl := raw(t, l)
			t.Rec("listener", rl, rl.Control(func(uintptr) {}), rl.Read(func(uintptr) bool { return true }), rl.Write(func(uintptr) bool { return true }))
			c, s := t.UnixPair("unix")
			rc := raw(t, c)
			k := t.Park(func() []any {
				var got int
				err := rc.Read(func(fd uintptr) bool {
					var err error
					got, err = unix.Read(int(fd), make([]byte, 8))
					return err != unix.EAGAIN
				})
				return all(got, err)
			})
			t.Write("write", s, "raw")
			t.Rec("read", k.Wait()...)
			t.Check(c.Close())
			t.Rec("after close", rc.Control(func(uintptr) {}), rc.Read(func(uintptr) bool { return true }), rc.Write(func(uintptr) bool { return true }))
		},
	},
}

// passed returns the descriptors in control messages.
func passed(t *T, oob []byte) (fds []int) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	t.Rec("control messages", len(msgs), err)
	for _, m := range msgs {
		rights, err := unix.ParseUnixRights(&m)
		t.Rec("descriptors", len(rights), err)
		fds = append(fds, rights...)
	}
	return fds
}
