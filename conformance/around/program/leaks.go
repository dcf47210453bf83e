//go:build linux

package main

import (
	"fmt"
	"net"
	"regexp"
	"slices"

	"go.uber.org/goleak"
)

var leakModes = map[string]func(){
	"goleak/before-use":              func() { leaks() },
	"goleak/all-closed":              func() { useAndClose(); leaks() },
	"goleak/listener-waits":          func() { go listen().Accept(); leaks() },
	"goleak/listener-waits-filtered": func() { go listen().Accept(); leaks(usualFilter) },
	"goleak/read-waits-filtered":     readLeaks,
	"goleak/all-closed-filtered":     func() { useAndClose(); leaks(usualFilter) },
}

// usualFilter is the filter of projects whose tests leave connections open.
var usualFilter = goleak.IgnoreTopFunction("internal/poll.runtime_pollWait")

var leaked = regexp.MustCompile(`Goroutine \d+ in state ([^,]+), with (\S+) on top`)

func leaks(options ...goleak.Option) {
	err := goleak.Find(options...)
	if err == nil {
		fmt.Println("no leaks")
		return
	}
	var lines []string
	for _, m := range leaked.FindAllStringSubmatch(err.Error(), -1) {
		lines = append(lines, fmt.Sprintf("leak in %s, with %s on top", m[1], neutral(m[2])))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}

func useAndClose() {
	l := listen()
	go serve(l)
	c := must(net.Dial("tcp", l.Addr().String()))
	roundTrip(c)
	check(c.Close())
	check(l.Close())
}

func readLeaks() {
	a, _ := pair("tcp")
	go a.Read(make([]byte, 1))
	leaks(usualFilter)
}
