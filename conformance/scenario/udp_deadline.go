//go:build linux

package scenario

import (
	"net"
	"time"
)

var udpDeadline = []Scenario{
	{
		Name: "udp/deadline/read",
		Doc:  "read deadlines of every reading method: past, near, cleared",
		run:  udpDeadlineRead,
	},
	{
		Name: "udp/deadline/write",
		Doc:  "write deadlines of every writing method",
		run:  udpDeadlineWrite,
	},
}

func udpDeadlineRead(t *T) {
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
}

func udpDeadlineWrite(t *T) {
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
}
