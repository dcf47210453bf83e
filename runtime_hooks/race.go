//go:build linux && race && !net2_portable

package runtimehooks

import "runtime"

// Between raceDisable and raceEnable the race detector takes no notice of what
// this goroutine's locks and atomics order. It still sees plain reads and writes,
// so what others may write is an atomic there.

func raceDisable() { runtime.RaceDisable() }
func raceEnable()  { runtime.RaceEnable() }
