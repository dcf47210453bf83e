//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// allowEnv lists the numbers of the system calls that a mode "seccomp" may
// make. Without it, the mode marks where it begins and ends, for a recorder.
const allowEnv = "AROUND_ALLOW"

var confinedModes = map[string]func(){
	"seccomp/tcp":       confined(serveTCP),
	"seccomp/busy":      confined(serveBusy),
	"seccomp/deadlines": confined(keepDeadlines),
	"seccomp/udp":       confined(exchangeUDP),
	"seccomp/unix":      confined(serveUnix),
	"seccomp/file":      confined(passFiles),
	"seccomp/transfer":  confined(transfer),
}

func confined(f func()) func() {
	return func() {
		if list, ok := os.LookupEnv(allowEnv); ok {
			confine(list)
			f()
			fmt.Println("served")
			return
		}
		mark := func() { unix.Write(-1, []byte("mark")) }
		mark()
		f()
		fmt.Println("served")
		mark()
	}
}

// confine puts the process under a filter that lets the listed calls pass and
// ends the process with SIGSYS at any other.
func confine(list string) {
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the call's number
	for text := range strings.SplitSeq(list, ",") {
		nr := must(strconv.ParseUint(text, 10, 32))
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(nr)},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		)
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRAP})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		cannot("seccomp: no_new_privs: " + err.Error())
	}
	fprog := &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	var pinner runtime.Pinner // the kernel is given the address as a number
	defer pinner.Unpin()
	pinner.Pin(fprog)
	pinner.Pin(fprog.Filter)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, reflect.ValueOf(fprog).Pointer())
	if errno != 0 {
		cannot("seccomp: " + errno.Error())
	}
}

func serveTCP() {
	l := listen()
	go serve(l)
	for range 3 {
		c := must(net.Dial("tcp", l.Addr().String()))
		for range 20 {
			roundTrip(c)
		}
		check(c.(*net.TCPConn).CloseWrite())
		must(io.ReadAll(c))
		check(c.Close())
	}
	check(l.Close())
}

// serveBusy serves beside goroutines that compute, more of them than there are
// processors.
func serveBusy() {
	var stop atomic.Bool
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	l := listen()
	go serve(l)
	c := must(net.Dial("tcp", l.Addr().String()))
	for range 10 {
		roundTrip(c)
	}
	check(c.Close())
	check(l.Close())
	stop.Store(true)
}

func keepDeadlines() {
	a, b := pair("tcp")
	check(a.SetReadDeadline(time.Now().Add(5 * time.Millisecond)))
	a.Read(make([]byte, 1))
	check(a.SetReadDeadline(time.Now().Add(time.Hour)))
	must(b.Write([]byte("x")))
	must(a.Read(make([]byte, 1)))
	c := must(net.DialTimeout("tcp", listen().Addr().String(), time.Hour))
	check(c.SetDeadline(time.Now().Add(time.Hour)))
	check(c.Close())
}

func exchangeUDP() {
	a, b := udp(), udp()
	done := make(chan bool)
	go func() { must3(b.ReadFrom(make([]byte, 1))); close(done) }()
	must(a.WriteTo([]byte("x"), b.LocalAddr()))
	<-done
	c := must(net.Dial("udp", b.LocalAddr().String()))
	must(c.Write([]byte("x")))
	must3(b.ReadFrom(make([]byte, 1)))
	for _, each := range []io.Closer{a, b, c} {
		check(each.Close())
	}
}

func serveUnix() {
	l := must(net.Listen("unix", "@around-"+strconv.Itoa(os.Getpid())))
	go serve(l)
	c := must(net.Dial("unix", l.Addr().String()))
	roundTrip(c)
	check(c.Close())
	check(l.Close())
}

func passFiles() {
	a, b := pair("tcp")
	f := must(a.(*net.TCPConn).File())
	c := must(net.FileConn(f))
	check(f.Close())
	must(c.Write([]byte("x")))
	must(b.Read(make([]byte, 1)))
	check(c.Close())
	check(a.Close())
	check(b.Close())
}

// transfer sends a file and passes on what one connection sends to another.
func transfer() {
	a, b := pair("tcp")
	c, d := pair("tcp")
	f := must(os.Open("/proc/self/exe"))
	const size = 1000
	go func() { c.(*net.TCPConn).ReadFrom(b); c.Close() }()
	must(a.(*net.TCPConn).ReadFrom(io.LimitReader(f, size)))
	check(a.Close())
	fmt.Println(len(must(io.ReadAll(d))))
	check(f.Close())
}
