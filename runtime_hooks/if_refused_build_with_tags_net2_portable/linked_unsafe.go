//go:build linux && !net2_portable

package linked

import (
	"os"
	"sync/atomic"
	_ "unsafe" // for go:linkname
)

// What the runtime promises not to change (go.dev/issue/67401). *g and
// unsafe.Pointer parameters are declared by the types that are passed, which
// travel in the same registers.
var (
	// Nanotime is the monotonic clock, in real time everywhere.
	Nanotime = nanotime

	// Gopark stops the goroutine, and then parks it if unlockf, which runs on
	// the scheduling stack, returns true; else the goroutine goes on.
	Gopark = gopark

	// Goready makes a parked goroutine runnable.
	Goready = goready

	// Goyield lets the goroutines that wait for this processor run first.
	Goyield = goyield

	// Semacquire and Semrelease are the semaphores of sync.Mutex.
	Semacquire = semacquire
	Semrelease = semrelease
)

// NewUnixFile is what package os gives to net.
var NewUnixFile = newUnixFile

// PollDesc is the runtime's pollDesc, of which we know nothing. It lives
// outside the heap.
type PollDesc struct{ _ [0]func() }

// What the runtime gives to internal/poll, as functions of a uintptr, which is
// the pointer that it names here.
var (
	PollServerInit  = pollServerInit
	PollOpen        = pollOpen
	PollClose       = pollClose
	PollReset       = pollReset
	PollWait        = pollWait
	PollSetDeadline = pollSetDeadline
	PollUnblock     = pollUnblock
)

//go:linkname nanotime runtime.nanotime
func nanotime() int64

//go:linkname gopark runtime.gopark
func gopark(unlockf func(gp uintptr, state *atomic.Uintptr) bool, state *atomic.Uintptr, reason, traceReason uint8, traceskip int)

//go:linkname goready runtime.goready
func goready(gp uintptr, traceskip int)

//go:linkname goyield runtime.goyield
func goyield()

//go:linkname semacquire sync.runtime_Semacquire
func semacquire(count *uint32)

//go:linkname semrelease sync.runtime_Semrelease
func semrelease(count *uint32, handoff bool, skipframes int)

//go:linkname newUnixFile net.newUnixFile
func newUnixFile(fd int, name string) *os.File

//go:linkname pollServerInit internal/poll.runtime_pollServerInit
func pollServerInit()

//go:linkname pollOpen internal/poll.runtime_pollOpen
func pollOpen(fd uintptr) (*PollDesc, int)

//go:linkname pollClose internal/poll.runtime_pollClose
func pollClose(pd *PollDesc)

//go:linkname pollReset internal/poll.runtime_pollReset
func pollReset(pd *PollDesc, mode int) int

//go:linkname pollWait internal/poll.runtime_pollWait
func pollWait(pd *PollDesc, mode int) int

//go:linkname pollSetDeadline internal/poll.runtime_pollSetDeadline
func pollSetDeadline(pd *PollDesc, d int64, mode int)

//go:linkname pollUnblock internal/poll.runtime_pollUnblock
func pollUnblock(pd *PollDesc)
