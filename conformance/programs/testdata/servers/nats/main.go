// Nats starts the nats-server whose path it is given, talks to it by nats.go on
// loopback, stops it, and prints what came back.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const messages = 20_000

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "nats")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	l.Close()
	child := exec.CommandContext(ctx, server, "-a", "127.0.0.1", "-p", port, "-js", "-sd", dir)
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	talked := talk(ctx, "nats://"+address)
	if err := child.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	if err := child.Wait(); err != nil && talked == nil {
		return fmt.Errorf("the server's end: %w", err)
	}
	return talked
}

func talk(ctx context.Context, url string) error {
	c, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.Timeout(10*time.Second))
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Subscribe("double", func(m *nats.Msg) { m.Respond(append(m.Data, m.Data...)) }); err != nil {
		return err
	}
	if err := c.FlushWithContext(ctx); err != nil {
		return err
	}
	answer, err := c.RequestWithContext(ctx, "double", []byte("ping"))
	if err != nil {
		return err
	}
	fmt.Printf("request: %s\n", answer.Data)

	var got atomic.Int64
	all := make(chan struct{})
	if _, err := c.Subscribe("many", func(*nats.Msg) {
		if got.Add(1) == messages {
			close(all)
		}
	}); err != nil {
		return err
	}
	for range messages {
		if err := c.Publish("many", []byte("a message")); err != nil {
			return err
		}
	}
	select {
	case <-all:
		fmt.Printf("published and received: %d\n", got.Load())
	case <-ctx.Done():
		return fmt.Errorf("received %d of %d messages", got.Load(), messages)
	}
	return stored(ctx, c)
}

func stored(ctx context.Context, c *nats.Conn) error {
	js, err := jetstream.New(c)
	if err != nil {
		return err
	}
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "kept", Subjects: []string{"kept"}})
	if err != nil {
		return err
	}
	for range 100 {
		if _, err := js.Publish(ctx, "kept", []byte("a message")); err != nil {
			return err
		}
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("stored: %d\n", info.State.Msgs)
	return nil
}
