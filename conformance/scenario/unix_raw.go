//go:build linux

package scenario

import (
	"net"
	"path/filepath"

	"golang.org/x/sys/unix"
)

var unixRaw = []Scenario{
	{
		Name: "unix/option/buffers",
		Doc:  "buffer sizes of Unix sockets, read back",
		run:  unixOptionBuffers,
	},
	{
		Name: "unix/file/listener-and-connection",
		Doc:  "File of listeners and connections and what is made from it: names, unlinking, reading on",
		run:  unixFileListenerAndConnection,
	},
	{
		Name: "unix/raw/listener-and-connection",
		Doc:  "SyscallConn of Unix sockets: a listener's reads are invalid, a connection's work, until Close",
		run:  unixRawListenerAndConnection,
	},
}

func unixOptionBuffers(t *T) {
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
}

func unixFileListenerAndConnection(t *T) {
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
}

func unixRawListenerAndConnection(t *T) {
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
}
