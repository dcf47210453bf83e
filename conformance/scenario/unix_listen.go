//go:build linux

package scenario

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// there reports whether there is a file at name.
func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

var unixListen = []Scenario{
	{
		Name: "unix/listen/path",
		Doc:  "a listener at a path: its address and socket, both ends of a connection, the file gone after Close",
		run:  unixListenPath,
	},
	{
		Name: "unix/listen/abstract",
		Doc:  "listeners in the abstract namespace, and names that the kernel chooses",
		run:  unixListenAbstract,
	},
	{
		Name: "unix/listen/unlink",
		Doc:  "SetUnlinkOnClose: kept, removed, removed by somebody else, replaced by somebody else",
		run:  unixListenUnlink,
	},
	{
		Name: "unix/listen/bad",
		Doc:  "paths that are taken, missing, forbidden, too long; bad networks",
		run:  unixListenBad,
	},
	{
		Name: "unix/listen/mode-mixed",
		Doc:  "Listen on unixgram and ListenPacket on unix: what net makes of them",
		run:  unixListenModeMixed,
	},
	{
		Name: "unix/accept/deadline-and-close",
		Doc:  "Accept of a Unix listener: deadlines past and near, Close while blocked, after Close",
		run:  unixAcceptDeadlineAndClose,
	},
}

func unixListenPath(t *T) {
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
}

func unixListenAbstract(t *T) {
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
}

func unixListenUnlink(t *T) {
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
}

func unixListenBad(t *T) {
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
}

func unixListenModeMixed(t *T) {
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
}

func unixAcceptDeadlineAndClose(t *T) {
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
}
