//go:build linux

package poll

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.parity/runtime_hooks"
)

// A Wait is an operation that is parked on a descriptor.
type Wait struct {
	Mode  int // 'r' or 'w'
	Since time.Time
	Stack []uintptr // program counters, innermost first
}

// A parking is a direction of a descriptor, on which one goroutine can be parked.
type parking struct {
	pd   *pollDesc
	mode int
}

// tracedWaits are the waits that began while TraceWaits was on.
var tracedWaits struct {
	// wait is tracedWait, or nil while TraceWaits is off. It is a pointer, so that only a
	// program that calls TraceWaits contains that function.
	wait atomic.Pointer[func(pd *pollDesc, mode int) error]

	mu   sync.Mutex
	list map[parking]Wait
}

// TraceWaits sets whether waits that begin from now on are noted.
func TraceWaits(on bool) {
	if !on {
		tracedWaits.wait.Store(nil)
		return
	}
	wait := (*pollDesc).tracedWait
	tracedWaits.wait.Store(&wait)
}

// Waits returns the operations that are parked on the descriptor, as far as they are
// noted.
func (fd *FD) Waits() (waits []Wait) {
	tracedWaits.mu.Lock()
	defer tracedWaits.mu.Unlock()
	for _, mode := range []int{'r', 'w'} {
		if w, ok := tracedWaits.list[parking{&fd.pd, mode}]; ok {
			waits = append(waits, w)
		}
	}
	return waits
}

// tracedWait is the wait of an operation, which it notes meanwhile.
func (pd *pollDesc) tracedWait(mode int) error {
	const callers = 3 // runtime.Callers, tracedWait and wait
	var pcs [32]uintptr
	n := runtime.Callers(callers, pcs[:])
	at := parking{pd, mode}
	tracedWaits.mu.Lock()
	if tracedWaits.list == nil {
		tracedWaits.list = make(map[parking]Wait)
	}
	tracedWaits.list[at] = Wait{Mode: mode, Since: time.Now(), Stack: append([]uintptr(nil), pcs[:n]...)}
	tracedWaits.mu.Unlock()
	err := convertErr(runtimehooks.PollWait(&pd.desc, mode))
	tracedWaits.mu.Lock()
	delete(tracedWaits.list, at)
	tracedWaits.mu.Unlock()
	return err
}
