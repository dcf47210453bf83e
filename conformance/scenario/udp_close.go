//go:build linux

package scenario

import (
	"net"
	"runtime"
)

var udpClose = []Scenario{
	{
		Name: "udp/close/blocked",
		Doc:  "Close ends reads that are blocked or queued; a second Close fails",
		run:  udpCloseBlocked,
	},
	{
		Name: "udp/close/every-method-after",
		Doc:  "every method of closed sockets, connected and not",
		run:  udpCloseEveryMethodAfter,
	},
	{
		Name:  "udp/close/leaked",
		Doc:   "the garbage collector closes datagram sockets, UDP and Unix, that nobody refers to any more",
		pools: true,
		run:   udpCloseLeaked,
	},
}

func udpCloseBlocked(t *T) {
	c := t.UDP4()
	tasks := []*Task{blockedReadFrom(t, c), blockedReadFrom(t, c), blockedRead(t, c)}
	t.Rec("close", c.Close())
	for _, k := range tasks {
		t.Rec("read", k.Wait()...)
	}
	t.Rec("close again", c.Close())
}

func udpCloseEveryMethodAfter(t *T) {
	c := t.UDP4()
	d := t.dialUDP(c.LocalAddr())
	t.Check(c.Close())
	t.Check(d.Close())
	everyMethod(t, "unconnected", c)
	everyMethod(t, "connected", d)
}

func udpCloseLeaked(t *T) {
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
}
