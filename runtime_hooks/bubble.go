//go:build linux

package runtimehooks

import "time"

// epoch is a moment of real time.
var epoch = time.Now()

// bubbled reports whether the goroutine is in a bubble of testing/synctest,
// whose clock began in the year 2000. Outside, the time since epoch is read from
// the monotonic clock, whatever becomes of the other.
func bubbled() bool { return time.Since(epoch).Abs() > 5*365*24*time.Hour }
