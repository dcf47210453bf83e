//go:build linux

package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// In the modes "ordered", one goroutine sets shared and then sends something;
// whoever receives that reads shared, and only the connection orders the two.
// In the modes "racy" nothing orders them.
var shared int

var raceModes = map[string]func(){
	"racy/handlers":              handlers,
	"racy/unrelated-connections": unrelated,
	"racy/udp-handlers":          udpHandlers,
	"ordered/http-request":       httpRequest,
	"ordered/http-reply":         httpReply,
	"ordered/conn":               connToConn("tcp"),
	"ordered/unix":               connToConn("unix"),
	"ordered/echo":               echoes,
	"ordered/close":              closeToEOF,
	"ordered/file":               fileToConn,
	"ordered/to-file":            connToFile,
	"ordered/pipe":               connToPipe,
	"ordered/child":              connToChild,
	"ordered/buffers":            buffers,
	"ordered/sendfile":           sendfile,
	"ordered/splice":             splice,
	"ordered/udp-connected":      udpConnected,
	"ordered/udp":                udpPackets,
	"ordered/udp-messages":       udpMessages,
	"ordered/unix-messages":      unixMessages,
	"ordered/accept":             accept,
}

func set() { shared = 42 }

// use reads shared.
func use() {
	if shared == 1 {
		panic("nobody sets it to 1")
	}
}

// receive runs get in a goroutine of its own, which then uses shared. Meanwhile
// receive sets shared and runs send.
func receive(get, send func()) {
	done := make(chan bool)
	go func() {
		get()
		use()
		close(done)
	}()
	set()
	send()
	<-done
}

func readOne(r io.Reader) func() { return func() { must(r.Read(make([]byte, 1))) } }

func writeOne(w io.Writer) func() { return func() { must(w.Write([]byte("x"))) } }

// handlers count without a lock. The connections come one after the other; the
// pause keeps their ends apart, because nothing may order them.
func handlers() {
	l := listen()
	go func() {
		for {
			c := must(l.Accept())
			go func() {
				shared++
				c.Close()
			}()
		}
	}()
	for range 6 {
		c := must(net.Dial("tcp", l.Addr().String()))
		io.ReadAll(c)
		c.Close()
		time.Sleep(5 * time.Millisecond)
	}
}

// unrelated runs two goroutines that only have in common that both use
// connections, one long after the other. A channel in place of the pauses would
// order them.
func unrelated() {
	l := listen()
	go serve(l)
	address := l.Addr().String()
	done := make(chan bool, 2)
	work := func(pause time.Duration) {
		time.Sleep(pause)
		c := must(net.Dial("tcp", address))
		shared++
		must(c.Write([]byte("x")))
		c.Close()
		done <- true
	}
	go work(0)
	go work(50 * time.Millisecond)
	time.Sleep(100 * time.Millisecond)
	<-done
	<-done
}

func udpHandlers() {
	to := udp()
	go func() {
		for {
			must3(to.ReadFrom(make([]byte, 1)))
			go func() { shared++ }()
		}
	}()
	for range 6 {
		must(udp().WriteTo([]byte("x"), to.LocalAddr()))
		time.Sleep(5 * time.Millisecond)
	}
}

func must3[A, B any](a A, b B, err error) (A, B) {
	check(err)
	return a, b
}

// httpRequest makes the standard library's client send a request to a server on
// the listener.
func httpRequest() {
	l := listen()
	go http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { use() }))
	set()
	get(l)
}

func httpReply() {
	l := listen()
	go http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { set() }))
	get(l)
	use()
}

func get(l net.Listener) {
	resp := must(http.Get("http://" + l.Addr().String()))
	must(io.ReadAll(resp.Body))
	resp.Body.Close()
}

func connToConn(network string) func() {
	return func() {
		a, b := pair(network)
		receive(readOne(b), writeOne(a))
	}
}

func echoes() {
	l := listen()
	go serve(l)
	c := must(net.Dial("tcp", l.Addr().String()))
	for range 100 {
		roundTrip(c)
	}
}

func closeToEOF() {
	a, b := pair("tcp")
	receive(func() { must(io.ReadAll(b)) }, func() { check(a.Close()) })
}

// fileToConn writes to an *os.File of the same socket.
func fileToConn() {
	a, b := pair("tcp")
	receive(readOne(b), writeOne(must(a.(*net.TCPConn).File())))
}

func connToFile() {
	a, b := pair("tcp")
	receive(readOne(must(b.(*net.TCPConn).File())), writeOne(a))
}

func connToPipe() {
	a, b := pair("tcp")
	r, w, err := os.Pipe()
	check(err)
	go func() { io.Copy(w, b) }()
	receive(readOne(r), writeOne(a))
}

// connToChild sends through another process and its two pipes.
func connToChild() {
	a, b := pair("tcp")
	cmd := exec.Command("cat")
	in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
	check(cmd.Start())
	go func() { io.Copy(in, struct{ io.Reader }{b}) }()
	receive(readOne(out), writeOne(a))
	in.Close()
	cmd.Wait()
}

func buffers() {
	a, b := pair("tcp")
	receive(readOne(b), func() { must((&net.Buffers{[]byte("x"), []byte("y")}).WriteTo(a)) })
}

func sendfile() {
	a, b := pair("tcp")
	f := must(os.Open(must(os.Executable())))
	receive(readOne(b), func() { must(a.(*net.TCPConn).ReadFrom(io.LimitReader(f, 1000))) })
}

// splice passes data on from one connection to another, whose peer a third
// goroutine reads.
func splice() {
	a, b := pair("tcp")
	c, d := pair("tcp")
	go func() { c.(*net.TCPConn).ReadFrom(b) }()
	receive(readOne(d), writeOne(a))
}

func udpConnected() {
	to := udp()
	from := must(net.Dial("udp", to.LocalAddr().String()))
	receive(func() { must3(to.ReadFrom(make([]byte, 1))) }, writeOne(from))
}

func udpPackets() {
	to, from := udp(), udp()
	receive(func() { must3(to.ReadFrom(make([]byte, 1))) }, func() { must(from.WriteTo([]byte("x"), to.LocalAddr())) })
}

func udpMessages() {
	to, from := udp().(*net.UDPConn), udp().(*net.UDPConn)
	receive(func() {
		_, _, _, _, err := to.ReadMsgUDP(make([]byte, 1), nil)
		check(err)
	}, func() {
		_, _, err := from.WriteMsgUDP([]byte("x"), nil, to.LocalAddr().(*net.UDPAddr))
		check(err)
	})
}

func unixMessages() {
	a, b := pair("unix")
	receive(func() {
		_, _, _, _, err := b.(*net.UnixConn).ReadMsgUnix(make([]byte, 1), nil)
		check(err)
	}, func() {
		_, _, err := a.(*net.UnixConn).WriteMsgUnix([]byte("x"), nil, nil)
		check(err)
	})
}

func accept() {
	l := listen()
	receive(func() { must(l.Accept()) }, func() { must(net.Dial("tcp", l.Addr().String())) })
}
