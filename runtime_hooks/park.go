//go:build linux && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import linked "go.parity/runtime_hooks/if_refused_build_with_tags_net2_portable"

// guintptr is the runtime's pointer to a goroutine. Those never move and are
// never freed, so a number keeps one safely.
type guintptr = uintptr

// g identifies a parked goroutine.
type g guintptr

// noG stands for no goroutine.
const noG g = 0

// parking is empty: a parked goroutine stands in the state itself.
//
//lint:ignore U1000 not empty in another build
type parking struct{}

// parked returns the goroutine whose park left the state at old.
func (s *pollSema) parked(old uintptr) g {
	return g(old)
}

// The runtime's numbers for gopark: what a goroutine dump and an execution
// trace say of the wait. TestGoroutineDumpSaysIOWait fails when they change.
const (
	waitReasonIOWait = 2
	traceBlockNet    = 2
)

// park parks the goroutine, unless the state is no longer pdWait by then.
func (s *pollSema) park() {
	linked.Gopark(netpollblockcommit, &s.state, waitReasonIOWait, traceBlockNet, 5)
}

// ready makes gp runnable.
//
// std: runtime.netpollgoready
func (gp g) ready() {
	if gp != noG {
		linked.Goready(guintptr(gp), 1)
	}
}
