//go:build linux

package netns

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"go.parity/conformance/pattern"
	"go.parity/conformance/stack"
)

// network is the name of the network for a protocol in the play's family.
func (p *play) network(protocol string) string { return protocol + p.family.suffix }

// dial dials from here.
func (p *play) dial(d stack.Dialer, protocol string, to netip.AddrPort) (c net.Conn, err error) {
	p.here.do(func() { c, err = p.stack.DialerDial(d, p.network(protocol), to.String()) })
	return c, err
}

// listen listens there.
func (p *play) listen(lc stack.ListenConfig) net.Listener {
	var l net.Listener
	var err error
	p.there.do(func() {
		l, err = p.stack.ConfigListen(p.Context(), lc, p.network("tcp"), netip.AddrPortFrom(p.family.there, 0).String())
	})
	p.must(err)
	return l
}

// pair makes a connection from here to there. end closes both ends, each of
// which can be closed before.
func (p *play) pair(d stack.Dialer, lc stack.ListenConfig) (near, far stack.TCPConn, end func()) {
	l := p.listen(lc)
	defer l.Close()
	c, err := p.dial(d, "tcp", addrPort(l.Addr()))
	p.must(err)
	a, err := l.Accept()
	p.must(err)
	for _, c := range []net.Conn{c, a} {
		p.must(c.SetDeadline(time.Now().Add(patience)))
	}
	return c.(stack.TCPConn), a.(stack.TCPConn), func() { c.Close(); a.Close() }
}

func addrPort(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// reads notes what comes of a read.
func (p *play) reads(what string, c net.Conn) {
	n, err := c.Read(make([]byte, 100))
	p.note(what+" reads", n, err)
}

// writes notes what comes of a write of few bytes.
func (p *play) writes(what string, c net.Conn) {
	n, err := c.Write([]byte("a few bytes"))
	p.note(what+" writes", n, err)
}

// writesUntilItFails writes until it fails, and notes how.
func (p *play) writesUntilItFails(what string, c net.Conn) {
	for {
		if _, err := c.Write(make([]byte, 64<<10)); err != nil {
			p.note(what+" writes until", err)
			return
		}
	}
}

// transfers sends many bytes each way at once and compares them. It calls
// meanwhile when that has begun.
func (p *play) transfers(near, far stack.TCPConn, size int, meanwhile func()) {
	want := pattern.Bytes(size)
	results := make(chan error, 4)
	for _, c := range []stack.TCPConn{near, far} {
		go func() {
			_, err := c.Write(want)
			results <- errors.Join(err, c.CloseWrite())
		}()
		go func() {
			got, err := io.ReadAll(c)
			if err == nil && !bytes.Equal(got, want) {
				err = errors.New("other bytes came than were sent")
			}
			results <- err
		}()
	}
	meanwhile()
	for range 4 {
		p.note("a transfer's half", <-results)
	}
}

// raw asks the descriptor.
func (p *play) raw(c syscall.Conn, f func(fd int) error) {
	rc, err := c.SyscallConn()
	p.must(err)
	var inner error
	p.must(rc.Control(func(fd uintptr) { inner = f(int(fd)) }))
	p.must(inner)
}
