//go:build linux

// Emfile is a server that goes on when it has no descriptors left. It keeps one
// in reserve: with that it accepts the next client, and sends it away, which is
// better than letting it wait for nobody.
//
//	go run ./net2/example/emfile -listen 127.0.0.1:7070 -limit 20
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	net "go.parity/net2"
)

func main() {
	address := flag.String("listen", "127.0.0.1:7070", "the `address` to serve")
	limit := flag.Uint64("limit", 0, "have no more than this `number` of descriptors; 0 leaves the limit as it is")
	flag.Parse()
	if err := serve(*address, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "emfile:", err)
		os.Exit(1)
	}
}

func serve(address string, limit uint64) error {
	if limit > 0 {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer l.Close()
	var r reserve
	if err := r.take(); err != nil {
		return err
	}
	fmt.Printf("echo on %s\n", l.Addr())
	for {
		c, err := l.Accept()
		if errors.Is(err, syscall.EMFILE) {
			c, err = r.accept(l)
		}
		if err != nil {
			return err
		}
		if c != nil {
			go func() { defer c.Close(); io.Copy(c, c) }()
		}
	}
}

// A reserve is a descriptor to give up when there is no other.
type reserve struct{ file *os.File }

// take takes the descriptor, if it is not there already.
func (r *reserve) take() (err error) {
	if r.file == nil {
		r.file, err = os.Open(os.DevNull)
	}
	return err
}

// accept accepts with the reserve. If there is still no other descriptor, it
// sends the client away and returns no connection.
func (r *reserve) accept(l net.Listener) (net.Conn, error) {
	if r.file != nil {
		if err := r.file.Close(); err != nil {
			return nil, err
		}
		r.file = nil
	}
	c, err := l.Accept()
	if errors.Is(err, syscall.EMFILE) { // somebody else was faster
		time.Sleep(10 * time.Millisecond)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if r.take() == nil {
		return c, nil
	}
	fmt.Fprintf(os.Stderr, "emfile: no descriptor for %s\n", c.RemoteAddr())
	c.Close()
	if err := r.take(); err != nil && !errors.Is(err, syscall.EMFILE) {
		return nil, err
	}
	return nil, nil
}
