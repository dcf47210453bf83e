// Command netpoll is the benchmark's server on github.com/cloudwego/netpoll.
package main

import (
	"context"
	"fmt"
	"net"

	"github.com/cloudwego/netpoll"

	"go.parity/conformance/bench"
)

func main() { bench.Serve(serve) }

func serve(w bench.Workload, s bench.Serving) (string, error) {
	opened := func(netpoll.Connection) context.Context {
		s.Accepted()
		return context.Background()
	}
	var answer netpoll.OnRequest
	switch w.Kind {
	case bench.KindEcho, bench.KindBurst, bench.KindIdle:
		answer = func(_ context.Context, c netpoll.Connection) error { return echo(c, c.Reader().Len()) }
	case bench.KindOnce:
		answer = func(_ context.Context, c netpoll.Connection) error { return once(c, w.Size) }
	default:
		return "", fmt.Errorf("no server for %q", w.Kind)
	}
	loop, err := netpoll.NewEventLoop(answer, netpoll.WithOnPrepare(opened))
	if err != nil {
		return "", err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { s.Failed(fmt.Errorf("netpoll ended: %w", loop.Serve(ln))) }()
	return ln.Addr().String(), nil
}

// echo answers with the next size bytes, which it waits for.
func echo(c netpoll.Connection, size int) error {
	r, w := c.Reader(), c.Writer()
	b, err := r.Next(size)
	if err != nil {
		return err
	}
	if _, err := w.WriteBinary(b); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return r.Release()
}

// once answers one message of size bytes.
func once(c netpoll.Connection, size int) error {
	if err := echo(c, size); err != nil {
		return err
	}
	return c.Close()
}
