//go:build linux && !net2_portable

package runtimehooks

import _ "unsafe" // for go:linkname

// runtimePollDesc is the runtime's pollDesc, of which we know nothing. It lives
// outside the heap.
type runtimePollDesc struct{ _ [0]func() }

// The runtime gives these to internal/poll as functions of a uintptr, which is
// the pointer that it names here.

//go:linkname runtime_pollServerInit internal/poll.runtime_pollServerInit
func runtime_pollServerInit()

//go:linkname runtime_pollOpen internal/poll.runtime_pollOpen
func runtime_pollOpen(fd uintptr) (*runtimePollDesc, int)

//go:linkname runtime_pollClose internal/poll.runtime_pollClose
func runtime_pollClose(pd *runtimePollDesc)

//go:linkname runtime_pollReset internal/poll.runtime_pollReset
func runtime_pollReset(pd *runtimePollDesc, mode int) int

//go:linkname runtime_pollWait internal/poll.runtime_pollWait
func runtime_pollWait(pd *runtimePollDesc, mode int) int

//go:linkname runtime_pollSetDeadline internal/poll.runtime_pollSetDeadline
func runtime_pollSetDeadline(pd *runtimePollDesc, d int64, mode int)

//go:linkname runtime_pollUnblock internal/poll.runtime_pollUnblock
func runtime_pollUnblock(pd *runtimePollDesc)
