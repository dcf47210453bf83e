//go:build linux

package around

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.parity/conformance/words"
)

// cpuProfile says which functions the goroutines in a CPU profile began with.
func cpuProfile(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error) {
	out, err := c.inspect(ctx, p, stack, e, "pprof", "-symbolize=none", "-traces")
	if err != nil {
		return "", err
	}
	functions := sampled(out)
	if len(functions) == 0 {
		return "", &cannotError{"a CPU profile has no samples here"}
	}
	return beginnings(functions), nil
}

// sampled returns the outermost function of each sample in what pprof prints.
func sampled(out string) []string {
	var functions []string
	for _, sample := range strings.Split(out, "-----------+")[1:] {
		lines := strings.Split(strings.TrimSpace(sample), "\n")
		words := strings.Fields(strings.TrimSuffix(lines[len(lines)-1], " (inline)"))
		if outermost := words[len(words)-1]; !strings.HasPrefix(outermost, "---") {
			functions = append(functions, outermost)
		}
	}
	return functions
}

// started is an event of an execution trace, with the goroutine's own stack.
var started = regexp.MustCompile(`NotExist->Runnable .*\nTransitionStack=\n\t(\S+) @`)

// executionTrace says which functions the goroutines in an execution trace
// began with.
func executionTrace(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error) {
	out, err := c.inspect(ctx, p, stack, e, "trace", "-d=parsed")
	if err != nil {
		return "", err
	}
	functions := began(out)
	if len(functions) == 0 {
		return "the trace tells of no goroutine", nil
	}
	return beginnings(functions), nil
}

// began returns the functions that the goroutines in the text of a trace began
// with.
func began(out string) []string {
	var functions []string
	for _, m := range started.FindAllStringSubmatch(out, -1) {
		functions = append(functions, m[1])
	}
	return functions
}

// inspect makes one of the go command's tools read what the program prints.
func (c *check) inspect(ctx context.Context, p *programs, stack string, e effort, tool ...string) (string, error) {
	r, err := c.run(ctx, p, stack, e)
	if err != nil {
		return "", err
	}
	if r.exit != "" {
		return "", fmt.Errorf("%s: %s", r.exit, words.FirstLines(r.stderr, 8))
	}
	file := filepath.Join(p.dir, strings.ReplaceAll(c.name, "/", "-")+"-"+stack)
	if err := os.WriteFile(file, []byte(r.stdout), 0o600); err != nil {
		return "", err
	}
	out, err := p.goCommand(ctx, append(append([]string{"tool"}, tool...), file))
	return string(out), err
}
