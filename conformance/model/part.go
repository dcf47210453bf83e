//go:build linux

package model

import (
	"context"
	"fmt"
	"time"

	"go.parity/conformance"
)

// partTime is how long the part runs random programs.
const partTime = 3 * time.Second

// Part runs random programs for a few seconds. The seed is the time, so that
// each run tries others; it is part of the check's detail.
func Part() conformance.Part {
	const name = "random programs"
	return conformance.Part{
		Name:  "model",
		Doc:   "random programs on both stacks, every result compared",
		Names: func(context.Context) ([]string, error) { return []string{name}, nil },
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			if !match(name) {
				return nil
			}
			start := time.Now()
			seed := uint64(start.UnixNano())
			ops, d := Run(seed, func(int) bool { return ctx.Err() != nil || time.Since(start) > partTime })
			check := conformance.Check{Name: name, Status: conformance.Same, Elapsed: time.Since(start)}
			check.Detail = fmt.Sprintf("%d operations from seed %d", ops, seed)
			if d != nil {
				check.Status, check.Detail = conformance.Differs, d.String()
			}
			report(check)
			return ctx.Err()
		},
	}
}
