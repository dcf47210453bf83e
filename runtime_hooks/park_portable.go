//go:build linux && (net2_portable || (race && !amd64 && !arm64))

package runtimehooks

// g is a parked goroutine: the channel on which it waits.
type g chan struct{}

// noG stands for no goroutine.
var noG g

// parking holds the channel of whoever parks here. The first goroutine that parks makes
// it, before the state becomes pdParked; others read it only after that.
type parking struct{ wake g }

// pdParked takes the place of the goroutine's pointer in the linked build.
const pdParked uintptr = 3

func (s *pollSema) parked(old uintptr) g { return s.wake }

// park waits for the channel, unless the state is no longer pdWait. Whoever
// takes the state away from pdParked sends exactly once, and there is room for
// that, so it never blocks.
func (s *pollSema) park() {
	if s.wake == nil {
		inRealTime(func() { s.wake = make(g, 1) })
	}
	if s.state.CompareAndSwap(pdWait, pdParked) {
		<-s.wake
	}
}

// ready makes gp runnable.
func (gp g) ready() {
	if gp != nil {
		gp <- struct{}{}
	}
}
