package traffic

import (
	"context"
	"net"

	"go.parity/net2"
)

// A stack is what the traffic needs of net or of net2. The connections are
// the stack's own, unwrapped, so that net/http sees their fast paths.
type stack struct {
	name   string
	listen func(ctx context.Context, network, address string) (net.Listener, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

var (
	std = stack{
		name: "net",
		listen: func(ctx context.Context, network, address string) (net.Listener, error) {
			return new(net.ListenConfig).Listen(ctx, network, address)
		},
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	own = stack{
		name: "net2",
		listen: func(ctx context.Context, network, address string) (net.Listener, error) {
			return new(net2.ListenConfig).Listen(ctx, network, address)
		},
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return new(net2.Dialer).DialContext(ctx, network, address)
		},
	}
)
