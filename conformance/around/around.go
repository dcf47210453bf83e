//go:build linux

package around

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/words"
)

// Part is this folder's evidence.
func Part() conformance.Part {
	return conformance.Part{
		Name: partName,
		Doc:  partDoc,
		Names: func(context.Context) ([]string, error) {
			var names []string
			for _, c := range checks() {
				names = append(names, c.name)
			}
			return names, nil
		},
		Run: func(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
			if lack := host.Lacking(host.TempDir); lack != nil {
				for _, c := range checks() {
					if match(c.name) {
						report(conformance.NotPossible(c.name, lack))
					}
				}
				return nil
			}
			p, err := newPrograms(ctx)
			if err != nil {
				return err
			}
			return errors.Join(p.run(ctx, checks(), match, report), p.remove())
		},
	}
}

// atOnce is how many checks are made at a time. Most of them wait.
const atOnce = 4

// run makes the checks that match and reports them as they end.
func (p *programs) run(ctx context.Context, list []check, match func(string) bool, report func(conformance.Check)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // nobody needs the builds that are still under way
	queue := make(chan *check)
	done := make(chan conformance.Check)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for c := range queue {
				done <- p.judge(ctx, c)
			}
		})
	}
	go func() {
		for i := range list {
			if match(list[i].name) && ctx.Err() == nil {
				queue <- &list[i]
			}
		}
		close(queue)
		workers.Wait()
		close(done)
	}()
	for c := range done {
		if ctx.Err() == nil { // an interrupted check proves nothing
			report(c)
		}
	}
	return ctx.Err()
}

// judge makes one check.
func (p *programs) judge(ctx context.Context, c *check) conformance.Check {
	start := time.Now()
	made, lack := p.compare(ctx, c)
	if lack != nil {
		made = conformance.NotPossible(c.name, lack)
	}
	made.Name, made.Elapsed = c.name, time.Since(start)
	return made
}

// compare asks net first. If net cannot answer here, compare does not ask net2.
func (p *programs) compare(ctx context.Context, c *check) (conformance.Check, *host.Lack) {
	if why := c.notHere(); why != "" {
		return conformance.Check{}, &host.Lack{Need: host.RuntimePoller, Why: why}
	}
	if lack := host.Lacking(c.needs()...); lack != nil {
		return conformance.Check{}, lack
	}
	want, err := c.ask(ctx, p, c, stackNet, first)
	if err != nil {
		return conformance.Check{}, host.Blame(oneLine(err))
	}
	if lack := host.Explain(want); lack != nil {
		return conformance.Check{}, lack
	}
	got, err := c.ask(ctx, p, c, stackNet2, first)
	if err == nil && got != want && c.weak(got) {
		got, err = c.ask(ctx, p, c, stackNet2, harder)
	}
	if err == nil && want == raceSometimes && got == raceNever && ownPoller() {
		const why = "net2's own poller orders more than the program does, for the race detector"
		return conformance.Check{}, &host.Lack{Need: host.RuntimePoller, Why: why}
	}
	if err != nil {
		return conformance.Check{Status: conformance.Differs, Detail: "net answers:\n" + indent(want) + "\nnet2 cannot be asked: " + err.Error()}, nil
	}
	for range p.again {
		if got == want {
			break
		}
		if want, err = c.ask(ctx, p, c, stackNet, harder); err != nil {
			return conformance.Check{}, host.Blame(oneLine(err))
		}
	}
	if got == want {
		return conformance.Check{Status: conformance.Same}, nil
	}
	if lack := host.Explain(got); lack != nil && lack.Need == host.Descriptors {
		// If the process may have so few descriptors, other open files decide
		// which stack gets the last one.
		return conformance.Check{}, lack
	}
	return conformance.Check{Status: conformance.Differs, Detail: fmt.Sprintf("net:\n%s\nnet2:\n%s", indent(want), indent(got))}, nil
}

// needs is what a check needs of the host: the program, and what the program
// does.
func (c *check) needs() []host.Need {
	needs := []host.Need{host.TempDir, host.GoCommand, host.Loopback}
	if c.build != plain {
		needs = append(needs, host.RaceDetector)
	}
	if strings.HasSuffix(c.mode, "deadline-storm") {
		needs = append(needs, host.ManyDescriptors)
	}
	if strings.HasPrefix(c.mode, "seccomp/") {
		needs = append(needs, host.Ptrace, host.Seccomp)
	}
	return needs
}

// notHere says why a check does not work with the poller that net2 uses here.
func (c *check) notHere() string {
	switch {
	case c.waits && onChannels != "":
		return onChannels
	case c.filters && ownPoller():
		return "the filter of projects for leak checkers knows the runtime's poller alone"
	case ownPoller():
		return ownPollerShows[c.name]
	}
	return ""
}

// ownPollerShows says what a program can see of net2's own poller, by the check
// that would find it. The package documentation of net2 tells its users.
var ownPollerShows = map[string]string{
	"goroutines/deadline-storm": "net2's own poller starts a goroutine when a deadline passes",
	"profile/cpu":               "net2's own poller has a goroutine that a CPU profile shows at work",
	"profile/trace":             "net2's own poller has goroutines in an execution trace",
}

// oneLine turns an error into a reason of one line. Checks that lack the same thing get
// the same reason.
func oneLine(err error) string { return words.OneLine(words.FirstLines(err.Error(), 2)) }

func indent(s string) string { return "\t" + strings.ReplaceAll(s, "\n", "\n\t") }
