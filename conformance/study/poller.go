package study

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"go.parity/net2"
)

// A pollerState is what the poller tells of itself; see
// runtimehooks.PollStats.
type pollerState struct {
	open, waiters                                 int
	polls, events, batches, deadlines, staleDrops uint64
}

// load is what the poller is watched under: busy connections, idle ones whose
// reads time out, and ones that come and go.
type load struct {
	busy, idle, brief int
}

var usualLoad = load{busy: 32, idle: 16, brief: 2}

// watchPoller puts the poller under load and prints its state, a line each
// tenth of the time.
func watchPoller(ctx context.Context, p *printer, length time.Duration) error {
	p.heading(pollerTitle)
	if why := pollerIsSilent(); why != "" {
		p.para("", why)
		return nil
	}
	p.para("", fmt.Sprintf("A server on net2, with %d connections that exchange short messages at their leisure, %d on which nothing comes and each read "+
		"times out after 20 ms, and %d clients that connect, ask once and go.", usualLoad.busy, usualLoad.idle, usualLoad.brief))
	p.blank()
	for _, c := range pollerColumns {
		p.para("  ", fmt.Sprintf("%-10s %s", c.name, c.doc))
	}
	p.blank()

	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	stop, err := usualLoad.start(ctx)
	if err != nil {
		return err
	}
	defer stop()

	var head strings.Builder
	for _, c := range pollerColumns {
		fmt.Fprintf(&head, "%*s", len(c.name)+2, c.name)
	}
	p.line(p.bold(head.String()))
	every := max(length/10, 10*time.Millisecond)
	tick := time.NewTicker(every)
	defer tick.Stop()
	before, at := readPoller(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			state := readPoller()
			var row strings.Builder
			for _, c := range pollerColumns {
				fmt.Fprintf(&row, "%*s", len(c.name)+2, c.value(before, state, now.Sub(at)))
			}
			p.line(row.String())
			before, at = state, now
		}
	}
}

var pollerColumns = []struct {
	name, doc string
	value     func(before, now pollerState, d time.Duration) string
}{
	{"open", "descriptors in the poller", func(_, now pollerState, _ time.Duration) string { return fmt.Sprint(now.open) }},
	{"parked", "goroutines that wait for one of them", func(_, now pollerState, _ time.Duration) string { return fmt.Sprint(now.waiters) }},
	{"polls/s", "calls of epoll_wait", func(b, n pollerState, d time.Duration) string { return rate(n.polls-b.polls, d) }},
	{"events/s", "events that these brought", func(b, n pollerState, d time.Duration) string { return rate(n.events-b.events, d) }},
	{"per poll", "events to a call: the busier, the more", func(b, n pollerState, _ time.Duration) string {
		if n.polls == b.polls {
			return "-"
		}
		return fmt.Sprintf("%.1f", float64(n.events-b.events)/float64(n.polls-b.polls))
	}},
	{"batches/s", "calls that woke a goroutine, or several at once", func(b, n pollerState, d time.Duration) string { return rate(n.batches-b.batches, d) }},
	{"timeouts/s", "deadlines that passed", func(b, n pollerState, d time.Duration) string { return rate(n.deadlines-b.deadlines, d) }},
	{"stale", "events of a descriptor that was closed meanwhile, dropped by their tag, so far", func(_, n pollerState, _ time.Duration) string { return fmt.Sprint(n.staleDrops) }},
}

func rate(n uint64, d time.Duration) string { return fmt.Sprintf("%.0f", float64(n)/d.Seconds()) }

// start begins the load; stop ends it and waits until all of it is gone.
func (l load) start(ctx context.Context) (stop func(), err error) {
	ln, err := net2.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { serve(ln, &all) })
	for range l.busy {
		all.Go(func() { converse(ctx, ln.Addr().String()) })
	}
	for range l.idle {
		all.Go(func() { idle(ctx, ln.Addr().String()) })
	}
	for range l.brief {
		all.Go(func() {
			for ctx.Err() == nil {
				ask(ctx, ln.Addr().String())
			}
		})
	}
	return func() {
		cancel()
		ln.Close()
		all.Wait()
	}, nil
}

// serve answers each message with itself.
func serve(ln net.Listener, all *sync.WaitGroup) {
	for {
		c, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // out of descriptors
			continue
		}
		all.Go(func() {
			defer c.Close()
			io.Copy(c, readerOnly{c}) // through a buffer, not splice
		})
	}
}

type readerOnly struct{ io.Reader }

// connect dials and closes the connection when ctx is done, which ends
// whatever waits on it.
func connect(ctx context.Context, addr string) (c net.Conn, done func(), err error) {
	c, err = net2.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return c, func() { stop(); c.Close() }, nil
}

func converse(ctx context.Context, addr string) {
	c, done, err := connect(ctx, addr)
	if err != nil {
		return
	}
	defer done()
	b := make([]byte, 64)
	for {
		if _, err := c.Write(b); err != nil {
			return
		}
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

func idle(ctx context.Context, addr string) {
	c, done, err := connect(ctx, addr)
	if err != nil {
		return
	}
	defer done()
	b := make([]byte, 64)
	for ctx.Err() == nil {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		c.Read(b)
	}
}

func ask(ctx context.Context, addr string) {
	c, done, err := connect(ctx, addr)
	if err != nil {
		return
	}
	defer done()
	b := make([]byte, 64)
	if _, err := c.Write(b); err == nil {
		io.ReadFull(c, b)
	}
	time.Sleep(time.Millisecond)
}
