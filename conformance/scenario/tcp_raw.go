//go:build linux

package scenario

import (
	"io"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// nonblock reports whether c's descriptor is in nonblocking mode.
func nonblock(t *T, c syscall.Conn) (is bool) {
	t.Control(c, func(fd int) {
		fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		t.Check(err)
		is = fl&unix.O_NONBLOCK != 0
	})
	return is
}

// raw returns c's RawConn.
func raw(t *T, c syscall.Conn) syscall.RawConn {
	rc, err := c.SyscallConn()
	t.Check(err)
	return rc
}

var tcpRaw = []Scenario{
	{
		Name: "tcp/file/connection",
		Doc:  "File of a connection: another descriptor of the same socket, with a name, reading and writing what the connection does",
		run:  tcpFileConnection,
	},
	{
		Name: "tcp/file/outlives-connection",
		Doc:  "the file works on after its connection has closed: the peer sees no end before both have closed",
		run:  tcpFileOutlivesConnection,
	},
	{
		Name: "tcp/file/read-waits",
		Doc:  "the file's reads wait, have deadlines or not, and end with its Close as a file's do",
		run:  tcpFileReadWaits,
	},
	{
		Name: "tcp/file/blocking",
		Doc:  "Fd of the file: whether file and connection block then, and that the connection still has its deadlines",
		run:  tcpFileBlocking,
	},
	{
		Name: "tcp/file/listener",
		Doc:  "File of a listener: a listening descriptor that goes on after the listener has closed",
		run:  tcpFileListener,
	},
	{
		Name: "tcp/file/listener-shared",
		Doc:  "a listener with a duplicated descriptor: closing the listener ends its Accept though the socket lives on, and the copy takes over",
		run:  tcpFileListenerShared,
	},
	{
		Name: "tcp/file/duplicate-and-reuse",
		Doc:  "connections closed while their sockets live on as files, their descriptors used again at once: no event goes astray",
		run:  tcpFileDuplicateAndReuse,
	},
	{
		Name: "tcp/raw/control",
		Doc:  "RawConn.Control: its error, a nil function, a function that panics, nested in itself",
		run:  tcpRawControl,
	},
	{
		Name: "tcp/raw/read",
		Doc:  "RawConn.Read: done at once, done after waiting, with deadlines, after Close",
		run:  tcpRawRead,
	},
	{
		Name: "tcp/raw/write",
		Doc:  "RawConn.Write: done at once, waiting for room, with deadlines, after Close",
		run:  tcpRawWrite,
	},
	{
		Name: "tcp/raw/read-excludes-read",
		Doc:  "a RawConn.Read in progress keeps Read waiting, but not Write",
		run:  tcpRawReadExcludesRead,
	},
	{
		Name: "tcp/raw/listener",
		Doc:  "SyscallConn of a listener: Control works, Read and Write are invalid, before and after Close",
		run:  tcpRawListener,
	},
	{
		Name: "tcp/raw/shutdown",
		Doc:  "shutting down the socket behind the stack's back wakes what is blocked on it",
		run:  tcpRawShutdown,
	},
	{
		Name: "tcp/raw/option-between",
		Doc:  "options set with Control show in the connection's behaviour: the low-water mark and a send timeout do not disturb",
		run:  tcpRawOptionBetween,
	},
}

func tcpFileConnection(t *T) {
	c, s := t.TCPPair()
	f, err := c.File()
	t.Rec("file", f, err)
	t.Check(err)
	t.Keep(f)
	t.Flags("file", f)
	t.Rec("connection does not block", nonblock(t, c))
	t.Op("write")(f.Write([]byte("from file")))
	t.ReadFull("peer reads", s, 9)
	t.Write("peer writes", s, "to file")
	t.Await(c, unix.POLLIN)
	t.Read("read", f, 16)
	t.Rec("close file", f.Close())
	t.Write("write after", c, "from conn")
	t.ReadFull("peer reads", s, 9)
	f, err = s.File()
	t.Rec("file of the accepted one", f, err)
	t.Keep(f)
}

func tcpFileOutlivesConnection(t *T) {
	c, s := t.TCPPair()
	f, err := c.File()
	t.Check(err)
	t.Keep(f)
	t.Rec("close", c.Close())
	t.Op("write")(f.Write([]byte("still")))
	t.ReadFull("peer reads", s, 5)
	k := blockedRead(t, s)
	t.Rec("ended", k.Ended())
	t.Rec("close file", f.Close())
	t.Rec("peer reads", k.Wait()...)
}

func tcpFileReadWaits(t *T) {
	c, s := t.TCPPair()
	f, err := c.File()
	t.Check(err)
	t.Keep(f)
	t.Rec("deadline", f.SetReadDeadline(time.Now().Add(time.Hour)))
	k := blockedRead(t, f)
	t.Write("peer writes", s, "x")
	t.Rec("read", k.Wait()...)
	t.Rec("deadline past", f.SetReadDeadline(past))
	t.Read("read", f, 4)
	t.Rec("close", f.Close())
	t.Read("read after", f, 4)
}

func tcpFileBlocking(t *T) {
	c, s := t.TCPPair()
	f, err := c.File()
	t.Check(err)
	t.Keep(f)
	t.Rec("before", nonblock(t, c))
	t.Rec("is a descriptor", f.Fd() > 2)
	t.Rec("after Fd", nonblock(t, c))
	t.Check(unix.SetNonblock(int(f.Fd()), true))
	t.Rec("set back", nonblock(t, c))
	t.Check(c.SetReadDeadline(time.Now().Add(5 * time.Millisecond)))
	t.Read("read", c, 4)
	t.Write("peer writes", s, "x")
}

func tcpFileListener(t *T) {
	l := t.ListenTCP4()
	f, err := l.File()
	t.Rec("file", f, err)
	t.Check(err)
	t.Keep(f)
	t.Rec("close", l.Close())
	c, err := t.Dial("tcp", l.Addr().String())
	t.Rec("dial", c, err)
	t.Keep(c)
	again, err := t.FileListener(f)
	t.Rec("listener of the file", again, err)
	t.Check(err)
	s, err := again.Accept()
	t.Rec("accept", s, err)
	t.Keep(s)
	t.Rec("close", again.Close(), f.Close())
	c, err = t.Dial("tcp", l.Addr().String())
	t.Rec("dial after both", c, err)
	t.Keep(c)
}

func tcpFileListenerShared(t *T) {
	l := t.ListenTCP4()
	f, err := l.File()
	t.Check(err)
	t.Keep(f)
	copied, err := t.FileListener(f)
	t.Check(err)
	t.Keep(copied)
	k := blockedAccept(t, l)
	t.Rec("close", l.Close())
	t.Rec("accept", k.Wait()...)
	k = blockedAccept(t, copied.(TCPListener))
	c, err := t.Dial("tcp", copied.Addr().String())
	t.Rec("dial", c, err)
	t.Keep(c)
	t.Rec("accept of the copy", k.Wait()...)
}

func tcpFileDuplicateAndReuse(t *T) {
	l := t.ListenTCP4()
	for range 20 {
		c, s := t.TCPPairOn(l)
		f, err := c.File()
		t.Check(err)
		t.Check(c.Close())
		c2, s2 := t.TCPPairOn(l)
		k := blockedRead(t, c2)
		t.Write("wake the old socket", s, "old")
		t.Rec("ended", k.Ended())
		t.Write("wake the new one", s2, "new")
		t.Rec("read", k.Wait()...)
		t.Check(f.Close())
	}
}

func tcpRawControl(t *T) {
	c, _ := t.TCPPair()
	rc, err := c.SyscallConn()
	t.Rec("raw", rc, err)
	calls := 0
	t.Rec("control", rc.Control(func(fd uintptr) { calls++ }), calls)
	t.Try("nil", func() []any { return all(rc.Control(nil)) })
	t.Try("panic", func() []any { return all(rc.Control(func(uintptr) { panic(errScript) })) })
	t.Rec("nested", rc.Control(func(uintptr) {
		t.Rec("inner", rc.Control(func(uintptr) { calls++ }))
	}), calls)
	t.Write("write after all that", c, "x")
	t.Rec("close", c.Close())
	t.Rec("control after close", rc.Control(func(uintptr) { calls++ }), calls)
}

func tcpRawRead(t *T) {
	c, s := t.TCPPair()
	rc := raw(t, c)
	calls := 0
	t.Rec("done at once", rc.Read(func(uintptr) bool { calls++; return true }), calls)
	b := make([]byte, 8)
	var n int
	k := t.Park(func() []any {
		tries := 0
		err := rc.Read(func(fd uintptr) bool {
			tries++
			var err error
			n, err = unix.Read(int(fd), b)
			return err != unix.EAGAIN
		})
		return all(tries > 1, err)
	})
	t.Write("peer writes", s, "data")
	t.Rec("waited", k.Wait()...)
	t.Rec("got", n, string(b[:n]))
	t.Check(c.SetReadDeadline(past))
	t.Rec("deadline past", rc.Read(func(uintptr) bool { calls++; return false }), calls)
	t.Check(c.SetReadDeadline(time.Now().Add(5 * time.Millisecond)))
	t.Rec("deadline near", rc.Read(func(uintptr) bool { return false }))
	t.Check(c.SetReadDeadline(never))
	k = t.Park(func() []any { return all(rc.Read(func(uintptr) bool { return false })) })
	t.Check(c.Close())
	t.Rec("closed meanwhile", k.Wait()...)
	t.Rec("after close", rc.Read(func(uintptr) bool { calls++; return true }), calls)
	t.Try("nil after close", func() []any { return all(rc.Read(nil)) })
}

func tcpRawWrite(t *T) {
	c, s := t.TCPPair()
	rc := raw(t, c)
	t.Rec("done at once", rc.Write(func(fd uintptr) bool {
		n, err := unix.Write(int(fd), []byte("raw"))
		t.Rec("write", n, err)
		return true
	}))
	t.ReadFull("peer reads", s, 3)
	full := func(fd uintptr) bool {
		for {
			if _, err := unix.Write(int(fd), make([]byte, 64<<10)); err != nil {
				return err != unix.EAGAIN
			}
		}
	}
	k := t.Park(func() []any { return all(rc.Write(full)) })
	t.Check(c.SetWriteDeadline(past))
	t.Rec("deadline while waiting", k.Wait()...)
	t.Rec("deadline past", rc.Write(func(uintptr) bool { return true }))
	t.Check(c.SetWriteDeadline(never))
	k = t.Park(func() []any { return all(rc.Write(full)) })
	t.Check(c.Close())
	t.Rec("closed meanwhile", k.Wait()...)
	t.Rec("after close", rc.Write(func(uintptr) bool { return true }))
}

func tcpRawReadExcludesRead(t *T) {
	c, s := t.TCPPair()
	rc := raw(t, c)
	var queued *Task
	t.Rec("raw read", rc.Read(func(uintptr) bool {
		queued = t.Park(func() []any { n, err := c.Read(make([]byte, 4)); return all(n, err) })
		t.Write("write meanwhile", c, "w")
		t.Write("peer writes", s, "r")
		t.Rec("queued read has ended", queued.Ended())
		return true
	}))
	t.Rec("queued read", queued.Wait()...)
}

func tcpRawListener(t *T) {
	l := t.ListenTCP4()
	rc, err := l.SyscallConn()
	t.Rec("raw", rc, err)
	called := false
	t.Rec("control", rc.Control(func(uintptr) { called = true }), called)
	t.Rec("read", rc.Read(func(uintptr) bool { called = false; return true }), called)
	t.Rec("write", rc.Write(func(uintptr) bool { called = false; return true }), called)
	t.Rec("read nil", rc.Read(nil))
	t.Rec("close", l.Close())
	t.Rec("control after", rc.Control(func(uintptr) { called = false }), called)
	t.Rec("read after", rc.Read(func(uintptr) bool { return true }))
	t.Rec("write after", rc.Write(func(uintptr) bool { return true }))
}

func tcpRawShutdown(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	read, write := blockedRead(t, c), blockedWrite(t, c)
	t.Control(c, func(fd int) { t.Rec("shutdown", unix.Shutdown(fd, unix.SHUT_RDWR)) })
	t.Rec("read", read.Wait()...)
	t.Rec("write", write.Wait()...)
}

func tcpRawOptionBetween(t *T) {
	c, s := t.TCPPair()
	t.Control(c, func(fd int) {
		t.Rec("SO_RCVLOWAT", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, 4))
	})
	k := t.Park(func() []any {
		b := make([]byte, 8)
		n, err := io.ReadAtLeast(c, b, 4)
		return all(n, string(b[:n]), err)
	})
	t.Write("peer writes", s, "ab")
	t.Write("peer writes", s, "cd")
	t.Rec("read", k.Wait()...)
}
