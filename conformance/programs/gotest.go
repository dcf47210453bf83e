package programs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// An event has those fields of a line of go test -json that matter here.
type event struct {
	Action, Package, Test string
}

// readEvents returns the tests of a run. It counts subtests, because one test
// may hold all the subtests of a package.
func readEvents(r io.Reader) (outcomes, error) {
	found := make(outcomes)
	decoder := json.NewDecoder(r)
	for {
		var e event
		err := decoder.Decode(&e)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		if passed := e.Action == "pass"; e.Test != "" && (passed || e.Action == "fail") {
			name := e.Package + " " + number.ReplaceAllString(e.Test, "#")
			before, again := found[name]
			found[name] = passed && (before || !again)
		}
	}
}

// number finds in the name of a test what is another one in every run: a time, or a seed
// that is one. Tests that differ in it alone count as one, which passes if all do.
var number = regexp.MustCompile(`\d{10,}`)

// command returns a command that runs in a process group of its own. When ctx
// ends, the command ends too, with all that it started.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	endGroup(cmd)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// output runs a command. If that fails, the error holds what the command
// complained of.
func output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := command(ctx, dir, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if complaint := strings.TrimSpace(stderr.String()); err != nil && complaint != "" {
		return out, fmt.Errorf("%w: %s", err, complaint)
	}
	return out, err
}

// packages returns the packages to test, as the go command takes them.
func (m Module) packages() []string {
	if m.Packages == nil {
		return []string{"./..."}
	}
	return m.Packages
}

// tests runs a module's tests with the go command, or with net2 in its place. A
// failing test is not an error.
func (m Module) tests(ctx context.Context, dir, goCommand string, more ...string) (outcomes, error) {
	args := append([]string{"test", "-json", "-short", "-count=1", "-vet=off", "-timeout=240s"}, m.Args...)
	args = append(args, more...)
	cmd := command(ctx, dir, goCommand, append(args, m.packages()...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	found, err := readEvents(stdout)
	wait := cmd.Wait()
	if err != nil {
		return nil, fmt.Errorf("%s test -json: %w", goCommand, err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(found) == 0 && len(more) == 0 {
		return nil, fmt.Errorf("%s test ran nothing: %v: %s", goCommand, wait, firstLines(stderr.String()))
	}
	return found, nil
}

// again gives failed tests a second run, of nothing but the top-level tests
// that they belong to, and returns how they went.
func (m Module) again(ctx context.Context, dir, goCommand string, names []string, more ...string) (outcomes, error) {
	return m.tests(ctx, dir, goCommand, append(more, "-run="+pattern(names))...)
}

// pattern matches the tests with these names, as -run takes it.
func pattern(names []string) string {
	var quoted []string
	for _, name := range names {
		_, test, _ := strings.Cut(name, " ")
		top, _, _ := strings.Cut(test, "/")
		quoted = append(quoted, regexp.QuoteMeta(top))
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}

func firstLines(s string) string {
	lines := strings.SplitN(strings.TrimSpace(s), "\n", 4)
	return strings.Join(lines[:min(3, len(lines))], " / ")
}
