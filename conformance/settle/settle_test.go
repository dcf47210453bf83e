package settle

import (
	"testing"
	"time"
)

func TestWithin(t *testing.T) {
	asked := 0
	if !Within(time.Minute, func() bool { asked++; return asked == 3 }) || asked != 3 {
		t.Errorf("Within() asked %d times, want 3", asked)
	}
	asked = 0
	if Within(-1, func() bool { asked++; return false }) || asked != 1 {
		t.Errorf("Within() without patience asked %d times, want once, and no", asked)
	}
}
