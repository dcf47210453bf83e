// Package conformance holds net2 against the standard library's net. Each of
// its folders that has a Part gathers one kind of evidence; cmd/parity runs
// them all. All of them call the stacks through package stack, and ask package
// host what this host can check.
package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.parity/conformance/host"
)

// Status is the outcome of one check.
type Status string

const (
	Same    Status = "same"    // both stacks answered alike
	Differs Status = "differs" // they did not: the verdict is "different"
	Missing Status = "missing" // net2 does not have it
	Skipped Status = "skipped" // this host or this user cannot check it; Detail says why
)

// A Check is one comparison of net2 with net.
type Check struct {
	Name    string        `json:"name"`
	Status  Status        `json:"status"`
	Detail  string        `json:"detail,omitempty"` // the difference, or the reason for a skip
	Needs   host.Need     `json:"needs,omitempty"`  // what this host lacks, for a skip
	Elapsed time.Duration `json:"elapsed"`

	// Recording is what was judged, in the part's own form: an api.Row, a
	// scenario.Comparison, a trace.Diff.
	Recording json.RawMessage `json:"recording,omitempty"`
}

// Record adds to the check what was judged.
func (c *Check) Record(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("conformance: a recording of %s is no JSON: %v", c.Name, err))
	}
	c.Recording = text
}

// Recordings returns the recordings of the checks, which belong to one part.
func Recordings[T any](checks []Check) ([]T, error) {
	var all []T
	for _, c := range checks {
		if c.Recording == nil {
			continue // the check was not made
		}
		var v T
		if err := json.Unmarshal(c.Recording, &v); err != nil {
			return nil, fmt.Errorf("the recording of %s: %w", c.Name, err)
		}
		all = append(all, v)
	}
	return all, nil
}

// NotPossible returns a check that cannot be made because this host or user
// lacks something.
func NotPossible(name string, l *host.Lack) Check {
	return Check{Name: name, Status: Skipped, Needs: l.Need, Detail: l.Error()}
}

// A Part is one kind of evidence.
type Part struct {
	Name string // as in parity -run
	Doc  string // one line: what is held against what

	// Names lists the checks that Run would make, in order.
	Names func(ctx context.Context) ([]string, error)

	// Run makes the checks whose name match accepts and reports each when it is
	// done, never two at a time. It returns an error only if the evidence could
	// not be gathered at all.
	Run func(ctx context.Context, match func(name string) bool, report func(Check)) error
}
