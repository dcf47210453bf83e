//go:build linux

package scenario

import (
	"io"
	"net"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"go.parity/conformance/pattern"
)

var tcpClose = []Scenario{
	{
		Name: "tcp/close/half-write",
		Doc:  "CloseWrite: the peer reads to the end and still writes; another Write fails",
		run:  tcpCloseHalfWrite,
	},
	{
		Name: "tcp/close/half-read",
		Doc:  "CloseRead: reads return what has already arrived and then the end of the stream; writes go on",
		run:  tcpCloseHalfRead,
	},
	{
		Name: "tcp/close/half-both",
		Doc:  "CloseRead and CloseWrite in both orders and at both ends, then Close",
		run:  tcpCloseHalfBoth,
	},
	{
		Name: "tcp/close/half-of-reset",
		Doc:  "CloseRead and CloseWrite of a connection that the peer has reset",
		run:  tcpCloseHalfOfReset,
	},
	{
		Name: "tcp/close/half-read-blocked",
		Doc:  "CloseRead ends a Read that is blocked, as the end of the stream",
		run:  tcpCloseHalfReadBlocked,
	},
	{
		Name: "tcp/close/half-write-blocked",
		Doc:  "CloseWrite ends a Write that is blocked, with an error",
		run:  tcpCloseHalfWriteBlocked,
	},
	{
		Name: "tcp/close/blocked-read",
		Doc:  "Close ends a Read that is blocked",
		run:  tcpCloseBlockedRead,
	},
	{
		Name: "tcp/close/blocked-write",
		Doc:  "Close ends a Write that is blocked",
		run:  tcpCloseBlockedWrite,
	},
	{
		Name: "tcp/close/blocked-both",
		Doc:  "Close ends Reads and Writes that are blocked or queued, all at once",
		run:  tcpCloseBlockedBoth,
	},
	{
		Name: "tcp/close/twice",
		Doc:  "Close a second time, and from several goroutines at once: one of them succeeds",
		run:  tcpCloseTwice,
	},
	{
		Name: "tcp/close/every-method-after",
		Doc:  "every method of a closed connection, dialled and accepted",
		run:  tcpCloseEveryMethodAfter,
	},
	{
		Name: "tcp/close/addresses-after",
		Doc:  "LocalAddr and RemoteAddr after Close, whether or not anybody had asked before",
		run:  tcpCloseAddressesAfter,
	},
	{
		Name: "tcp/close/addresses-of-wildcard",
		Doc:  "addresses of connections that a wildcard listener accepted, first asked for after Close or in an error",
		run:  tcpCloseAddressesOfWildcard,
	},
	{
		Name: "tcp/close/addresses-after-peer",
		Doc:  "LocalAddr and RemoteAddr when the peer has gone or reset the connection, not asked before",
		run:  tcpCloseAddressesAfterPeer,
	},
	{
		Name: "tcp/close/reset-reading",
		Doc:  "the peer resets while a Read is blocked; later reads return the end of the stream, later writes fail",
		run:  tcpCloseResetReading,
	},
	{
		Name: "tcp/close/reset-writing",
		Doc:  "the peer resets while a Write is blocked",
		run:  tcpCloseResetWriting,
	},
	{
		Name: "tcp/close/reset-before-use",
		Doc:  "a reset that arrived before anybody reads or writes: the first operation gets it",
		run:  tcpCloseResetBeforeUse,
	},
	{
		Name: "tcp/close/unread-data",
		Doc:  "Close with data that nobody read resets the connection",
		run:  tcpCloseUnreadData,
	},
	{
		Name: "tcp/close/write-to-closed",
		Doc:  "writes to a peer that has closed: the first one gets through, then the reset shows",
		run:  tcpCloseWriteToClosed,
	},
	{
		Name: "tcp/close/pending-output",
		Doc:  "Close right after a long Write: the peer gets all of it",
		run:  tcpClosePendingOutput,
	},
	{
		Name: "tcp/close/linger",
		Doc:  "Close with linger: none, zero and some seconds; what the peer sees, and that nothing waits",
		run:  tcpCloseLinger,
	},
	{
		Name: "tcp/close/during-raw",
		Doc:  "Close while RawConn.Read waits, and while RawConn.Control runs: the descriptor stays until it returns",
		run:  tcpCloseDuringRaw,
	},
	{
		Name:  "tcp/close/leaked",
		Doc:   "the garbage collector closes connections and listeners that nobody refers to any more",
		pools: true,
		run:   tcpCloseLeaked,
	},
	{
		Name:  "tcp/close/kept-alive-by-raw",
		Doc:   "a RawConn keeps the garbage collector from closing its connection",
		run:   tcpCloseKeptAliveByRaw,
		pools: true,
	},
	{
		Name: "tcp/close/copy",
		Doc:  "Close ends an io.Copy into and out of a connection",
		run:  tcpCloseCopy,
	},
}

func tcpCloseHalfWrite(t *T) {
	c, s := t.TCPPair()
	t.Write("write", c, "last")
	t.Rec("close write", c.CloseWrite())
	t.Write("write after", c, "x")
	t.Write("write nothing after", c, "")
	t.ReadFull("peer reads", s, 4)
	t.Read("peer reads the end", s, 4)
	t.Read("peer reads the end again", s, 4)
	t.Write("peer writes", s, "answer")
	t.ReadFull("read", c, 6)
	t.Rec("close write again", c.CloseWrite())
	t.Rec("peer closes", s.Close())
	t.Read("read the end", c, 4)
	t.Rec("close", c.Close())
	t.Rec("close write after close", c.CloseWrite())
}

func tcpCloseHalfRead(t *T) {
	c, s := t.TCPPair()
	t.Write("peer writes", s, "early")
	t.Await(c, unix.POLLIN)
	t.Rec("close read", c.CloseRead())
	t.Read("read", c, 8)
	t.Read("read again", c, 8)
	t.Write("write", c, "on")
	t.ReadFull("peer reads", s, 2)
	t.Rec("close read again", c.CloseRead())
	t.Rec("close", c.Close())
	t.Rec("close read after close", c.CloseRead())
}

func tcpCloseHalfBoth(t *T) {
	c, s := t.TCPPair()
	t.Rec("client write", c.CloseWrite())
	t.Rec("client read", c.CloseRead())
	t.Read("client reads", c, 4)
	t.Write("client writes", c, "x")
	t.Await(s, unix.POLLRDHUP)
	t.Rec("server read", s.CloseRead())
	t.Rec("server write", s.CloseWrite())
	t.Read("server reads", s, 4)
	t.Write("server writes", s, "x")
	t.Rec("client closes", c.Close())
	t.Rec("server closes", s.Close())
}

func tcpCloseHalfOfReset(t *T) {
	c, s := t.TCPPair()
	t.Reset(s, c)
	t.Rec("close write", c.CloseWrite())
	t.Rec("close read", c.CloseRead())
	t.Rec("close", c.Close())
}

func tcpCloseHalfReadBlocked(t *T) {
	c, _ := t.TCPPair()
	k := blockedRead(t, c)
	t.Rec("close read", c.CloseRead())
	t.Rec("read", k.Wait()...)
}

func tcpCloseHalfWriteBlocked(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	k := blockedWrite(t, c)
	t.Rec("close write", c.CloseWrite())
	t.Rec("write", k.Wait()...)
}

func tcpCloseBlockedRead(t *T) {
	c, s := t.TCPPair()
	k := blockedRead(t, c)
	t.Rec("close", c.Close())
	t.Rec("read", k.Wait()...)
	t.Read("peer reads", s, 4)
}

func tcpCloseBlockedWrite(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	k := blockedWrite(t, c)
	t.Rec("close", c.Close())
	t.Rec("write", k.Wait()...)
}

func tcpCloseBlockedBoth(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	reads := []*Task{blockedRead(t, c), blockedRead(t, c), blockedRead(t, c)}
	writes := []*Task{blockedWrite(t, c)}
	queued := t.Park(func() []any { return all(c.Write([]byte("behind"))) })
	t.Rec("close", c.Close())
	for _, k := range reads {
		t.Rec("read", k.Wait()...)
	}
	for _, k := range writes {
		t.Rec("write", k.Wait()...)
	}
	t.Rec("queued write", queued.Wait()...)
}

func tcpCloseTwice(t *T) {
	c, s := t.TCPPair()
	t.Rec("close", c.Close())
	t.Rec("close again", c.Close())
	t.Rec("and again", c.Close())
	var tasks []*Task
	for range 8 {
		tasks = append(tasks, t.Go(func() []any { return all(s.Close()) }))
	}
	succeeded := 0
	for _, k := range tasks {
		if v := k.Wait(); v[0] == nil {
			succeeded++
		}
	}
	t.Rec("succeeded", succeeded)
	l := t.ListenTCP4()
	t.Rec("close listener", l.Close())
	t.Rec("close listener again", l.Close())
}

func tcpCloseEveryMethodAfter(t *T) {
	c, s := t.TCPPair()
	t.Check(c.Close())
	t.Check(s.Close())
	everyMethod(t, "dialled", c)
	everyMethod(t, "accepted", s)
}

func tcpCloseAddressesAfter(t *T) {
	l := t.ListenTCP4()
	addr := l.Addr().String()
	c, s := t.TCPPairOn(l)
	c2, s2 := t.TCPPairOn(l)
	t.Rec("before", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
	for _, c := range []TCPConn{c, s, c2, s2} {
		t.Check(c.Close())
	}
	t.Check(l.Close())
	t.Rec("after", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
	t.Rec("not asked before", c2.LocalAddr(), c2.RemoteAddr(), s2.LocalAddr(), s2.RemoteAddr())
	t.Rec("listener", l.Addr(), l.Addr().String() == addr)
	_, err := c2.Read(make([]byte, 1))
	t.Rec("error of one not asked before", err)
}

func tcpCloseAddressesOfWildcard(t *T) {
	for _, network := range []string{"tcp", "tcp4"} {
		l, err := t.ListenTCP(network, nil)
		t.Check(err)
		t.Keep(l)
		accept := func(host byte) TCPConn {
			c, err := t.DialTCP(network, nil, &net.TCPAddr{IP: net.IP{127, 0, 0, host}, Port: t.Port(l.Addr())})
			t.Check(err)
			t.Keep(c)
			return t.Accept(l)
		}
		s := accept(31)
		t.Check(s.Close())
		t.Rec(network+": after Close", s.LocalAddr(), s.RemoteAddr())
		s = accept(32)
		t.Check(s.SetReadDeadline(past))
		t.Read("error", s, 4)
		s = accept(33)
		t.Check(s.Close())
		t.Read("error after Close", s, 4)
		s = accept(34)
		f, err := s.File()
		t.Rec("file", f, err)
		t.Keep(f)
	}
}

func tcpCloseAddressesAfterPeer(t *T) {
	l := t.ListenTCP4()
	c, s := t.TCPPairOn(l)
	t.Check(c.Close())
	t.Await(s, unix.POLLRDHUP)
	t.Rec("peer closed", s.LocalAddr(), s.RemoteAddr())
	c, s = t.TCPPairOn(l)
	t.Reset(c, s)
	t.Rec("peer reset", s.LocalAddr(), s.RemoteAddr())
	c, s = t.TCPPairOn(l)
	t.Reset(s, c)
	t.Rec("accepter reset", c.LocalAddr(), c.RemoteAddr())
}

func tcpCloseResetReading(t *T) {
	c, s := t.TCPPair()
	k := blockedRead(t, c)
	t.Reset(s, c)
	t.Rec("read", k.Wait()...)
	t.Read("read again", c, 4)
	t.Write("write", c, "x")
	t.Write("write again", c, "x")
	t.Rec("close", c.Close())
}

func tcpCloseResetWriting(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	k := blockedWrite(t, c)
	t.Reset(s, c)
	t.Rec("write", k.Wait()...)
	t.Write("write again", c, "x")
	t.Read("read", c, 4)
	t.Rec("close", c.Close())
}

func tcpCloseResetBeforeUse(t *T) {
	l := t.ListenTCP4()
	c, s := t.TCPPairOn(l)
	t.Reset(s, c)
	t.Write("write first", c, "x")
	t.Read("then read", c, 4)
	c, s = t.TCPPairOn(l)
	t.Write("peer writes", s, "unread")
	t.Await(c, unix.POLLIN)
	t.Reset(s, c)
	t.Read("read first", c, 16)
	t.Write("then write", c, "x")
}

func tcpCloseUnreadData(t *T) {
	c, s := t.TCPPair()
	t.Write("write", c, "never read")
	t.Await(s, unix.POLLIN)
	t.Rec("close", s.Close())
	t.Await(c, unix.POLLHUP|unix.POLLERR)
	t.Read("read", c, 4)
}

func tcpCloseWriteToClosed(t *T) {
	c, s := t.TCPPair()
	t.Rec("peer closes", s.Close())
	t.Await(c, unix.POLLRDHUP)
	t.Write("write", c, "first")
	t.Await(c, unix.POLLERR|unix.POLLHUP)
	t.Write("write again", c, "second")
	t.Write("and again", c, "third")
	t.Read("read", c, 4)
}

func tcpClosePendingOutput(t *T) {
	c, s := t.TCPPair()
	data := pattern.Bytes(300 << 10)
	k := t.Go(func() []any {
		n, err := c.Write(data)
		return all(n, err, c.Close())
	})
	got, err := io.ReadAll(s)
	t.Rec("read", got, err)
	t.Rec("write and close", k.Wait()...)
}

func tcpCloseLinger(t *T) {
	l := t.ListenTCP4()
	for _, sec := range []int{-1, 0, 5} {
		c, s := t.TCPPairOn(l)
		t.Write("write", c, "bye")
		t.Rec("linger", sec, c.SetLinger(sec))
		t.Await(s, unix.POLLIN)
		t.Rec("close", c.Close())
		t.Await(s, unix.POLLRDHUP|unix.POLLHUP)
		t.Read("peer reads", s, 8)
		t.Read("peer reads again", s, 8)
	}
}

func tcpCloseDuringRaw(t *T) {
	c, s := t.TCPPair()
	rc, err := c.SyscallConn()
	t.Check(err)
	k := t.Park(func() []any { return all(rc.Read(func(uintptr) bool { return false })) })
	t.Rec("close", c.Close())
	t.Rec("raw read", k.Wait()...)
	rs, err := s.SyscallConn()
	t.Check(err)
	var closing *Task
	t.Rec("control", rs.Control(func(fd uintptr) {
		closing = t.Go(func() []any { return all(s.Close()) })
		t.Until("the connection is closing", func() bool {
			_, err := s.Write(nil)
			return err != nil
		})
		_, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
		t.Rec("descriptor", err)
	}))
	t.Rec("close", closing.Wait()...)
}

func tcpCloseLeaked(t *T) {
	l := t.ListenTCP4()
	addr := l.Addr().(*net.TCPAddr)
	var lost string
	func() {
		leaked, err := t.Listen("tcp", "127.0.0.1:0")
		t.Check(err)
		lost = leaked.Addr().String()
		_, err = t.DialTCP("tcp", nil, addr)
		t.Check(err)
	}()
	s := t.Accept(l)
	k := t.Park(func() []any { return all(s.Read(make([]byte, 4))) })
	t.Until("the leaked connection is closed", func() bool {
		runtime.GC()
		return k.Ended()
	})
	t.Rec("peer of the leaked connection reads", k.Wait()...)
	c, err := t.DialTCP("tcp", nil, addr)
	t.Check(err)
	t.Keep(c)
	func() {
		_, err := t.AcceptTCP(l)
		t.Check(err)
	}()
	k = t.Park(func() []any { return all(c.Read(make([]byte, 4))) })
	t.Until("the leaked accepted connection is closed", func() bool {
		runtime.GC()
		return k.Ended()
	})
	t.Rec("peer of the leaked accepted connection reads", k.Wait()...)
	t.Until("the leaked listener is closed", func() bool {
		runtime.GC()
		c, err := net.Dial("tcp", lost)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	t.Rec("leaked listener", "closed")
}

func tcpCloseKeptAliveByRaw(t *T) {
	l := t.ListenTCP4()
	c, err := t.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	t.Check(err)
	rc, err := c.SyscallConn()
	t.Check(err)
	s := t.Accept(l)
	c = nil
	for range 3 {
		runtime.GC()
	}
	t.Rec("control", rc.Control(func(fd uintptr) {
		n, err := unix.Write(int(fd), []byte("alive"))
		t.Rec("write", n, err)
		unix.Shutdown(int(fd), unix.SHUT_RDWR)
	}))
	t.ReadFull("peer reads", s, 5)
	runtime.KeepAlive(rc)
}

func tcpCloseCopy(t *T) {
	c, _ := t.TCPPair()
	k := t.Park(func() []any { return all(io.Copy(io.Discard, c)) })
	t.Rec("close", c.Close())
	t.Rec("copy", k.Wait()...)
	t.Op("copy into it")(io.Copy(c, strings.NewReader("text")))
	t.Op("copy from it")(io.Copy(io.Discard, c))
}
