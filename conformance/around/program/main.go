//go:build linux

// Command program is the program that package around builds once with net and
// once with net2, and runs in child processes: one mode for each check. It
// prints what a program sees around its connections, in words that do not
// depend on the stack: it writes names of package net2 as those of net.
//
//	program MODE
//	program list
package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// exitCannot says that this host cannot give the answer; stdout says why.
const exitCannot = 3

// patience is how long to wait for what should happen at once.
const patience = 3 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: program MODE")
		os.Exit(2)
	}
	// The garbage collector closes a connection that it finds, and whoever
	// serves the connection ends. That would happen at a random moment.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(2 << 30)
	modes := make(map[string]func())
	for _, list := range []map[string]func(){
		goroutineModes, leakModes, deadlockModes, raceModes, confinedModes, profileModes, rawModes, bubbleModes,
	} {
		maps.Copy(modes, list)
	}
	modes["list"] = func() {
		delete(modes, "list")
		for _, name := range slices.Sorted(maps.Keys(modes)) {
			fmt.Println(name)
		}
	}
	run, ok := modes[os.Args[1]]
	if !ok {
		fmt.Fprintf(os.Stderr, "no mode %q\n", os.Args[1])
		os.Exit(2)
	}
	run()
}

// cannot ends the program because the host lacks something.
func cannot(reason string) {
	fmt.Println(reason)
	os.Exit(exitCannot)
}

// sayStuck tells whoever runs the program that from here on it either waits
// for ever or is ended by the runtime.
func sayStuck() { fmt.Println("stuck") }

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// neutral turns the names of net2's functions into those of net.
func neutral(s string) string { return strings.ReplaceAll(s, "go.parity/net2.", "net.") }

func listen() net.Listener { return must(net.Listen("tcp", "127.0.0.1:0")) }

// serve echoes what every connection sends, until the listener is closed.
func serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go echo(c)
	}
}

func echo(c net.Conn) {
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
	c.Close()
}

// pair returns both ends of a connection.
func pair(network string) (dialled, accepted net.Conn) {
	address := "127.0.0.1:0"
	if network == "unix" {
		dir := must(os.MkdirTemp("", "around"))
		defer os.RemoveAll(dir)
		address = dir + "/s"
	}
	l := must(net.Listen(network, address))
	defer l.Close()
	done := make(chan net.Conn)
	go func() { done <- must(l.Accept()) }()
	dialled = must(net.Dial(network, l.Addr().String()))
	accepted = <-done
	kept = append(kept, dialled, accepted)
	return dialled, accepted
}

// kept are connections that the garbage collector must not close.
var kept []net.Conn

// roundTrip sends one byte there and back.
func roundTrip(c net.Conn) {
	b := []byte("x")
	must(c.Write(b))
	must(io.ReadFull(c, b))
}

func udp() net.PacketConn { return must(net.ListenPacket("udp", "127.0.0.1:0")) }
