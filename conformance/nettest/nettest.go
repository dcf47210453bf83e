// Package nettest tests net2 with code that others wrote:
// golang.org/x/net/nettest, which knows what every net.Conn owes, on each kind
// of connection and from both ends; and golang.org/x/net/ipv4 and ipv6, which
// reach below a connection and must be able to do so on net2's connections.
//
// The first needs a *testing.T, so it runs in a child process: a program that
// uses [Part] must call [Child] before anything else.
package nettest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/words"
)

// Part is this folder's evidence.
func Part() conformance.Part {
	return conformance.Part{
		Name: "nettest",
		Doc:  "golang.org/x/net's test of connections, and its ipv4 and ipv6, on net2 as on net",
		Names: func(context.Context) ([]string, error) {
			var names []string
			for _, k := range kinds {
				for _, test := range tests {
					names = append(names, k.String()+"/"+test)
				}
			}
			names = append(names, nothingLeft)
			for _, u := range uses {
				names = append(names, u.name)
			}
			return names, nil
		},
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			if err := runKinds(ctx, match, report); err != nil {
				return err
			}
			return useAll(ctx, match, report)
		},
	}
}

// tests are the parts of nettest.TestConn.
var tests = []string{
	"BasicIO", "PingPong", "RacyRead", "RacyWrite", "ReadTimeout", "WriteTimeout", "PastTimeout",
	"PresentTimeout", "FutureTimeout", "CloseTimeout", "ConcurrentMethods",
}

// nothingLeft is the check that all connections of the child have given back
// their descriptors.
const nothingLeft = "nothing-left"

// runKinds has a child put the kinds that match wants through nettest.TestConn,
// together with net's, and reports each test as soon as both are done.
func runKinds(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
	// A test of net2 waits for the same test of net, and proves nothing if net
	// fails it too.
	type pair struct {
		check         string
		control, mine string
	}
	var pairs []pair
	chosen := make(map[string]bool)
	for _, k := range kinds {
		lack := host.Lacking(host.Proc, k.needs())
		for _, test := range tests {
			check := k.String() + "/" + test
			switch {
			case !match(check):
			case lack != nil:
				report(conformance.NotPossible(check, lack))
			default:
				chosen[k.String()], chosen[k.control().String()] = true, true
				pairs = append(pairs, pair{check, k.control().String() + "/" + test, check})
			}
		}
	}
	if match(nothingLeft) {
		if lack := host.Lacking(host.Proc, host.Loopback); lack != nil {
			report(conformance.NotPossible(nothingLeft, lack))
		} else {
			if len(chosen) == 0 {
				chosen[kinds[0].String()] = true
			}
			pairs = append(pairs, pair{nothingLeft, "", nothingLeft})
		}
	}
	if len(chosen) == 0 {
		return nil
	}

	results := make(map[string]result)
	settle := func() {
		kept := pairs[:0]
		for _, p := range pairs {
			control, ok := results[p.control]
			mine, ok2 := results[p.mine]
			if !ok2 || !ok && p.control != "" {
				kept = append(kept, p)
				continue
			}
			report(verdict(p.check, control, mine))
		}
		pairs = kept
	}
	err := runChild(ctx, chosen, func(r result) {
		results[r.name] = r
		settle()
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var gone *goneError
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("running the tests in a child process: %w", err)
	}
	for _, p := range pairs {
		detail := "the child process ended without a result for it"
		if gone != nil {
			detail += ": " + gone.Error()
		}
		if lack := host.Explain(detail); lack != nil {
			report(conformance.NotPossible(p.check, lack))
			continue
		}
		report(conformance.Check{Name: p.check, Status: conformance.Differs, Detail: detail})
	}
	return nil
}

// verdict compares a test's result on net2 with that on net.
func verdict(name string, control, mine result) conformance.Check {
	c := conformance.Check{Name: name}
	switch {
	case control.action == "FAIL":
		c = conformance.NotPossible(name, host.Blame(words.OneLine(control.output)))
	case mine.action == "FAIL" && short(mine.output) != nil:
		c = conformance.NotPossible(name, short(mine.output))
	case mine.action == "FAIL":
		c.Status, c.Detail = conformance.Differs, "net passes, net2 fails:\n"+mine.output
	case mine.action == "SKIP":
		c.Status, c.Detail = conformance.Skipped, words.OneLine(mine.output)
	default:
		c.Status = conformance.Same
	}
	c.Elapsed = mine.elapsed
	return c
}

// short says that there were too few descriptors. Which stack gets the last one
// then depends on what else is open.
func short(text string) *host.Lack {
	if l := host.Explain(text); l != nil && l.Need == host.Descriptors {
		return l
	}
	return nil
}

// A result is the outcome of one test in the child.
type result struct {
	name    string
	action  string // PASS, FAIL or SKIP
	elapsed time.Duration
	output  string
}
