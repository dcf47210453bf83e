//go:build linux

package runtimehooks

import "time"

// epoch is a moment on the clock of package time, and the same on nanotime's.
var epoch, epochNano = time.Now(), nanotime()

// bubbled reports whether the goroutine is in a bubble of testing/synctest,
// whose clock began in the year 2000.
func bubbled() bool {
	ahead := time.Since(epoch) - time.Duration(nanotime()-epochNano)
	return ahead.Abs() > 24*time.Hour
}
