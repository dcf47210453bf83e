//go:build linux

// Passfd passes an open file over a Unix socket: the client reads a file that
// it may have no right to open.
//
//	go run ./net2/example/passfd -serve go.mod /tmp/passfd.sock
//	go run ./net2/example/passfd /tmp/passfd.sock
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	net "go.parity/net2"
)

func main() {
	file := flag.String("serve", "", "pass this `file` to whoever connects")
	flag.Parse()
	socket := &net.UnixAddr{Net: "unix", Name: flag.Arg(0)}
	run := func() error { return get(socket) }
	if *file != "" {
		run = func() error { return serve(socket, *file) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "passfd:", err)
		os.Exit(1)
	}
}

func serve(socket *net.UnixAddr, name string) error {
	l, err := net.ListenUnix("unix", socket)
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Printf("passing %s on %s\n", name, l.Addr())
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		if err := pass(c, name); err != nil {
			fmt.Fprintln(os.Stderr, "passfd:", err)
		}
	}
}

// pass opens the file for one client: two clients that share an open file share
// its offset.
func pass(c *net.UnixConn, name string) error {
	defer c.Close()
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	// Descriptors travel with data, at least one byte of it.
	_, _, err = c.WriteMsgUnix([]byte{0}, syscall.UnixRights(int(f.Fd())), nil)
	return err
}

func get(socket *net.UnixAddr) error {
	c, err := net.DialUnix("unix", nil, socket)
	if err != nil {
		return err
	}
	defer c.Close()
	f, err := receive(c)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(os.Stdout, f)
	return err
}

func receive(c *net.UnixConn) (*os.File, error) {
	control := make([]byte, syscall.CmsgSpace(4)) // room for one descriptor
	_, n, _, _, err := c.ReadMsgUnix(make([]byte, 1), control)
	if err != nil {
		return nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(control[:n])
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			return nil, err
		}
		if len(fds) > 0 {
			return os.NewFile(uintptr(fds[0]), "passed"), nil
		}
	}
	return nil, errors.New("the server passed no file")
}
