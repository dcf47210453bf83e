// Package traffic holds net2 against net under real traffic: HTTP servers and
// clients, plain and under TLS, HTTP/1.1 and HTTP/2, reverse proxies, upgraded
// connections. Every scenario runs with both ends on net, which is the control,
// and then with either end or both on net2. What comes back must be equal, and
// no descriptor or goroutine may be left behind.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// patience says how long to wait for something that should happen at once.
type patience struct {
	run    time.Duration // for a scenario to end, before it counts as hung
	settle time.Duration // for the scenario to give back what it held
}

var usual = patience{run: 20 * time.Second, settle: 3 * time.Second}

// brief is for a host that has so few descriptors that a server waits for one
// that nobody gives back.
var brief = patience{run: 3 * time.Second, settle: time.Second}

// A pair says which stacks the client and the server of a run use.
type pair struct{ client, server *stack.Stack }

// String returns the pair as it stands in the name of a check.
func (p pair) String() string { return p.client.Name + "-to-" + p.server.Name }

var (
	control = pair{std, std}
	pairs   = []pair{{own, own}, {std, own}, {own, std}}
)

// A scenario is one piece of traffic. It notes what it sees in the environment
// that it is given; an error says that it could not reach its end.
type scenario struct {
	name   string
	protos []proto
	play   func(env *environment) error
}

// A trial is a scenario under one protocol.
type trial struct {
	scenario
	proto proto
}

func (t trial) String() string { return t.name + "/" + t.proto.name }

func trials() []trial {
	var list []trial
	for _, s := range scenarios {
		for _, p := range s.protos {
			list = append(list, trial{s, p})
		}
	}
	return list
}

// Part is this folder's evidence.
func Part() conformance.Part {
	return conformance.Part{
		Name: "traffic",
		Doc:  "HTTP over net2 against HTTP over net, plain and TLS, HTTP/1.1 and HTTP/2",
		Names: func(context.Context) ([]string, error) {
			var names []string
			for _, t := range trials() {
				for _, p := range pairs {
					names = append(names, t.String()+"/"+p.String())
				}
			}
			return names, nil
		},
		Run: run,
	}
}

func run(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
	warmed, wait := false, usual
	if host.Lacking(host.Descriptors) != nil {
		wait = brief
	}
	for _, t := range trials() {
		var want *outcome
		for _, p := range pairs {
			name := t.String() + "/" + p.String()
			if !match(name) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if lack := t.proto.lack(); lack != nil {
				report(conformance.NotPossible(name, lack))
				continue
			}
			if !warmed {
				warmUp(ctx)
				warmed = true
			}
			start := time.Now()
			if want == nil {
				want = playControl(ctx, t, wait)
			}
			var check conformance.Check
			if lack := want.lack(); lack != nil {
				check = conformance.NotPossible(name, lack)
			} else {
				got := play(ctx, t, p, wait)
				check = verdict(want, got)
				for again := 2; again > 0 && check.Status == conformance.Differs && ctx.Err() == nil; again-- {
					// Net too may do so now and then.
					if other := playControl(ctx, t, wait); other.lack() == nil && verdict(other, got).Status == conformance.Same {
						check = conformance.Check{Status: conformance.Same}
					}
				}
			}
			if err := ctx.Err(); err != nil {
				return err // cut short, so no outcome says anything
			}
			check.Name, check.Elapsed = name, time.Since(start)
			report(check)
		}
	}
	return nil
}

// playControl plays t on net alone. If net fails and the host is not to blame,
// playControl plays t again, for the failure may have been chance.
func playControl(ctx context.Context, t trial, wait patience) *outcome {
	for again := 2; ; again-- {
		o := play(ctx, t, control, wait)
		if lack := o.lack(); lack == nil || lack.Need != host.NetItself || again == 0 || ctx.Err() != nil {
			return o
		}
	}
}

// verdict compares a run with the control.
func verdict(want, got *outcome) conformance.Check {
	if lack := want.lack(); lack != nil {
		return conformance.NotPossible("", lack)
	}
	// With so few descriptors, which stack gets the last one depends on what
	// else is open.
	if lack := host.Explain(got.errors()); lack != nil && lack.Need == host.Descriptors {
		return conformance.NotPossible("", lack)
	}
	var diffs []string
	if got.Err != nil {
		diffs = append(diffs, "did not get through: "+got.Err.Error())
	}
	if diff := cmp.Diff(want.Notes, got.Notes); diff != "" {
		diffs = append(diffs, "-net +net2\n"+diff)
	}
	// Net2 may leave behind what net leaves behind, such as a goroutine of
	// net/http that ends on a timer of its own.
	if got.Left.descriptors > want.Left.descriptors || got.Left.goroutines > want.Left.goroutines {
		diffs = append(diffs, "left behind: "+got.Left.String())
	}
	if len(diffs) > 0 {
		return conformance.Check{Status: conformance.Differs, Detail: strings.Join(diffs, "\n")}
	}
	return conformance.Check{Status: conformance.Same}
}

// An outcome is the result of one run of a scenario.
type outcome struct {
	Notes []note
	Left  leftover
	Err   error
}

// lack says why net itself failed, or could do nothing of note.
func (o *outcome) lack() *host.Lack {
	if o.Err != nil {
		return host.Blame(o.Err.Error())
	}
	return host.Explain(o.errors())
}

// errors is everything that may mention an error, one item per line.
func (o *outcome) errors() string {
	var b strings.Builder
	if o.Err != nil {
		fmt.Fprintln(&b, o.Err)
	}
	for _, n := range o.Notes {
		fmt.Fprintln(&b, n.Got)
	}
	return b.String()
}

// A note is one thing that a scenario saw.
type note struct {
	What string
	Got  any
}

// errHung is the outcome of a run that did not end.
var errHung = errors.New("hung")

// play runs t over p. If the run is not over when its time is up, play closes its
// connections; if it does not come back even then, play leaves it alone.
func play(ctx context.Context, t trial, p pair, wait patience) *outcome {
	before := takeStock()
	env := newEnvironment(ctx, t.proto, p, wait.run)
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v\n%s", r, stacks("go.parity"))
			}
		}()
		done <- t.play(env)
	}()

	var err error
	select {
	case err = <-done:
		env.close()
	case <-env.ctx.Done():
		held := stacks("go.parity")
		closed := make(chan struct{})
		go func() {
			env.cut()
			env.close()
			close(closed)
		}()
		select {
		case err = <-done:
			<-closed
		case <-time.After(wait.settle):
		}
		if ctx.Err() == nil {
			err = errors.Join(fmt.Errorf("%w after %v", errHung, wait.run), err, errors.New(held))
		}
	}
	return &outcome{Notes: env.notes(), Left: before.settle(wait.settle), Err: err}
}

// warmUp lets both stacks make what they make once and keep: pollers, probes
// of the host, pools. These do not count as leaks.
func warmUp(ctx context.Context) {
	for _, p := range append([]pair{control}, pairs...) {
		for _, pr := range anyHTTP {
			env := newEnvironment(ctx, pr, p, usual.run)
			if s, err := env.serve(hello); err == nil {
				env.get(env.newClient(), s.url)
			}
			env.close()
		}
	}
}

// notebook collects notes; many goroutines of a scenario may add to it.
type notebook struct {
	mu   sync.Mutex
	list []note
}

func (b *notebook) note(what string, got any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, note{what, got})
}

func (b *notebook) notes() []note {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]note(nil), b.list...)
}
