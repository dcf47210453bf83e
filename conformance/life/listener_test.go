//go:build linux

package life

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// Close comes at any moment of whatever else one does to a listener, while peers
// come. When it returns, the address is free.
func TestCloseAgainstAccept(t *testing.T) {
	for _, k := range []struct {
		network   string
		multipath bool
		needs     host.Need
	}{
		{"tcp4", false, host.Loopback},
		{"tcp4", true, host.MultipathTCP},
		{"unix", false, host.Linux},
		{"unixpacket", false, host.Linux},
	} {
		t.Run(fmt.Sprintf("%s,multipath=%v", k.network, k.multipath), func(t *testing.T) {
			if lack := host.Lacking(k.needs); lack != nil {
				t.Skip(lack)
			}
			onEach(t, func(t *testing.T, s *stack.Stack) {
				var left atomic.Int64
				left.Store(int64(rounds(s, 80)))
				var all sync.WaitGroup
				for i := range workers {
					all.Go(func() {
						d := &doorkeeper{stack: s, network: k.network, multipath: k.multipath, at: place{"listener", i}, choose: chance(i)}
						for round := 0; left.Add(-1) >= 0 && !t.Failed(); round++ {
							if err := d.live(round); err != nil {
								t.Errorf("worker %d, round %d: %v", i, round, err)
							}
						}
					})
				}
				all.Wait()
			})
		})
	}
}

// A doorkeeper makes one listener after the other.
type doorkeeper struct {
	stack     *stack.Stack
	network   string
	multipath bool
	at        place
	choose    *rand.Rand
}

// A listener has what the listeners of all networks have.
type listener interface {
	net.Listener
	syscall.Conn
	File() (*os.File, error)
	SetDeadline(time.Time) error
}

func (d *doorkeeper) listen(address string) (listener, error) {
	l, err := d.stack.ConfigListen(context.Background(), stack.ListenConfig{MultipathTCP: &d.multipath}, d.network, address)
	if err != nil {
		return nil, err
	}
	return l.(listener), nil
}

func (d *doorkeeper) live(round int) error {
	address := d.at.name()
	if d.network == "tcp4" {
		address = d.at.ip(round, 0) + ":0"
	}
	l, err := d.listen(address)
	if err != nil {
		return err
	}
	address = l.Addr().String()
	there, _ := tokens(d.at.worker, round)
	can := listenerUsesOf(d.stack)
	users, peers := newCrew(), newCrew()
	duplicated := false
	for range 1 + d.choose.IntN(4) {
		u := can[d.choose.IntN(len(can))]
		duplicated = duplicated || u.name == "File"
		choose := rand.New(rand.NewPCG(d.choose.Uint64(), 0))
		users.start(u.name, func() error { return listenerUntilClosed(l, u, there, choose) })
	}
	for range d.choose.IntN(3) {
		peers.start("a peer", func() error { return d.visit(address, there) })
	}
	for range d.choose.IntN(60) {
		runtime.Gosched()
	}
	users.start("Close", func() error {
		if err := l.Close(); err != nil || duplicated {
			return err
		}
		again, err := d.listen(address)
		if err != nil {
			return fmt.Errorf("Listen where a closed listener was: %w", err)
		}
		return again.Close()
	})
	err = errors.Join(users.wait(), peers.wait())
	for _, u := range can {
		if uerr := u.do(l, there, d.choose); !errors.Is(uerr, net.ErrClosed) {
			err = errors.Join(err, fmt.Errorf("%s after Close = %v, want %v", u.name, uerr, net.ErrClosed))
		}
	}
	return err
}

// A listenerUse does one thing to a listener whose peers send a token.
type listenerUse struct {
	name string
	do   func(l listener, in token, choose *rand.Rand) error
}

var listenerUses = []listenerUse{
	{"Accept", func(l listener, in token, _ *rand.Rand) error {
		return in.checkFirst(l.Accept())
	}},
	{"SetDeadline", func(l listener, _ token, choose *rand.Rand) error { return l.SetDeadline(moment(choose)) }},
	{"File", func(l listener, _ token, _ *rand.Rand) error {
		f, err := l.File()
		if err != nil {
			return err
		}
		return f.Close()
	}},
	{"RawConn.Control", func(l listener, _ token, _ *rand.Rand) error {
		rc, err := l.SyscallConn()
		if err != nil {
			return err
		}
		return rc.Control(func(uintptr) { runtime.Gosched() })
	}},
}

// checkFirst returns a wrong if what a connection that was accepted says first is not of
// the token.
func (t token) checkFirst(c net.Conn, err error) error {
	if err != nil {
		return err
	}
	defer c.Close()
	p := make([]byte, 8)
	n, _ := c.Read(p) // fails if the peer was gone first
	if err := t.foreign(p[:n]); err != nil {
		return wrong{err}
	}
	return nil
}

// listenerUntilClosed uses a listener until it is closed.
func listenerUntilClosed(l listener, u listenerUse, in token, choose *rand.Rand) error {
	for {
		switch err := u.do(l, in, choose); {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && !isTimeout(err):
			return err
		}
		runtime.Gosched()
	}
}

// visit dials and sends the token, again and again, until nobody listens. It
// stops before the visitors fill the queue of a listener that accepts nobody.
func (d *doorkeeper) visit(address string, out token) error {
	for range 40 {
		c, err := d.stack.DialerDial(stack.Dialer{MultipathTCP: &d.multipath}, d.network, address)
		if err != nil {
			if usual(err) {
				return nil
			}
			return err
		}
		c.Write(out.bytes(8)) // fails if the listener went first
		c.Close()
	}
	return nil
}
