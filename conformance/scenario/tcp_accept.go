//go:build linux

package scenario

import (
	"context"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// accept records what Accept and AcceptTCP return, and closes it.
func accept(t *T, name string, l TCPListener) {
	c, err := l.Accept()
	t.Rec(name+": Accept", c, err)
	t.Keep(c)
	tc, err := t.AcceptTCP(l)
	t.Rec(name+": AcceptTCP", tc, err)
	t.Keep(tc)
}

// blockedAccept starts an Accept that waits.
func blockedAccept(t *T, l TCPListener) *Task {
	return t.Park(func() []any {
		c, err := l.Accept()
		if c != nil {
			c.Close()
		}
		return all(c, err)
	})
}

var tcpAccept = []Scenario{
	{
		Name: "tcp/accept/order",
		Doc:  "Accept and AcceptTCP alike return connections in the order in which they were made",
		run:  tcpAcceptOrder,
	},
	{
		Name: "tcp/accept/addresses",
		Doc:  "both ends agree on their addresses, and LocalAddr returns the same value each time, not a copy",
		run:  tcpAcceptAddresses,
	},
	{
		Name:  "tcp/accept/addresses-mapped",
		Doc:   "an IPv4 client of a dual-stack listener: the family and length of every address",
		needs: []host.Need{host.MappedIPv4},
		run:   tcpAcceptAddressesMapped,
	},
	{
		Name: "tcp/accept/options",
		Doc:  "the options of an accepted connection from a plain listener",
		run:  tcpAcceptOptions,
	},
	{
		Name: "tcp/accept/inherited-options",
		Doc:  "options set on the listener show on what it accepts, except those that every connection gets",
		run:  tcpAcceptInheritedOptions,
	},
	{
		Name: "tcp/accept/options-changed-between",
		Doc:  "options changed on the listener after its first accept: later connections get the stack's own all the same",
		run:  tcpAcceptOptionsChangedBetween,
	},
	{
		Name: "tcp/accept/options-changed-by-file",
		Doc:  "options changed through a listener's File, and through a listener made from it, between accepts",
		run:  tcpAcceptOptionsChangedByFile,
	},
	{
		Name: "tcp/accept/options-changed-by-kept-raw",
		Doc:  "a RawConn that ListenConfig.Control kept changes options of the listener between accepts",
		run:  tcpAcceptOptionsChangedByKeptRaw,
	},
	{
		Name: "tcp/accept/deadline-past",
		Doc:  "a deadline in the past ends Accept at once, even if a connection is waiting; the next deadline lets it through",
		run:  tcpAcceptDeadlinePast,
	},
	{
		Name: "tcp/accept/deadline-future",
		Doc:  "Accept with a deadline in the future waits for it, and every Accept after it fails",
		run:  tcpAcceptDeadlineFuture,
	},
	{
		Name: "tcp/accept/deadline-while-blocked",
		Doc:  "a deadline that is set, moved and cleared while Accept is blocked",
		run:  tcpAcceptDeadlineWhileBlocked,
	},
	{
		Name: "tcp/accept/deadline-not-inherited",
		Doc:  "an accepted connection does not have its listener's deadline",
		run:  tcpAcceptDeadlineNotInherited,
	},
	{
		Name: "tcp/accept/close",
		Doc:  "Close ends an Accept that is blocked",
		run:  tcpAcceptClose,
	},
	{
		Name: "tcp/accept/close-several",
		Doc:  "Close ends every Accept that is blocked or queued behind another",
		run:  tcpAcceptCloseSeveral,
	},
	{
		Name: "tcp/accept/concurrent",
		Doc:  "several Accepts at once: each gets one connection",
		run:  tcpAcceptConcurrent,
	},
	{
		Name: "tcp/accept/client-gone",
		Doc:  "clients that closed before they were accepted: with a goodbye, with data, with a reset",
		run:  tcpAcceptClientGone,
	},
	{
		Name:  "tcp/accept/descriptors-exhausted",
		Doc:   "Accept without a descriptor left fails as a temporary error, and the listener goes on after",
		needs: []host.Need{host.Descriptors},
		run:   tcpAcceptDescriptorsExhausted,
	},
	{
		Name: "tcp/accept/after-close",
		Doc:  "a listener after Close: every method, and what happens to connections that nobody accepted",
		run:  tcpAcceptAfterClose,
	},
	{
		Name: "tcp/accept/close-leaves-connections",
		Doc:  "connections live on after their listener has closed",
		run:  tcpAcceptCloseLeavesConnections,
	},
	{
		Name: "tcp/accept/shutdown-listener",
		Doc:  "a listener that was shut down behind the stack's back: Accept fails with the kernel's errno",
		run:  tcpAcceptShutdownListener,
	},
}

func tcpAcceptOrder(t *T) {
	l := t.ListenTCP4()
	const n = 8
	var dialled []string
	for range n {
		c, err := t.Dial("tcp", l.Addr().String())
		t.Check(err)
		t.Keep(c)
		dialled = append(dialled, c.LocalAddr().String())
	}
	for i := range n {
		var s net.Conn
		var err error
		if i%2 == 0 {
			s, err = l.Accept()
		} else {
			s, err = t.AcceptTCP(l)
		}
		t.Rec("accept", s, err)
		t.Check(err)
		t.Keep(s)
		t.Rec("in order", slices.Index(dialled, s.RemoteAddr().String()))
	}
}

func tcpAcceptAddresses(t *T) {
	c, s := t.TCPPair()
	t.Rec("client local", c.LocalAddr())
	t.Rec("client remote", c.RemoteAddr())
	t.Rec("server local", s.LocalAddr())
	t.Rec("server remote", s.RemoteAddr())
	t.Rec("mirrored", c.LocalAddr().String() == s.RemoteAddr().String(), c.RemoteAddr().String() == s.LocalAddr().String())
	t.Rec("identical", c.LocalAddr() == c.LocalAddr(), s.LocalAddr() == s.LocalAddr(), s.RemoteAddr() == s.RemoteAddr())
}

func tcpAcceptAddressesMapped(t *T) {
	l, err := t.ListenTCP("tcp", nil)
	t.Check(err)
	t.Keep(l)
	for _, host := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
		c, err := t.Dial("tcp", t.hostPort(host, l.Addr()))
		t.Rec("dial "+host, c, err)
		if err != nil {
			continue
		}
		t.Keep(c)
		s := t.Accept(l)
		t.Rec("client", c.LocalAddr(), c.RemoteAddr())
		t.Rec("server", s.LocalAddr(), s.RemoteAddr())
		t.Socket("server", s)
		t.Socket("client", c.(TCPConn))
	}
}

func tcpAcceptOptions(t *T) {
	c, s := t.TCPPair()
	t.TCPOpts("accepted", s)
	t.Socket("accepted", s)
	t.TCPOpts("dialled", c)
	t.Socket("dialled", c)
}

func tcpAcceptInheritedOptions(t *T) {
	l := t.ListenTCP4()
	t.Control(l, func(fd int) {
		t.Check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 20000))
		t.Check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 0))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 77))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 78))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 7))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, 16))
	})
	for range 2 {
		_, s := t.TCPPairOn(l)
		t.TCPOpts("accepted", s)
		t.Opt("SO_RCVBUF", s, unix.SOL_SOCKET, unix.SO_RCVBUF)
		t.Opt("IP_TOS", s, unix.IPPROTO_IP, unix.IP_TOS)
	}
}

func tcpAcceptOptionsChangedBetween(t *T) {
	l := t.ListenTCP4()
	_, s := t.TCPPairOn(l)
	t.TCPOpts("before", s)
	t.Control(l, func(fd int) {
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 0))
		t.Check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0))
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 99))
	})
	_, s = t.TCPPairOn(l)
	t.TCPOpts("after", s)
	f, err := l.File()
	t.Check(err)
	t.Keep(f)
	t.Check(unix.SetsockoptInt(int(f.Fd()), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3))
	t.Check(unix.SetNonblock(int(f.Fd()), true))
	_, s = t.TCPPairOn(l)
	t.TCPOpts("after a change through File", s)
}

func tcpAcceptOptionsChangedByFile(t *T) {
	for _, again := range []bool{false, true} {
		l := t.ListenTCP4()
		_, s := t.TCPPairOn(l)
		t.TCPOpts("before", s)
		f, err := l.File()
		t.Check(err)
		t.Keep(f)
		rc, err := f.SyscallConn()
		t.Check(err)
		if again {
			copied, err := t.FileListener(f)
			t.Check(err)
			t.Keep(copied)
			rc = raw(t, copied.(TCPListener))
		}
		t.Check(rc.Control(func(fd uintptr) {
			t.Check(unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 0))
			t.Check(unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 99))
		}))
		_, s = t.TCPPairOn(l)
		t.TCPOpts("after", s)
	}
}

func tcpAcceptOptionsChangedByKeptRaw(t *T) {
	var kept syscall.RawConn
	lc := ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { kept = c; return nil }}
	l, err := t.ConfigListen(context.Background(), lc, "tcp", "127.0.0.1:0")
	t.Check(err)
	t.Keep(l)
	_, s := t.TCPPairOn(l.(TCPListener))
	t.TCPOpts("before", s)
	t.Rec("control", kept.Control(func(fd uintptr) {
		t.Check(unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 0))
		t.Check(unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3))
	}))
	_, s = t.TCPPairOn(l.(TCPListener))
	t.TCPOpts("after", s)
	copied, err := l.(TCPListener).File()
	t.Check(err)
	t.Keep(copied)
	again, err := t.FileListener(copied)
	t.Check(err)
	t.Keep(again)
	t.Control(again.(TCPListener), func(fd int) {
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 77))
	})
	_, s = t.TCPPairOn(l.(TCPListener))
	t.TCPOpts("after a copy of the listener changed them", s)
}

func tcpAcceptDeadlinePast(t *T) {
	l := t.ListenTCP4()
	t.Rec("set", l.SetDeadline(past))
	accept(t, "nobody waits", l)
	c, err := t.Dial("tcp", l.Addr().String())
	t.Check(err)
	t.Keep(c)
	accept(t, "one waits", l)
	t.Rec("set again", l.SetDeadline(future))
	s, err := l.Accept()
	t.Rec("accept", s, err)
	t.Keep(s)
}

func tcpAcceptDeadlineFuture(t *T) {
	l := t.ListenTCP4()
	start := time.Now()
	t.Rec("set", l.SetDeadline(start.Add(20*time.Millisecond)))
	s, err := l.Accept()
	t.Rec("accept", s, err)
	t.Rec("waited", time.Since(start) >= 20*time.Millisecond)
	accept(t, "again", l)
}

func tcpAcceptDeadlineWhileBlocked(t *T) {
	l := t.ListenTCP4()
	k := blockedAccept(t, l)
	t.Rec("far", l.SetDeadline(future))
	t.Rec("cleared", l.SetDeadline(never))
	t.Rec("near", l.SetDeadline(time.Now().Add(10*time.Millisecond)))
	t.Rec("accept", k.Wait()...)
	t.Rec("far again", l.SetDeadline(future))
	k = blockedAccept(t, l)
	t.Rec("past", l.SetDeadline(past))
	t.Rec("accept", k.Wait()...)
	t.Rec("cleared again", l.SetDeadline(never))
	k = blockedAccept(t, l)
	c, err := t.Dial("tcp", l.Addr().String())
	t.Rec("dial", c, err)
	t.Keep(c)
	t.Rec("accept", k.Wait()...)
}

func tcpAcceptDeadlineNotInherited(t *T) {
	l := t.ListenTCP4()
	t.Check(l.SetDeadline(time.Now().Add(time.Hour)))
	c, s := t.TCPPairOn(l)
	t.Check(l.SetDeadline(past))
	t.Write("write", c, "x")
	t.Read("read", s, 8)
}

func tcpAcceptClose(t *T) {
	l := t.ListenTCP4()
	k := blockedAccept(t, l)
	t.Rec("close", l.Close())
	t.Rec("accept", k.Wait()...)
	accept(t, "after", l)
}

func tcpAcceptCloseSeveral(t *T) {
	l := t.ListenTCP4()
	var tasks []*Task
	for range 4 {
		tasks = append(tasks, blockedAccept(t, l))
	}
	t.Rec("close", l.Close())
	for _, k := range tasks {
		t.Rec("accept", k.Wait()...)
	}
}

func tcpAcceptConcurrent(t *T) {
	l := t.ListenTCP4()
	const n = 4
	var tasks []*Task
	for range n {
		tasks = append(tasks, blockedAccept(t, l))
	}
	for range n {
		c, err := t.Dial("tcp", l.Addr().String())
		t.Check(err)
		t.Keep(c)
	}
	for _, k := range tasks {
		t.Rec("accept", k.Wait()...)
	}
}

func tcpAcceptClientGone(t *T) {
	l := t.ListenTCP4()
	for how, leave := range inOrder(
		named[func(c TCPConn)]{"closed", func(c TCPConn) {}},
		named[func(c TCPConn)]{"wrote and closed", func(c TCPConn) { c.Write([]byte("last words")) }},
		named[func(c TCPConn)]{"reset", func(c TCPConn) { c.SetLinger(0) }},
	) {
		c, err := t.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
		t.Check(err)
		leave(c)
		t.Check(c.Close())
		s, err := l.Accept()
		t.Rec("accept one that "+how, s, err)
		t.Check(err)
		t.Rec("remote is an address", fmt.Sprintf("%T", s.RemoteAddr()))
		t.Await(s.(TCPConn), unix.POLLIN|unix.POLLRDHUP|unix.POLLERR|unix.POLLHUP)
		if how != "reset" {
			t.Await(s.(TCPConn), unix.POLLRDHUP)
		}
		t.Read("read", s, 32)
		t.Read("read again", s, 32)
		t.Rec("close", s.Close())
	}
}

func tcpAcceptDescriptorsExhausted(t *T) {
	l := t.ListenTCP4()
	c, err := t.Dial("tcp", l.Addr().String())
	t.Check(err)
	t.Keep(c)
	var first, second error
	t.withoutDescriptors(func() {
		_, first = l.Accept()
		_, second = t.AcceptTCP(l)
	})
	t.Rec("accept", first)
	t.Rec("accept TCP", second)
	s, err := l.Accept()
	t.Rec("accept later", s, err)
	t.Check(err)
	t.Keep(s)
	t.Write("write", c, "hello")
	t.ReadFull("read", s, 5)
}

func tcpAcceptAfterClose(t *T) {
	l := t.ListenTCP4()
	c, err := t.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	t.Check(err)
	t.Keep(c)
	t.Rec("close", l.Close())
	everyMethod(t, "closed", l)
	t.Await(c, unix.POLLERR|unix.POLLHUP)
	t.Read("read of the connection", c, 8)
	again, err := t.Dial("tcp", l.Addr().String())
	t.Rec("dial", again, err)
	t.Keep(again)
}

func tcpAcceptCloseLeavesConnections(t *T) {
	l := t.ListenTCP4()
	c, s := t.TCPPairOn(l)
	t.Rec("close", l.Close())
	t.Write("write", c, "still here")
	t.ReadFull("read", s, 10)
	t.Write("write back", s, "so am I")
	t.ReadFull("read back", c, 7)
}

func tcpAcceptShutdownListener(t *T) {
	l := t.ListenTCP4()
	k := blockedAccept(t, l)
	t.Control(l, func(fd int) { t.Rec("shutdown", unix.Shutdown(fd, unix.SHUT_RDWR)) })
	t.Rec("accept", k.Wait()...)
	accept(t, "again", l)
	t.Rec("close", l.Close())
}
