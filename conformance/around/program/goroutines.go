//go:build linux

package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var goroutineModes = map[string]func(){
	"goroutines/before-use":           func() { show(0) },
	"goroutines/while-accept-waits":   acceptWaits,
	"goroutines/while-read-waits":     readWaits,
	"goroutines/while-write-waits":    writeWaits,
	"goroutines/while-dial-waits":     dialWaits,
	"goroutines/while-udp-read-waits": udpReadWaits,
	"goroutines/while-unix-waits":     unixWaits,
	"goroutines/deadlines-armed":      deadlinesArmed,
	"goroutines/deadlines-fired":      deadlinesFired,
	"goroutines/all-closed":           allClosed,
	"goroutines/deadline-storm":       deadlineStorm,
}

// A goroutine is what a dump says about one goroutine.
type goroutine struct{ state, top string }

// dump is room for a dump of all goroutines.
var dump = make([]byte, 4<<20)

// others returns all goroutines except the caller's.
func others() []goroutine {
	blocks := strings.Split(string(dump[:runtime.Stack(dump, true)]), "\n\n")
	var list []goroutine
	for _, block := range blocks[1:] {
		head, rest, _ := strings.Cut(block, "\n")
		_, state, _ := strings.Cut(head, "[")
		state = state[:strings.IndexAny(state, ",]")]
		top, _, _ := strings.Cut(rest, "\n")
		if i := strings.LastIndexByte(top, '('); i > 0 {
			top = top[:i]
		}
		list = append(list, goroutine{state, neutral(top)})
	}
	return list
}

// settled waits until n goroutines wait for the network and all others have
// come to rest, and returns the goroutines that there are then, or when
// patience ends.
func settled(n int) []goroutine {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		list, waiting, moving := others(), 0, false
		for _, g := range list {
			switch g.state {
			case "IO wait":
				waiting++
			case "runnable", "running", "syscall", "sleep":
				moving = true
			}
		}
		if waiting == n && !moving || time.Now().After(end) {
			return list
		}
	}
}

// show prints the goroutines, once n of them wait for the network.
func show(n int) {
	kinds := make(map[goroutine]int)
	list := settled(n)
	for _, g := range list {
		kinds[g]++
	}
	for _, g := range slices.SortedFunc(maps.Keys(kinds), func(a, b goroutine) int {
		return strings.Compare(a.state+a.top, b.state+b.top)
	}) {
		fmt.Printf("%d in %s, with %s on top\n", kinds[g], g.state, g.top)
	}
	fmt.Println("NumGoroutine", runtime.NumGoroutine())
}

func acceptWaits() {
	l := listen()
	go serve(l)
	show(1)
	roundTrip(must(net.Dial("tcp", l.Addr().String())))
	show(2)
}

func readWaits() {
	a, b := pair("tcp")
	go a.Read(make([]byte, 1))
	go b.Read(make([]byte, 1))
	show(2)
}

func writeWaits() {
	a, _ := pair("tcp")
	go func() {
		for b := make([]byte, 1<<16); ; {
			must(a.Write(b))
		}
	}()
	show(1)
}

// dialWaits dials a listener whose queue is full: the kernel drops requests for
// a connection.
func dialWaits() {
	fd := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	check(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(unix.Listen(fd, 0))
	self := must(unix.Getsockname(fd))
	for full := false; !full; {
		c := must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0))
		if err := unix.Connect(c, self); err != unix.EINPROGRESS {
			check(err)
			continue
		}
		// Over loopback a connection is made at once, or has to wait.
		n := must(unix.Poll([]unix.PollFd{{Fd: int32(c), Events: unix.POLLOUT}}, 50))
		full = n == 0
	}
	address := fmt.Sprintf("127.0.0.1:%d", self.(*unix.SockaddrInet4).Port)
	go net.Dial("tcp", address)
	show(1)
	go net.DialTimeout("tcp", address, time.Hour)
	show(2)
}

func udpReadWaits() {
	go udp().ReadFrom(make([]byte, 1))
	c := must(net.Dial("udp", udp().LocalAddr().String()))
	go c.Read(make([]byte, 1))
	show(2)
}

func unixWaits() {
	a, _ := pair("unix")
	go a.Read(make([]byte, 1))
	dir := must(os.MkdirTemp("", "around"))
	defer os.RemoveAll(dir)
	l := must(net.Listen("unix", dir+"/s"))
	go l.Accept()
	show(2)
}

func deadlinesArmed() {
	a, b := pair("tcp")
	check(a.SetDeadline(time.Now().Add(time.Hour)))
	show(0)
	check(b.SetReadDeadline(time.Now().Add(time.Hour)))
	go b.Read(make([]byte, 1))
	l := listen()
	check(l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Hour)))
	go l.Accept()
	show(2)
}

func deadlinesFired() {
	a, b := pair("tcp")
	check(a.SetReadDeadline(time.Now().Add(time.Millisecond)))
	_, err := a.Read(make([]byte, 1))
	fmt.Println(os.IsTimeout(err))
	show(0)
	check(a.SetReadDeadline(time.Time{}))
	go a.Read(make([]byte, 1))
	check(b.SetWriteDeadline(time.Now().Add(-time.Second)))
	show(1)
}

func allClosed() {
	l := listen()
	go serve(l)
	c := must(net.Dial("tcp", l.Addr().String()))
	check(c.SetDeadline(time.Now().Add(time.Hour)))
	roundTrip(c)
	p := udp()
	go p.ReadFrom(make([]byte, 1))
	check(c.Close())
	check(l.Close())
	check(p.Close())
	show(0)
}

// deadlineStorm lets many deadlines fire at once and says whether there were
// more goroutines than before.
func deadlineStorm() {
	const n = 2000
	conns := make([]net.PacketConn, n)
	for i := range conns {
		conns[i] = udp()
	}
	var readers sync.WaitGroup
	for _, c := range conns {
		readers.Go(func() { c.ReadFrom(make([]byte, 1)) })
	}
	settled(n)
	before := runtime.NumGoroutine()
	soon := time.Now().Add(100 * time.Millisecond)
	for _, c := range conns {
		check(c.SetReadDeadline(soon))
	}
	most := 0
	for left := before; left > before-n && time.Since(soon) < patience; left = runtime.NumGoroutine() {
		most = max(most, left)
		runtime.Gosched()
	}
	readers.Wait()
	fmt.Println("goroutines beyond those that wait:", most > before)
	show(0)
}
