//go:build linux

package scenario

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

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

var unixMessage = []Scenario{
	{
		Name: "unix/message/descriptors",
		Doc:  "descriptors passed along with bytes: how many come, that they work, that they are closed on exec",
		run:  unixMessageDescriptors,
	},
	{
		Name: "unix/message/descriptors-lost",
		Doc:  "descriptors that come with too little room, or to a plain Read: cut, flagged, not leaked",
		run:  unixMessageDescriptorsLost,
	},
	{
		Name: "unix/message/nothing",
		Doc:  "messages without bytes: only descriptors, and nothing at all",
		run:  unixMessageNothing,
	},
	{
		Name: "unix/message/credentials",
		Doc:  "credentials of the peer, asked for with an option",
		run:  unixMessageCredentials,
	},
}

func unixMessageDescriptors(t *T) {
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
}

func unixMessageDescriptorsLost(t *T) {
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
}

func unixMessageNothing(t *T) {
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
}

func unixMessageCredentials(t *T) {
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
}
