//go:build linux

package scenario

import (
	"golang.org/x/sys/unix"
)

var udpOption = []Scenario{
	{
		Name: "udp/option/buffers-and-broadcast",
		Doc:  "buffer sizes read back; broadcast is allowed on every socket",
		run:  udpOptionBuffersAndBroadcast,
	},
}

func udpOptionBuffersAndBroadcast(t *T) {
	c := t.UDP4()
	d := t.dialUDP(c.LocalAddr())
	for _, c := range []UDPConn{c, d} {
		for _, size := range []int{32 << 10, 0, -1} {
			t.Rec("set read", size, c.SetReadBuffer(size))
			t.Rec("set write", size, c.SetWriteBuffer(size))
			t.Opt("SO_RCVBUF", c, unix.SOL_SOCKET, unix.SO_RCVBUF)
			t.Opt("SO_SNDBUF", c, unix.SOL_SOCKET, unix.SO_SNDBUF)
		}
		t.Opt("SO_BROADCAST", c, unix.SOL_SOCKET, unix.SO_BROADCAST)
	}
}
