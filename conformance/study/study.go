// Package study prints a step of the way through the network stack as a
// lesson: what each function is for, net's and net2's beside each other, and
// the system calls of both, recorded while the reader waits.
package study

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// poller is the step that is no operation: the poller's state under load.
const (
	poller      = "poller"
	pollerTitle = "The poller's state, live under load"
)

// Steps returns the names that Main knows, in the order to read them in.
func Steps() []string { return append(slices.Clone(trace.Steps), poller) }

func title(step string) string {
	if p, ok := way.Lookup(step); ok {
		return p.Title
	}
	return pollerTitle
}

// Main runs "parity study" with the arguments behind that and returns the exit
// code, one of conformance's.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return run(ctx, trace.RecordBoth, args, stdout, stderr)
}

// A recorder is trace.RecordBoth, or a test's.
type recorder func(context.Context, trace.Scenario) (onNet, onNet2 *trace.Recording, err error)

func run(ctx context.Context, record recorder, args []string, stdout, stderr io.Writer) int {
	p := newPrinter(stdout)
	if len(args) == 0 {
		list(p)
		return conformance.ExitSame
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		help(p)
		return conformance.ExitSame
	}
	if args[0] == "-html" {
		return pageTo(ctx, record, args[1:], stderr)
	}
	step, rest := args[0], args[1:]
	if !slices.Contains(Steps(), step) {
		fmt.Fprintf(stderr, "parity study: unknown step %q; the steps are %s\n", step, strings.Join(Steps(), ", "))
		return conformance.ExitUsage
	}
	length := 3 * time.Second
	if step == poller && len(rest) == 1 {
		d, err := time.ParseDuration(rest[0])
		if err != nil || d <= 0 {
			fmt.Fprintf(stderr, "parity study poller: %q is no duration, such as 10s\n", rest[0])
			return conformance.ExitUsage
		}
		length, rest = d, nil
	}
	if len(rest) > 0 {
		fmt.Fprintf(stderr, "parity study: too many arguments; usage: parity study [step], or parity study poller [duration]\n")
		return conformance.ExitUsage
	}
	var err error
	if step == poller {
		err = watchPoller(ctx, p, length)
	} else {
		err = lesson(ctx, record, p, step)
	}
	if err == nil {
		err = p.err
	}
	if err != nil {
		fmt.Fprintf(stderr, "parity study %s: %s\n", step, strings.Join(strings.Fields(err.Error()), " "))
		return conformance.ExitUnfinished
	}
	return conformance.ExitSame
}

func help(p *printer) {
	p.line("usage: parity study [step]")
	p.line("       parity study poller [duration]")
	p.line("       parity study -html file")
	p.blank()
	list(p)
	p.blank()
	for _, line := range strings.Split(strings.TrimSuffix(conformance.ExitCodes, "\n"), "\n") {
		p.line(line)
	}
}

// pageTo writes the page to the file that is named.
func pageTo(ctx context.Context, record recorder, args []string, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "parity study -html: name one file for the page")
		return conformance.ExitUsage
	}
	f, err := os.Create(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "parity study -html:", err)
		return conformance.ExitUsage
	}
	err = errors.Join(writePage(ctx, record, f), f.Close())
	if err != nil {
		fmt.Fprintln(stderr, "parity study -html:", strings.Join(strings.Fields(err.Error()), " "))
		return conformance.ExitUnfinished
	}
	return conformance.ExitSame
}

func list(p *printer) {
	p.heading("The way through the network stack, step by step")
	p.para("", "The analysis that this project began with goes from Listen down to epoll and from Accept down to gopark, in Go 1.10. "+
		"Each step here takes it up: what is left of it today, how net2 does it, and the system calls of both.")
	p.blank()
	for _, s := range Steps() {
		p.line(fmt.Sprintf("  parity study %-9s %s", s, title(s)))
	}
	p.blank()
	p.para("", "parity study -html FILE writes all of it as one page, with the sources and pictures.")
}

// lesson prints one step: the path, if there is one, and the recordings.
func lesson(ctx context.Context, record recorder, p *printer, step string) error {
	path, hasPath := way.Lookup(step)
	p.heading(title(step))
	if hasPath {
		p.para("", path.Intro)
		p.section("The way: net on the left, net2 on the right")
		p.para("", "Each step is a function with its file; an arrow is a system call. Where Go 1.10, and so the analysis, had another function, "+
			"that is said.")
		for i, s := range path.Steps {
			printStep(p, i+1, s)
		}
	}

	p.section("What the kernel sees: the system calls of both, recorded just now")
	p.para("", "Descriptors are named by what they are, ports by whose they are. A mark between the columns says that only one stack "+
		"makes the call: - net, + net2; in the other column stands the deviation, explained at the end. Lines in brackets are a poller that was told something; how often one asks differs from run to run.")
	var entries []string
	for _, s := range trace.Scenarios() {
		if s.Step != step {
			continue
		}
		onNet, onNet2, err := record(ctx, s)
		if errors.Is(err, trace.ErrForbidden) {
			p.blank()
			p.para("", "Not recorded: "+strings.Join(strings.Fields(err.Error()), " "))
			return nil
		}
		if err != nil {
			return err
		}
		d := trace.Compare(s, onNet, onNet2)
		printDiff(p, d)
		diffs := []*trace.Diff{d}
		if trace.Poller == conformance.Runtime {
			own, err := trace.RecordWith(ctx, conformance.Epoll, s, trace.Net2)
			if err != nil {
				return err
			}
			if o := trace.CompareWith(conformance.Epoll, s, onNet, own); !trace.Alike(s, d, o) {
				p.blank()
				p.para(indent, "With its own poller, NET2_POLLER=epoll:")
				printDiffRows(p, o)
				diffs = append(diffs, o)
			}
		}
		for _, d := range diffs {
			for _, e := range d.Entries {
				if !slices.Contains(entries, e) {
					entries = append(entries, e)
				}
			}
		}
	}
	if len(entries) > 0 {
		p.section("Why they differ")
		for _, d := range conformance.Deviations {
			if slices.Contains(entries, d.Name) {
				printDeviation(p, d)
			}
		}
	}
	return nil
}

func printStep(p *printer, n int, s way.Step) {
	p.blank()
	const none = "—"
	name := func(f way.Func) (string, string) {
		if f == (way.Func{}) {
			return none, ""
		}
		return f.Name, f.File
	}
	stdName, stdFile := name(s.Std)
	ourName, ourFile := name(s.Ours)
	p.columns(fmt.Sprintf("%2d ", n), p.bold(stdName), " ", p.bold(ourName))
	p.columns("", p.dim(stdFile), " ", p.dim(ourFile))
	p.columns("", p.dim(inside(s.StdInside)), " ", p.dim(inside(s.OursInside)))
	for i := range max(len(s.StdCalls), len(s.OursCalls)) {
		at := func(calls []string) string {
			if i < len(calls) {
				return "→ " + calls[i]
			}
			return ""
		}
		p.columns("", at(s.StdCalls), " ", at(s.OursCalls))
	}
	p.para(indent, s.Does)
	switch {
	case s.Seed == (way.Func{}):
	case s.Seed != s.Std:
		p.para(indent, fmt.Sprintf("Go 1.10: %s in %s.", s.Seed.Name, s.Seed.File))
	}
	if s.Since != "" {
		p.para(indent, "Since 1.10: "+s.Since)
	}
	if s.Here != "" {
		here := "In net2: " + s.Here
		if s.Entry != "" {
			here += " [" + s.Entry + "]"
		}
		p.para(indent, here)
	}
}

// inside names the function that has the work of another.
func inside(f way.Func) string {
	if f == (way.Func{}) {
		return ""
	}
	return "inside it: " + f.Name + " " + f.File
}

func printDiff(p *printer, d *trace.Diff) {
	p.blank()
	p.line(p.bold(d.Scenario))
	p.para("", d.Doc)
	printDiffRows(p, d)
}

func printDiffRows(p *printer, d *trace.Diff) {
	p.blank()
	p.columns("", p.dim("net"), " ", p.dim("net2"))
	if len(d.Rows) == 0 {
		p.columns("", "no system call", " ", "no system call")
	}
	for _, r := range d.Rows {
		printRow(p, r)
	}
	p.para(indent, d.Summary())
}

func printRow(p *printer, r trace.Row) {
	text := func(c *trace.Call) string {
		switch {
		case c == nil && r.Poll():
			return ""
		case c == nil:
			return p.dim("(" + entries(r) + ")")
		case c.Poll:
			return p.dim("[" + c.String() + "]")
		}
		return c.String()
	}
	mark := " "
	switch {
	case r.Poll() || r.Same():
	case r.Net == nil:
		mark = "+"
	case r.Net2 == nil:
		mark = "-"
	default:
		mark = "≠"
	}
	p.columns("", text(r.Net), mark, text(r.Net2))
	if mark == "≠" {
		p.columns("", "", " ", p.dim("  ("+entries(r)+")"))
	}
	parks := func(c *trace.Call) string {
		if c != nil && c.Blocked() {
			return p.dim("  … the goroutine parks")
		}
		return ""
	}
	if l, m := parks(r.Net), parks(r.Net2); l+m != "" {
		p.columns("", l, " ", m)
	}
	loop := func(c *trace.Call) string {
		if c != nil && c.Loop.Turns > 0 {
			return p.dim("  … " + c.Loop.String())
		}
		return ""
	}
	if l, m := loop(r.Net), loop(r.Net2); l+m != "" {
		p.columns("", l, " ", m)
	}
	if l := r.Loop.String(); l != "" {
		p.columns("", p.dim("  … "+l), " ", p.dim("  … "+l))
	}
}

// entries names the deviations that a row belongs to.
func entries(r trace.Row) string {
	var names []string
	for _, e := range []string{r.NetEntry, r.Net2Entry} {
		if e != "" && !slices.Contains(names, e) {
			names = append(names, e)
		}
	}
	if names == nil {
		return "not on the list of deviations"
	}
	return strings.Join(names, ", ")
}

func printDeviation(p *printer, d conformance.Deviation) {
	p.blank()
	p.line(p.bold(d.Name))
	p.para(indent, "net: "+d.Net)
	p.para(indent, "net2: "+d.Net2)
	p.para(indent, "Unseen because: "+d.Unseen)
	p.para(indent, "Evidence: "+d.Evidence)
}
