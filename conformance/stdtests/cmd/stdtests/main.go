// Command stdtests runs the standard library's own tests over net2 and prints
// what became of each; see package stdtests. "stdtests -h" lists the flags and the
// exit codes.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/stdtests"
)

func main() {
	var o stdtests.Options
	builds := flag.String("builds", strings.Join(stdtests.AllBuilds, ","), "builds of net2, by build tag, or by poller where they need none")
	packages := flag.String("packages", "", "packages of the standard library; all if empty")
	run := flag.String("run", "", "regular expression of tests, as package.Test")
	jsonTo := flag.String("json", "", "file to write the outcome to, for machines")
	lines := flag.Bool("v", false, "print a line for each test")
	flag.BoolVar(&o.Short, "short", false, "run the tests with -short")
	flag.BoolVar(&o.Benchmarks, "bench", true, "run each benchmark of net once")
	flag.DurationVar(&o.Timeout, "timeout", 2*time.Minute, "for one test")
	flag.StringVar(&o.Keep, "keep", "", "directory for the temporary GOROOTs, which stay")
	flag.Usage = func() {
		out := flag.CommandLine.Output()
		fmt.Fprintf(out, "usage: stdtests [flags]\n\nRuns the standard library's own tests over net2.\n\nflags:\n")
		flag.PrintDefaults()
		fmt.Fprintf(out, "\n%s", conformance.ExitCodes)
	}
	flag.Parse() // exits by itself: 0 for -h, ExitUsage for flags that make no sense

	o.Builds = strings.Split(*builds, ",")
	if *packages != "" {
		o.Packages = strings.Split(*packages, ",")
	}
	if *run != "" {
		re, err := regexp.Compile(*run)
		if err != nil {
			fail(conformance.ExitUsage, err)
		}
		o.Match = func(pkg, name string) bool { return re.MatchString(pkg + "." + name) }
	}
	o.Log = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := stdtests.Full(ctx, o)
	if ctx.Err() != nil {
		fail(conformance.ExitInterrupted, ctx.Err())
	}
	if err != nil {
		fail(conformance.ExitUnfinished, err)
	}
	if *jsonTo != "" {
		data, err := json.MarshalIndent(report, "", "\t")
		if err != nil {
			fail(conformance.ExitUnfinished, err)
		}
		if err := os.WriteFile(*jsonTo, data, 0o644); err != nil {
			fail(conformance.ExitUnfinished, err)
		}
	}
	if err := report.WriteText(os.Stdout, *lines); err != nil {
		fail(conformance.ExitUnfinished, err)
	}
	if len(report.Failed()) > 0 {
		os.Exit(conformance.ExitDifferent)
	}
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "stdtests:", err)
	os.Exit(code)
}
