//go:build linux

package net2

import (
	"context"
	"net"
	"reflect"
)

// DefaultResolver looks up names for the Lookup functions, and for a [Dialer]
// without a resolver of its own. It is written in pure Go and asks name servers
// over sockets of this package.
//
// If the program sets or changes [net.DefaultResolver] and leaves DefaultResolver
// as it is, net.DefaultResolver takes its place: programs and tests set that one
// for the whole process. The other way round nothing happens: package net, and
// net/http with it, never looks at DefaultResolver.
var DefaultResolver = &net.Resolver{PreferGo: true}

func init() { DefaultResolver.Dial = dialForResolver } // which dials by DefaultResolver in turn

func dialForResolver(ctx context.Context, network, address string) (Conn, error) {
	return new(Dialer).DialContext(ctx, network, address)
}

// The two default resolvers as they are before anybody sets them.
var ownResolver, netResolver = DefaultResolver, net.DefaultResolver

// defaultResolver returns the resolver to use: see DefaultResolver.
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
