// Package settle waits for what no event announces, such as the disappearance
// of closed descriptors and ended goroutines.
package settle

import "time"

// Within calls done again and again, less often as time goes by, until it
// returns true or patience is over. Within returns what done returned last.
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
