//go:build !linux || !(amd64 || arm64 || riscv64)

package fault

import (
	"context"

	"go.parity/conformance"
)

// Part has nothing to compare where net2 is made of aliases.
func Part() conformance.Part {
	return conformance.Part{
		Name:  partName,
		Doc:   partDoc,
		Names: func(context.Context) ([]string, error) { return nil, nil },
		Run: func(context.Context, func(string) bool, func(conformance.Check)) error {
			return nil
		},
	}
}
