//go:build linux && net2_portable

package runtimehooks

// A goroutine, a timer or a channel that somebody makes in a bubble of testing/synctest
// belongs to the bubble: the bubble does not end before the goroutine does, the timer keeps
// the bubble's time, and others must not touch the channel. The poller's goroutine, and the
// timer and channels of a pollDesc, outlive a bubble, and sockets live in real time there
// too. So a goroutine that was there before any bubble makes them.
var outside = make(chan func())

func init() {
	go func() {
		for f := range outside {
			f()
		}
	}()
}

// inRealTime calls f outside any bubble.
func inRealTime(f func()) {
	if bubbled() {
		callOutside(f)
	} else {
		f()
	}
}

// callOutside lets that goroutine call f.
func callOutside(f func()) {
	outside <- f
	outside <- func() {} // that goroutine takes it when f has returned
}
