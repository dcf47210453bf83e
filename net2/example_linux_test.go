package net2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	stdnet "net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	net "go.parity/net2"
)

// echo sends back what one connection of l sends, and reports when it has closed
// that connection.
func echo(l net.Listener) (done <-chan struct{}) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		io.Copy(c, c)
	}()
	return closed
}

// A Dialer limits how long a dial takes. With a context the caller can also
// cancel it.
func ExampleDialer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	d := net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	c, err := d.DialContext(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.LocalAddr().(*net.TCPAddr).IP, c.RemoteAddr().String() == l.Addr().String())

	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = d.DialContext(canceled, "tcp", l.Addr().String())
	fmt.Println(errors.Is(err, context.Canceled))
	// Output:
	// 127.0.0.1 true
	// true
}

// Control sets an option of the socket before it is bound.
func ExampleListenConfig() {
	lc := net.ListenConfig{
		Control: func(network, address string, c syscall.RawConn) error {
			var optErr error
			err := c.Control(func(fd uintptr) {
				optErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1<<16)
			})
			fmt.Println(network, address)
			return errors.Join(err, optErr)
		},
	}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	fmt.Println(l.Addr().Network())
	// Output:
	// tcp4 127.0.0.1:0
	// tcp
}

// CloseWrite tells the peer that nothing more will come, and leaves the
// connection open for its answer.
func ExampleTCPConn() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	done := echo(l)

	c, err := net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "a question")
	if err := c.CloseWrite(); err != nil {
		log.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		log.Fatal(err)
	}
	<-done
	fmt.Printf("%s\n", answer)
	// Output: a question
}

// A deadline ends an Accept to which nobody connects.
func ExampleTCPListener() {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	if err := l.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
		log.Fatal(err)
	}
	_, err = l.AcceptTCP()
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output: true
}

// A socket without a peer receives from everybody and learns who sent each
// packet.
func ExampleUDPConn() {
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	if _, err := client.Write([]byte("ping")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, from, err := server.ReadFromUDPAddrPort(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s from %s\n", buf[:n], from.Addr())
	// Output: ping from 127.0.0.1
}

// A raw socket needs privileges. Whoever lacks them gets an error that says so.
func ExampleIPConn() {
	c, err := net.ListenIP("ip4:icmp", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)})
	switch {
	case errors.Is(err, os.ErrPermission):
		fmt.Println("ip 127.0.0.1")
	case err != nil:
		log.Fatal(err)
	default:
		defer c.Close()
		fmt.Println(c.LocalAddr().Network(), c.LocalAddr())
	}
	// Output: ip 127.0.0.1
}

// Two datagram sockets whose names stand in the file system.
func ExampleUnixConn() {
	dir, err := os.MkdirTemp("", "unix")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	inbox := &net.UnixAddr{Name: filepath.Join(dir, "inbox"), Net: "unixgram"}
	reader, err := net.ListenUnixgram("unixgram", inbox)
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	writer, err := net.DialUnix("unixgram", nil, inbox)
	if err != nil {
		log.Fatal(err)
	}
	defer writer.Close()

	for _, text := range []string{"one", "two"} {
		if _, err := writer.Write([]byte(text)); err != nil {
			log.Fatal(err)
		}
	}
	buf := make([]byte, 100)
	for range 2 {
		n, _, err := reader.ReadFromUnix(buf)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", buf[:n])
	}
	// Output:
	// one
	// two
}

// Close removes the socket's file.
func ExampleUnixListener() {
	dir, err := os.MkdirTemp("", "unix")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		log.Fatal(err)
	}
	done := echo(l)

	c, err := net.Dial("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(c, "hello")
	buf := make([]byte, 5)
	if _, err := io.ReadFull(c, buf); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf)
	c.Close()
	<-done

	l.Close()
	_, err = os.Stat(path)
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output:
	// hello
	// true
}

// A Resolver can ask a name server of your choice. The program cannot reach
// this one.
func ExampleResolver() {
	unreachable := errors.New("no name server here")
	r := &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return nil, unreachable
		},
	}
	d := net.Dialer{Resolver: r}
	_, err := d.Dial("tcp", "server.example.:80")
	var dnsErr *net.DNSError
	fmt.Println(errors.As(err, &dnsErr), dnsErr.Name)
	// Output: true server.example.
}

// Code that asks for net's own type gets it from StdConn. Both connections share
// the socket.
func ExampleStdConn() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	done := echo(l)

	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	std, err := net.StdConn(c)
	if err != nil {
		log.Fatal(err)
	}
	_, isTCP := std.(*stdnet.TCPConn)
	fmt.Println(isTCP, std.LocalAddr().String() == c.LocalAddr().String())

	fmt.Fprint(c, "to and fro")
	buf := make([]byte, len("to and fro"))
	if _, err := io.ReadFull(std, buf); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf)
	c.Close()
	std.Close() // now the peer sees the end
	<-done
	// Output:
	// true true
	// to and fro
}

// StdListener gives code that asks for net's own listener what it asks for.
func ExampleStdListener() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	std, err := net.StdListener(l)
	if err != nil {
		log.Fatal(err)
	}
	defer std.Close()
	fmt.Printf("%T and %T\n", l, std)
	fmt.Println(l.Addr().String() == std.Addr().String())
	// Output:
	// *net2.TCPListener and *net.TCPListener
	// true
}

// StdPacketConn does the same for sockets that receive packets.
func ExampleStdPacketConn() {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	std, err := net.StdPacketConn(c)
	if err != nil {
		log.Fatal(err)
	}
	defer std.Close()
	fmt.Printf("%T and %T\n", c, std)
	// Output: *net2.UDPConn and *net.UDPConn
}

// A descriptor that somebody hands over, as systemd does, becomes a listener.
func ExampleFileListener() {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()

	same, err := net.FileListener(f)
	if err != nil {
		log.Fatal(err)
	}
	defer same.Close()
	fmt.Println(same.Addr().String() == l.Addr().String())
	// Output: true
}
