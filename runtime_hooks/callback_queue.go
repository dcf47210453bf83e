//go:build linux

package runtimehooks

import "sync"

// callbackQueue holds the callbacks that are to run, in the order of their events.
//
// A goroutine for each would cost more than many a function does. So one goroutine takes
// callback after callback, and ends when there is none. A function may block all the same:
// as long as a callback is in the queue, a goroutine is about to start that has not taken
// any, and it takes one before the next is started. So while functions return at once, two
// or three goroutines serve them all; when they block, each has its own; and a function that
// ends its goroutine leaves nobody behind.
//
// The race detector takes two functions that one goroutine ran for ordered, which the program
// must not rely on: the next two may have a goroutine each.
var callbackQueue struct {
	mu          sync.Mutex
	first, last *callback
	starting    bool // set while first is not nil: a goroutine is to take its first callback
}

// enqueue lets c run. One that is in the queue already runs once.
//
//go:norace
func (c *callback) enqueue() {
	raceDisable()
	defer raceEnable()
	q := &callbackQueue
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.queued {
		return
	}
	c.queued = true
	if q.last == nil {
		q.first = c
	} else {
		q.last.next = c
	}
	q.last = c
	if !q.starting {
		q.starting = true
		go runCallbacks()
	}
}

// runCallbacks runs callbacks as long as there are any.
func runCallbacks() {
	for c := dequeue(true); c != nil; c = dequeue(false) {
		c.run()
	}
}

// dequeue takes the next callback, or returns nil. starting is true for a goroutine that has
// taken none before.
//
//go:norace
func dequeue(starting bool) *callback {
	raceDisable()
	defer raceEnable()
	q := &callbackQueue
	q.mu.Lock()
	defer q.mu.Unlock()
	if starting {
		q.starting = false
	}
	c := q.first
	if c == nil {
		return nil
	}
	if q.first = c.next; q.first == nil {
		q.last = nil
	} else if !q.starting {
		q.starting = true
		go runCallbacks()
	}
	c.next, c.queued = nil, false
	return c
}
