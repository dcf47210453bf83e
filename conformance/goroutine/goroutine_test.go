package goroutine

import (
	"runtime"
	"strings"
	"testing"
)

func TestBlocked(t *testing.T) {
	id, release, ended := make(chan int64), make(chan bool), make(chan bool)
	go func() {
		id <- ID()
		<-release
		close(ended)
	}()
	other := <-id
	if self := ID(); other == self || Blocked(self) {
		t.Errorf("ID() = %d here and %d there, Blocked(here) = %v, want two and false", self, other, Blocked(self))
	}
	for !Blocked(other) { // until it gets there, or the test hangs
		runtime.Gosched()
	}
	if trace := Traces()[other]; !strings.Contains(trace, "TestBlocked") {
		t.Errorf("Traces()[%d] = %q, want that of this test's function", other, trace)
	}
	close(release)
	<-ended
	for Blocked(other) {
		runtime.Gosched()
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		trace, state string
		id           int64
		ok           bool
	}{
		{"goroutine 7 [running]:\nmain.main()", "running", 7, true},
		{"goroutine 18 [IO wait, 2 minutes]:", "IO wait", 18, true},
		{"goroutine 5 [chan receive (scan)]:", "chan receive", 5, true},
		{"", "", 0, false},
		{"created by nobody", "", 0, false},
	}
	for _, tt := range tests {
		if id, state, ok := parse(tt.trace); id != tt.id || state != tt.state || ok != tt.ok {
			t.Errorf("parse(%q) = %d, %q, %v, want %d, %q, %v", tt.trace, id, state, ok, tt.id, tt.state, tt.ok)
		}
	}
}
