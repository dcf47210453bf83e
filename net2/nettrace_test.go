//go:build linux

package net2

import (
	"context"
	"fmt"
	"net"
	"net/http/httptrace"
	"slices"
	"testing"
)

func TestDialCallsConnectHooks(t *testing.T) {
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := l.Addr().String()

	dialers := []struct {
		name string
		dial func(ctx context.Context, network, address string) (Conn, error)
	}{
		{"net", new(net.Dialer).DialContext},
		{"net2", new(Dialer).DialContext},
	}
	var got [2][]string
	for i, d := range dialers {
		say := func(format string, args ...any) { got[i] = append(got[i], fmt.Sprintf(format, args...)) }
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			DNSStart:     func(info httptrace.DNSStartInfo) { say("dns start %s", info.Host) },
			DNSDone:      func(info httptrace.DNSDoneInfo) { say("dns done %v", info.Err) },
			ConnectStart: func(network, address string) { say("connect start %s %s", network, address) },
			ConnectDone:  func(network, address string, err error) { say("connect done %s %s %v", network, address, err) },
		})
		c, err := d.dial(ctx, "tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if c, err := d.dial(ctx, "tcp4", "localhost:1"); err == nil {
			c.Close()
		}
	}
	if !slices.Equal(got[0], got[1]) {
		t.Errorf("hooks called:\nnet:  %q\nnet2: %q", got[0], got[1])
	}
	if len(got[1]) < 4 {
		t.Errorf("hooks called = %q, want a connection's and a look-up's", got[1])
	}
}
