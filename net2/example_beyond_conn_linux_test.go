package net2_test

import (
	"fmt"
	"log"

	net "go.parity/net2"
)

// connected returns the two ends of a TCP connection.
func connected() (client, server *net.TCPConn) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	if client, err = net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr)); err != nil {
		log.Fatal(err)
	}
	if server, err = l.AcceptTCP(); err != nil {
		log.Fatal(err)
	}
	return client, server
}

// Info tells what the kernel knows: here, that a peer has everything.
func ExampleTCPConn_Info() {
	client, server := connected()
	defer client.Close()
	defer server.Close()

	client.Write([]byte("hello"))
	b := make([]byte, 5)
	server.Read(b)
	info, err := server.Info()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.State, info.RTT > 0, info.DataSegmentsReceived)
	// Output: established true 1
}
