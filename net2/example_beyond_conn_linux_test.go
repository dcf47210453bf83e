package net2_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

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

// A process that holds a file passes it to another, which may only have this socket.
func ExampleUnixConn_SendFiles() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "socket"), Net: "unix"})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	client, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	server, err := l.AcceptUnix()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	cred, err := server.PeerCred()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("from this very process:", int(cred.Pid) == os.Getpid())

	f, err := os.CreateTemp(dir, "")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	f.WriteString("what the file holds")
	client.SendFiles([]byte("take this"), f)

	b := make([]byte, 16)
	n, files, err := server.ReceiveFiles(b, 1)
	if err != nil {
		log.Fatal(err)
	}
	defer files[0].Close()
	files[0].Seek(0, io.SeekStart) // the two share the offset
	text, err := io.ReadAll(files[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", b[:n], text)
	// Output:
	// from this very process: true
	// take this: what the file holds
}

// ReadBuffers puts the parts of a frame where they belong, without a copy.
func ExampleTCPConn_ReadBuffers() {
	client, server := connected()
	defer client.Close()
	defer server.Close()

	frame := net.Buffers{[]byte("head"), []byte("and the body")}
	client.WriteBuffers(&frame)

	head, body := make([]byte, 4), make([]byte, 64)
	n, err := server.ReadBuffers([][]byte{head, body})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %s\n", head, body[:n-4])
	// Output: head, and the body
}
