//go:build linux

package around

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/trace"
	"go.parity/conformance/words"
)

// An effort says how hard to look for an answer that may depend on chance.
type effort struct {
	runs int           // of a program that has a race
	held time.Duration // how long to wait for a program that is stuck
}

var (
	first  = effort{runs: 3, held: hold}
	harder = effort{runs: 12, held: longHold}
)

// A check is one mode of the program, built in one way.
type check struct {
	name  string
	mode  string // of the program
	build build

	// waits says that the answer depends on where a goroutine waits: with
	// net2_portable it waits on a channel. filters says that the answer depends
	// on the name of the function in which it waits.
	waits, filters bool

	// ask runs the program of a stack and returns what it saw.
	ask func(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error)

	// weak reports whether more effort may lead to another answer.
	weak func(answer string) bool
}

func always(string) bool { return false }

// checks lists all checks, in the order in which the package makes them.
func checks() []check {
	var list []check
	add := func(b build, prefix string, template check, modes ...string) {
		for _, mode := range modes {
			c := template
			c.name, c.mode, c.build = prefix+mode, mode, b
			list = append(list, c)
		}
	}
	text := check{ask: printed, weak: always}
	waits, filtered := text, text
	waits.waits = true
	filtered.waits, filtered.filters = true, true
	add(plain, "", waits,
		"goroutines/before-use", "goroutines/while-accept-waits", "goroutines/while-read-waits",
		"goroutines/while-write-waits", "goroutines/while-dial-waits", "goroutines/while-udp-read-waits",
		"goroutines/while-unix-waits", "goroutines/deadlines-armed", "goroutines/deadlines-fired",
		"goroutines/all-closed", "goroutines/deadline-storm",
		"goleak/before-use", "goleak/all-closed", "goleak/listener-waits")
	add(plain, "", filtered, "goleak/listener-waits-filtered", "goleak/read-waits-filtered", "goleak/all-closed-filtered")
	add(plain, "", check{ask: ending, weak: stillRuns, waits: true},
		"deadlock/unused", "deadlock/used-and-closed", "deadlock/listener-open", "deadlock/accepted-once",
		"deadlock/accept-waits", "deadlock/read-waits", "deadlock/read-waited", "deadlock/udp-open",
		"deadlock/unix-open", "deadlock/deadline-armed", "deadlock/deadline-fired", "deadlock/file")
	add(plain, "", check{ask: confined, weak: always},
		"seccomp/tcp", "seccomp/busy", "seccomp/deadlines", "seccomp/udp", "seccomp/unix", "seccomp/file", "seccomp/transfer")
	add(plain, "", waits, "profile/goroutine")
	add(plain, "", check{ask: cpuProfile, weak: always, waits: true}, "profile/cpu")
	add(plain, "", check{ask: executionTrace, weak: always, waits: true}, "profile/trace")
	add(plain, "", text, "rawconn/read-waits", "rawconn/read-waits-while-processors-are-busy",
		"bubble/round-trip", "bubble/listener-from-outside", "bubble/conn-from-outside", "bubble/deadline",
		"bubble/deadline-passed", "bubble/close-ends-read", "bubble/close-ends-outer-read", "bubble/udp")
	add(plain, "", check{ask: ending, weak: stillRuns, waits: true}, "bubble/wait-while-read")
	racing := check{ask: racesFound, weak: noRace}
	add(race, "race/", racing,
		"racy/handlers", "racy/unrelated-connections", "racy/udp-handlers",
		"ordered/http-request", "ordered/http-reply", "ordered/conn", "ordered/unix", "ordered/echo",
		"ordered/close", "ordered/file", "ordered/to-file", "ordered/pipe", "ordered/child",
		"ordered/buffers", "ordered/sendfile", "ordered/splice", "ordered/udp-connected", "ordered/udp",
		"ordered/udp-messages", "ordered/unix-messages", "ordered/accept")
	// Under coverage every function counts its blocks, even one that runs where
	// ordinary Go code may not, and the counters order much of what the program
	// does.
	add(covered, "race-cover/", racing,
		"racy/udp-handlers", "ordered/http-reply", "ordered/echo", "ordered/file", "ordered/udp", "ordered/accept")
	return list
}

// printed returns what the program prints.
func printed(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error) {
	r, err := c.run(ctx, p, stack, e)
	if err != nil {
		return "", err
	}
	answer := strings.TrimSpace(r.stdout)
	if r.exit != "" {
		answer += "\n" + r.exit + ": " + words.FirstLines(r.stderr, 8)
	}
	if stack == stackNet2 && ownPoller() {
		answer = waitsInOwn.ReplaceAllString(answer, "internal/poll.runtime_pollWait")
	}
	return answer, nil
}

// waitsInOwn is the name of the function of net2's own poller in which a
// goroutine waits.
var waitsInOwn = regexp.MustCompile(`go\.parity/runtime_hooks\.(\(\*\w+\)\.)?\w+`)

func (c *check) run(ctx context.Context, p *programs, stack string, e effort, env ...string) (result, error) {
	path, err := p.binary(ctx, c.build, stack)
	if err != nil {
		return result{}, err
	}
	return runProgram(ctx, path, c.mode, e.held, env...)
}

// waitsForEver is the answer of a program that its runtime did not end.
const waitsForEver = "it waits for ever"

func stillRuns(answer string) bool { return answer == waitsForEver }

// ending says how the runtime ends a program that can do nothing more.
func ending(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error) {
	r, err := c.run(ctx, p, stack, e)
	if err != nil {
		return "", err
	}
	if r.waits {
		return waitsForEver, nil
	}
	return strings.TrimSpace(r.stdout + r.exit + " " + words.FirstLine(r.stderr)), nil
}

const (
	raceNever     = "race reported: never"
	raceSometimes = "race reported: sometimes or always"
)

func noRace(answer string) bool { return answer == raceNever }

// racesFound runs the program several times and says whether the race detector
// reported a race in any run.
func racesFound(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error) {
	counts := filepath.Join(p.dir, stack) // what coverage writes goes with the module
	answer := raceNever
	for range e.runs {
		r, err := c.run(ctx, p, stack, e, "GORACE=atexit_sleep_ms=0", "GOCOVERDIR="+counts)
		if err != nil {
			return "", err
		}
		switch {
		case strings.Contains(r.stderr, "WARNING: DATA RACE"):
			return raceSometimes, nil
		case r.exit != "":
			return r.exit + ": " + words.FirstLines(r.stderr, 8), nil
		}
	}
	return answer, nil
}

// confined records the system calls of net, and then runs the stack under a filter that
// lets no calls pass but these and the two of the deviation recv-for-read.
func confined(ctx context.Context, p *programs, c *check, stack string, e effort) (string, error) {
	allowed, err := p.allowed(ctx, c)
	if err != nil {
		return "", err
	}
	var numbers []string
	for _, nr := range slices.Sorted(maps.Values(allowed)) {
		numbers = append(numbers, fmt.Sprint(nr))
	}
	for range confinedRuns {
		r, err := c.run(ctx, p, stack, e, "AROUND_ALLOW="+strings.Join(numbers, ","))
		switch {
		case err != nil:
			return "", err
		case r.exit == "":
			continue
		case stack == stackNet:
			return "", &cannotError{"a filter made from its own calls stops it: " + words.FirstLine(r.stderr)}
		}
		return r.exit + ": " + words.FirstLines(r.stderr, 8) + p.besides(ctx, c, stack, allowed), nil
	}
	return "makes no call that net does not", nil
}

// confinedRuns is how often a program runs under its filter.
const confinedRuns = 3

// besides returns the recorded calls that are not allowed.
func (p *programs) besides(ctx context.Context, c *check, stack string, allowed map[string]int) string {
	path, err := p.binary(ctx, c.build, stack)
	if err != nil {
		return ""
	}
	calls, err := trace.ProgramCalls(ctx, path, []string{c.mode}, childEnviron())
	if err != nil {
		return "\nits calls cannot be recorded: " + err.Error()
	}
	maps.DeleteFunc(calls, func(name string, _ int) bool { _, ok := allowed[name]; return ok })
	return fmt.Sprintf("\nrecorded besides what net calls: %v", slices.Sorted(maps.Keys(calls)))
}

// allowed returns the calls that net made in a mode, those that the runtime may always
// make, and those that net2 makes in the place of net's.
func (p *programs) allowed(ctx context.Context, c *check) (map[string]int, error) {
	path, err := p.binary(ctx, c.build, stackNet)
	if err != nil {
		return nil, err
	}
	allowed := trace.RuntimeCalls()
	for range 2 { // its calls may depend on which goroutine comes first
		calls, err := trace.ProgramCalls(ctx, path, []string{c.mode}, childEnviron())
		if err != nil {
			return nil, err
		}
		maps.Copy(allowed, calls)
	}
	// A program on TCP alone may not make these with net; see the deviation recv-for-read.
	allowed["recvfrom"], allowed["sendto"] = unix.SYS_RECVFROM, unix.SYS_SENDTO
	if ownPoller() {
		// Package os waits for the epoll descriptor of that build, and first asks
		// whether the descriptor blocks.
		allowed["fcntl"] = unix.SYS_FCNTL
	}
	return allowed, nil
}

// ofStack is a function of either stack or below it.
var ofStack = regexp.MustCompile(`^(go\.parity/|net\.|internal/poll\.|runtime\.net2)`)

// beginnings says which of the functions that goroutines began with belong to
// a stack.
func beginnings(functions []string) string {
	functions = slices.DeleteFunc(functions, func(f string) bool { return !ofStack.MatchString(f) })
	slices.Sort(functions)
	if functions = slices.Compact(functions); len(functions) > 0 {
		return "goroutines began with " + strings.Join(functions, ", ")
	}
	return "no goroutine began with a function of the stack"
}
