//go:build linux

package net2

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// A ListenGroup is several listeners on one port, each with a queue of its own, over
// which the kernel spreads new connections. A program that accepts from each in a
// goroutine of its own does not make them all wait for one lock.
// [ListenConfig.ListenGroup] makes one. Package net has no such type.
type ListenGroup struct {
	listeners []*TCPListener // immutable

	mu sync.Mutex

	// order has the open listeners in the kernel's order: when one is closed, the
	// last takes its place. That holds as long as no other process has sockets on
	// the port.
	order    []*TCPListener
	draining map[*TCPListener]bool
}

// ListenGroup makes n listeners on the same address, or as many as there are
// processors for Go (GOMAXPROCS) if n is 0. If the port is 0, the kernel chooses one for
// all. Either all listen, or none does. The network is "tcp", "tcp4" or "tcp6"; the
// listeners use plain TCP, unless SetMultipathTCP(true) was called.
//
// Another process of the same user may listen on the port too, with ReusePort.
func (lc *ListenConfig) ListenGroup(ctx context.Context, network, address string, n int) (*ListenGroup, error) {
	fail := func(addr Addr, err error) (*ListenGroup, error) {
		return nil, &OpError{Op: "listen", Net: network, Addr: addr, Err: err}
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return fail(nil, UnknownNetworkError(network))
	}
	if n < 0 {
		return fail(nil, syscall.EINVAL)
	}
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	shared := *lc
	shared.ReusePort = true
	sl, la, err := shared.resolve(ctx, network, address)
	if err != nil {
		return nil, err
	}
	laddr, ok := la.(*TCPAddr)
	if !ok {
		return fail(la, &AddrError{Err: "unexpected address type", Addr: address})
	}
	g := &ListenGroup{draining: make(map[*TCPListener]bool)}
	for range n {
		l, err := sl.listenAnyTCP(ctx, laddr)
		if err != nil {
			g.Close()
			return fail(laddr, err)
		}
		l.group = g
		g.listeners = append(g.listeners, l)
		g.order = append(g.order, l)
		if laddr.Port != 0 {
			continue
		}
		chosen := *laddr
		if chosen.Port, err = l.port(); err != nil {
			g.Close()
			return fail(laddr, err)
		}
		laddr = &chosen
	}
	return g, nil
}

// port returns the port that the kernel chose. Addr need not know it: if the kernel did
// not tell, there is no address.
func (l *TCPListener) port() (int, error) {
	var sa socket.Sockaddr
	if errno := socket.Getsockname(l.fd.pfd.Sysfd, &sa); errno != 0 {
		return 0, os.NewSyscallError("getsockname", errno)
	}
	return int(sa.Inet().Port), nil
}

// Listeners returns the listeners, also those that are closed.
func (g *ListenGroup) Listeners() []*TCPListener {
	if g == nil {
		return nil
	}
	return slices.Clone(g.listeners)
}

// Addr returns the address of all listeners.
func (g *ListenGroup) Addr() Addr {
	if g == nil || len(g.listeners) == 0 {
		return nil
	}
	return g.listeners[0].Addr()
}

// Close closes all listeners. If all are closed already, it returns an error that wraps
// [ErrClosed].
func (g *ListenGroup) Close() error {
	if g == nil {
		return syscall.EINVAL
	}
	var failed error
	closed := 0
	for _, l := range g.listeners {
		switch err := l.Close(); {
		case errors.Is(err, ErrClosed):
			closed++
			if closed == len(g.listeners) {
				failed = err
			}
		case err != nil && failed == nil:
			failed = err
		}
	}
	return failed
}

// close closes a listener of the group and notes what the kernel then does with its
// place.
func (g *ListenGroup) close(l *TCPListener) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := l.fd.Close()
	i := slices.Index(g.order, l)
	if i < 0 {
		return err
	}
	last := len(g.order) - 1
	g.order[i] = g.order[last]
	g.order[last] = nil
	g.order = g.order[:last]
	if g.draining[l] {
		delete(g.draining, l)
		g.spread()
	}
	return err
}

// steer lets no new connection come to l any more, and reports whether that worked.
func (g *ListenGroup) steer(l *TCPListener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.order, l) {
		return false
	}
	before := g.draining[l]
	g.draining[l] = true
	if g.spread() {
		return true
	}
	if !before {
		delete(g.draining, l)
	}
	return false
}

// spread makes the kernel choose among the listeners that do not drain, and reports
// whether that worked. If none drains, the kernel chooses by itself. The caller must
// hold the lock.
func (g *ListenGroup) spread() bool {
	var places []int
	for place, l := range g.order {
		if !g.draining[l] {
			places = append(places, place)
		}
	}
	if len(places) == 0 || len(places) > socket.MaxPlaces {
		return false
	}
	pfd := &g.order[places[0]].fd.pfd
	if len(g.draining) == 0 && pfd.SetsockoptInt(syscall.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0) == nil {
		return true
	}
	return pfd.AttachFilter(unix.SO_ATTACH_REUSEPORT_CBPF, socket.PickListener(places)) == nil
}

// hasOthers reports whether another listener of the group takes connections.
func (g *ListenGroup) hasOthers(l *TCPListener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.order, func(o *TCPListener) bool { return o != l && !g.draining[o] })
}
