package net

import (
	"context"
	"internal/nettrace"
)

// Package net already has what net2, as an import, must find out or do again.
// Each declaration here replaces one of net2's; those with the prefix net2_
// replace the ones whose name net uses itself.

// A connectTrace is the part of a trace that concerns connecting.
type connectTrace nettrace.Trace

func (t *connectTrace) start(network, address string) {
	if t.ConnectStart != nil {
		t.ConnectStart(network, address)
	}
}

func (t *connectTrace) done(network, address string, err error) {
	if t.ConnectDone != nil {
		t.ConnectDone(network, address, err)
	}
}

// connectHooks returns the trace in ctx, nil if there is none.
func connectHooks(ctx context.Context) *connectTrace {
	t, _ := ctx.Value(nettrace.TraceKey{}).(*nettrace.Trace)
	return (*connectTrace)(t)
}

// withoutConnectHooks returns ctx for a look-up.
func withoutConnectHooks(ctx context.Context) context.Context {
	t := connectHooks(ctx)
	if t == nil {
		return ctx
	}
	shadow := nettrace.Trace(*t)
	shadow.ConnectStart, shadow.ConnectDone = nil, nil
	return context.WithValue(ctx, nettrace.TraceKey{}, &shadow)
}

func defaultResolver() *Resolver { return DefaultResolver }

func resolveAddrList(ctx context.Context, r *Resolver, op, network, address string, hint Addr) (addrList, error) {
	addrs, err := r.resolveAddrList(ctx, op, network, address, hint)
	return addrList(addrs), err
}

func net2_parseNetwork(network string, needsProto bool) (afnet string, proto int, err error) {
	return parseNetwork(context.Background(), network, needsProto)
}

// zones are net's zones by the kernel's type of their numbers.
type zones struct{}

var net2_zoneCache zones

func (zones) name(index uint32) string { return zoneCache.name(int(index)) }

func (zones) index(name string) uint32 { return uint32(zoneCache.index(name)) }
