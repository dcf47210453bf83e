//go:build !linux

package scenario

import (
	"context"
	"errors"
	"runtime"

	"go.parity/conformance"
	"go.parity/conformance/host"
)

// Part returns evidence that is empty: net2 is net itself here.
func Part() conformance.Part {
	return conformance.Part{
		Name:  "scenario",
		Doc:   "one script of operations on both stacks, compared step by step",
		Names: func(context.Context) ([]string, error) { return []string{"all"}, nil },
		Run: func(_ context.Context, match func(string) bool, report func(conformance.Check)) error {
			if match("all") {
				report(conformance.NotPossible("all", host.Lacking(host.Linux)))
			}
			return nil
		},
	}
}

var errOther = errors.New("net2 consists of aliases of net on " + runtime.GOOS)

// Run reports that there is nothing to compare.
func Run(context.Context, string) (Comparison, error) { return Comparison{}, errOther }
