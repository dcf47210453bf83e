//go:build linux

package runtimehooks

import (
	"sync"
	"sync/atomic"
	"time"
)

// A callback is a function that runs once, in a goroutine of callbackQueue's, when something
// happens to a descriptor. While one runs no other of the same callback does: what is armed
// meanwhile counts when it has returned.
//
// Its lock is the only thing here that the race detector sees, so that what the program did
// before it armed f comes before f. Nothing else is ordered by it.
type callback struct {
	armed atomic.Bool // f is not nil, and no event has come for it

	mu      sync.Mutex
	f       func()
	keep    any // what must stay reachable while f is armed
	running bool
	fired   bool        // the event came while another f ran
	timer   *time.Timer // goes off at the read deadline

	// callbackQueue.mu guards the following.
	next   *callback
	queued bool
}

// arm sets f, and reports whether it could: false means that one is armed already.
func (c *callback) arm(f func(), keep any) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.f != nil {
		return false
	}
	c.f, c.keep = f, keep
	c.note(true)
	return true
}

// note says whether f waits. The watcher is awake for it.
func (c *callback) note(waits bool) {
	raceDisable()
	defer raceEnable()
	c.armed.Store(waits)
	if waits {
		useWatch(1)
	} else {
		useWatch(-1)
	}
}

// stop takes f back, and reports whether it will not run.
func (c *callback) stop() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.f == nil {
		return false
	}
	c.clear()
	return true
}

// clear forgets f. The caller holds c.mu.
func (c *callback) clear() (f func()) {
	f = c.f
	c.f, c.keep = nil, nil
	c.fired = false
	c.note(false)
	if c.timer != nil {
		c.timer.Stop()
	}
	return f
}

// fireAt lets f run at a time in nanotime: not at all if that is 0, now if it is negative.
func (c *callback) fireAt(at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.f == nil || at == 0 && c.timer == nil:
	case at == 0:
		c.timer.Stop()
	case at < 0:
		c.fire()
	case c.timer == nil:
		inRealTime(func() { c.timer = time.AfterFunc(time.Duration(at-nanotime()), c.fire) })
	default:
		inRealTime(func() { c.timer.Reset(time.Duration(at - nanotime())) })
	}
}

// isArmed reports whether an event is to be told.
func (c *callback) isArmed() bool {
	raceDisable()
	defer raceEnable()
	return c.armed.Load()
}

// fire lets f run, if one is armed.
func (c *callback) fire() {
	if c.disarm() {
		c.start()
	}
}

// start lets f run: in callbackQueue, or, in a bubble of testing/synctest, in a goroutine of
// that bubble, which callbackQueue's are outside of.
func (c *callback) start() {
	if bubbled() {
		go c.run()
	} else {
		c.enqueue()
	}
}

// disarm reports whether the caller is the one who tells the event.
func (c *callback) disarm() bool {
	raceDisable()
	defer raceEnable()
	return c.armed.Load() && c.armed.CompareAndSwap(true, false)
}

// run calls f, unless somebody else does or it was stopped.
func (c *callback) run() {
	c.mu.Lock()
	switch {
	case c.f == nil:
		c.mu.Unlock()
	case c.running:
		c.fired = true // whoever runs now sees to it
		c.mu.Unlock()
	default:
		c.running = true
		f := c.clear()
		c.mu.Unlock()
		defer c.ran() // also if f ends its goroutine
		f()
	}
}

// ran lets the function run that was armed, and whose event came, while another ran.
func (c *callback) ran() {
	c.mu.Lock()
	c.running = false
	again := c.f != nil && c.fired
	c.mu.Unlock()
	if again {
		c.start()
	}
}
