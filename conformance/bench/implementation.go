package bench

import (
	"slices"

	"go.parity/conformance"
)

// An implementation is one of those that are measured and compared. To add one,
// put it into the list. If it is neither ordinary code on a stack nor a peer,
// (*work).measured starts it.
type implementation struct {
	name   string
	color  string                // in charts; "" for net, with which they compare the others
	stack  string                // for ordinary code, a goroutine for each connection: the stack that it runs on
	poller string                // which net2 must have in its process; "" where it has none to choose
	peer   string                // for a peer, its module, which this one does not require
	kinds  []Kind                // the workloads that it serves; nil for all
	skip   func(w Workload) bool // those of these kinds that it cannot serve; nil for none
}

// eventDriven are the kinds of workloads for a server that calls back when
// there is something to read. None of the peers has a deadline for each read.
var eventDriven = []Kind{KindEcho, KindBurst, KindIdle, KindOnce}

func withDeadline(w Workload) bool { return w.Deadline }

// implementations lists them in the order of the tables. The colours stand out
// from white and from black.
var implementations = []implementation{
	{name: "net", stack: "net"},
	{name: "net2", stack: "net2", poller: conformance.Runtime, color: "#2f81f7"},
	{name: "net2-epoll", stack: "net2", poller: conformance.Epoll, color: "#d9822b"},
	{name: "net2-portable", stack: "net2", poller: conformance.Portable, color: "#a371f7"},
	{name: "net2-readable", color: "#39c5cf", kinds: eventDriven, skip: withDeadline, poller: conformance.Runtime},
	{name: "floor", color: "#858d96"},
	{name: "gnet", color: "#2da44e", kinds: eventDriven, skip: withDeadline, peer: "github.com/panjf2000/gnet/v2"},
	{name: "nbio", color: "#cf5ab5", kinds: append(slices.Clone(eventDriven), KindHTTP), skip: withDeadline, peer: "github.com/lesismal/nbio"},
	{name: "netpoll", color: "#b08800", kinds: eventDriven, skip: withDeadline, peer: "github.com/cloudwego/netpoll"},
}

// lookup returns the implementation with a name.
func lookup(name string) (implementation, bool) {
	i := slices.IndexFunc(implementations, func(impl implementation) bool { return impl.name == name })
	if i < 0 {
		return implementation{}, false
	}
	return implementations[i], true
}

// serves reports whether the implementation has a server, or a client, for w.
func (impl implementation) serves(w Workload) bool {
	if impl.kinds != nil && !slices.Contains(impl.kinds, w.Kind) {
		return false
	}
	return impl.skip == nil || !impl.skip(w)
}

// Peers returns the implementations that other people wrote, in the order of
// the tables. Each is a program in the module go.parity/conformance/bench/peers,
// which a run builds if it measures any of them.
func Peers() []string {
	var names []string
	for _, impl := range implementations {
		if impl.peer != "" {
			names = append(names, impl.name)
		}
	}
	return names
}
