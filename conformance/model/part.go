//go:build linux

package model

import (
	"context"
	"fmt"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
)

// partTime is how long the part runs random programs.
const partTime = 3 * time.Second

// Part runs random programs for a few seconds. The seed is the time, so that
// each run tries other programs; the check's detail shows it.
func Part() conformance.Part {
	const name = "random programs"
	return conformance.Part{
		Name:  "model",
		Doc:   "random programs on both stacks, with every result compared",
		Names: func(context.Context) ([]string, error) { return []string{name}, nil },
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			if !match(name) {
				return nil
			}
			if lack := host.Lacking(host.TempDir); lack != nil {
				report(conformance.NotPossible(name, lack))
				return nil
			}
			start := time.Now()
			seed := uint64(start.UnixNano())
			t := Run(seed, func(int) bool { return ctx.Err() != nil || time.Since(start) > partTime })
			check := t.check(name, seed)
			check.Elapsed = time.Since(start)
			report(check)
			return ctx.Err()
		},
	}
}

// check returns the verdict. If nothing worked, it says that the check was not
// possible.
func (t Tally) check(name string, seed uint64) conformance.Check {
	check := conformance.Check{Name: name, Status: conformance.Same, Detail: fmt.Sprintf("%d operations from seed %d", t.Worked, seed)}
	switch {
	case t.Divergence != nil:
		check.Status, check.Detail = conformance.Differs, t.Divergence.String()
	case t.Worked == 0 && t.Lack != nil:
		return conformance.NotPossible(name, t.Lack)
	case t.Worked == 0:
		return conformance.NotPossible(name, host.Blame("no operation succeeded"))
	case t.Lack != nil:
		check.Detail += ", but nothing that " + t.Lack.Reason()
	}
	return check
}
