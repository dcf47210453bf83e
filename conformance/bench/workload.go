package bench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Metric names one measured value.
type Metric string

const (
	Throughput Metric = "throughput" // operations a second
	CPU        Metric = "cpu"        // processor time of the measured process per operation, ns
	P50        Metric = "p50"        // latency, ns
	P99        Metric = "p99"        // latency, ns
	P999       Metric = "p99.9"      // latency, ns
	Syscalls   Metric = "syscalls"   // system calls of the measured process per operation
	ConnCalls  Metric = "conncalls"  // of these, the calls that set up a connection and take it down
	Allocs     Metric = "allocs"     // heap allocations of the measured process per operation
	AllocBytes Metric = "allocbytes" // bytes allocated per operation
	Resident   Metric = "resident"   // resident memory of the measured process, bytes
	PerConn    Metric = "perconn"    // resident memory for each idle connection, bytes
	Beside     Metric = "beside"     // work of the processor-bound goroutines beside the server, units a second
	LoadCPU    Metric = "loadcpu"    // processors that the counterpart kept busy
)

// label is how tables call m.
func (m Metric) label() string {
	switch m {
	case CPU:
		return "server CPU"
	case Syscalls:
		return "system calls"
	case ConnCalls:
		return "connection calls"
	case Allocs:
		return "allocations"
	case PerConn:
		return "memory a connection"
	case Beside:
		return "work beside"
	}
	return string(m)
}

// A Target is a value that net2 should reach in a workload.
type Target struct {
	Metric Metric  `json:"metric"`
	AtMost bool    `json:"at_most,omitempty"` // otherwise Value is a minimum
	Value  float64 `json:"value"`
	Of     string  `json:"of,omitempty"` // the implementation it is a ratio to; "" for an absolute value
}

func (t Target) String() string {
	sign := "≥"
	if t.AtMost {
		sign = "≤"
	}
	s := fmt.Sprintf("%s %s %s", t.Metric.label(), sign, strconv.FormatFloat(t.Value, 'f', -1, 64))
	if t.Of != "" {
		s += " of " + t.Of
	}
	return s
}

// Met reports whether v reaches the target, at the precision of the tables.
func (t Target) Met(v float64) bool {
	const half = 0.005
	if t.AtMost {
		return v < t.Value+half
	}
	return v >= t.Value-half
}

func atLeast(m Metric, v float64, of string) Target { return Target{Metric: m, Value: v, Of: of} }
func atMost(m Metric, v float64, of string) Target {
	return Target{Metric: m, AtMost: true, Value: v, Of: of}
}

// A Kind is what the two processes do.
type Kind string

const (
	KindEcho     Kind = "echo"     // answer each message with itself
	KindBurst    Kind = "burst"    // echo, all connections made ready at once
	KindOnce     Kind = "once"     // accept, one request, close
	KindAccept   Kind = "accept"   // accept and close
	KindDial     Kind = "dial"     // dial and close
	KindIdle     Kind = "idle"     // connections blocked in Read
	KindStream   Kind = "stream"   // write without end
	KindSendfile Kind = "sendfile" // send a file for each byte that arrives
	KindSplice   Kind = "splice"   // pass one connection on to another
	KindUDP      Kind = "udp"      // answer each datagram with itself
	KindHTTP     Kind = "http"     // net/http
)

// A Workload is one row of the table: what the processes do, how much of it at
// once, and what net2 is to reach.
type Workload struct {
	ID       int           `json:"id"`  // number in the table of workloads; several rows may share it
	Key      string        `json:"key"` // unique
	Doc      string        `json:"doc"`
	Kind     Kind          `json:"kind"`
	Conns    int           `json:"conns"`              // connections, or operations, at once
	Talk     int           `json:"talk,omitempty"`     // how many of the connections send requests; 0 for all
	Pause    time.Duration `json:"pause,omitempty"`    // between an answer and the next request, at least
	Size     int           `json:"size,omitempty"`     // bytes of a message or transfer
	Deadline bool          `json:"deadline,omitempty"` // SetReadDeadline before every Read
	Hogs     int           `json:"hogs,omitempty"`     // processor-bound goroutines in the measured process
	Counted  bool          `json:"counted,omitempty"`  // only system calls are of interest: no timed cells
	Stretch  int           `json:"stretch,omitempty"`  // cells last so many times longer than others; 0 for 1
	Targets  []Target      `json:"targets,omitempty"`
}

const (
	streamSize   = 64 << 10
	transferSize = 64 << 20
)

// HTTPBody is what every HTTP server answers.
const HTTPBody = "hello, world\n"

// Workloads returns all workloads.
func Workloads() []Workload {
	var ws []Workload
	for _, deadline := range []bool{false, true} {
		for _, size := range []int{64, 1024} {
			for _, conns := range []int{1, 64, 1024} {
				w := Workload{
					ID: 1, Kind: KindEcho, Conns: conns, Size: size, Deadline: deadline,
					Key:     fmt.Sprintf("echo-%d-%d", size, conns),
					Doc:     fmt.Sprintf("echo, %d B, %s", size, connections(conns)),
					Targets: []Target{atLeast(Throughput, 1.05, "net")},
				}
				switch {
				case deadline:
					w.ID, w.Key, w.Doc = 2, "deadline"+w.Key[len("echo"):], w.Doc+", a deadline for each read"
				case conns == 1:
					w.Targets = append(w.Targets, atMost(CPU, 0.97, "net"))
				case conns == 64:
					w.Targets = append(w.Targets, atMost(CPU, 0.92, "net"), atMost(CPU, 1.08, "floor"))
				case conns == 1024:
					w.Targets = append(w.Targets, atMost(CPU, 0.92, "net"), atMost(CPU, 0.90, "net"), atMost(CPU, 1.08, "floor"))
				}
				ws = append(ws, w)
			}
		}
	}
	for _, conns := range []int{300, 1000, 10_000} {
		ws = append(ws, Workload{
			ID: 13, Key: fmt.Sprintf("few-of-%d", conns), Kind: KindEcho,
			Conns: conns, Talk: 4, Pause: 2 * time.Millisecond, Size: 64, Hogs: 2, Stretch: 3,
			Doc:     fmt.Sprintf("echo, 64 B, %s of which 4 talk, beside 2 processor-bound goroutines", connections(conns)),
			Targets: []Target{atLeast(Throughput, 1.0, "net"), atMost(P99, 1.0, "net")},
		})
	}
	for _, conns := range []int{1024, 10_000} {
		ws = append(ws, Workload{
			ID: 14, Key: fmt.Sprintf("all-of-%d", conns), Kind: KindEcho, Conns: conns, Size: 64,
			Doc:     fmt.Sprintf("echo, 64 B, %s that all talk", connections(conns)),
			Targets: []Target{atLeast(Throughput, 1.0, "net"), atMost(CPU, 1.0, "net")},
		})
	}
	ws = append(ws,
		Workload{
			ID: 15, Key: "some-of-10000", Kind: KindEcho, Conns: 10_000, Talk: 64, Size: 64,
			Doc:     "echo, 64 B, 10000 connections of which 64 talk",
			Targets: []Target{atMost(CPU, 1.0, "net")},
		},
		Workload{
			ID: 3, Key: "once-64", Kind: KindOnce, Conns: 64, Size: 64,
			Doc:     "connect, request, close, 64 at once",
			Targets: []Target{atLeast(Throughput, 1.10, "net"), atMost(CPU, 0.90, "net"), atMost(CPU, 0.88, "net")},
		},
		Workload{
			ID: 4, Key: "accept-to-close", Kind: KindOnce, Conns: 64, Size: 64, Counted: true,
			Doc:     "system calls from accept to close, request included, 64 at once",
			Targets: []Target{atMost(ConnCalls, 3, "")},
		},
		Workload{
			ID: 5, Key: "dial-16", Kind: KindDial, Conns: 16,
			Doc:     "dial and close, 16 at once",
			Targets: []Target{atLeast(Throughput, 1.05, "net"), atMost(ConnCalls, 8, "")},
		},
		Workload{
			// Here things take time slices of 10 ms, not microseconds.
			ID: 6, Key: "busy-16", Kind: KindEcho, Conns: 16, Size: 64, Hogs: 4, Stretch: 6,
			Doc: "echo, 64 B, 16 connections beside 4 processor-bound goroutines",
			Targets: []Target{
				atMost(P99, 0.8, "net"), atMost(P99, 0.6, "net"), atMost(P999, 1.0, "net"), atLeast(Throughput, 1.5, "net"),
			},
		},
		Workload{
			ID: 6, Key: "busy-64", Kind: KindEcho, Conns: 64, Size: 64, Hogs: 4, Stretch: 6,
			Doc:     "echo, 64 B, 64 connections beside 4 processor-bound goroutines",
			Targets: []Target{atMost(P99, 0.8, "net"), atLeast(Throughput, 1.5, "net")},
		},
		Workload{
			ID: 7, Key: "burst-1000", Kind: KindBurst, Conns: 1000, Size: 64,
			Doc:     "echo, 64 B, 1,000 connections made ready at once",
			Targets: []Target{atMost(P99, 1.0, "net")},
		},
		Workload{
			ID: 8, Key: "idle-10000", Kind: KindIdle, Conns: 10_000,
			Doc:     "10,000 idle connections blocked in Read",
			Targets: []Target{atMost(PerConn, 1.0, "net")},
		},
		Workload{
			ID: 8, Key: "idle-50000", Kind: KindIdle, Conns: 50_000,
			Doc:     "50,000 idle connections blocked in Read",
			Targets: []Target{atMost(PerConn, 0.85, "net")},
		},
		Workload{
			ID: 9, Key: "stream", Kind: KindStream, Conns: 1, Size: streamSize,
			Doc:     "one-way stream, 64 KiB writes",
			Targets: []Target{atLeast(Throughput, 1.0, "net")},
		},
		Workload{
			ID: 9, Key: "sendfile", Kind: KindSendfile, Conns: 1, Size: transferSize,
			Doc:     "sendfile, 64 MiB",
			Targets: []Target{atLeast(Throughput, 1.0, "net")},
		},
		Workload{
			ID: 9, Key: "splice", Kind: KindSplice, Conns: 1, Size: transferSize,
			Doc:     "splice proxy, 64 MiB",
			Targets: []Target{atLeast(Throughput, 1.0, "net")},
		},
		Workload{
			ID: 10, Key: "udp-64", Kind: KindUDP, Conns: 16, Size: 64,
			Doc:     "UDP echo, 64 B, 16 peers",
			Targets: []Target{atLeast(Throughput, 1.05, "net"), atMost(Allocs, 0, "")},
		},
		Workload{
			ID: 10, Key: "udp-1200", Kind: KindUDP, Conns: 16, Size: 1200,
			Doc:     "UDP echo, 1,200 B, 16 peers",
			Targets: []Target{atLeast(Throughput, 1.05, "net"), atMost(Allocs, 0, "")},
		},
		Workload{
			ID: 11, Key: "http-64", Kind: KindHTTP, Conns: 64,
			Doc:     "net/http hello, 64 keep-alive connections",
			Targets: []Target{atLeast(Throughput, 1.03, "net"), atMost(CPU, 0.97, "net")},
		},
		Workload{
			ID: 11, Key: "http-512", Kind: KindHTTP, Conns: 512,
			Doc:     "net/http hello, 512 keep-alive connections",
			Targets: []Target{atMost(CPU, 1.0, "net")},
		},
		Workload{
			ID: 12, Key: "accept", Kind: KindAccept, Conns: 16,
			Doc:     "allocations of Accept (and Close)",
			Targets: []Target{atMost(Allocs, 0.5, "net")},
		},
		Workload{
			ID: 12, Key: "dial", Kind: KindDial, Conns: 1,
			Doc:     "allocations of Dial (and Close), one at a time",
			Targets: []Target{atMost(Allocs, 0.5, "net")},
		},
	)
	for i := range ws {
		ws[i].Targets = append(ws[i].Targets, ws[i].bounds()...)
	}
	return ws
}

// bounds are what net2 must keep to in every workload, whatever it gains
// elsewhere.
func (w Workload) bounds() []Target {
	if w.Counted || w.Kind == KindIdle {
		return nil
	}
	list := []Target{atLeast(Throughput, 0.97, "net")}
	if w.hasLatencies() {
		list = append(list, atMost(P99, 1.05, "net"))
	}
	return list
}

// hasLatencies reports whether w has operations that begin and end.
func (w Workload) hasLatencies() bool {
	switch w.Kind {
	case KindStream, KindSplice, KindIdle:
		return false
	}
	return true
}

// talking is how many of the connections send requests.
func (w Workload) talking() int {
	if w.Talk > 0 {
		return min(w.Talk, w.Conns)
	}
	return w.Conns
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return strconv.Itoa(n) + " connections"
}

// Select returns the workloads that a comma-separated list of numbers and keys
// names, in the order of the table; all of them for "".
func Select(list string) ([]Workload, error) {
	all := Workloads()
	if list == "" {
		return all, nil
	}
	keep := make([]bool, len(all))
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		found := false
		for i, w := range all {
			if name == w.Key || name == strconv.Itoa(w.ID) {
				keep[i], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no workload %q", name)
		}
	}
	i := 0
	return slices.DeleteFunc(all, func(Workload) bool { i++; return !keep[i-1] }), nil
}
