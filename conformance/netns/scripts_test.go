//go:build linux

package netns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
)

// soon is a time-out that is meant to pass.
const soon = 100 * time.Millisecond

var scripts = []script{
	{name: "dial/nobody-answers", shows: []string{"ETIMEDOUT", "i/o timeout", "operation was canceled"}, run: dialNobody},
	{name: "dial/refused", shows: []string{"ECONNREFUSED"}, run: dialRefused},
	{name: "dial/unreachable", shows: []string{"ENETUNREACH", "EHOSTUNREACH", "EHOSTDOWN", "ENONET", "ECONNREFUSED"}, shows6: []string{"ENETUNREACH", "EHOSTUNREACH", "EACCES", "EPROTO", "ECONNREFUSED"}, run: dialUnreachable},
	{name: "dial/link-down", shows: []string{"ENETUNREACH"}, run: dialLinkDown},
	{name: "udp/unreachable", shows: []string{"ECONNREFUSED", "EHOSTUNREACH", "i/o timeout"}, run: udpUnreachable},
	{name: "udp/link-down", shows: []string{"ENETUNREACH"}, run: udpLinkDown},
	{name: "tcp/keep-alive-death", shows: []string{"dialled reads: 0 read", "accepted reads: 0 read", "ETIMEDOUT"}, run: keepAliveDeath},
	{name: "tcp/user-timeout", shows: []string{"ETIMEDOUT"}, run: userTimeout},
	{name: "tcp/peer-rebooted", shows: []string{"ECONNRESET", "EPIPE"}, run: peerRebooted},
	{name: "tcp/peer-rebooted-while-reading", shows: []string{"ECONNRESET"}, run: peerRebootedReader},
	{name: "tcp/cut-for-good", shows: []string{"ETIMEDOUT"}, run: cutForGood},
	{name: "tcp/router-gives-up", shows: []string{"EHOSTUNREACH"}, run: routerGivesUp},
	{name: "tcp/cut-and-back", shows: []string{"<nil>"}, run: cutAndBack},
	{name: "tcp/link-down-and-up", shows: []string{"<nil>"}, run: linkDownAndUp},
	{name: "tcp/deadlines-while-cut", shows: []string{"i/o timeout", "and: true EOF"}, run: deadlinesWhileCut},
	{name: "tcp/close-while-cut", shows: []string{"use of closed network connection"}, run: closeWhileCut},
	{name: "tcp/loss-delay-reordering-doubles", shows: []string{"<nil>"}, run: foulWeather},
	{name: "mptcp/loss-delay-reordering-doubles", shows: []string{"<nil>"}, run: foulWeatherMPTCP},
	{name: "tcp/path-mtu", shows: []string{"path MTU: 600"}, shows6: []string{"path MTU: 1300"}, run: pathMTU},
	{name: "tcp/path-mtu-unsaid", shows: []string{"i/o timeout", "<nil>"}, run: pathMTUUnsaid},
	{name: "udp/path-mtu", shows: []string{"EMSGSIZE", "path MTU: 600"}, shows6: []string{"EMSGSIZE", "path MTU: 1300"}, run: udpPathMTU},
}

func dialNobody(p *play) {
	p.must(p.here.set("tcp_syn_retries", "1"))
	p.set(weather{vanish: map[netip.Addr]bool{p.family.nobody: true}})
	to := netip.AddrPortFrom(p.family.nobody, 80)
	_, err := p.dial(stack.Dialer{Timeout: soon}, "tcp", to)
	p.note("Dial with a time-out", err)
	_, err = p.dial(stack.Dialer{Deadline: time.Now().Add(-1)}, "tcp", to)
	p.note("Dial with a deadline that is over", err)
	p.here.do(func() {
		ctx, cancel := context.WithTimeout(p.Context(), soon)
		defer cancel()
		_, err := p.stack.DialContext(ctx, p.network("tcp"), to.String())
		p.note("Dial with a context's deadline", err)
		ctx, cancel = context.WithCancel(p.Context())
		time.AfterFunc(soon, cancel)
		_, err = p.stack.DialContext(ctx, p.network("tcp"), to.String())
		p.note("Dial with a context that is cancelled", err)
	})
	_, err = p.dial(stack.Dialer{}, "tcp", to)
	p.note("Dial", err)
}

func dialRefused(p *play) {
	_, err := p.dial(stack.Dialer{}, "tcp", netip.AddrPortFrom(p.family.there, 81))
	p.note("Dial of a port that nobody listens on", err)
}

func dialUnreachable(p *play) {
	for _, k := range p.family.kinds {
		p.set(weather{refuse: map[netip.Addr]icmp{p.family.nobody: k.says}})
		_, err := p.dial(stack.Dialer{Timeout: patience}, "tcp", netip.AddrPortFrom(p.family.nobody, 80))
		p.note("Dial, unreachable "+k.name, err)
	}
}

func dialLinkDown(p *play) {
	p.must(p.here.up(false))
	for _, network := range []string{"tcp", "udp"} {
		_, err := p.dial(stack.Dialer{}, network, netip.AddrPortFrom(p.family.there, 80))
		p.note("Dial "+network, err)
	}
}

// udpUnreachable asks connected sockets, which hear of refused ports, with and
// without IP_RECVERR, with which they hear of the rest, and one that is not
// connected.
func udpUnreachable(p *play) {
	for _, all := range []int{0, 1} {
		for _, k := range p.family.kinds {
			p.set(weather{refuse: map[netip.Addr]icmp{p.family.nobody: k.says}})
			c, err := p.dial(stack.Dialer{}, "udp", netip.AddrPortFrom(p.family.nobody, 80))
			p.must(err)
			p.raw(c.(stack.UDPConn), func(fd int) error { return unix.SetsockoptInt(fd, p.family.level, p.family.recvErr, all) })
			what := fmt.Sprintf("unreachable %s, IP_RECVERR %d,", k.name, all)
			p.writes(what, c)
			p.awaitsAnswer()
			p.must(c.SetReadDeadline(time.Now().Add(soon)))
			p.reads(what, c)
			p.writes(what+" after that", c)
			c.Close()
		}
	}
	p.here.do(func() {
		c, err := p.stack.ListenPacket(p.network("udp"), netip.AddrPortFrom(p.family.here, 0).String())
		p.must(err)
		defer c.Close()
		n, err := c.WriteTo([]byte("a few bytes"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.family.there, 9)))
		p.note("WriteTo a port that nobody listens on", n, err)
		p.must(c.SetReadDeadline(time.Now().Add(soon)))
		n, from, err := c.ReadFrom(make([]byte, 100))
		p.note("ReadFrom", n, from, err)
	})
}

func udpLinkDown(p *play) {
	c, err := p.dial(stack.Dialer{}, "udp", netip.AddrPortFrom(p.family.there, 9))
	p.must(err)
	defer c.Close()
	p.must(p.here.up(false))
	p.writes("down,", c)
	p.must(c.SetReadDeadline(time.Now().Add(soon)))
	p.reads("down,", c)
	p.must(p.here.up(true))
	p.writes("up,", c)
}

// keepAliveDeath gives both ends a short configuration, the accepted one by way
// of its listener.
func keepAliveDeath(p *play) {
	short := net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 1}
	near, far, end := p.pair(stack.Dialer{KeepAliveConfig: short}, stack.ListenConfig{KeepAliveConfig: short})
	defer end()
	p.set(weather{cut: true})
	p.reads("dialled", near)
	p.reads("accepted", far)
	p.reads("dialled, again", near)
	p.writes("dialled", near)
}

// userTimeout sets the time that the kernel waits for an acknowledgement.
func userTimeout(p *play) {
	no := false
	near, _, end := p.pair(stack.Dialer{}, stack.ListenConfig{MultipathTCP: &no})
	defer end()
	p.raw(near, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 300) })
	p.set(weather{cut: true})
	p.writes("sender", near)
	p.reads("sender", near)
	p.writes("sender, after that,", near)
	p.reads("sender, after that,", near)
}

// vanishes ends a connection as if its host had lost its power.
func (p *play) vanishes(c stack.TCPConn) {
	p.set(weather{cut: true})
	p.must(c.SetLinger(0))
	p.must(c.Close())
	p.awaits("the loss of the reset", func() bool { _, lost := p.packets(); return lost > 0 })
	p.set(weather{})
}

func peerRebooted(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.vanishes(far)
	p.writes("half-open", near)
	p.reads("half-open", near)
	p.writes("after that,", near)
	p.reads("after that,", near)
}

// peerRebootedReader waits in Read when the keep-alive probe finds a host that
// knows nothing of the connection.
func peerRebootedReader(p *play) {
	short := net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 5}
	near, far, end := p.pair(stack.Dialer{KeepAliveConfig: short}, stack.ListenConfig{})
	defer end()
	p.vanishes(far)
	p.reads("half-open", near)
}

func cutForGood(p *play) {
	p.must(p.here.set("tcp_retries2", "2"))
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{cut: true})
	p.writesUntilItFails("sender", near)
	p.writes("sender, after that,", near)
	p.reads("sender", near)
	p.must(far.SetReadDeadline(time.Now().Add(soon)))
	p.reads("receiver", far)
}

// routerGivesUp answers that a host is gone to which a connection exists: the
// kernel goes on trying, and reports that in the end.
func routerGivesUp(p *play) {
	p.must(p.here.set("tcp_retries2", "2"))
	near, _, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{refuse: map[netip.Addr]icmp{p.family.there: p.family.hostGone}})
	p.writes("sender", near)
	p.reads("sender", near)
	p.writes("sender, after that,", near)
}

const much = 1 << 20

// cutAndBack cuts the link after some hundred packets.
func cutAndBack(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{cutIn: 200})
	p.transfers(near, far, much, func() {
		p.awaits("the cut", func() bool { carried, _ := p.packets(); return carried >= 200 })
		time.Sleep(soon)
		p.set(weather{})
	})
}

func linkDownAndUp(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{cutIn: 200})
	p.transfers(near, far, much, func() {
		p.awaits("the cut", func() bool { carried, _ := p.packets(); return carried >= 200 })
		p.must(p.here.up(false))
		p.set(weather{})
		time.Sleep(soon)
		p.must(p.here.up(true))
	})
}

// deadlinesWhileCut lets deadlines pass on both sides, and shows that the
// connection is good when the link is back.
func deadlinesWhileCut(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{cut: true})
	p.must(near.SetDeadline(time.Now().Add(soon)))
	p.must(far.SetDeadline(time.Now().Add(soon)))
	sent := 0
	for {
		n, err := near.Write(make([]byte, 64<<10))
		sent += n
		if err != nil {
			p.note("sender writes until", err)
			break
		}
	}
	p.reads("receiver", far)
	p.set(weather{})
	p.must(near.SetDeadline(time.Now().Add(patience)))
	p.must(far.SetDeadline(time.Now().Add(patience)))
	p.must(near.CloseWrite())
	got := 0
	for {
		n, err := far.Read(make([]byte, 64<<10))
		got += n
		if err != nil {
			p.note("receiver has everything that the sender counted, and", got == sent, err)
			return
		}
	}
}

// closeWhileCut closes a connection that somebody reads and somebody writes,
// with data that nobody acknowledges.
func closeWhileCut(p *play) {
	near, _, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{cut: true})
	read, wrote := make(chan error), make(chan error)
	go func() {
		_, err := near.Read(make([]byte, 1))
		read <- err
	}()
	go func() {
		for {
			if _, err := near.Write(make([]byte, 64<<10)); err != nil {
				wrote <- err
				return
			}
		}
	}()
	time.Sleep(soon)
	p.note("Close", near.Close())
	p.note("Read", <-read)
	p.note("Write", <-wrote)
}

var foul = weather{loss: 0.02, double: 0.05, delay: 2 * time.Millisecond}

func foulWeather(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(foul)
	p.transfers(near, far, much/4, func() {})
}

func foulWeatherMPTCP(p *play) {
	yes := true
	near, far, end := p.pair(stack.Dialer{MultipathTCP: &yes}, stack.ListenConfig{MultipathTCP: &yes})
	defer end()
	for _, c := range []stack.TCPConn{near, far} {
		multi, err := c.MultipathTCP()
		p.note("MultipathTCP", multi, err)
	}
	p.set(foul)
	p.transfers(near, far, much/4, func() {})
}

func (p *play) notesPathMTU(c syscall.Conn) {
	p.raw(c, func(fd int) error {
		mtu, err := unix.GetsockoptInt(fd, p.family.level, p.family.mtu)
		p.note("path MTU", mtu)
		return err
	})
}

func pathMTU(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{mtu: p.family.small})
	p.transfers(near, far, much/4, func() {})
	p.notesPathMTU(near)
}

// pathMTUUnsaid has a router that drops large packets and says nothing, as many
// do, and mends it in the end.
func pathMTUUnsaid(p *play) {
	near, far, end := p.pair(stack.Dialer{}, stack.ListenConfig{})
	defer end()
	p.set(weather{mtu: p.family.small, silent: true})
	_, err := near.Write(make([]byte, 32<<10))
	p.note("sender writes what the kernel takes", err)
	p.must(far.SetReadDeadline(time.Now().Add(soon)))
	p.reads("receiver", far)
	p.set(weather{})
	p.must(far.SetReadDeadline(time.Now().Add(patience)))
	p.must(near.CloseWrite())
	got := 0
	for {
		n, err := far.Read(make([]byte, 64<<10))
		got += n
		if err != nil {
			p.note("receiver has", got, err)
			return
		}
	}
}

func udpPathMTU(p *play) {
	p.set(weather{mtu: p.family.small})
	c, err := p.dial(stack.Dialer{}, "udp", netip.AddrPortFrom(p.family.there, 9))
	p.must(err)
	defer c.Close()
	write := func(what string, size int) {
		n, err := c.Write(make([]byte, size))
		p.note(what, n, err)
	}
	between := (p.family.small + linkMTU) / 2
	write("more than a datagram holds", 1<<16)
	write("more than the path takes", between)
	p.awaitsAnswer()
	p.must(c.SetReadDeadline(time.Now().Add(soon)))
	p.reads("the router's answer,", c)
	write("the same again, in fragments", between)
	p.notesPathMTU(c.(stack.UDPConn))
	p.raw(c.(stack.UDPConn), func(fd int) error {
		return unix.SetsockoptInt(fd, p.family.level, p.family.mtuDiscover, p.family.neverFragment)
	})
	write("the same again, never in fragments", between)
}
