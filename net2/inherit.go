//go:build linux

package net2

import (
	"sync/atomic"
)

// An inheritance spares a listener's connections the system calls that set
// their options. On Linux an accepted socket starts with the options of the
// one that listened, so they are set there, once.
//
// Whether the kernel at hand does that is tried on the first connection. And
// nothing is assumed of a listener whose socket others may change: one that came
// from a file, or was shown to the program, by Control or later.
//
// deviation: accept-options-inherited
type inheritance struct {
	opts  []tcpOption // what each connection is to have; immutable
	state atomic.Uint32
}

const (
	inheritUntried uint32 = iota
	inheritWorks
	inheritFails // also: was never set on the listener
)

// prepare sets the options on a socket that is about to listen, as far as net
// would set them on a connection: one that is refused, and what comes after it,
// is found missing on the first connection.
func (in *inheritance) prepare(fd *netFD) {
	if fd.pfd.Shares() != 0 {
		return
	}
	fd.setOptions(in.opts)
}

// apply gives a connection that ln accepted its options, if it has not
// inherited them.
func (in *inheritance) apply(ln, c *netFD) {
	if in.works(ln, c) {
		return
	}
	c.setOptions(in.opts)
}

func (in *inheritance) works(ln, c *netFD) bool {
	if ln.pfd.Shares() != 0 {
		return false
	}
	state := in.state.Load()
	if state == inheritUntried {
		state = inheritFails
		if hasOptions(c.pfd.Sysfd, in.opts) {
			state = inheritWorks
		}
		in.state.Store(state)
	}
	return state == inheritWorks
}
