//go:build linux

package around

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.parity/conformance/words"
)

// limit is how long a child may take. hold is how long a child that says it is
// stuck may wait for its runtime to end it.
const (
	limit    = 30 * time.Second
	hold     = 500 * time.Millisecond
	longHold = 5 * time.Second
)

// What the program says, and its exit status: see its main.go.
const (
	stuckLine  = "stuck"
	exitCannot = 3
)

// A result is how a run of the program ended.
type result struct {
	stdout string
	stderr string
	exit   string // "exit status 2", "signal: killed", "" for success
	waits  bool   // it was still running when its time was over
}

// A cannotError says why a stack cannot give an answer on this host.
type cannotError struct{ reason string }

func (e *cannotError) Error() string { return e.reason }

// runProgram runs one mode.
func runProgram(ctx context.Context, path, mode string, held time.Duration, env ...string) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, mode)
	cmd.Env = childEnviron(env...)
	cmd.WaitDelay = time.Second // a child of the child may keep the pipes
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	var waits atomic.Bool
	var stdout strings.Builder
	var timer *time.Timer
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if line == stuckLine+"\n" {
			timer = time.AfterFunc(held, func() {
				waits.Store(true)
				cancel()
			})
		} else {
			stdout.WriteString(line)
		}
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	if timer != nil {
		timer.Stop()
	}
	var exit *exec.ExitError
	switch {
	case waits.Load():
		return result{stdout: stdout.String(), waits: true}, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return result{}, fmt.Errorf("%s did not end within %v", mode, limit)
	case errors.As(err, &exit) && exit.ExitCode() == exitCannot:
		return result{}, &cannotError{words.FirstLine(stdout.String())}
	case errors.As(err, &exit):
		return result{stdout: stdout.String(), stderr: stderr.String(), exit: exit.String()}, nil
	case err != nil:
		return result{}, err
	}
	return result{stdout: stdout.String(), stderr: stderr.String()}, nil
}

// childEnviron is this process's environment without the variables that change
// the answers.
func childEnviron(extra ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GORACE", "GOCOVERDIR"}, name)
	})
	return append(env, extra...)
}
