// Package conformance holds net2 against the standard library's net. Each of
// its folders gathers one kind of evidence; cmd/parity runs them all.
package conformance

import (
	"context"
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
}

// NotPossible is a check that cannot be made for a lack of this host or user.
func NotPossible(name string, l *host.Lack) Check {
	return Check{Name: name, Status: Skipped, Needs: l.Need, Detail: l.Error()}
}

// A Part is one kind of evidence.
type Part struct {
	Name string // as in parity -run
	Doc  string // one line: what is held against what

	// Names lists the checks that Run would make, in order.
	Names func(ctx context.Context) ([]string, error)

	// Run makes the checks whose name match accepts and reports each when it
	// is done, never two at a time. It returns an error only where the
	// evidence could not be gathered at all.
	Run func(ctx context.Context, match func(name string) bool, report func(Check)) error
}
