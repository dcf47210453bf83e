//go:build !linux || !(amd64 || arm64 || riscv64)

package trace

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// ErrForbidden says that system calls cannot be recorded here.
var ErrForbidden = errors.New("recording needs Linux on amd64, arm64 or riscv64")

var canRecord = func() error { return forbiddenHere }

var forbiddenHere = fmt.Errorf("%w, not %s on %s", ErrForbidden, runtime.GOOS, runtime.GOARCH)

// Record needs ptrace(2) and this architecture's registers.
func Record(ctx context.Context, s Scenario, stack string) (*Recording, error) {
	return nil, forbiddenHere
}

// ProgramCalls needs the same.
func ProgramCalls(ctx context.Context, path string, args, env []string) (map[string]int, error) {
	return nil, forbiddenHere
}

// RuntimeCalls knows no numbers here.
func RuntimeCalls() map[string]int { return nil }

// RecordWith needs the same.
func RecordWith(ctx context.Context, poller string, s Scenario, stack string) (*Recording, error) {
	return nil, forbiddenHere
}
