package net2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	stdnet "net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

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

// The same options for a listener of this package, a Dialer, and package net.
func ExampleSocketOptions() {
	opts := net.SocketOptions{UserTimeout: 10 * time.Second, NotSentLowat: 64 << 10}
	lc := net.ListenConfig{Options: opts}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	d := stdnet.Dialer{Control: opts.Control} // a Dialer of this package: Options: opts
	c, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	// A network that does not have an option says which.
	_, err = (&net.Dialer{Options: opts}).Dial("udp", "127.0.0.1:53")
	var refused *net.OptionError
	fmt.Println(errors.As(err, &refused) && refused.Option == "UserTimeout", errors.Is(err, errors.ErrUnsupported))
	// Output: true true
}

// The first bytes go out with the first packet, if this host knows the other.
func ExampleDialer_DialTCPFastOpen() {
	lc := net.ListenConfig{Options: net.SocketOptions{FastOpen: 128}}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	done := echo(l)

	var d net.Dialer
	request := []byte("GET")
	c, _, err := d.DialTCPFastOpen(context.Background(), "tcp", l.Addr().(*net.TCPAddr).AddrPort(), request)
	if errors.Is(err, errors.ErrUnsupported) { // the host does not allow it
		c, err = d.DialTCP(context.Background(), "tcp", netip.AddrPort{}, l.Addr().(*net.TCPAddr).AddrPort())
		if err == nil {
			_, err = c.Write(request)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	answer := make([]byte, len(request))
	io.ReadFull(c, answer)
	fmt.Printf("%s\n", answer)
	c.Close()
	<-done
	// Output: GET
}

// A name with many addresses of which some do not answer is dialled in a moment.
func ExampleDialer_attemptDelay() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())

	d := net.Dialer{AttemptDelay: 250 * time.Millisecond, Timeout: 10 * time.Second}
	c, err := d.Dial("tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.RemoteAddr().String() == l.Addr().String())
	// Output: true
}

// Two listeners on one port, of which one ends without the loss of a connection.
func ExampleListenConfig_ListenGroup() {
	var lc net.ListenConfig
	g, err := lc.ListenGroup(context.Background(), "tcp", "127.0.0.1:0", 2)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	served := make(chan struct{})
	for _, l := range g.Listeners() {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return // after Drain, or Close
				}
				c.Close()
				served <- struct{}{}
			}
		}()
	}
	if err := g.Listeners()[0].Drain(context.Background()); err != nil {
		log.Fatal(err)
	}
	for range 10 {
		c, err := net.Dial("tcp", g.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		<-served
		c.Close()
	}
	fmt.Println("10 connections to the other")
	// Output: 10 connections to the other
}

// Backlog tells how far behind Accept is.
func ExampleTCPListener_Backlog() {
	lc := net.ListenConfig{Backlog: 64}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	_, limit, err := l.(*net.TCPListener).Backlog()
	fmt.Println(limit, err)
	// Output: 64 <nil>
}

// Who opened the sockets that are still open.
func ExampleConnections() {
	net.TraceOpen(true)
	defer net.TraceOpen(false)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	list, err := net.Connections()
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range list {
		if c.Local == nil || c.Local.String() != l.Addr().String() {
			continue
		}
		fmt.Println(c.Network, c.State)
		frames := runtime.CallersFrames(c.Stack)
		for more := true; more; {
			var f runtime.Frame
			if f, more = frames.Next(); strings.HasSuffix(f.Function, "ExampleConnections") {
				fmt.Println("opened by ExampleConnections")
			}
		}
	}
	// Output:
	// tcp listening
	// opened by ExampleConnections
}
