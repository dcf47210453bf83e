package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/report"
	"go.parity/conformance/study"
	"go.parity/conformance/terminal"
)

// invocation is how a reader calls the command.
const invocation = "go run ./conformance/cmd/parity"

// A command is one call of parity, with everything that it needs from outside.
type command struct {
	stdout, stderr io.Writer
	sources        []report.Source
	host           report.Host
	env            func(string) string
}

// subcommands are commands that stand first among the arguments.
var subcommands = map[string]func(c *command, ctx context.Context, args []string) int{
	"study": func(c *command, ctx context.Context, args []string) int {
		return study.Main(ctx, args, c.stdout, c.stderr)
	},
}

func (c *command) run(ctx context.Context, args []string) int {
	if len(args) > 0 {
		if args[0] == "help" {
			return c.helpOn(ctx, args[1:])
		}
		if sub, ok := subcommands[args[0]]; ok {
			return sub(c, ctx, args[1:])
		}
	}
	return c.compare(ctx, args)
}

// helpOn is "parity help": on the command, or on the subcommand that is named.
func (c *command) helpOn(ctx context.Context, args []string) int {
	if len(args) == 0 || len(args) == 1 && args[0] == "help" {
		return c.compare(ctx, []string{"-h"})
	}
	sub, ok := subcommands[args[0]]
	if !ok || len(args) > 1 {
		return c.misuse("no help on %q; there is parity help, and parity help study", strings.Join(args, " "))
	}
	return sub(c, ctx, []string{"-h"})
}

// compare is the command without a subcommand.
func (c *command) compare(ctx context.Context, args []string) int {
	flags := flag.NewFlagSet("parity", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var (
		verbose = flags.Bool("v", false, "write every check, with its time")
		pattern = flags.String("run", "", "make only the checks whose \"part/check\" matches `regexp`")
		asJSON  = flags.Bool("json", false, "write one JSON document instead of the table")
		list    = flags.Bool("list", false, "list the checks and make none")
		poller  = flags.String("poller", "", "hold net2 with this `poller` alone: "+strings.Join(conformance.Pollers(), " or "))
		std     = flags.Bool("stdtests", false, "run the standard library's own tests too, in every build; takes minutes")
		html    = flags.String("html", "", "write the report as one page to `file`")
		others  = flags.String("programs", "", "show the table of programs/cmd/programs's JSON `file`")
		bench   = flags.String("bench", "", "show the benchmarks of cmd/bench's JSON `file` on the page")
	)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			c.help(flags)
			return conformance.ExitSame
		}
		return c.misuse("%v; parity -h lists the flags", err)
	}
	match, err := regexp.Compile(*pattern)
	if err != nil {
		return c.misuse("-run: %v", err)
	}
	last, err := readBench(*bench)
	if err != nil {
		return c.misuse("-bench: %v", err)
	}
	table, err := readPrograms(*others)
	if err != nil {
		return c.misuse("-programs: %v", err)
	}
	var page *os.File
	if *html != "" {
		if page, err = os.Create(*html); err != nil {
			return c.misuse("-html: %v", err)
		}
		defer page.Close()
	}
	pollers := conformance.Pollers()
	if *poller != "" {
		if !slices.Contains(pollers, *poller) {
			return c.misuse("-poller %s: this build has %s", *poller, strings.Join(pollers, ", "))
		}
		pollers = []string{*poller}
	}
	c.host.Pollers = pollers
	if *std {
		c.sources = append(c.sources, stdtestsSource())
	}
	sources, err := c.choose(flags.Args(), *pattern)
	if err != nil {
		return c.misuse("%v", err)
	}
	if *list {
		return c.list(ctx, sources, match)
	}

	c.host.Preflight = host.Preflight()
	text := report.Text{
		Color:   c.color(c.stdout),
		Width:   terminal.Width(c.stdout),
		Verbose: *verbose,
		Command: c.invocation(),
	}
	if !*asJSON {
		if err := text.Header(c.stdout, c.host); err != nil {
			return c.fail(err)
		}
	}
	sources = forPollers(sources, pollers)
	progress := newProgress(c.stderr, c.env)
	r := report.Gather(ctx, c.host, sources, match.MatchString, progress.show)
	progress.end()
	r.Programs = table
	if len(r.Parts) == 0 && ctx.Err() == nil {
		return c.misuse("no check matches -run %q; parity -list lists them", *pattern)
	}

	write := text.Write
	if *asJSON {
		write = report.WriteJSON
	}
	if err := write(c.stdout, r); err != nil {
		return c.fail(err)
	}
	if page != nil {
		if err := writePage(ctx, page, r, last); err != nil {
			return c.fail(err)
		}
	}
	switch {
	case r.Verdict.Result == report.Different:
		return conformance.ExitDifferent
	case ctx.Err() != nil:
		return conformance.ExitInterrupted
	case r.Verdict.Result == report.Unfinished:
		return conformance.ExitUnfinished
	}
	return conformance.ExitSame
}

// choose returns the named sources, or all sources. If a pattern begins with
// the name of one part, the other parts need not list their checks.
func (c *command) choose(names []string, pattern string) ([]report.Source, error) {
	var all []string
	for _, s := range c.sources {
		all = append(all, s.Name)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "-") {
			return nil, fmt.Errorf("flags come before the names of parts: %s", name)
		}
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("no part %q; there are %s", name, strings.Join(all, ", "))
		}
	}
	rest, bound := strings.CutPrefix(pattern, "^")
	bound = bound && !strings.Contains(rest, "|")
	var chosen []report.Source
	for _, s := range c.sources {
		if len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		if part, _, ok := strings.Cut(rest, "/"); bound && ok && slices.Contains(all, part) && part != s.Name {
			continue
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

func (c *command) list(ctx context.Context, sources []report.Source, match *regexp.Regexp) int {
	n := 0
	for _, s := range sources {
		names, err := s.Names(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return conformance.ExitInterrupted
			}
			return c.fail(fmt.Errorf("%s: %w", s.Name, err))
		}
		for _, name := range names {
			if full := s.Name + "/" + name; match.MatchString(full) {
				n++
				if _, err := fmt.Fprintln(c.stdout, full); err != nil {
					return c.fail(err)
				}
			}
		}
	}
	if n == 0 {
		return c.misuse("no check matches -run %q; parity -list lists them", match)
	}
	return conformance.ExitSame
}

func (c *command) help(flags *flag.FlagSet) {
	fmt.Fprintf(c.stdout, "usage: parity [flags] [part ...]\n       parity study [step]\n       parity help [study]\n\n"+
		"Holds go.parity/net2 against net and says whether they are the same.\n\nparts:\n")
	for _, s := range c.sources {
		fmt.Fprintf(c.stdout, "  %-10s %s\n", s.Name, s.Doc)
	}
	fmt.Fprintf(c.stdout, "\nflags:\n")
	flags.SetOutput(c.stdout)
	flags.PrintDefaults()
	fmt.Fprintf(c.stdout, "\nstudy shows the call paths of both stacks for a step, and its system calls.\n\n%s", conformance.ExitCodes)
}

// misuse says in one line what is wrong with the call.
func (c *command) misuse(format string, args ...any) int {
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	fmt.Fprintln(c.stderr, "parity:", line)
	return conformance.ExitUsage
}

// fail says why the command has no result to show.
func (c *command) fail(err error) int {
	fmt.Fprintln(c.stderr, "parity:", err)
	return conformance.ExitUnfinished
}

// color reports whether w shows colours and the user wants them.
func (c *command) color(w io.Writer) bool {
	return terminal.Is(w) && c.env("NO_COLOR") == "" && c.env("TERM") != "dumb"
}

// invocation is the command that runs this build again.
func (c *command) invocation() string {
	if slices.Contains(c.host.Pollers, conformance.Portable) {
		return strings.Replace(invocation, "run", "run -tags net2_portable", 1)
	}
	return invocation
}

func thisHost() report.Host {
	h := report.Host{
		Kernel:   kernel(),
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs:     runtime.NumCPU(),
		Pollers:  conformance.Pollers(),
		User:     "unknown",
		Date:     time.Now().Truncate(time.Second),
	}
	if u, err := user.Current(); err == nil {
		h.User = u.Username + " (" + u.Uid + ")"
	}
	return h
}
