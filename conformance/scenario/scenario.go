//go:build linux

package scenario

import (
	"slices"
	"time"

	"go.parity/conformance/host"
)

// A Scenario is one script.
type Scenario struct {
	Name string // subject/operation/condition
	Doc  string // one line

	needs []host.Need   // what this host or user must have
	limit time.Duration // how long the script may take on one stack; 0 for defaultLimit
	pools bool          // the stack may keep descriptors in a pool that garbage collection empties
	run   func(t *T)
}

// defaultLimit is far more than any script takes: a script that reaches it
// hangs.
const defaultLimit = 10 * time.Second

// Scenarios lists all scenarios in the order in which they run.
func Scenarios() []Scenario {
	return slices.Concat(
		over(host.Loopback,
			tcpListen,
			tcpAccept,
			tcpDial,
			tcpDeadline,
			tcpClose,
			tcpOption,
			tcpIO,
			tcpRaw,
		),
		nilReceivers,
		over(host.Loopback,
			udpListen,
			udpMulticast,
			udpDial,
			udpIO,
			udpOption,
			udpDeadline,
			udpClose,
			udpRaw,
		),
		unixListen,
		unixDial,
		unixIO,
		unixMessage,
		unixDeadline,
		unixClose,
		unixRaw,
		over(host.Loopback, rawIP),
		files,
		over(host.Loopback, copying),
		names,
		values,
	)
}

// over adds a need to all scenarios of some subjects.
func over(n host.Need, subjects ...[]Scenario) []Scenario {
	all := slices.Concat(subjects...)
	for i := range all {
		all[i].needs = slices.Concat([]host.Need{n}, all[i].needs)
	}
	return all
}
