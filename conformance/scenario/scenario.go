//go:build linux

package scenario

import (
	"slices"
	"time"
)

// A Scenario is one script.
type Scenario struct {
	Name string // subject/operation/condition
	Doc  string // one line

	needs []need        // what the host must have
	limit time.Duration // how long the script may take on one stack; 0 for defaultLimit
	pools bool          // the stack may keep descriptors in a pool that garbage collection empties
	run   func(t *T)
}

// defaultLimit is far more than any script takes: its end means that the
// script hangs.
const defaultLimit = 10 * time.Second

// Scenarios lists all scenarios in the order in which they run.
func Scenarios() []Scenario {
	return slices.Concat(
		tcpListen,
		tcpAccept,
		tcpDial,
		tcpDeadline,
		tcpClose,
		tcpOption,
		tcpIO,
		tcpRaw,
		nilReceivers,
		udp,
		unixSockets,
		rawIP,
		files,
		copying,
		names,
		values,
	)
}
