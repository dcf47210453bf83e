//go:build linux

package scenario

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"go.parity/conformance"
	"go.parity/conformance/descriptors"
	"go.parity/conformance/goroutine"
	"go.parity/conformance/host"
	"go.parity/conformance/settle"
)

// Part returns the scenarios as evidence.
func Part() conformance.Part {
	return conformance.Part{
		Name: "scenario",
		Doc:  "one script of operations on both stacks, compared step by step",
		Names: func(context.Context) ([]string, error) {
			var names []string
			for _, s := range Scenarios() {
				names = append(names, s.Name)
			}
			return names, nil
		},
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			for _, s := range Scenarios() {
				if !match(s.Name) {
					continue
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				c := compare(ctx, &s, stackNet, stackNet2)
				if err := ctx.Err(); err != nil {
					return err // a scenario that was cut short is no evidence
				}
				report(c.check())
			}
			return nil
		},
	}
}

// check returns the verdict, with both recordings.
func (c *Comparison) check() conformance.Check {
	check := conformance.Check{Name: c.Name, Detail: c.Detail, Elapsed: c.Elapsed}
	switch c.Outcome {
	case Same:
		check.Status = conformance.Same
	case Skipped:
		check.Status, check.Detail, check.Needs = conformance.Skipped, c.Skip, c.Needs
	default:
		check.Status = conformance.Differs
	}
	check.Record(c)
	return check
}

// Run runs one scenario on both stacks and returns both recordings.
func Run(ctx context.Context, name string) (Comparison, error) {
	for _, s := range Scenarios() {
		if s.Name == name {
			c := compare(ctx, &s, stackNet, stackNet2)
			return c, ctx.Err()
		}
	}
	return Comparison{}, fmt.Errorf("no scenario is named %q", name)
}

// oneAtATime belongs to the scenario that runs: the runner counts the descriptors
// and goroutines of the whole process.
var oneAtATime sync.Mutex

const (
	// netTries is how often net itself may fail.
	netTries = 3
	// portTries is how often two recordings may differ by chance alone: beside tens of
	// thousands of connections of others, few ports are left to choose from.
	portTries = 10
)

// compare runs s on the oracle and on the stack that is compared with it.
func compare(ctx context.Context, s *Scenario, oracle, other *Stack) Comparison {
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	start := time.Now()
	c := Comparison{Name: s.Name, Doc: s.Doc}
	if lack := host.Lacking(append([]host.Need{host.Proc}, s.needs...)...); lack != nil {
		c.skip(lack)
		return c
	}
	for try := range portTries {
		c.Net, c.Net2 = record(ctx, s, oracle), nil
		lack := c.Net.lack()
		if lack == nil {
			c.Net2 = record(ctx, s, other)
			lack = c.Net2.short()
		}
		if lack != nil {
			c.skip(lack)
			c.Elapsed = time.Since(start)
			if lack.Need == host.NetItself && try < netTries-1 && ctx.Err() == nil {
				continue // the failure may have been chance
			}
			return c
		}
		c.Outcome, c.Skip, c.Needs = Same, "", ""
		c.Detail = difference(c.Net, c.Net2)
		if c.Detail == "" || !chance(c.Net, c.Net2) {
			break
		}
		time.Sleep(time.Duration(try) * 20 * time.Millisecond)
	}
	if c.Detail != "" {
		c.Outcome = Differs
		c.Detail = s.Doc + "\n" + c.Detail
	}
	c.Elapsed = time.Since(start)
	return c
}

func (c *Comparison) skip(l *host.Lack) {
	c.Outcome, c.Skip, c.Needs = Skipped, l.Error(), l.Need
}

// lack says why net itself did not get through the script, or could do nothing
// of note in it; it is nil if net did get through.
func (r *Recording) lack() *host.Lack {
	if r.Failure != "" {
		return host.Blame(r.Failure)
	}
	if l := host.Explain(r.errors()); l != nil {
		return l
	}
	if r.failed() {
		return host.Blame("it leaves behind " + strings.Join(append(r.Descriptors, r.Goroutines...), ", "))
	}
	return nil
}

// short says that there were too few descriptors for net2. Which of the two
// stacks gets the last one then depends on what else is open.
func (r *Recording) short() *host.Lack {
	if l := host.Explain(r.Failure + r.errors()); l != nil && l.Need == host.Descriptors {
		return l
	}
	return nil
}

// errors returns the texts of the errors that the script saw, one per line.
func (r *Recording) errors() string {
	var texts strings.Builder
	for _, o := range r.Observations {
		for _, v := range o.Values {
			if err, ok := v.(Err); ok {
				texts.WriteString(err.Text + "\n")
			}
		}
	}
	return texts.String()
}

// chance reports whether two recordings differ only in which ports are equal.
// Within one run the kernel may choose a port that it chose before, so that two
// ports of one recording stand against one port of the other. A stack that takes
// one port for another does so every time.
func chance(a, b *Recording) bool {
	if a.failed() || b.failed() {
		return false
	}
	return cmp.Equal(a.Observations, b.Observations, cmp.Comparer(func(a, b string) bool {
		return chosenText.ReplaceAllString(a, "#") == chosenText.ReplaceAllString(b, "#")
	}))
}

var chosenText = regexp.MustCompile(`#[0-9]+`)

func (r *Recording) failed() bool {
	return r.Failure != "" || r.Descriptors != nil || r.Goroutines != nil
}

// difference describes where a recording differs from the oracle's and what
// went wrong in either of them; it is "" if there is nothing to say.
func difference(oracle, other *Recording) string {
	var d strings.Builder
	if diff := cmp.Diff(oracle.Observations, other.Observations); diff != "" {
		fmt.Fprintf(&d, "(-%s +%s)\n%s", oracle.Stack, other.Stack, diff)
		oracleOnly, otherOnly := parted(oracle.Observations, other.Observations)
		fmt.Fprintf(&d, "first parting:\n\t%s: %s\n\t%s: %s\n", oracle.Stack, oracleOnly, other.Stack, otherOnly)
	}
	if len(oracle.Observations) == 0 {
		fmt.Fprintf(&d, "%s: nothing was observed\n", oracle.Stack)
	}
	for _, r := range []*Recording{oracle, other} {
		if r.Failure != "" {
			fmt.Fprintf(&d, "%s: the script did not end: %s\n", r.Stack, r.Failure)
		}
		for _, fd := range r.Descriptors {
			fmt.Fprintf(&d, "%s: descriptor left open: %s\n", r.Stack, fd)
		}
		for _, g := range r.Goroutines {
			fmt.Fprintf(&d, "%s: goroutine left behind:\n%s\n", r.Stack, g)
		}
	}
	return d.String()
}

// parted returns the first observations in which a and b are not equal.
func parted(a, b []Observation) (string, string) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return "nothing more", b[i].String()
		case i >= len(b):
			return a[i].String(), "nothing more"
		case !cmp.Equal(a[i], b[i]):
			return a[i].String(), b[i].String()
		}
	}
	return "", ""
}

// record runs s on st.
func record(ctx context.Context, s *Scenario, st *Stack) *Recording {
	warmUp(st)
	// A garbage collection must not close a leaked connection before it is
	// counted, so collections run only where a script asks for them.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))

	limit := s.limit
	if limit == 0 {
		limit = defaultLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := &T{Stack: st, ctx: ctx, rec: newRecorder()}
	r := &Recording{Stack: st.Name}
	before := takeStock()
	start := time.Now()

	ended := make(chan string, 1)
	go func() {
		var failure string
		defer func() {
			switch v := recover().(type) {
			case nil:
				if failure == "" {
					failure = "its goroutine exited"
				}
			case abort:
				failure = string(v)
			default:
				failure = fmt.Sprintf("panic: %v\n%s", v, debug.Stack())
			}
			if failure == "ended" {
				failure = ""
			}
			ended <- failure
		}()
		s.run(t)
		failure = "ended"
	}()
	hangs := false
	select {
	case r.Failure = <-ended:
	case <-ctx.Done():
		// Give what the end of the context has set in motion time to finish.
		select {
		case r.Failure = <-ended:
		case <-time.After(time.Second):
			hangs = true
			r.Failure = fmt.Sprintf("it hangs, after %v\n%s", limit, strings.Join(takeStock().newGoroutines(before), "\n\n"))
		}
	}
	r.Elapsed = time.Since(start)
	r.Observations = t.rec.take()
	closed := make(chan string, 1)
	go func() { closed <- t.finish() }()
	select {
	case failure := <-closed:
		r.Failure += failure
	case <-time.After(defaultLimit):
		r.Failure += fmt.Sprintf("\nclosing its connections hangs\n%s", strings.Join(takeStock().newGoroutines(before), "\n\n"))
	}
	if hangs {
		// With everything closed the script may reach its end, which must not
		// happen in the middle of another script.
		select {
		case <-ended:
		case <-time.After(time.Second):
		}
	}
	r.Descriptors, r.Goroutines = leftOver(before, s.pools)
	if r.Descriptors != nil || s.pools {
		// What was left behind must not end in the middle of another script.
		runtime.GC()
		runtime.GC()
	}
	return r
}

// A stock is what the process has open and has running.
type stock struct {
	descriptors map[int]string   // number → what it refers to
	goroutines  map[int64]string // number → trace
}

func takeStock() stock {
	open, err := descriptors.Open()
	if err != nil {
		panic("scenario: descriptors can't be counted: " + err.Error())
	}
	return stock{open, goroutine.Traces()}
}

// newGoroutines returns the traces of the goroutines in s that are not in before.
func (s stock) newGoroutines(before stock) []string {
	self := goroutine.ID()
	var traces []string
	for _, id := range slices.Sorted(maps.Keys(s.goroutines)) {
		trace := s.goroutines[id]
		if _, old := before.goroutines[id]; old || id == self || strings.Contains(trace, "created by runtime.") {
			continue
		}
		traces = append(traces, trace)
	}
	return traces
}

func (s stock) newDescriptors(before stock) []string {
	var links []string
	for fd, link := range s.descriptors {
		if before.descriptors[fd] != link {
			links = append(links, link)
		}
	}
	slices.Sort(links)
	return links
}

// leftOver waits a moment for everything to go, and returns what is left over.
func leftOver(before stock, collect bool) (fds, traces []string) {
	settle.Within(time.Second, func() bool {
		now := takeStock()
		fds, traces = now.newDescriptors(before), now.newGoroutines(before)
		if collect && traces == nil {
			runtime.GC()
		}
		return fds == nil && traces == nil
	})
	return fds, traces
}

// warm holds the stacks whose lasting descriptors and goroutines, the poller's
// above all, already exist.
var warm = make(map[*Stack]bool)

func warmUp(st *Stack) {
	if warm[st] {
		return
	}
	warm[st] = true
	t := &T{Stack: st, ctx: context.Background(), rec: newRecorder()}
	defer t.finish()
	defer func() { recover() }() // the scenarios find out what does not work
	c, s := t.TCPPair()
	k := t.Park(func() []any { return all(s.Read(make([]byte, 1))) })
	c.Write([]byte{1})
	k.Wait()
}
