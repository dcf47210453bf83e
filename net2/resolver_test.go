//go:build linux

package net2

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestDefaultResolverAssignedIsUsed(t *testing.T) {
	saved := DefaultResolver
	defer func() { DefaultResolver = saved }()
	asked := errors.New("asked")
	DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, asked
	}}
	var dnsErr *DNSError
	for name, ask := range map[string]func() error{
		"LookupHost":     func() error { _, err := LookupHost("name.test."); return err },
		"LookupIP":       func() error { _, err := LookupIP("name.test."); return err },
		"LookupTXT":      func() error { _, err := LookupTXT("name.test."); return err },
		"Dial":           func() error { _, err := Dial("tcp", "name.test.:80"); return err },
		"Listen":         func() error { _, err := Listen("tcp", "name.test.:80"); return err },
		"ResolveTCPAddr": func() error { _, err := ResolveTCPAddr("tcp", "name.test.:80"); return err },
	} {
		if err := ask(); !errors.As(err, &dnsErr) || dnsErr.Err != asked.Error() {
			t.Errorf("%s with a resolver of ours = %v, want a DNSError for %q", name, err, asked)
		}
	}
}

// A resolver that the program has set counts: ours before package net's.
func TestDefaultResolverThatCounts(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	for _, tt := range []struct {
		name string
		set  func() (want *Resolver)
	}{
		{"nobody set one", func() *Resolver { return DefaultResolver }},
		{"ours set", func() *Resolver { DefaultResolver = new(Resolver); return DefaultResolver }},
		{"ours changed", func() *Resolver { DefaultResolver.Dial = dial; return DefaultResolver }},
		{"net's set", func() *Resolver { net.DefaultResolver = new(Resolver); return net.DefaultResolver }},
		{"net's changed", func() *Resolver { net.DefaultResolver.Dial = dial; return net.DefaultResolver }},
		{"both set", func() *Resolver {
			net.DefaultResolver = &Resolver{PreferGo: true}
			DefaultResolver = &Resolver{PreferGo: true}
			return DefaultResolver
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own, std := DefaultResolver, net.DefaultResolver
			defer func() {
				DefaultResolver, net.DefaultResolver = own, std
				own.Dial, std.Dial = dialForResolver, nil
			}()
			if want := tt.set(); defaultResolver() != want {
				t.Errorf("defaultResolver() = %p, want %p", defaultResolver(), want)
			}
		})
	}
}
