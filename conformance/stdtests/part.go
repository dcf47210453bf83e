package stdtests

import (
	"context"
	"strings"

	"go.parity/conformance"
)

// Part runs the tests of package net with -short, on the default build: the
// quick half of the evidence. FullPart gives all of it.
func Part() conformance.Part {
	return part(Options{Packages: []string{"net"}, Short: true, Benchmarks: true})
}

// FullPart runs all the tests on all builds, without -short. It takes about as
// long as Full with the same options.
func FullPart() conformance.Part {
	return part(Options{Builds: AllBuilds, Benchmarks: true})
}

func part(o Options) conformance.Part {
	doc := "net's own tests, carried over to net2"
	if len(o.Packages) != 1 {
		doc += ", and those of the packages built on net, over net2"
	}
	if o.Short {
		doc += " (-short)"
	}
	return conformance.Part{
		Name: "stdtests",
		Doc:  doc,
		Names: func(ctx context.Context) ([]string, error) {
			e, err := newEngine(ctx, o)
			if err != nil {
				return nil, err
			}
			defer e.close()
			tests, err := e.names(ctx)
			if err != nil {
				return nil, err
			}
			var names []string
			for _, t := range tests {
				for _, build := range o.builds() {
					names = append(names, checkName(t, build))
				}
			}
			return names, nil
		},
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			o := o
			wanted := func(t *Test, build string) bool { return match(checkName(t, build)) }
			o.Match = func(pkg, name string) bool {
				for _, build := range o.builds() {
					if wanted(&Test{Package: pkg, Name: name}, build) {
						return true
					}
				}
				return false
			}
			o.Report = func(t *Test) {
				for _, build := range o.builds() {
					if wanted(t, build) {
						report(check(t, build))
					}
				}
			}
			_, err := Full(ctx, o)
			return err
		},
	}
}

// checkName is a test's name in the part: net.TestDialTimeout, and on other
// builds than the default net.TestDialTimeout@net2_portable.
func checkName(t *Test, build string) string {
	if build == DefaultBuild {
		return t.ID()
	}
	return t.ID() + "@" + build
}

// check makes a check of a test. Many checks share the first line of the reason
// for a skip.
func check(t *Test, build string) conformance.Check {
	c := conformance.Check{
		Name:    checkName(t, build),
		Detail:  t.Detail(build),
		Elapsed: t.Net2[build].Elapsed,
	}
	switch t.Verdict(build) {
	case VerdictPassed:
		c.Status = conformance.Same
	case VerdictFailed:
		c.Status = conformance.Differs
	case VerdictLeftOut:
		c.Status = conformance.Skipped
		c.Detail = "net's tests of what only net has are left out\n" + c.Detail
	case VerdictSkipped:
		c.Status = conformance.Skipped
		reason := "tests of net's that skip themselves for net too"
		if strings.Contains(c.Detail, "-short") || strings.Contains(c.Detail, "short mode") || strings.Contains(c.Detail, "short testing") {
			reason = "tests of net's that skip themselves with -short"
		}
		c.Detail = reason + "\n" + c.Detail
	default:
		c.Status = conformance.Skipped
		c.Detail = "tests of net's that fail for net here\n" + c.Detail
	}
	return c
}
