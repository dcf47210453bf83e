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
