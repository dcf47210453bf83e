//go:build linux && net2_portable

package runtimehooks

// A goroutine, a timer or a channel that is made in a bubble of
// testing/synctest belongs to it: the bubble does not end before the goroutine
// does, the timer keeps the bubble's time, and others must not touch the
// channel. The poller's goroutine and what a pollDesc keeps outlive a bubble,
// and sockets live in real time there too. So they are made by a goroutine that
// was there before any bubble.
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

// callOutside has f called by that goroutine.
func callOutside(f func()) {
	outside <- f
	outside <- func() {} // taken when f is done
}
