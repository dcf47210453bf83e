//go:build linux

// Command bench measures net2 against net and against a bare epoll loop, and
// prints a table. With -peers it also measures servers on other libraries for
// the same work: gnet, nbio and netpoll. The package bench says how it measures.
//
//	go run ./conformance/cmd/bench                    everything, ten rounds
//	go run ./conformance/cmd/bench -peers             with the peers, which it fetches
//	go run ./conformance/cmd/bench -workloads 1,3,6   some workloads
//	go run ./conformance/cmd/bench -quick             a minute: does it work?
//
// The table says of each target whether net2 met or missed it; a target that it
// missed does not change the exit code. "bench -h" lists the exit codes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/bench"
	"golang.org/x/sys/unix"
)

func main() {
	bench.Child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	code := exitCode(ctx, err) // before stop, which ends ctx
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	os.Exit(code)
}

// A usageError is what is wrong with the arguments.
type usageError struct{ error }

func exitCode(ctx context.Context, err error) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return conformance.ExitSame
	case errors.As(err, &usage):
		return conformance.ExitUsage
	case ctx.Err() != nil:
		return conformance.ExitInterrupted
	}
	return conformance.ExitUnfinished
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := bench.DefaultOptions()
	o.Log = stderr
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	var (
		workloads = f.String("workloads", "", "comma-separated `list` of workloads, by number or key; all by default")
		impls     = f.String("impls", strings.Join(o.Impls, ","), "comma-separated `list` of implementations; net2-portable is one more, for which a binary is built")
		peers     = f.Bool("peers", false, "measure the peers too ("+strings.Join(bench.Peers(), ", ")+"): fetches their modules, unless they are here, and builds them")
		rounds    = f.Int("rounds", o.Rounds, "rounds, each with a cell for every workload and implementation")
		seconds   = f.Float64("seconds", o.Time.Seconds(), "seconds for each cell")
		threads   = f.Int("load-threads", o.Threads, "threads of the load generator")
		count     = f.String("count", o.Count, "how to count system calls: perf, ptrace, none, or auto for the first that works")
		portable  = f.String("portable", "", "`binary` built with -tags net2_portable, instead of building it")
		sleepy    = f.Bool("sleepy", false, "let processors that have nothing to do go to sleep, instead of occupying them with threads that give way")
		pin       = f.Bool("pin", false, "give the measured process one half of the processors, its counterpart the other: less noise, and no help from where the kernel puts them")
		quick     = f.Bool("quick", false, "one round of short cells: does it work?")
		jsonFile  = f.String("json", "", "write the report to this `file` as JSON")
		svgFile   = f.String("svg", "", "write a picture of the ratios to this `file`")
		from      = f.String("from", "", "measure nothing: print, and draw, the report in this JSON `file`")
		list      = f.Bool("list", false, "list the workloads and their targets")
		silent    = f.Bool("q", false, "no progress")
	)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "usage: bench [flags]\n\nMeasures net2 against net and a bare epoll loop.\n\nflags:\n")
		f.PrintDefaults()
		fmt.Fprintf(f.Output(), "\n%s", conformance.ExitCodes)
	}
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return usageError{err}
	}
	if f.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q", f.Arg(0))}
	}
	if *list {
		return printList(stdout)
	}
	if *from != "" {
		report, err := read(*from)
		if err != nil {
			return err
		}
		return write(report, stdout, *jsonFile, *svgFile)
	}

	var err error
	if o.Workloads, err = bench.Select(*workloads); err != nil {
		return usageError{err}
	}
	o.Impls = withPeers(strings.Split(*impls, ","), *peers)
	o.Rounds, o.Threads, o.Count = *rounds, *threads, *count
	o.Time = time.Duration(*seconds * float64(time.Second))
	o.Sleepy, o.Pin = *sleepy, *pin
	o.Portable = *portable
	if *quick {
		o.Quick()
	}
	if *silent {
		o.Log = io.Discard
	}
	if o.Rounds < 1 || o.Time <= 0 || o.Threads < 1 {
		return usageError{errors.New("-rounds, -seconds and -load-threads must be greater than zero")}
	}

	report, err := bench.Run(ctx, o)
	report.Command = append([]string{filepath.Base(os.Args[0])}, args...)
	// What was measured is worth printing, whatever ended the run.
	if writeErr := write(report, stdout, *jsonFile, *svgFile); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	if err != nil {
		return err
	}
	if n := len(report.Failures()); n > 0 {
		return fmt.Errorf("%d cells failed", n)
	}
	return nil
}

// withPeers adds to impls those peers that are not there, if it is to.
func withPeers(impls []string, peers bool) []string {
	if !peers {
		return impls
	}
	for _, name := range bench.Peers() {
		if !slices.Contains(impls, name) {
			impls = append(impls, name)
		}
	}
	return impls
}

func printList(w io.Writer) error {
	for _, l := range bench.Workloads() {
		var targets []string
		for _, t := range l.Targets {
			targets = append(targets, t.String())
		}
		if _, err := fmt.Fprintf(w, "%3d  %-18s %-68s %s\n", l.ID, l.Key, l.Doc, strings.Join(targets, ", ")); err != nil {
			return err
		}
	}
	return nil
}

func read(name string) (*bench.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	report, err := bench.ReadJSON(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return report, nil
}

func write(report *bench.Report, stdout io.Writer, jsonFile, svgFile string) error {
	errs := []error{report.WriteTable(stdout)}
	for _, out := range []struct {
		name  string
		write func(io.Writer) error
	}{{jsonFile, report.WriteJSON}, {svgFile, report.WriteSVG}} {
		if out.name != "" {
			errs = append(errs, writeFile(out.name, out.write))
		}
	}
	return errors.Join(errs...)
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the error that counts is the one above
		return err
	}
	return f.Close()
}
