//go:build linux

package life

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.parity/conformance/goroutine"
)

// A crew is some goroutines that somebody waits for.
type crew struct {
	mu      sync.Mutex
	working map[string]int // by what they do, how many
	errs    []error
	ended   chan struct{} // gets a value whenever a goroutine ends
}

func newCrew() *crew { return &crew{working: make(map[string]int), ended: make(chan struct{}, 1)} }

// start runs f in a goroutine.
func (c *crew) start(what string, f func() error) {
	c.mu.Lock()
	c.working[what]++
	c.mu.Unlock()
	go func() {
		err := f()
		c.mu.Lock()
		if err != nil {
			c.errs = append(c.errs, fmt.Errorf("%s: %w", what, err))
		}
		if c.working[what]--; c.working[what] == 0 {
			delete(c.working, what)
		}
		c.mu.Unlock()
		select {
		case c.ended <- struct{}{}:
		default:
		}
	}()
}

// wait waits for all goroutines and returns their errors. If some do not end, the
// error says which, and what every goroutine does.
func (c *crew) wait() error {
	tooLong := time.NewTimer(patience)
	defer tooLong.Stop()
	for {
		c.mu.Lock()
		working, err := slices.Sorted(maps.Keys(c.working)), errors.Join(c.errs...)
		c.mu.Unlock()
		if len(working) == 0 {
			return err
		}
		select {
		case <-c.ended:
		case <-tooLong.C:
			traces := slices.Collect(maps.Values(goroutine.Traces()))
			return errors.Join(err, fmt.Errorf("%q hang\n%s", working, strings.Join(traces, "\n\n")))
		}
	}
}
