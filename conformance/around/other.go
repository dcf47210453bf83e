//go:build !linux

package around

import (
	"context"

	"go.parity/conformance"
	"go.parity/conformance/host"
)

// Part returns empty evidence: net2 is net itself here.
func Part() conformance.Part {
	return conformance.Part{
		Name:  partName,
		Doc:   partDoc,
		Names: func(context.Context) ([]string, error) { return []string{"all"}, nil },
		Run: func(_ context.Context, match func(string) bool, report func(conformance.Check)) error {
			if match("all") {
				report(conformance.NotPossible("all", host.Lacking(host.Linux)))
			}
			return nil
		},
	}
}
