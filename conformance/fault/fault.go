//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/stack"
	"go.parity/conformance/trace"
)

// limit is how long a child may take for one operation with all its faults.
const limit = 2 * time.Minute

// others are stacks besides net and net2, which a test adds.
var others []*stack.Stack

func stacks() map[string]*stack.Stack {
	byName := map[string]*stack.Stack{}
	for _, s := range append([]*stack.Stack{stack.Net, stack.Net2}, others...) {
		byName[s.Name] = s
	}
	return byName
}

// A seen is the outcome of an operation.
type seen struct {
	text string
	hit  bool // its fault struck a call
}

// outcomes makes a child do an operation on a stack, once without a fault and
// once with each of faults. It returns what the child saw, and the calls that
// the operation made without a fault.
func outcomes(ctx context.Context, op operation, stack string, faults []trace.Fault) (all []seen, calls []string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	faults = append([]trace.Fault{{}}, faults...)
	if op.cold {
		return coldOutcomes(ctx, exe, op, stack, faults)
	}
	all, windows, err := runChild(ctx, exe, job{op.name, stack, faults})
	if err != nil {
		return nil, nil, err
	}
	return all, windows[0].Calls, nil
}

// coldOutcomes starts a child for each fault.
func coldOutcomes(ctx context.Context, exe string, op operation, stack string, faults []trace.Fault) (all []seen, calls []string, err error) {
	for _, f := range faults {
		one, windows, err := runChild(ctx, exe, job{op.name, stack, []trace.Fault{f}})
		var ended *trace.EndedError
		if errors.As(err, &ended) && f.Call != "" {
			one, err = []seen{{panics + ": " + ended.Said(), true}}, nil // the runtime itself may panic, where it cannot make its poller
		}
		if err != nil {
			return nil, nil, err
		}
		if calls == nil {
			calls = windows[0].Calls
		}
		all = append(all, one[0])
	}
	return all, calls, nil
}

func runChild(ctx context.Context, exe string, j job) (all []seen, windows []trace.Window, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	text, err := json.Marshal(j)
	if err != nil {
		return nil, nil, err
	}
	stdout, windows, err := trace.Faulty(ctx, exe, nil, environ(string(text)))
	if err != nil {
		return nil, nil, fmt.Errorf("%s on %s: %w", j.Operation, j.Stack, err)
	}
	for d := json.NewDecoder(bytes.NewReader(stdout)); d.More(); {
		var s seen
		if err := d.Decode(&s.text); err != nil {
			return nil, nil, err
		}
		if len(all) < len(windows) {
			s.hit = windows[len(all)].Hit
		}
		all = append(all, s)
	}
	if len(all) != len(j.Faults) || len(all) != len(windows) {
		return nil, nil, fmt.Errorf("%s on %s: the child saw %d outcomes in %d windows, and not %d", j.Operation, j.Stack, len(all), len(windows), len(j.Faults))
	}
	return all, windows, nil
}

func environ(job string) []string {
	env := slices.DeleteFunc(conformance.Environ(conformance.Poller()), func(v string) bool {
		return strings.HasPrefix(v, "GODEBUG=") || strings.HasPrefix(v, "GOGC=") || strings.HasPrefix(v, "GOCOVERDIR=")
	})
	return append(env, jobEnv+"="+job, "GOGC=off", "GODEBUG=asyncpreemptoff=1")
}
