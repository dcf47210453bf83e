//go:build linux && race

package poll

// raceEnabled says that the race detector is on.
const raceEnabled = true
