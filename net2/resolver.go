//go:build linux

package net2

import (
	"context"
	"net"
	"reflect"
)

// DefaultResolver is the resolver of every Lookup function and of a [Dialer]
// without one. It is pure Go, and asks its servers over sockets of this
// package.
//
// As long as the program leaves it as it is, [net.DefaultResolver] takes its
// place once that has been set or changed, as tests and programs do for the
// whole process. Package net, and with it net/http, never looks at this one.
var DefaultResolver = &net.Resolver{PreferGo: true}

func init() { DefaultResolver.Dial = dialForResolver } // which dials by DefaultResolver in turn

func dialForResolver(ctx context.Context, network, address string) (Conn, error) {
	return new(Dialer).DialContext(ctx, network, address)
}

// What the two default resolvers are as long as nobody has set them.
var ownResolver, netResolver = DefaultResolver, net.DefaultResolver

// defaultResolver returns the resolver that counts.
func defaultResolver() *Resolver {
	if !isOwnResolver(DefaultResolver) {
		return DefaultResolver
	}
	if r := net.DefaultResolver; r != netResolver || r.PreferGo || r.StrictErrors || r.Dial != nil {
		return r
	}
	return DefaultResolver
}

// isOwnResolver reports whether r is our default resolver, unchanged.
func isOwnResolver(r *Resolver) bool {
	return r == ownResolver && r.PreferGo && !r.StrictErrors && r.Dial != nil &&
		reflect.ValueOf(r.Dial).Pointer() == reflect.ValueOf(dialForResolver).Pointer()
}
