//go:build linux && (net2_portable || (!net2_runtime && race && !amd64 && !arm64))

package runtimehooks

// Lanes are made of the runtime's own hooks, which this build does without.

type lane struct{}

func initLanes() {}

func (pd *PollDesc) promote()           {}
func (pd *PollDesc) demote(remove bool) {}

func (l *lane) prepare()       {}
func (l *lane) wait(*pollSema) {}
