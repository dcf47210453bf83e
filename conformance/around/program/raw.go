//go:build linux

package main

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

var rawModes = map[string]func(){
	"rawconn/read-waits":                           func() { readsEarly(0) },
	"rawconn/read-waits-while-processors-are-busy": func() { readsEarly(4) },
}

// readsEarly counts how often RawConn.Read calls its function again before
// there is anything to read, while computing goroutines run beside it.
func readsEarly(computing int) {
	const (
		conns       = 16
		repetitions = 25
	)
	var stop atomic.Bool
	defer stop.Store(true)
	for range computing {
		go func() {
			for !stop.Load() {
				for start := time.Now(); time.Since(start) < 2000*time.Microsecond; {
				}
				runtime.Gosched()
			}
		}()
	}
	var readers, writers [conns]net.Conn
	for i := range conns {
		readers[i], writers[i] = pair("tcp")
	}
	var early atomic.Int64
	for range repetitions {
		var asked, done sync.WaitGroup
		asked.Add(conns)
		for _, c := range readers {
			done.Go(func() { readAgain(c, asked.Done, &early) })
		}
		asked.Wait()
		// In this time a Read that does not wait comes back; a Read that waits
		// does not notice it.
		for range 3 {
			runtime.Gosched()
			time.Sleep(100 * time.Microsecond)
		}
		for _, c := range writers {
			must(c.Write([]byte("x")))
		}
		done.Wait()
	}
	fmt.Printf("%d of %d came back before anything was readable\n", early.Load(), conns*repetitions)
}

// readAgain reads one byte, at the second attempt or later. It calls asked
// after the first attempt, and counts the later ones that find nothing.
func readAgain(c net.Conn, asked func(), early *atomic.Int64) {
	attempts := 0
	raw := must(c.(*net.TCPConn).SyscallConn())
	check(raw.Read(func(fd uintptr) bool {
		if attempts++; attempts == 1 {
			asked()
			return false
		}
		_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_DONTWAIT)
		if err == unix.EAGAIN {
			early.Add(1)
			return false
		}
		return true
	}))
}
