//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/stack"
	"go.parity/conformance/trace"
)

// Part is this folder's evidence.
func Part() conformance.Part {
	return conformance.Part{
		Name: partName,
		Doc:  partDoc,
		Names: func(context.Context) ([]string, error) {
			var names []string
			for _, op := range operations {
				names = append(names, op.name)
			}
			return names, nil
		},
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			return run(ctx, match, report)
		},
	}
}

// atOnce is how many operations are judged at a time. The time goes into
// tracing, which for each process is the work of one thread.
const atOnce = 2

func run(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
	var wanted []operation
	for _, op := range operations {
		if match(op.name) {
			wanted = append(wanted, op)
		}
	}
	done := make(chan conformance.Check)
	var next atomic.Int32
	for range atOnce {
		go func() {
			for i := next.Add(1) - 1; int(i) < len(wanted); i = next.Add(1) - 1 {
				done <- check(ctx, wanted[i])
			}
		}()
	}
	for range wanted {
		if c := <-done; ctx.Err() == nil { // an interrupted check proves nothing
			report(c)
		}
	}
	return ctx.Err()
}

func check(ctx context.Context, op operation) conformance.Check {
	start := time.Now()
	c, lack := judge(ctx, op)
	if lack != nil {
		c = conformance.NotPossible(op.name, lack)
	}
	c.Name, c.Elapsed = op.name, time.Since(start)
	return c
}

// needs is what an operation needs of the host. It needs many descriptors
// because the other side's are numbered from trace.FirstHidden on.
var needs = []host.Need{host.Loopback, host.Ptrace, host.Proc, host.TempDir, host.ManyDescriptors}

// judge compares the outcomes of an operation's faults on both stacks. It asks
// net first, and does not ask net2 for what net cannot do here.
func judge(ctx context.Context, op operation) (conformance.Check, *host.Lack) {
	if lack := host.Lacking(needs...); lack != nil {
		return conformance.Check{}, lack
	}
	judge := func() (*matrix, error) { return compare(ctx, op, stack.Net.Name, stack.Net2.Name) }
	if op.beyond {
		judge = func() (*matrix, error) { return judgeBeyond(ctx, op) }
	}
	m, err := judge()
	var ofNet *netError
	switch {
	case errors.As(err, &ofNet):
		return conformance.Check{}, host.Blame(err.Error())
	case err != nil:
		return conformance.Check{Status: conformance.Differs, Detail: err.Error()}, nil
	case len(m.different) > 0:
		c := conformance.Check{Status: conformance.Differs, Detail: strings.Join(m.different, "\n")}
		c.Record(m.rows(op.name))
		return c, nil
	}
	c := conformance.Check{Status: conformance.Same, Detail: m.String()}
	c.Record(m.rows(op.name))
	return c, nil
}

// A netError says that net cannot do an operation here, even without a fault.
type netError struct{ error }

func (e *netError) Unwrap() error { return e.error }

// A matrix holds what became of the faults of an operation.
type matrix struct {
	faults    []trace.Fault
	deviating map[string]int // by the deviation that explains what differs
	panics    int            // faults with which net itself panics
	missed    int            // faults that struck on one stack alone
	different []string
	results   map[trace.Fault]result // the last of each fault
}

// A result is what came of a fault.
type result int

const (
	same result = iota
	deviating
	differs
	uncompared
)

// rows counts the results by the call that failed.
func (m *matrix) rows(operation string) []Row {
	rows, at := []Row{}, map[string]int{}
	for _, f := range m.faults {
		call := fmt.Sprintf("%s-%d", f.Call, f.Nth)
		i, ok := at[call]
		if !ok {
			i = len(rows)
			at[call] = i
			rows = append(rows, Row{Operation: operation, Call: call})
		}
		row := &rows[i]
		row.Errnos++
		switch m.results[f] {
		case same:
			row.Same++
		case deviating:
			row.Deviating++
		case differs:
			row.Differs++
		case uncompared:
			row.Uncompared++
		}
	}
	return rows
}

func (m *matrix) String() string {
	count, order := map[string]int{}, []string{}
	for _, f := range m.faults {
		call := fmt.Sprintf("%s-%d", f.Call, f.Nth)
		if count[call]++; count[call] == 1 {
			order = append(order, call)
		}
	}
	for i, call := range order {
		order[i] = fmt.Sprintf("%s: %d", call, count[call])
	}
	text := fmt.Sprintf("%d faults; %s", len(m.faults), strings.Join(order, ", "))
	if m.missed > 0 {
		text += fmt.Sprintf("; %d came to one stack alone", m.missed)
	}
	if m.panics > 0 {
		text += fmt.Sprintf("; with %d net itself panics", m.panics)
	}
	for name, n := range m.deviating {
		text += fmt.Sprintf("; %d as the deviation %s says", n, name)
	}
	return text
}

// compare makes two stacks do an operation, first without a fault and then with
// each fault that can strike on both.
func compare(ctx context.Context, op operation, net, net2 string) (*matrix, error) {
	plain, calls, err := outcomes(ctx, op, net, nil)
	if err != nil {
		return nil, &netError{err}
	}
	plain2, calls2, err := outcomes(ctx, op, net2, nil)
	if err != nil {
		return nil, err
	}
	if plain[0].text != plain2[0].text {
		return &matrix{different: []string{difference("without a fault", plain[0].text, plain2[0].text)}}, nil
	}
	m := &matrix{faults: faults(both(calls, calls2)), deviating: map[string]int{}, results: map[trace.Fault]result{}}
	if err := m.compare(ctx, op, net, net2); err != nil {
		return nil, err
	}
	return m, nil
}

// attempts is how often a fault is tried if it does not strike, or if its
// outcomes on the two stacks differ. An operation that may have to wait does
// not always make the same calls: some it makes only if what it waits for is
// not there yet.
const attempts = 4

func (m *matrix) compare(ctx context.Context, op operation, net, net2 string) error {
	left := m.faults
	for range attempts {
		if len(left) == 0 {
			break
		}
		want, _, err := outcomes(ctx, op, net, left)
		if err != nil {
			return &netError{err}
		}
		got, _, err := outcomes(ctx, op, net2, left)
		if err != nil {
			return err
		}
		m.different, m.missed = nil, 0
		var again []trace.Fault
		for i, f := range left {
			if !m.alike(op, f, want[i+1], got[i+1]) {
				again = append(again, f)
			}
		}
		left = again
	}
	return nil
}

// alike reports whether a fault need not be tried again, and notes its outcome.
func (m *matrix) alike(op operation, f trace.Fault, want, got seen) bool {
	switch {
	case strings.Contains(want.text, panics):
		m.panics++ // net itself panics: there is nothing to compare with
		m.results[f] = uncompared
		return true
	case want.text == got.text:
		m.results[f] = same
		return true // also where it struck on neither, which is the same on both
	case !want.hit || !got.hit:
		m.missed++
		m.results[f] = uncompared
		return false
	}
	if name := explained(op, f, want.text, got.text); name != "" {
		m.deviating[name]++
		m.results[f] = deviating
		return true
	}
	m.results[f] = differs
	m.different = append(m.different, difference(f.String(), want.text, got.text))
	return false
}

// both returns the calls that are in both lists, in the order of the first.
func both(a, b []string) []string {
	left := map[string]int{}
	for _, call := range b {
		left[call]++
	}
	return slices.DeleteFunc(slices.Clone(a), func(call string) bool {
		left[call]--
		return left[call] < 0
	})
}

func difference(what, want, got string) string {
	indent := strings.NewReplacer("\n", "\n        ")
	return fmt.Sprintf("%s\n    net:\n        %s\n    net2:\n        %s", what, indent.Replace(want), indent.Replace(got))
}

// An explanation says which faults have another outcome on net2, and why.
type explanation struct {
	call      string // its name, without arguments
	seen      string // what is in net's outcome and not in net2's
	deviation string
}

var explanations = []explanation{
	// If the call fails, net has no address. net2 knows the address from the
	// listener, and asks again in Close.
	{"getsockname", "addresses <nil>", "local-addr-on-demand"},
	// Dial asks for the peer to see whether it is connected, and if it is not,
	// waits for the next event. Whoever begins to watch only then is told again
	// what has come already.
	{"getpeername", waits, "watch-on-demand"},
}

// explained names the deviation that explains why a fault has another outcome
// on net2.
func explained(op operation, f trace.Fault, want, got string) string {
	if conformance.Poller() == conformance.Portable && strings.HasPrefix(op.name, "file") {
		return "portable-file-name" // net makes the file, from a second duplicate
	}
	for _, e := range explanations {
		if trace.CallName(f.Call) == e.call && strings.Contains(want, e.seen) && !strings.Contains(got, e.seen) {
			return e.deviation
		}
	}
	return ""
}
