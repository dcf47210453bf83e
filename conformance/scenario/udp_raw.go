//go:build linux

package scenario

import (
	"golang.org/x/sys/unix"
)

var udpRaw = []Scenario{
	{
		Name: "udp/file/copies",
		Doc:  "File of a socket and FilePacketConn, FileConn of the file: addresses, and whether they count as connected",
		run:  udpFileCopies,
	},
	{
		Name: "udp/raw/control-read-write",
		Doc:  "SyscallConn of a socket: Control, Read and Write, before and after Close",
		run:  udpRawControlReadWrite,
	},
}

func udpFileCopies(t *T) {
	peer := t.UDP4()
	c := t.dialUDP(peer.LocalAddr())
	for name, u := range inOrder(named[UDPConn]{"unconnected", peer}, named[UDPConn]{"connected", c}) {
		f, err := u.File()
		t.Rec(name+": file", f, err)
		t.Check(err)
		p, err := t.FilePacketConn(f)
		t.Rec("packet conn", p, err)
		t.Check(err)
		t.Rec("local", p.LocalAddr())
		t.Rec("remote", p.(UDPConn).RemoteAddr())
		t.Op("WriteTo")(p.WriteTo([]byte("copy"), peer.LocalAddr()))
		fc, err := t.FileConn(f)
		t.Rec("conn", fc, err)
		t.Check(err)
		t.Op("Write")(fc.Write([]byte("copy")))
		t.Rec("closed", f.Close(), p.Close(), fc.Close())
	}
	readFrom(t, "peer reads", peer, 16)
}

func udpRawControlReadWrite(t *T) {
	c := t.UDP4()
	rc := raw(t, c)
	t.Rec("control", rc.Control(func(uintptr) {}))
	k := t.Park(func() []any {
		var got string
		err := rc.Read(func(fd uintptr) bool {
			b := make([]byte, 16)
			n, _, err := unix.Recvfrom(int(fd), b, 0)
			if err == unix.EAGAIN {
				return false
			}
			got = string(b[:n])
			return true
		})
		return all(got, err)
	})
	t.Op("write")(c.WriteTo([]byte("raw"), c.LocalAddr()))
	t.Rec("read", k.Wait()...)
	t.Rec("write", rc.Write(func(uintptr) bool { return true }))
	t.Check(c.Close())
	t.Rec("control after", rc.Control(func(uintptr) {}))
	t.Rec("read after", rc.Read(func(uintptr) bool { return true }))
	t.Rec("write after", rc.Write(func(uintptr) bool { return true }))
}
