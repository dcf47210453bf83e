package trace

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/words"
)

// ptraceCheck is the only check where ptrace(2) is forbidden.
const ptraceCheck = "ptrace"

// staleCheck is the check that holds the list of deviations against all
// recordings.
const staleCheck = "deviations"

// Part compares the system calls of both stacks, scenario by scenario, with the
// exact recordings in testdata. A check differs if the calls are not as recorded,
// if no entry of [conformance.Deviations] claims a difference, or if no scenario
// shows an entry.
func Part() conformance.Part {
	return conformance.Part{
		Name: "trace",
		Doc:  "the system calls of the same operations, recorded over ptrace on net and on net2",
		Names: func(context.Context) ([]string, error) {
			if canRecord() != nil {
				return []string{ptraceCheck}, nil
			}
			var names []string
			for _, s := range scenarios {
				names = append(names, s.Name)
			}
			return append(names, staleCheck), nil
		},
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			if err := canRecord(); err != nil {
				if match(ptraceCheck) {
					report(conformance.NotPossible(ptraceCheck, forbidden(err)))
				}
				return nil
			}
			return run(ctx, RecordBoth, match, report)
		},
	}
}

// forbidden is what this host lacks if it cannot record.
func forbidden(err error) *host.Lack {
	if lack := host.Lacking(host.Ptrace); lack != nil {
		return lack
	}
	return &host.Lack{Need: host.Ptrace, Why: words.OneLine(err.Error())}
}

// A recorder is RecordBoth, or its replacement in a test.
type recorder func(ctx context.Context, s Scenario) (onNet, onNet2 *Recording, err error)

func run(ctx context.Context, record recorder, match func(string) bool, report func(conformance.Check)) error {
	diffs, lack, err := runScenarios(ctx, record, match, report)
	if err != nil {
		return err
	}
	if !match(staleCheck) {
		return nil
	}
	if lack != nil { // a scenario that did not run may show the entry elsewhere
		report(conformance.NotPossible(staleCheck, lack))
		return nil
	}
	check := conformance.Check{Name: staleCheck, Status: conformance.Same}
	start := time.Now()
	if wrong := stale(listed(), rulesFor(Poller, conformance.Deviations, rules), diffs); len(wrong) > 0 {
		check.Status, check.Detail = conformance.Differs, strings.Join(wrong, "\n")
	}
	check.Elapsed = time.Since(start)
	report(check)
	return nil
}

// runScenarios records and compares the scenarios that match accepts and
// reports each. To check the list of deviations it records the others too, and
// says why it could not record one.
func runScenarios(ctx context.Context, record recorder, match func(string) bool, report func(conformance.Check)) (diffs []*Diff, lack *host.Lack, err error) {
	for _, s := range scenarios {
		if !match(s.Name) && !match(staleCheck) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		start := time.Now()
		d, check := hold(ctx, record, s)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err() // a scenario that was cut short is no evidence
		}
		if d != nil {
			diffs = append(diffs, d)
		}
		if check.Needs != "" && lack == nil {
			lack = &host.Lack{Need: check.Needs}
		}
		check.Elapsed = time.Since(start)
		if match(s.Name) {
			report(check)
		}
	}
	return diffs, lack, nil
}

// hold records a scenario on both stacks, net first, and judges it.
func hold(ctx context.Context, record recorder, s Scenario) (*Diff, conformance.Check) {
	if lack := host.Lacking(host.TempDir, host.Loopback); lack != nil {
		return nil, conformance.NotPossible(s.Name, lack)
	}
	check := conformance.Check{Name: s.Name}
	onNet, onNet2, err := record(ctx, s)
	switch {
	case err != nil && onNet == nil:
		return nil, conformance.NotPossible(s.Name, host.Blame(err.Error()))
	case err != nil && short(err):
		return nil, conformance.NotPossible(s.Name, host.Blame(err.Error()))
	case err != nil:
		check.Status, check.Detail = conformance.Differs, err.Error()
		return nil, check
	}
	d := Compare(s, onNet, onNet2)
	check.Status, check.Detail = judge(exactFiles, Poller, s, d)
	check.Record(d)
	return d, check
}

// short says that there were too few descriptors. Which stack gets the last one
// then depends on what else is open.
func short(err error) bool {
	lack := host.Explain(err.Error())
	return lack != nil && lack.Need == host.Descriptors
}

// judge holds a comparison against the exact recording, and every difference
// against the rules.
func judge(files fs.FS, poller string, s Scenario, d *Diff) (conformance.Status, string) {
	status, detail := verdict(d)
	if status != conformance.Same {
		return status, detail
	}
	name, difference, known := exact(files, poller, s, d)
	switch {
	case !known:
		return status, detail + "; net makes other calls here than were recorded, so judged by the rules alone"
	case difference != "":
		return conformance.Differs, "other system calls than were recorded:" + difference
	case name != "":
		detail += "; as on " + name
	}
	return status, detail
}

// verdict judges a comparison by the rules.
func verdict(d *Diff) (conformance.Status, string) {
	unlisted := d.Unlisted()
	if len(unlisted) == 0 {
		return conformance.Same, d.Summary()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "system calls that differ and are no listed deviation:")
	for _, r := range unlisted {
		if r.Net != nil && r.NetEntry == "" {
			fmt.Fprintf(&b, "\n-net  %s", r.Net)
		}
		if r.Net2 != nil && r.Net2Entry == "" {
			fmt.Fprintf(&b, "\n+net2 %s", r.Net2)
		}
	}
	return conformance.Differs, b.String()
}
