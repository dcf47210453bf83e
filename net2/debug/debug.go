// Package debug shows the open sockets of a program over HTTP, as net/http/pprof shows
// its profiles. It is imported for what it registers:
//
//	import _ "go.parity/net2/debug"
//
// On http.DefaultServeMux it serves /debug/net2, a page of text with a line for each
// socket. In package expvar it publishes the variable net2: how many sockets are open,
// by network and state.
//
// After net2.TraceOpen(true) the page also has who opened each socket and who waits on
// it, and /debug/pprof/net2.open of net/http/pprof counts the sockets by the stack that
// opened them.
package debug

import (
	"expvar"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"text/tabwriter"
	"time"

	"go.parity/net2"
)

func init() {
	http.HandleFunc("/debug/net2", Sockets)
	expvar.Publish("net2", expvar.Func(func() any { return counts() }))
}

// counts returns the numbers of open sockets by kind, such as "tcp established", and
// with "error" in the place of all why they could not be counted.
func counts() map[string]any {
	list, err := net2.Connections()
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	byKind := make(map[string]int)
	for _, c := range list {
		byKind[kind(c)]++
	}
	vars := map[string]any{"open": len(list)}
	for k, n := range byKind {
		vars[k] = n
	}
	return vars
}

// kind returns the network and the state of a socket, as far as it has them.
func kind(c net2.Connection) string {
	switch {
	case c.Network == "":
		return "other"
	case c.State == "":
		return c.Network
	}
	return c.Network + " " + c.State
}

// Sockets serves the page.
func Sockets(w http.ResponseWriter, r *http.Request) {
	list, err := net2.Connections()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	write(w, list, time.Now())
}

// write writes a table of the sockets, and below it what is known of the traced ones.
func write(w io.Writer, list []net2.Connection, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "fd\tnetwork\tstate\tlocal\tremote\treceived\tsent\tage\twaits")
	for _, c := range list {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", c.Descriptor, dash(c.Network), dash(c.State),
			address(c.Local), address(c.Remote), c.Received, c.Sent, age(c.Opened, now), waits(c.Waiters, now))
	}
	t.Flush()
	for _, c := range list {
		if len(c.Stack) == 0 {
			continue
		}
		fmt.Fprintf(w, "\nfd %d, opened by\n", c.Descriptor)
		writeStack(w, c.Stack)
		for _, waiter := range c.Waiters {
			fmt.Fprintf(w, "waited on for %s by\n", age(waiter.Since, now))
			writeStack(w, waiter.Stack)
		}
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func address(a net2.Addr) string {
	if a == nil {
		return "-"
	}
	return dash(a.String())
}

func age(since, now time.Time) string {
	if since.IsZero() {
		return "-"
	}
	return now.Sub(since).Round(time.Millisecond).String()
}

// waits names the directions in which somebody waits, and since when.
func waits(list []net2.Waiter, now time.Time) (text string) {
	for i, w := range list {
		if i > 0 {
			text += ", "
		}
		if w.Write {
			text += "write "
		} else {
			text += "read "
		}
		text += age(w.Since, now)
	}
	return dash(text)
}

func writeStack(w io.Writer, stack []uintptr) {
	frames := runtime.CallersFrames(stack)
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Fprintf(w, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
	}
}
