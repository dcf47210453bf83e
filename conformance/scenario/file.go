//go:build linux

package scenario

import (
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// socketFile makes a socket that belongs to neither stack, as a file.
func (t *T) socketFile(domain, typ int) *os.File {
	fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC, 0)
	t.Check(err)
	f := os.NewFile(uintptr(fd), "socket")
	t.Keep(f)
	return f
}

// fromFile records what each of the three functions makes of f.
func fromFile(t *T, name string, f *os.File) {
	c, err := t.FileConn(f)
	t.Rec(name+": FileConn", c, err)
	if err == nil {
		t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
		t.Rec("close", c.Close())
	}
	l, err := t.FileListener(f)
	t.Rec(name+": FileListener", l, err)
	if err == nil {
		t.Rec("addr", l.Addr())
		t.Rec("close", l.Close())
	}
	p, err := t.FilePacketConn(f)
	t.Rec(name+": FilePacketConn", p, err)
	if err == nil {
		t.Rec("addr", p.LocalAddr())
		t.Rec("close", p.Close())
	}
}

var files = []Scenario{
	{
		Name: "file/from/sockets",
		Doc:  "FileConn, FileListener and FilePacketConn of every kind of socket, bound, connected and fresh",
		run:  fileFromSockets,
	},
	{
		Name: "file/from/no-sockets",
		Doc:  "FileConn, FileListener and FilePacketConn of files, directories, pipes, devices, and closed files",
		run:  fileFromNoSockets,
	},
	{
		Name: "file/conn/options",
		Doc:  "a connection made from a file: the stack sets its options as on any other, and the file's socket shares them",
		run:  fileConnOptions,
	},
	{
		Name: "file/listener/accepts",
		Doc:  "a listener made from a file: what it accepts has the stack's options, though the stack did not make the socket",
		run:  fileListenerAccepts,
	},
	{
		Name: "file/conn/unconnected-stream",
		Doc:  "a connection made from a stream socket that is not connected: what reads, writes and Close return",
		run:  fileConnUnconnectedStream,
	},
	{
		Name: "file/from/socket-pair",
		Doc:  "both ends of a socket pair as connections: nameless streams and datagrams that work",
		run:  fileFromSocketPair,
	},
	{
		Name:  "file/from/descriptors-exhausted",
		Doc:   "no descriptor left for the copy: an error, and the file still works",
		needs: []host.Need{host.Descriptors},
		run:   fileFromDescriptorsExhausted,
	},
}

func fileFromSockets(t *T) {
	c, _ := t.TCPPair()
	l := t.ListenTCP4()
	u := t.UDP4()
	ud := t.dialUDP(u.LocalAddr())
	s, _ := t.UnixPair("unix")
	p, _ := t.UnixPair("unixpacket")
	g := t.unixgram()
	ul, err := t.ListenUnix("unix", &net.UnixAddr{Name: t.Abstract(), Net: "unix"})
	t.Check(err)
	t.Keep(ul)
	type filer interface{ File() (*os.File, error) }
	for name, v := range inOrder(
		named[filer]{"TCP connection", c},
		named[filer]{"TCP listener", l},
		named[filer]{"UDP", u},
		named[filer]{"UDP connected", ud},
		named[filer]{"Unix stream", s},
		named[filer]{"Unix packets", p},
		named[filer]{"Unix datagrams", g},
		named[filer]{"Unix listener", ul},
	) {
		f, err := v.File()
		t.Check(err)
		fromFile(t, name, f)
		t.Check(f.Close())
	}
	fromFile(t, "fresh TCP", t.socketFile(unix.AF_INET, unix.SOCK_STREAM))
	fromFile(t, "fresh TCP over IPv6", t.socketFile(unix.AF_INET6, unix.SOCK_STREAM))
	fromFile(t, "fresh UDP", t.socketFile(unix.AF_INET, unix.SOCK_DGRAM))
	fromFile(t, "fresh Unix stream", t.socketFile(unix.AF_UNIX, unix.SOCK_STREAM))
	fromFile(t, "fresh Unix datagrams", t.socketFile(unix.AF_UNIX, unix.SOCK_DGRAM))
	fromFile(t, "netlink", t.socketFile(unix.AF_NETLINK, unix.SOCK_RAW))
}

func fileFromNoSockets(t *T) {
	dir := t.Dir()
	path := filepath.Join(dir, "file")
	t.Check(os.WriteFile(path, []byte("text"), 0o600))
	f, err := os.Open(path)
	t.Check(err)
	t.Keep(f)
	fromFile(t, "file", f)
	d, err := os.Open(dir)
	t.Check(err)
	t.Keep(d)
	fromFile(t, "directory", d)
	r, w, err := os.Pipe()
	t.Check(err)
	t.Keep(r)
	t.Keep(w)
	fromFile(t, "pipe", r)
	null, err := os.Open(os.DevNull)
	t.Check(err)
	t.Keep(null)
	fromFile(t, "device", null)
	t.Check(f.Close())
	fromFile(t, "closed file", f)
}

func fileConnOptions(t *T) {
	c, s := t.TCPPair()
	t.Check(c.SetNoDelay(false))
	t.Check(c.SetKeepAlive(false))
	t.Control(c, func(fd int) {
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 99))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 98))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 5))
	})
	f, err := c.File()
	t.Check(err)
	t.Keep(f)
	t.TCPOpts("before", c)
	fc, err := t.FileConn(f)
	t.Rec("conn", fc, err)
	t.Check(err)
	t.Keep(fc)
	t.TCPOpts("copy", fc.(TCPConn))
	t.TCPOpts("original", c)
	t.Flags("copy", fc.(TCPConn))
	t.Rec("addresses", fc.LocalAddr(), fc.RemoteAddr())
	t.Write("write", fc, "copy")
	t.ReadFull("peer reads", s, 4)
	t.Rec("close", fc.Close())
	t.Write("write by the original", c, "orig")
	t.ReadFull("peer reads", s, 4)
}

func fileListenerAccepts(t *T) {
	f := t.socketFile(unix.AF_INET, unix.SOCK_STREAM)
	fd := int(f.Fd())
	t.Check(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	t.Check(unix.Listen(fd, 5))
	l, err := t.FileListener(f)
	t.Rec("listener", l, err)
	t.Check(err)
	t.Keep(l)
	t.Rec("addr", l.Addr())
	t.Flags("listener", l.(TCPListener))
	for range 2 {
		c, s := t.TCPPairOn(l.(TCPListener))
		t.TCPOpts("accepted", s)
		t.Rec("addresses", s.LocalAddr(), s.RemoteAddr())
		t.Write("write", c, "x")
		t.Read("read", s, 4)
	}
	t.Rec("deadline", l.(TCPListener).SetDeadline(past))
	accept(t, "past", l.(TCPListener))
}

func fileConnUnconnectedStream(t *T) {
	for name, domain := range inOrder(named[int]{"TCP", unix.AF_INET}, named[int]{"Unix", unix.AF_UNIX}) {
		f := t.socketFile(domain, unix.SOCK_STREAM)
		c, err := t.FileConn(f)
		t.Rec(name, c, err)
		t.Check(err)
		t.Rec("addresses", c.LocalAddr(), c.RemoteAddr())
		t.Read("read", c, 4)
		t.Write("write", c, "x")
		if h, ok := c.(interface{ CloseWrite() error }); ok {
			t.Rec("close write", h.CloseWrite())
		}
		t.Rec("close", c.Close())
	}
}

func fileFromSocketPair(t *T) {
	for name, typ := range inOrder(
		named[int]{"stream", unix.SOCK_STREAM}, named[int]{"datagrams", unix.SOCK_DGRAM}, named[int]{"packets", unix.SOCK_SEQPACKET},
	) {
		fds, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
		t.Check(err)
		var ends [2]net.Conn
		for i, fd := range fds {
			f := os.NewFile(uintptr(fd), "pair")
			ends[i], err = t.FileConn(f)
			t.Rec(name, ends[i], err)
			t.Check(f.Close())
			t.Check(err)
			t.Keep(ends[i])
			t.Rec("addresses", ends[i].LocalAddr(), ends[i].RemoteAddr())
		}
		k := blockedRead(t, ends[0])
		t.Write("write", ends[1], "pair")
		t.Rec("read", k.Wait()...)
		u := ends[0].(UnixConn)
		t.Op("WriteTo")(u.WriteTo([]byte("x"), &net.UnixAddr{Name: "@nobody", Net: u.LocalAddr().Network()}))
		t.Op("WriteMsgUnix")(u.WriteMsgUnix([]byte("msg"), nil, nil))
		t.Read("read", ends[1], 8)
		t.Rec("close", ends[0].Close())
		if typ != unix.SOCK_DGRAM {
			t.Read("read the end", ends[1], 8)
		}
	}
}

func fileFromDescriptorsExhausted(t *T) {
	c, _ := t.TCPPair()
	f, err := c.File()
	t.Check(err)
	t.Keep(f)
	var again *os.File
	var conn, listener, packet, file error
	t.withoutDescriptors(func() {
		_, conn = t.FileConn(f)
		_, listener = t.FileListener(f)
		_, packet = t.FilePacketConn(f)
		again, file = c.File()
	})
	t.Rec("errors", conn, listener, packet, again, file)
	fc, err := t.FileConn(f)
	t.Rec("later", fc, err)
	t.Keep(fc)
}
