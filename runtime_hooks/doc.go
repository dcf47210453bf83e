//go:build linux

// Package runtimehooks is what Go's runtime gives internal/poll, rebuilt
// outside the runtime: a network poller that parks goroutines until a
// descriptor is ready, a deadline has passed or the descriptor is closed, and
// the semaphores of fdMutex.
//
// # What a poller owes
//
// Seven hooks, which bear the names of the runtime's (runtime/netpoll.go):
//
//	PollServerInit    make the poller ready; may be called any number of times
//	PollOpen          watch a descriptor, edge-triggered
//	PollReset         forget a notification before a new operation is tried
//	PollWait          park until ready, timed out or closing
//	PollSetDeadline   set, move or clear the deadline of one or both directions
//	PollUnblock       mark as closing and wake whoever waits
//	PollClose         stop watching; comes after PollUnblock
//
// And two that have no counterpart in the runtime:
//
//	PollOpenOnDemand  watch a descriptor from when somebody first needs it
//	PollYield         let others run instead of parking, where that is better
//
// The caller holds the read lock of fdMutex around PollReset, PollYield and
// PollWait in mode 'r', and the write lock in mode 'w': at most one goroutine
// waits on each side. It makes the system call first and waits only after EAGAIN;
// the poller may wake it without cause, and the caller then tries again. What the
// poller must never do is lose a wake-up: an event, a deadline or a close that
// comes at any moment between PollReset and the end of PollWait ends the wait.
//
// # The states of one side
//
// In the runtime's poller as in ours, each descriptor has two binary semaphores, rg
// for the reader and wg for the writer:
//
//	           netpollblock            netpollblockcommit
//	┌─ pdNil ───────────────▶ pdWait ───────────────────▶ G ─┐
//	│    ▲                       │                           │ netpollunblock
//	│    │ consumed by           │ netpollunblock            │ readies G
//	│    │ netpollblock          ▼                           │
//	└─▶ pdReady ◀────────────────┴───────────────────────────┘
//	     (readiness; a deadline or a close leads back to pdNil instead)
//
// A notification that finds pdWait changes the state before the goroutine has
// parked: the commit then fails, and the goroutine does not park at all.
//
// # Two pollers
//
// Both are in every program, and NET2_POLLER chooses one when the first
// descriptor is opened. "runtime", the default, is the runtime's own, through the
// hooks that it gives internal/poll (netpoll_runtime.go): nothing around a wait
// differs from net. "epoll" is ours, the runtime's rebuilt (netpoll.go,
// netpoll_epoll.go): an epoll instance whose events one goroutine takes, with
// goroutines parked by runtime.gopark. A descriptor is in one poller for its life.
//
// A program built with the tag net2_portable has only ours, which then parks
// goroutines on channels (park_portable.go), and links to nothing of the runtime.
package runtimehooks
