//go:build linux && !net2_portable && (amd64 || arm64)

package runtimehooks

import "sync/atomic"

// netpollblockcommit puts the goroutine into the state, if that is still
// pdWait, and reports whether it was. The runtime calls it on its scheduling
// stack, when the goroutine has stopped. It must not grow that stack, nor call
// into the race detector, which has no context there; nor may a compiler add
// anything, such as a coverage counter. That is why all of it is assembly.
//
// std: runtime.netpollblockcommit
//
//go:noescape
func netpollblockcommit(gp guintptr, state *atomic.Uintptr) bool
