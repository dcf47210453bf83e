//go:build linux

package net2

import (
	"context"
	"net"
)

// DefaultResolver is the resolver of every Lookup function and of a [Dialer]
// without one. It is pure Go, and asks its servers over sockets of this
// package.
var DefaultResolver = &net.Resolver{PreferGo: true}

func init() {
	DefaultResolver.Dial = func(ctx context.Context, network, address string) (Conn, error) {
		return new(Dialer).DialContext(ctx, network, address)
	}
}
