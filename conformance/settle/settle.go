// Package settle waits for what no event announces: that closed descriptors and
// ended goroutines are gone.
package settle

import "time"

// Within asks again and again, less often as time goes by, until done says yes
// or the patience is over, and returns what it said last.
func Within(patience time.Duration, done func() bool) bool {
	end := time.Now().Add(patience)
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		if done() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(pause)
	}
}
