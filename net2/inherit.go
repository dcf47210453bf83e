//go:build linux

package net2

import (
	"sync/atomic"
)

// An inheritance saves the system calls that set the options of each accepted
// connection. On Linux an accepted socket starts with the options of the socket that
// listened, so we set them there, once.
//
// The first connection shows whether this kernel does that. We assume nothing about a
// listener whose socket others may change: one that came from a file, or one that the
// program has seen, in Control or later.
//
// deviation: accept-options-inherited
type inheritance struct {
	opts  []tcpOption // the options of each connection; immutable
	state atomic.Uint32
}

const (
	inheritUntried uint32 = iota
	inheritWorks
	inheritFails // or we never set them on the listener
)

// prepare sets the options on a socket that is about to listen. It stops where net would
// stop on a connection: if the kernel refuses an option, the first connection shows that
// this option, and those after it, are missing.
func (in *inheritance) prepare(fd *netFD) {
	if fd.pfd.Shares() != 0 {
		return
	}
	fd.setOptions(in.opts)
}

// apply sets the options of a connection that ln accepted, unless the connection has
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
