//go:build linux && race

package net2

// raceEnabled says that the race detector is on, which makes a sync.Pool forget.
const raceEnabled = true
