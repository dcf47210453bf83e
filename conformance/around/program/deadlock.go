//go:build linux

package main

import (
	"net"
	"time"
)

var deadlockModes = map[string]func(){
	"deadlock/unused":          stuck(func() {}),
	"deadlock/used-and-closed": stuck(useAndClose),
	"deadlock/listener-open":   stuck(func() { listen() }),
	"deadlock/accepted-once":   stuck(func() { pair("tcp") }),
	"deadlock/accept-waits":    stuck(func() { go listen().Accept() }),
	"deadlock/read-waits":      stuck(func() { a, _ := pair("tcp"); go a.Read(make([]byte, 1)) }),
	"deadlock/read-waited":     stuck(readWaited),
	"deadlock/udp-open":        stuck(func() { udp() }),
	"deadlock/unix-open":       stuck(func() { pair("unix") }),
	"deadlock/deadline-armed":  stuck(func() { a, _ := pair("tcp"); check(a.SetDeadline(time.Now().Add(time.Hour))) }),
	"deadlock/deadline-fired":  stuck(deadlineFired),
	"deadlock/file":            stuck(func() { a, _ := pair("tcp"); must(a.(*net.TCPConn).File()) }),
}

// stuck returns a mode that runs f, says that it is stuck, and waits for ever.
// When the last connection closed, a thread may have been waiting in the
// runtime's poller. The sleep makes it come back, so that the runtime sees that
// there is nothing left to wait for.
func stuck(f func()) func() {
	return func() {
		f()
		time.Sleep(20 * time.Millisecond)
		sayStuck()
		<-make(chan int)
	}
}

// readWaited leaves a connection on which a read waited before and none waits
// now.
func readWaited() {
	a, b := pair("tcp")
	done := make(chan bool)
	go func() { must(a.Read(make([]byte, 1))); close(done) }()
	settled(1)
	must(b.Write([]byte("x")))
	<-done
}

func deadlineFired() {
	a, _ := pair("tcp")
	check(a.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	a.Read(make([]byte, 1))
}
