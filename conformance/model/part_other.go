//go:build !linux

package model

import (
	"context"

	"go.parity/conformance"
	"go.parity/conformance/host"
)

// Part says that there is nothing to compare: here net2 is net.
func Part() conformance.Part {
	const name = "random programs"
	return conformance.Part{
		Name:  "model",
		Doc:   "random programs on both stacks, with every result compared",
		Names: func(context.Context) ([]string, error) { return []string{name}, nil },
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			if match(name) {
				report(conformance.NotPossible(name, host.Lacking(host.Linux)))
			}
			return nil
		},
	}
}
