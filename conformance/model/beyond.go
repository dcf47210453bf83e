//go:build linux

package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"go.parity/net2"
)

// What connections of net2 can do beyond net's takes part too. net shows what must come of
// it: by its own means where it has some, and else by doing nothing where nothing may
// happen. So an operation here has two halves, and what comes after it shows whether the
// connection is as it would be without.

// beyond is what every connection of net2 has, and none of net.
type beyond interface {
	net2.ReadableConn
	net2.ContextConn
}

// patience is how long an event may take that has happened already.
const patience = 10 * time.Second

// until asks again and again for an answer that is on its way.
func until(done func() bool) bool {
	for end := time.Now().Add(patience); !done(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// readable reports whether there is something to read, or the end.
func (e *end) readable() bool { return len(e.queue) > 0 || e.ended() }

// A readerFunc reads.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// tryRead reads what is there, whatever the deadline.
func (m *machine) tryRead(e *end, n int) bool {
	if e.peer.uncertain {
		return false
	}
	c, ours := e.conn.(beyond)
	if !e.closed && !e.readable() {
		answer := "nothing"
		if ours {
			if n0, err := c.TryRead(make([]byte, n)); n0 != 0 || err != net2.ErrWouldBlock {
				answer = fmt.Sprintf("%d, %s", n0, m.error(err))
			}
		}
		m.record("try read: %s", answer)
		return true
	}
	expired := e.expiredR
	e.expiredR = false
	defer func() { e.expiredR = expired }()
	if ours {
		return m.readWith(e, n, readerFunc(func(p []byte) (n0 int, err error) {
			until(func() bool {
				n0, err = c.TryRead(p)
				return err != net2.ErrWouldBlock
			})
			return n0, err
		}))
	}
	if expired && !e.closed {
		e.conn.SetReadDeadline(time.Time{})
		defer e.conn.SetReadDeadline(past)
	}
	return m.readWith(e, n, e.conn)
}

// waitRead waits until there is something to read, or until its context is done.
func (m *machine) waitRead(e *end) bool {
	if !e.determined() && !e.waits() {
		return false
	}
	want := "done"
	switch {
	case e.closed:
		want = "closed"
	case e.expiredR:
		want = "deadline"
	case e.readable():
		want = "readable"
	}
	if c, ours := e.conn.(beyond); ours {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if want == "done" {
			time.AfterFunc(near/10, cancel)
		}
		err := c.WaitRead(ctx)
		for err == nil && want != "readable" { // it may return without cause
			err = c.WaitRead(ctx)
		}
		want = m.cause(err)
	}
	m.record("wait: %s", want)
	return true
}

// cause says in a word why a wait ended.
func (m *machine) cause(err error) string {
	switch {
	case err == nil:
		return "readable"
	case errors.Is(err, net.ErrClosed):
		return "closed"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "deadline"
	case errors.Is(err, context.Canceled):
		return "done"
	}
	return m.error(err)
}

// readContext reads with a context that is not done meanwhile.
func (m *machine) readContext(e *end, n int) bool {
	if !e.determined() {
		return false
	}
	c, ours := e.conn.(beyond)
	if !ours {
		return m.readWith(e, n, e.conn)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return m.readWith(e, n, readerFunc(func(p []byte) (int, error) { return c.ReadContext(ctx, p) }))
}

// readCanceled reads where nothing is, until its context is done, which leaves no trace.
func (m *machine) readCanceled(e *end) bool {
	if !e.waits() {
		return false
	}
	n, cause := 0, "done"
	if c, ours := e.conn.(beyond); ours {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(near/10, cancel)
		var err error
		n, err = c.ReadContext(ctx, make([]byte, 10))
		cause = m.cause(err)
	}
	m.record("read canceled: %d, %s", n, cause)
	return true
}

// writeContext writes with a context that is not done meanwhile.
func (m *machine) writeContext(e *end, n int) bool {
	c, ours := e.conn.(beyond)
	if !ours {
		return m.write(e, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return m.writeWith(e, n, func(p []byte) (int, error) { return c.WriteContext(ctx, p) })
}

// onReadable lets a function wait for something to read. If nothing is there, it takes the
// function back, or lets the peer write.
func (m *machine) onReadable(e *end, n int) bool {
	if !e.determined() && !e.waits() {
		return false
	}
	write := n%2 == 0 && e.wakeable() && !e.determined()
	c, ours := e.conn.(beyond)
	var arm func(func()) error
	var stop func() bool
	if ours {
		arm, stop = c.OnReadable, c.StopReadable
	}
	return m.armed("readable", e, e.determined(), arm, stop, write, func() { m.write(e.peer, n%500+1) })
}

// peerClosed asks whether the peer has ended its side.
func (m *machine) peerClosed(e *end) bool {
	if !e.knowsPeer() || e.closed {
		return false
	}
	want := e.peerEnded()
	if c, ours := e.conn.(net2.PeerWatcher); ours && !until(func() bool { return c.PeerClosed() == want }) {
		want = !want
	}
	m.record("peer closed: %t", want)
	return true
}

// knowsPeer reports whether it is determined what an end knows of its peer.
func (e *end) knowsPeer() bool {
	return e.stream && !e.noMoreReads && !e.peer.noMoreReads && !e.peer.uncertain
}

func (e *end) peerEnded() bool { return e.peer.closed || e.peer.noMoreSends }

// onPeerClosed lets a function wait for the end of the peer. If it has not come, it takes
// the function back, or lets the peer close.
func (m *machine) onPeerClosed(e *end, n int) bool {
	if !e.knowsPeer() {
		return false
	}
	end := n%2 == 0 && !e.peerEnded() && len(e.peer.queue) == 0 && !e.closed
	c, ours := e.conn.(net2.PeerWatcher)
	var arm func(func()) error
	var stop func() bool
	if ours {
		arm, stop = c.OnPeerClosed, c.StopPeerClosed
	}
	return m.armed("peer closed", e, e.peerEnded(), arm, stop, end, func() { m.close(e.peer) })
}

// armed lets a function wait for an event that has come already, or that happen makes; or
// takes the function back. arm is nil on net.
func (m *machine) armed(what string, e *end, come bool, arm func(func()) error, stop func() bool, makeIt bool, happen func()) bool {
	ran := make(chan struct{}, 2)
	refused := e.closed
	if arm != nil {
		err := arm(func() { ran <- struct{}{} })
		refused = errors.Is(err, net.ErrClosed)
		if err != nil && !refused {
			m.record("on %s: %s", what, m.error(err))
		}
	}
	if makeIt {
		happen()
	}
	answer := "taken back"
	switch {
	case refused:
		answer = "closed"
	case come || makeIt:
		answer = "ran"
		if arm != nil {
			select {
			case <-ran:
			case <-time.After(patience):
				answer = "did not run"
			}
		}
	case arm != nil && !stop():
		answer = "not to be taken back"
	}
	if len(ran) > 0 {
		answer += ", and ran when it may not"
	}
	m.record("on %s: %s", what, answer)
	return true
}

// readBuffers reads into several buffers. Its errors name another system call than those
// of Read.
func (m *machine) readBuffers(e *end, n int) bool {
	if !e.stream || e.closed || e.expiredR || !e.readable() {
		return false
	}
	c, ours := e.conn.(interface {
		ReadBuffers(v [][]byte) (int64, error)
	})
	if !ours {
		return m.readWith(e, n, e.conn)
	}
	return m.readWith(e, n, readerFunc(func(p []byte) (int, error) {
		n0, err := c.ReadBuffers([][]byte{p[:len(p)/3], nil, p[len(p)/3:]})
		return int(n0), err
	}))
}

// acceptCanceled accepts until a context is done; after that the listener is as before.
func (m *machine) acceptCanceled(o Op) bool {
	l, network := m.listen(o)
	if l == nil {
		return true
	}
	defer func() { m.record("close: %s", m.error(l.Close())) }()
	cause := "done"
	if l, ours := l.(interface {
		AcceptContext(ctx context.Context) (net.Conn, error)
	}); ours {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(near/10, cancel)
		_, err := l.AcceptContext(ctx)
		cause = m.cause(err)
	}
	m.record("accept canceled: %s", cause)
	a, err := m.stack.DialContext(context.Background(), network, l.Addr().String())
	m.record("dial: %s", m.error(err))
	if err != nil {
		return true
	}
	defer a.Close()
	m.fresh(a.LocalAddr())
	b, err := l.Accept()
	m.record("accept: %s", m.error(err))
	if err == nil {
		b.Close()
		_, err = io.Copy(io.Discard, a)
		m.record("read: %s", m.error(err))
	}
	return true
}
