//go:build linux

package scenario

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var unixDial = []Scenario{
	{
		Name: "unix/dial/bad",
		Doc:  "dials to nothing, to files that are not sockets, to sockets of other types, to sockets on which nobody listens",
		run:  unixDialBad,
	},
	{
		Name: "unix/dial/local-address",
		Doc:  "dials from a local name: taken, given, of another network, by Dialer and DialUnix",
		run:  unixDialLocalAddress,
	},
	{
		Name: "unix/dial/dialer",
		Doc:  "Dialer over Unix sockets: Control's arguments and error, time and cancellation, DialUnix",
		run:  unixDialDialer,
	},
	{
		Name: "unix/dial/full-backlog",
		Doc:  "a dial to a listener whose backlog is full does not wait",
		run:  unixDialFullBacklog,
	},
}

func unixDialBad(t *T) {
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
}

func unixDialLocalAddress(t *T) {
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
}

func unixDialDialer(t *T) {
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
}

func unixDialFullBacklog(t *T) {
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
}
