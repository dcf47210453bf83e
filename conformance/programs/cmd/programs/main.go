// Programs runs the tests of well-known modules, and well-known servers with
// their clients, on plain net and on net2. It writes a table of what passed
// before and after, and the names of what was lost.
//
//	go run ./conformance/programs/cmd/programs -quick
//
// The go command fetches the modules. The exit status is 1 if something that
// passes on plain net does not on net2, and 3 if a program could not be tried.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"go.parity/conformance/programs"
)

func main() {
	quick := flag.Bool("quick", false, "only the selection that runs with every change")
	pattern := flag.String("run", "", "only the programs whose module or name matches `regexp`")
	file := flag.String("json", "", "write the result to `file` too, for parity -programs")
	flag.Parse()
	code, err := run(*quick, *pattern, *file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "programs:", err)
	}
	os.Exit(code)
}

const (
	exitRegression = 1
	exitUsage      = 2
	exitUnfinished = 3
)

func run(quick bool, pattern, file string) (code int, err error) {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return exitUsage, fmt.Errorf("-run: %w", err)
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "go.parity").Output()
	if err != nil {
		return exitUsage, fmt.Errorf("run this in a checkout of go.parity: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	runner := programs.Runner{Root: filepath.Clean(strings.TrimSpace(string(root))), Log: os.Stderr}
	report, err := runner.Run(ctx, quick, match.MatchString)
	if err != nil {
		return exitUnfinished, err
	}
	if len(report.Rows) == 0 {
		return exitUsage, fmt.Errorf("no program matches -run %q", pattern)
	}
	if err := report.Text(os.Stdout); err != nil {
		return exitUnfinished, err
	}
	if file != "" {
		text, err := json.MarshalIndent(report, "", "\t")
		if err != nil {
			return exitUnfinished, err
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			return exitUnfinished, err
		}
	}
	if lost, untried := len(report.Regressions()), len(report.Errors()); lost > 0 || untried > 0 {
		code = exitUnfinished
		if lost > 0 {
			code = exitRegression
		}
		return code, fmt.Errorf("regressions: %d, not tried: %d", lost, untried)
	}
	fmt.Printf("\nno regressions in %d programs\n", len(report.Rows))
	return 0, nil
}
