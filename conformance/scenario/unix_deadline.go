//go:build linux

package scenario

import (
	"net"
	"time"
)

var unixDeadline = []Scenario{
	{
		Name: "unix/deadline/every-method",
		Doc:  "deadlines of streams and datagram sockets, by every method",
		run:  unixDeadlineEveryMethod,
	},
}

func unixDeadlineEveryMethod(t *T) {
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
}
