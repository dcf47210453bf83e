// Proxy carries TCP connections to another address. io.Copy between two of
// net2's TCP connections is splice: on Linux the bytes go from socket to socket
// inside the kernel.
//
//	go run ./net2/example/proxy -listen 127.0.0.1:8081 -to 127.0.0.1:8080
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"sync"

	net "go.parity/net2"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8081", "the `address` to serve")
	to := flag.String("to", "127.0.0.1:8080", "the `address` to carry connections to")
	flag.Parse()
	if err := serve(*address, *to); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

func serve(address, to string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Printf("proxy from %s to %s\n", l.Addr(), to)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			if err := carry(c.(*net.TCPConn), to); err != nil {
				fmt.Fprintln(os.Stderr, "proxy:", err)
			}
		}()
	}
}

// carry carries one connection, until both sides have sent everything.
func carry(client *net.TCPConn, to string) error {
	defer client.Close()
	c, err := net.Dial("tcp", to)
	if err != nil {
		return err
	}
	server := c.(*net.TCPConn)
	defer server.Close()
	var wg sync.WaitGroup
	var there, back error
	wg.Go(func() { there = carryOneWay(server, client) })
	wg.Go(func() { back = carryOneWay(client, server) })
	wg.Wait()
	if there != nil {
		return there
	}
	return back
}

// carryOneWay passes on the end, too: the other direction may have more to say.
func carryOneWay(dst, src *net.TCPConn) error {
	_, err := io.Copy(dst, src)
	if err != nil {
		dst.Close() // so that the other direction ends
		return err
	}
	return dst.CloseWrite()
}
