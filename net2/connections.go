package net2

import (
	"time"
)

// A Connection is one open socket of the process, as [Connections] finds it: a
// connection, a listener or a socket for packets.
type Connection struct {
	Descriptor int
	Network    string // "tcp", "udp", "unix", …; empty if net has no name for it
	Local      Addr   // nil if it has none, or one that net has no type for
	Remote     Addr   // nil if there is no peer
	State      string // of TCP: "established", "listening", "close-wait", …
	Received   uint64 // bytes from the peer; of TCP alone
	Sent       uint64 // bytes to the peer; of TCP alone

	// These are known of a socket of this package that was opened after
	// TraceOpen(true).

	Opened  time.Time
	Stack   []uintptr // of who opened it, for runtime.CallersFrames
	Waiters []Waiter
}

// A Waiter is a goroutine that is parked in Read, Write, Accept or the like.
type Waiter struct {
	Write bool // it waits to write, or for a connect; otherwise, to read or accept
	Since time.Time
	Stack []uintptr // of the goroutine, for runtime.CallersFrames
}
