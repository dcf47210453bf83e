//go:build linux && race

package net2

// raceEnabled says that the race detector is on.
const raceEnabled = true
