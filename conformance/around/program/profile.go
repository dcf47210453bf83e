//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"regexp"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"sync"
	"time"
)

var profileModes = map[string]func(){
	"profile/goroutine": goroutineProfile,
	"profile/cpu": func() {
		check(pprof.StartCPUProfile(os.Stdout))
		exercise(200 * time.Millisecond)
		pprof.StopCPUProfile()
	},
	"profile/trace": func() { check(trace.Start(os.Stdout)); exercise(5 * time.Millisecond); trace.Stop() },
}

// exercise talks over connections, some with deadlines, for a while.
func exercise(d time.Duration) {
	l := listen()
	go serve(l)
	stop := time.Now().Add(d)
	var talkers sync.WaitGroup
	for range 4 {
		talkers.Go(func() {
			c := must(net.Dial("tcp", l.Addr().String()))
			for time.Now().Before(stop) {
				check(c.SetDeadline(time.Now().Add(time.Minute)))
				roundTrip(c)
			}
			check(c.SetReadDeadline(time.Now().Add(time.Millisecond)))
			c.Read(make([]byte, 1))
			check(c.Close())
		})
	}
	talkers.Wait()
	check(l.Close())
}

var frame = regexp.MustCompile(`(?m)^#\t0x[0-9a-f]+\t(\S+)\+0x`)

// goroutineProfile prints the function that each goroutine began with.
func goroutineProfile() {
	l := listen()
	go serve(l)
	c := must(net.Dial("tcp", l.Addr().String()))
	roundTrip(c)
	check(c.SetDeadline(time.Now().Add(time.Hour)))
	go func() { io.Copy(io.Discard, struct{ io.Reader }{c}) }()
	settled(3)

	var profile bytes.Buffer
	check(pprof.Lookup("goroutine").WriteTo(&profile, 1))
	header, _, _ := strings.Cut(profile.String(), "\n")
	fmt.Println(header)
	began := make(map[string]int)
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		frames := frame.FindAllStringSubmatch(record, -1)
		if len(frames) == 0 {
			continue
		}
		first := frames[len(frames)-1][1]
		var n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(record, header+"\n"), "%d @", &n); err != nil {
			panic(fmt.Sprintf("no count in the record %q: %v", record, err))
		}
		began[neutral(first)] += n
	}
	for _, f := range slices.Sorted(maps.Keys(began)) {
		fmt.Println(began[f], "began with", f)
	}
}
