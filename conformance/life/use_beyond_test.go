//go:build linux

package life

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"go.parity/conformance/stack"
	"go.parity/net2"
)

// beyondUses are what only net2's connections can be used for.
var beyondUses = []use{
	{name: "WaitRead", do: waitRead},
	{name: "TryRead", do: tryRead},
	{name: "OnReadable", do: func(e *end) error {
		c, ok := has[net2.ReadableConn](e)
		if !ok {
			return errNotThere
		}
		return armed(e, c.OnReadable, c.StopReadable)
	}},
	{name: "OnPeerClosed", do: func(e *end) error {
		c, ok := has[net2.PeerWatcher](e)
		if !ok {
			return errNotThere
		}
		c.PeerClosed()
		return armed(e, c.OnPeerClosed, c.StopPeerClosed)
	}},
	{name: "ReadContext", do: readContext},
	{name: "WriteContext", do: writeContext},
	{name: "ReadBuffers", do: readBuffers},
	{name: "WriteBuffers", do: writeAllBuffers},
	{name: "ReadUDPBatch", do: readUDPBatch},
	{name: "WriteUDPBatch", do: writeUDPBatch},
	{name: "Info", do: tcpInfo},
	{name: "PeerCred", do: peerCred},
}

// usesOf returns all that a stack's connections can be used for.
func usesOf(s *stack.Stack) []use {
	if s == stack.Net2 {
		return slices.Concat(uses, beyondUses)
	}
	return uses
}

// beyondListenerUses are what only net2's listeners can be used for.
var beyondListenerUses = []listenerUse{
	{"AcceptContext", func(l listener, in token, choose *rand.Rand) error {
		ctx, cancel := briefly(choose)
		defer cancel()
		c, err := l.(interface {
			AcceptContext(context.Context) (net.Conn, error)
		}).AcceptContext(ctx)
		return in.checkFirst(c, err)
	}},
	{"WaitAccept", func(l listener, _ token, choose *rand.Rand) error {
		ctx, cancel := briefly(choose)
		defer cancel()
		return l.(interface{ WaitAccept(context.Context) error }).WaitAccept(ctx)
	}},
}

func listenerUsesOf(s *stack.Stack) []listenerUse {
	if s == stack.Net2 {
		return slices.Concat(listenerUses, beyondListenerUses)
	}
	return listenerUses
}

// briefly returns a context that is done soon, or already.
func briefly(choose *rand.Rand) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Duration(choose.IntN(int(time.Millisecond))))
}

func waitRead(e *end) error {
	c, ok := has[net2.ReadableConn](e)
	if !ok {
		return errNotThere
	}
	ctx, cancel := briefly(e.choose)
	defer cancel()
	return c.WaitRead(ctx)
}

func tryRead(e *end) error {
	c, ok := has[net2.ReadableConn](e)
	if !ok {
		return errNotThere
	}
	p := make([]byte, 1+e.choose.IntN(4096)+e.kind.header)
	n, err := c.TryRead(p)
	if err == net2.ErrWouldBlock {
		err = nil
	}
	return errors.Join(err, e.checkPacket(p[:n]))
}

// armed lets a function wait for an event, and perhaps takes it back. A function runs once
// at most, and never if it was refused.
func armed(e *end, arm func(func()) error, stop func() bool) error {
	var refused, ran atomic.Bool
	err := arm(func() {
		if refused.Load() || ran.Swap(true) {
			panic("life: a function ran that was refused, or twice")
		}
	})
	if err != nil {
		refused.Store(true)
		if errors.Is(err, syscall.EALREADY) { // another goroutine's waits already
			return nil
		}
		return err
	}
	if e.choose.IntN(2) == 0 {
		stop()
	}
	return nil
}

func readContext(e *end) error {
	c, ok := has[net2.ContextConn](e)
	if !ok {
		return errNotThere
	}
	ctx, cancel := briefly(e.choose)
	defer cancel()
	p := make([]byte, 1+e.choose.IntN(4096)+e.kind.header)
	n, err := c.ReadContext(ctx, p)
	return errors.Join(err, e.checkPacket(p[:n]))
}

func writeContext(e *end) error {
	c, ok := has[net2.ContextConn](e)
	if !ok {
		return errNotThere
	}
	ctx, cancel := briefly(e.choose)
	defer cancel()
	return second(c.WriteContext(ctx, e.out.bytes(1+e.choose.IntN(e.most()))))
}

func readBuffers(e *end) error {
	c, ok := has[interface {
		ReadBuffers([][]byte) (int64, error)
	}](e)
	if !ok {
		return errNotThere
	}
	p := make([]byte, 4096)
	n, err := c.ReadBuffers([][]byte{p[:10], p[10:1000], nil, p[1000:]})
	return errors.Join(err, e.check(p[:n]))
}

func writeAllBuffers(e *end) error {
	c, ok := has[net2.BuffersWriter](e)
	if !ok {
		return errNotThere
	}
	v := net2.Buffers{e.out.bytes(10), e.out.bytes(300), e.out.bytes(1)}
	return second(c.WriteBuffers(&v))
}

func readUDPBatch(e *end) error {
	c, ok := has[*net2.UDPConn](e)
	if !ok {
		return errNotThere
	}
	ms := make([]net2.UDPMessage, 4)
	for i := range ms {
		ms[i].Buffer = make([]byte, 2048)
	}
	n, err := c.ReadUDPBatch(ms)
	for i := range ms[:n] {
		err = errors.Join(err, e.check(ms[i].Buffer))
	}
	return err
}

func writeUDPBatch(e *end) error {
	c, ok := has[*net2.UDPConn](e)
	if !ok {
		return errNotThere
	}
	return second(c.WriteUDPBatch([]net2.UDPMessage{{Buffer: e.out.bytes(100)}, {Buffer: e.out.bytes(1)}}))
}

func tcpInfo(e *end) error {
	c, ok := has[*net2.TCPConn](e)
	if !ok {
		return errNotThere
	}
	return second(c.Info())
}

func peerCred(e *end) error {
	c, ok := has[*net2.UnixConn](e)
	if !ok {
		return errNotThere
	}
	return second(c.PeerCred())
}
