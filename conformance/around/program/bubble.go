//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

var bubbleModes = map[string]func(){
	"bubble/round-trip":            bubble(func() { a, b := pair("tcp"); go echo(b); roundTrip(a); a.Close() }),
	"bubble/listener-from-outside": bubbleWithListener,
	"bubble/conn-from-outside":     bubbleWithConn,
	"bubble/deadline":              bubble(bubbleDeadline),
	"bubble/deadline-passed":       bubble(bubblePast),
	"bubble/close-ends-read":       bubble(bubbleClose),
	"bubble/close-ends-outer-read": bubbleCloseOuter,
	"bubble/wait-while-read":       bubble(bubbleWait),
	"bubble/udp": bubble(func() {
		a, b := udp(), udp()
		must(a.WriteTo([]byte("x"), b.LocalAddr()))
		must3(b.ReadFrom(make([]byte, 1)))
	}),
}

// bubble returns a mode that runs f in a bubble of testing/synctest.
func bubble(f func()) func() { return func() { inBubble(f) } }

func inBubble(f func()) {
	os.Args = os.Args[:1]
	testing.Main(regexp.MatchString, []testing.InternalTest{{
		Name: "Bubble",
		F: func(t *testing.T) {
			synctest.Test(t, func(*testing.T) { f() })
			fmt.Println("the bubble ended")
		},
	}}, nil, nil)
}

func bubbleWithListener() {
	l := listen()
	go serve(l)
	inBubble(func() {
		c := must(net.Dial("tcp", l.Addr().String()))
		roundTrip(c)
		c.Close()
	})
}

func bubbleWithConn() {
	a, b := pair("tcp")
	go echo(b)
	roundTrip(a)
	inBubble(func() { roundTrip(a); a.Close() })
}

// bubbleDeadline sets a deadline by the bubble's clock and waits for it.
func bubbleDeadline() {
	a, _ := pair("tcp")
	check(a.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err := a.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
}

func bubblePast() {
	a, _ := pair("tcp")
	check(a.SetReadDeadline(time.Now().Add(-time.Second)))
	_, err := a.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
}

func bubbleClose() {
	a, _ := pair("tcp")
	ended := make(chan error)
	go func() {
		_, err := a.Read(make([]byte, 1))
		ended <- err
	}()
	for range 1000 { // most likely it waits by then; the bubble's clock stands still
		runtime.Gosched()
	}
	check(a.Close())
	fmt.Println(errors.Is(<-ended, net.ErrClosed))
}

// bubbleCloseOuter closes a connection that a goroutine outside reads.
func bubbleCloseOuter() {
	a, _ := pair("tcp")
	ended := make(chan error, 1)
	go func() {
		_, err := a.Read(make([]byte, 1))
		ended <- err
	}()
	settled(1)
	inBubble(func() {
		check(a.Close())
		fmt.Println("closed")
	})
}

// bubbleWait asks synctest to wait while a goroutine of the bubble reads. A
// bubble does not wait for such a goroutine: the read may end at any moment.
func bubbleWait() {
	a, b := pair("tcp")
	go a.Read(make([]byte, 1))
	go func() {
		time.Sleep(time.Hour) // by the bubble's clock
		b.Write([]byte("x"))
	}()
	sayStuck()
	synctest.Wait()
	fmt.Println("waited")
}
