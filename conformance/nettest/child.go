package nettest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.parity/conformance/descriptors"
	"go.parity/conformance/host"
	"go.parity/conformance/settle"
	"go.parity/conformance/words"
)

// childEnv tells a process that it is the child, and which kinds to test.
const childEnv = "CONFORMANCE_NETTEST"

// childLimit is how long the child may take for everything.
const childLimit = 5 * time.Minute

// Child does not return in a process that [Part] started: it runs the tests
// there and exits. In every other process it does nothing.
func Child() {
	chosen := os.Getenv(childEnv)
	if chosen == "" {
		return
	}
	os.Unsetenv(childEnv)
	atOnce := 8
	if host.Lacking(host.Descriptors) != nil {
		atOnce = 1
	}
	os.Args = []string{os.Args[0], "-test.v=test2json", "-test.timeout=" + childLimit.String(), fmt.Sprint("-test.parallel=", atOnce)}
	// The testing package keeps Main for programs like this one.
	testing.Main(regexp.MatchString, []testing.InternalTest{{
		Name: root,
		F:    func(t *testing.T) { testKinds(t, strings.Split(chosen, ",")) },
	}}, nil, nil)
}

// root is the one test at the top of the child.
const root = "Conn"

// group begins the names of the tests that testKinds runs side by side.
const group = "kinds"

// testKinds puts the chosen kinds through nettest.TestConn. The tests mostly
// wait for deadlines, so they run side by side.
func testKinds(t *testing.T, chosen []string) {
	warmUp()
	before := opened(t)
	t.Run(group, func(t *testing.T) {
		for _, name := range chosen {
			k, ok := kindNamed(name)
			if !ok {
				t.Fatalf("no kind %q", name)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				k.test(t)
			})
		}
	})
	t.Run(nothingLeft, func(t *testing.T) {
		left := opened(t)
		if !settle.Within(3*time.Second, func() bool { left = opened(t); return len(left) <= len(before) }) {
			t.Errorf("%d descriptors open, want the %d from before: %v", len(left), len(before), left)
		}
	})
}

func opened(t *testing.T) map[int]string {
	t.Helper()
	open, err := descriptors.Open()
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// A goneError says that the child ended without saying that all is well or
// which test failed.
type goneError struct {
	err  error
	tail string // the end of what it printed
}

func (e *goneError) Error() string { return e.err.Error() + "\n" + e.tail }

// runChild runs this program as the child and reports each result as it
// comes. A failing test is no error.
func runChild(ctx context.Context, chosen map[string]bool, report func(result)) error {
	if os.Getenv(childEnv) != "" {
		return errors.New("nettest.Child was not called")
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	var list []string
	for _, k := range append(controls(), kinds...) {
		if name := k.String(); chosen[name] {
			list = append(list, name)
		}
	}
	return runProgram(ctx, exe, nil, []string{childEnv + "=" + strings.Join(list, ",")}, root, report)
}

// runProgram runs a test binary whose test at the root is root.
func runProgram(ctx context.Context, exe string, args, env []string, root string, report func(result)) error {
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended, last, parseErr := parse(out, root, report)
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.As(err, &exit):
		return err
	case parseErr != nil:
		return parseErr
	case !ended:
		if err == nil {
			err = errors.New("it stopped early")
		}
		return &goneError{err, words.Tail(last + stderr.String())}
	}
	return nil
}

// parse reads what a test binary prints with -test.v=test2json and reports
// each test that ends. It returns whether the test at the root ended and, if not,
// what was printed last.
//
// Each line from the test framework starts with ^V and names the test to which
// the lines after it belong.
func parse(r io.Reader, root string, report func(result)) (ended bool, last string, err error) {
	const marker = "\x16"
	outputs := make(map[string]*strings.Builder)
	current := root
	output := func(name string) *strings.Builder {
		if outputs[name] == nil {
			outputs[name] = new(strings.Builder)
		}
		return outputs[name]
	}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			// A marker may stand anywhere in a line, for a test may have printed
			// no end of line.
			text, frame, framed := strings.Cut(line, marker)
			if text != "" {
				output(current).WriteString(text)
			}
			if framed {
				verb, name, elapsed := parseFrame(frame)
				switch verb {
				case "RUN", "CONT", "NAME", "PAUSE":
					current = name
				case "PASS", "FAIL", "SKIP":
					if name == root {
						return drain(lines)
					}
					report(result{shortName(name), verb, elapsed, output(name).String()})
					delete(outputs, name)
					current = root
				}
			}
		}
		if err == io.EOF {
			return false, output(current).String(), nil
		}
		if err != nil {
			return false, output(current).String(), err
		}
	}
}

func drain(r io.Reader) (bool, string, error) {
	_, err := io.Copy(io.Discard, r)
	return true, "", err
}

// parseFrame takes "=== RUN   Name" and "--- PASS: Name (0.01s)" apart.
func parseFrame(line string) (verb, name string, elapsed time.Duration) {
	if rest, ok := strings.CutPrefix(line, "=== "); ok {
		verb, name, _ = strings.Cut(rest, " ")
		return verb, strings.TrimSpace(name), 0
	}
	rest, ok := strings.CutPrefix(line, "--- ")
	if !ok {
		return "", "", 0
	}
	verb, rest, _ = strings.Cut(rest, ": ")
	name, rest, _ = strings.Cut(rest, " (")
	elapsed, _ = time.ParseDuration(strings.TrimSuffix(strings.TrimSpace(rest), ")"))
	return verb, name, elapsed
}

// shortName leaves out what is the same for all tests of the child.
func shortName(name string) string {
	name = strings.TrimPrefix(name, root+"/")
	return strings.TrimPrefix(name, group+"/")
}
