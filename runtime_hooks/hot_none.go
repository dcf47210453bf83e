//go:build linux && (net2_portable || (!net2_runtime && race && !amd64 && !arm64))

package runtimehooks

// Hot descriptors need the runtime's own hooks, which this build does without.

type runtimePollDesc struct{}

func (pd *PollDesc) promote()            {}
func (pd *PollDesc) demote()             {}
func (pd *PollDesc) publishHot(pollInfo) {}

func (rpd *runtimePollDesc) reset(int) int    { return NoError }
func (rpd *runtimePollDesc) wait(int) int     { return NoError }
func (rpd *runtimePollDesc) waitCanceled(int) {}

// PollYield would give way to other goroutines; see yield.go.
func PollYield(*PollDesc, int) bool { return false }
