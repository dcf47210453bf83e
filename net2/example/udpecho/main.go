// Udpecho sends each datagram back to where it came from, without an
// allocation: addresses are netip.AddrPort.
//
//	go run ./net2/example/udpecho -listen 127.0.0.1:7007
//	go run ./net2/example/udpecho -to 127.0.0.1:7007 hello
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	net "go.parity/net2"
)

// largest is the size of the largest datagram.
const largest = 65535

func main() {
	address := flag.String("listen", "127.0.0.1:7007", "the `address` to serve")
	to := flag.String("to", "", "be a client of this `address`, and say the arguments")
	flag.Parse()
	run := func() error { return serve(*address) }
	if *to != "" {
		run = func() error { return say(*to, strings.Join(flag.Args(), " ")) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "udpecho:", err)
		os.Exit(1)
	}
}

func serve(address string) error {
	local, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return err
	}
	c, err := net.ListenUDP("udp", local)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Printf("echo on %s\n", c.LocalAddr())
	buf := make([]byte, largest)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		// A peer that cannot be reached is not the end of the server.
		if _, err := c.WriteToUDPAddrPort(buf[:n], from); err != nil {
			fmt.Fprintln(os.Stderr, "udpecho:", err)
		}
	}
}

// say waits a second for the answer: datagrams get lost.
func say(address, message string) error {
	c, err := net.Dial("udp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte(message)); err != nil {
		return err
	}
	buf := make([]byte, largest)
	n, err := c.Read(buf)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", buf[:n])
	return nil
}
