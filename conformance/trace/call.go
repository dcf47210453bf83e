package trace

import (
	"fmt"
	"slices"
	"strings"
)

// A Call is one system call of a recording, with its descriptors and
// addresses named.
type Call struct {
	Name   string   `json:"name"`
	Args   []string `json:"args"`
	Result string   `json:"result"`         // "0", "conn", "-1 EAGAIN"
	Poll   bool     `json:"poll,omitempty"` // a poller asked for events: shown, not compared
	Loop   Loop     `json:"loop,omitzero"`  // the loop that ends here; how often it turns is the kernel's choice
}

// A Loop is a number of consecutive calls that a stack makes again and again.
// They are written once.
type Loop struct {
	Calls int `json:"calls"` // in one turn
	Turns int `json:"turns"`
}

// String says how often the calls are made; it is empty if they are no loop.
func (l Loop) String() string {
	switch {
	case l.Turns == 0:
		return ""
	case l.Calls == 1:
		return fmt.Sprintf("this call %d times", l.Turns)
	}
	return fmt.Sprintf("these %d calls %d times", l.Calls, l.Turns)
}

// String writes the call as strace(1) does.
func (c Call) String() string {
	return c.Name + "(" + strings.Join(c.Args, ", ") + ") = " + c.Result
}

// Blocked reports whether the call found nothing to do and its goroutine
// therefore parked.
func (c Call) Blocked() bool { return !c.Poll && strings.HasSuffix(c.Result, " EAGAIN") }

// A Recording holds the system calls of one scenario on one stack.
type Recording struct {
	Scenario string `json:"scenario"`
	Stack    string `json:"stack"`
	Calls    []Call `json:"calls"`
}

// The two stacks.
const (
	Net  = "net"
	Net2 = "net2"
)

// runtimeEpoll is the runtime's epoll on net2, beside net2's own. Net has only
// one.
const runtimeEpoll = "runtime-epoll"

// Compared returns the calls without the annotations.
func (r *Recording) Compared() []Call {
	var calls []Call
	for _, c := range r.Calls {
		if !c.Poll {
			calls = append(calls, c)
		}
	}
	return calls
}

// fold keeps one turn of a loop of up to three calls and counts the turns in
// what loop returns for its last call. key tells turns apart; annotations, for
// which it returns "", belong to the turn around them. A turn of several calls
// does not end with a call that has to wait.
func fold[T any](items []T, key func(*T) string, waits func(*T) bool, loop func(*T) *Loop) []T {
	const longest = 3
	var out []T
	var keys []string // of the compared items in out
	var at []int      // and their places
	for i := range items {
		out = append(out, items[i])
		k := key(&items[i])
		if k == "" {
			continue
		}
		keys, at = append(keys, k), append(at, len(out)-1)
		for n := 1; n <= longest && 2*n <= len(keys); n++ {
			turn, before := keys[len(keys)-n:], keys[len(keys)-2*n:len(keys)-n]
			if !slices.Equal(turn, before) || n > 1 && waits(&items[i]) {
				continue
			}
			last := at[len(at)-n-1] // of the turn before
			if l := loop(&out[last]); l.Calls == n {
				l.Turns++
			} else {
				*l = Loop{Calls: n, Turns: 2}
			}
			out = out[:last+1]
			keys, at = keys[:len(keys)-n], at[:len(at)-n]
			break
		}
	}
	return out
}

// collapse folds the calls of a scenario whose number of turns is the kernel's
// choice. The first turn may have calls of its own, which have the descriptor
// watched from then on; it counts as a turn like the others.
func collapse(calls []Call) []Call {
	return fold(calls,
		func(c *Call) string {
			if c.Poll || c.Name == "epoll_ctl" {
				return ""
			}
			return c.String()
		},
		func(c *Call) bool { return c.Blocked() },
		func(c *Call) *Loop { return &c.Loop })
}
