//go:build linux && !net2_portable

package runtimehooks

import (
	"os"

	linked "go.parity/runtime_hooks/if_refused_build_with_tags_net2_portable"
)

// nanotime is the clock that deadlines are kept in: the monotonic one, in real
// time everywhere.
func nanotime() int64 { return linked.Nanotime() }

// goyield lets the goroutines that wait for this processor run first.
func goyield() { linked.Goyield() }

func semacquire(count *uint32) { linked.Semacquire(count) }
func semrelease(count *uint32, handoff bool, skipframes int) {
	linked.Semrelease(count, handoff, skipframes)
}
func newUnixFile(fd int, name string) *os.File { return linked.NewUnixFile(fd, name) }

type runtimePollDesc = linked.PollDesc

func runtime_pollServerInit()                             { linked.PollServerInit() }
func runtime_pollOpen(fd uintptr) (*runtimePollDesc, int) { return linked.PollOpen(fd) }
func runtime_pollClose(pd *runtimePollDesc)               { linked.PollClose(pd) }
func runtime_pollReset(pd *runtimePollDesc, mode int) int { return linked.PollReset(pd, mode) }
func runtime_pollWait(pd *runtimePollDesc, mode int) int  { return linked.PollWait(pd, mode) }
func runtime_pollSetDeadline(pd *runtimePollDesc, d int64, mode int) {
	linked.PollSetDeadline(pd, d, mode)
}
func runtime_pollUnblock(pd *runtimePollDesc) { linked.PollUnblock(pd) }
