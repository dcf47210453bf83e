// Etcd starts the etcd whose path it is given, talks to it by its client on
// loopback, stops it, and prints what came back.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// free returns an address on loopback that nobody uses.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func run(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "etcd")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	clients, err := free()
	if err != nil {
		return err
	}
	peers, err := free()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, server, "--data-dir", dir, "--log-level", "error",
		"--listen-client-urls", "http://"+clients, "--advertise-client-urls", "http://"+clients,
		"--listen-peer-urls", "http://"+peers, "--initial-advertise-peer-urls", "http://"+peers,
		"--initial-cluster", "default=http://"+peers)
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	talked := talk(ctx, clients)
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	// etcd ends by the signal that it was sent.
	err = child.Wait()
	if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); talked == nil && err != nil && (!ok || status.Signal() != syscall.SIGTERM) {
		return fmt.Errorf("the server's end: %w", err)
	}
	return talked
}

func talk(ctx context.Context, address string) error {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{address}, DialTimeout: 30 * time.Second, Context: ctx})
	if err != nil {
		return err
	}
	defer c.Close()
	watched := c.Watch(ctx, "key", clientv3.WithPrefix())
	for i := range 200 {
		if _, err := c.Put(ctx, fmt.Sprintf("key%03d", i), "value"); err != nil {
			return err
		}
	}
	events := 0
	for events < 200 {
		w, ok := <-watched
		if !ok || w.Err() != nil {
			return fmt.Errorf("the watch ended after %d events: %w", events, w.Err())
		}
		events += len(w.Events)
	}
	got, err := c.Get(ctx, "key", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	lease, err := c.Grant(ctx, 60)
	if err != nil {
		return err
	}
	if _, err := c.Put(ctx, "leased", "value", clientv3.WithLease(lease.ID)); err != nil {
		return err
	}
	if _, err := c.Revoke(ctx, lease.ID); err != nil {
		return err
	}
	gone, err := c.Get(ctx, "leased")
	if err != nil {
		return err
	}
	fmt.Printf("watched %d, got %d, of a revoked lease %d\n", events, got.Count, gone.Count)
	return nil
}
