package trace

import (
	"fmt"
	"regexp"
)

// A Row is one line of two recordings side by side. A row with both sides has
// the same call on both, or two different calls of which one took the place of
// the other.
type Row struct {
	Net       *Call  `json:"net,omitempty"`
	Net2      *Call  `json:"net2,omitempty"`
	NetEntry  string `json:"netEntry,omitempty"`  // the deviation that removes Net's call, "" if there is none
	Net2Entry string `json:"net2Entry,omitempty"` // the deviation that adds Net2's call
	Loop      Loop   `json:"loop,omitzero"`       // the loop that ends here, on both
}

// Same reports whether both stacks make this call.
func (r Row) Same() bool { return r.Net != nil && r.Net2 != nil && same(*r.Net, *r.Net2) }

// Poll reports whether the row is an annotation.
func (r Row) Poll() bool { return r.Net != nil && r.Net.Poll || r.Net2 != nil && r.Net2.Poll }

// same reports whether two calls are alike. Net has one epoll and net2 has
// more; which of them watches a descriptor depends on the nested poller and is
// no difference between two calls.
func same(a, b Call) bool { return oneEpoll(a.String()) == oneEpoll(b.String()) }

// equivalent reports whether two calls stand beside each other: they are alike, or would be
// if a call on a socket were made as on a file.
func equivalent(a, b Call) bool { return same(a, b) || same(fileForm(a), fileForm(b)) }

// fileForm turns recv(2) and send(2), which are recvfrom and sendto without an address, into
// the read and write that do the same.
func fileForm(c Call) Call {
	if len(c.Args) != 5 || c.Args[4] != "NULL" && c.Args[4] != "…" {
		return c
	}
	switch c.Name {
	case "recvfrom":
		c.Name = "read"
	case "sendto":
		c.Name = "write"
	default:
		return c
	}
	c.Args = c.Args[:3]
	return c
}

var anyEpoll = regexp.MustCompile(`\b(` + runtimeEpoll + `|epoll)\d*\b`)

func oneEpoll(s string) string { return anyEpoll.ReplaceAllString(s, "epoll") }

// align lines up the calls of two recordings so that as many as possible stand
// beside an equal one: a longest common subsequence. The recordings have a few
// dozen calls, and the textbook's table gives the same result each time, which
// go-cmp's search does not. Annotations stand beside each other between the
// same calls.
func align(net, net2 []Call) []Row {
	a, b := split(net), split(net2)
	// longest[i][j] is the length for a[i:] and b[j:].
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i].call != nil && b[j].call != nil && equivalent(*a[i].call, *b[j].call) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}

	var rows, onlyNet, onlyNet2 []Row
	flush := func() {
		rows = append(rows, beside(onlyNet, onlyNet2)...)
		onlyNet, onlyNet2 = nil, nil
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i].call != nil && b[j].call != nil && equivalent(*a[i].call, *b[j].call):
			onlyNet = append(onlyNet, a[i].polls(left)...)
			onlyNet2 = append(onlyNet2, b[j].polls(right)...)
			flush()
			rows = append(rows, Row{Net: a[i].call, Net2: b[j].call})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			onlyNet = append(onlyNet, a[i].rows(left)...)
			i++
		default:
			onlyNet2 = append(onlyNet2, b[j].rows(right)...)
			j++
		}
	}
	flush()
	return rows
}

// foldRows keeps one turn of what both stacks do again and again.
func foldRows(rows []Row) []Row {
	return fold(rows,
		func(r *Row) string {
			switch {
			case r.Poll():
				return ""
			case r.Net == nil || r.Net2 == nil:
				return fmt.Sprintf("%p", r) // equal to no other
			}
			return r.Net.String() + becomes + r.Net2.String()
		},
		func(r *Row) bool { return r.Net != nil && r.Net2 != nil && r.Net.Blocked() && r.Net2.Blocked() },
		func(r *Row) *Loop { return &r.Loop })
}

// A step is a call with the annotations before it; the last step of a recording
// may have no call.
type step struct {
	before []Call
	call   *Call
}

func split(calls []Call) []step {
	var steps []step
	var before []Call
	for i := range calls {
		if calls[i].Poll {
			before = append(before, calls[i])
			continue
		}
		steps = append(steps, step{before, &calls[i]})
		before = nil
	}
	if before != nil {
		steps = append(steps, step{before, nil})
	}
	return steps
}

func left(c *Call) Row  { return Row{Net: c} }
func right(c *Call) Row { return Row{Net2: c} }

func (s step) polls(side func(*Call) Row) []Row {
	var rows []Row
	for i := range s.before {
		rows = append(rows, side(&s.before[i]))
	}
	return rows
}

func (s step) rows(side func(*Call) Row) []Row {
	rows := s.polls(side)
	if s.call != nil {
		rows = append(rows, side(s.call))
	}
	return rows
}

// beside puts a call of one side beside the call of the other side that has the
// same name, in order, so that a changed argument shows as one row. Of several
// it takes the one that shares the most arguments. Annotations go beside
// annotations.
func beside(net, net2 []Row) []Row {
	var rows []Row
	for _, n := range net {
		best, most := -1, -1
		for k, m := range net2 {
			if m.Net2.Poll != n.Net.Poll || !n.Net.Poll && m.Net2.Name != n.Net.Name {
				continue
			}
			if alike := n.Net.alike(m.Net2); alike > most {
				best, most = k, alike
			}
			if n.Net.Poll {
				break
			}
		}
		if best >= 0 {
			rows = append(rows, net2[:best]...)
			n.Net2 = net2[best].Net2
			net2 = net2[best+1:]
		}
		rows = append(rows, n)
	}
	return append(rows, net2...)
}

// alike counts the arguments that two calls have in common.
func (c *Call) alike(d *Call) int {
	n := 0
	for i := range min(len(c.Args), len(d.Args)) {
		if c.Args[i] == d.Args[i] {
			n++
		}
	}
	return n
}
