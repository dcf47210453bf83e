// Package report gathers the evidence of the conformance suite into one value,
// from which it writes every form of the report: the table on a terminal, JSON,
// a page.
package report

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/programs"
	"go.parity/conformance/words"
)

// Schema is the version of the report's JSON. It grows when a field changes its
// meaning or disappears, not when a field is added.
const Schema = 2

// A Report is all that one run found. Times are nanoseconds in JSON.
type Report struct {
	Schema  int           `json:"schema"`
	Host    Host          `json:"host"`
	Parts   []Part        `json:"parts"`
	Counts  Counts        `json:"counts"`
	Verdict Verdict       `json:"verdict"`
	Elapsed time.Duration `json:"elapsed"`

	// Programs is what an earlier run of cmd/programs found, if there is one.
	Programs *programs.Report `json:"programs,omitempty"`
}

// Host says where and on what the run took place.
type Host struct {
	Kernel   string    `json:"kernel"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	CPUs     int       `json:"cpus"`
	Pollers  []string  `json:"pollers"` // the pollers of net2 that were compared with net
	User     string    `json:"user"`
	Date     time.Time `json:"date"`

	// Preflight says which of the needs that most checks rest on were met.
	Preflight []host.Finding `json:"preflight"`
}

// Part is the result of one kind of evidence.
type Part struct {
	Name    string              `json:"name"`
	Doc     string              `json:"doc"`
	Poller  string              `json:"poller,omitempty"` // of net2; "" where the result does not depend on it
	Checks  []conformance.Check `json:"checks"`
	Counts  Counts              `json:"counts"`
	Error   string              `json:"error,omitempty"` // why evidence is lacking
	Elapsed time.Duration       `json:"elapsed"`

	// Partial says that what is missing is listed, and is not a divergence.
	Partial bool   `json:"partial"`
	Advice  string `json:"advice,omitempty"` // what to do about a difference

	lack *host.Lack // what the host lacks, if that is behind Error
}

// Counts are numbers of checks. Checks is their sum.
type Counts struct {
	Checks  int `json:"checks"`
	Same    int `json:"same"`
	Differs int `json:"differs"`
	Missing int `json:"missing"`
	Skipped int `json:"skipped"`
}

func (c *Counts) add(s conformance.Status) {
	c.Checks++
	switch s {
	case conformance.Same:
		c.Same++
	case conformance.Differs:
		c.Differs++
	case conformance.Missing:
		c.Missing++
	case conformance.Skipped:
		c.Skipped++
	}
}

func (c *Counts) sum(d Counts) {
	c.Checks += d.Checks
	c.Same += d.Same
	c.Differs += d.Differs
	c.Missing += d.Missing
	c.Skipped += d.Skipped
}

// Result is the verdict in a word.
type Result string

const (
	Same       Result = "same"       // no difference was found
	Different  Result = "different"  // a difference was found
	Unfinished Result = "unfinished" // no difference was found, but evidence is lacking that this host could give
)

// A Verdict is the result of the whole run.
type Verdict struct {
	Result     Result       `json:"result"`
	Text       string       `json:"text"` // one line, for people
	NotChecked []NotChecked `json:"not_checked"`
}

// NotChecked counts the checks that could not be made for one reason.
type NotChecked struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`         // 0 for a part that never got to its checks
	Why    string `json:"why,omitempty"` // what the host answered to the first of them

	without string // for the verdict, after "not possible"
}

// A Source is one kind of evidence that Gather asks for.
type Source struct {
	conformance.Part
	Partial bool
	Advice  string
	Polls   bool   // its results depend on net2's poller
	Poller  string // the one with which Run runs, if they do
}

// Progress is what Gather tells its caller when a check is done, and when a
// part begins (Done is 0) and ends (Ended).
type Progress struct {
	Part    string
	Poller  string
	Done    int
	Total   int
	Check   string // the last one
	Counts  Counts
	Ended   bool
	Elapsed time.Duration
	Error   string
}

// grace is how long a part may go on after its context has ended.
const grace = 3 * time.Second

// Gather runs the sources one after the other, with the checks whose
// "part/check" match accepts, and tells progress how far it is. It leaves out
// sources of which no check matches.
func Gather(ctx context.Context, host Host, sources []Source, match func(string) bool, progress func(Progress)) *Report {
	r := &Report{Schema: Schema, Host: host, Parts: []Part{}}
	start := time.Now()
	for _, s := range sources {
		if ctx.Err() != nil {
			break
		}
		p, ok := gather(ctx, s, match, progress)
		if !ok {
			continue
		}
		r.Parts = append(r.Parts, p)
		r.Counts.sum(p.Counts)
	}
	r.Elapsed = time.Since(start)
	r.Verdict = judge(r.Parts, r.Counts, ctx.Err() != nil)
	return r
}

// gather runs one source. It returns false if none of its checks match.
func gather(ctx context.Context, s Source, match func(string) bool, progress func(Progress)) (Part, bool) {
	p := Part{Name: s.Name, Doc: s.Doc, Poller: s.Poller, Partial: s.Partial, Advice: s.Advice, Checks: []conformance.Check{}}
	start := time.Now()
	progress(Progress{Part: s.Name, Poller: s.Poller})

	var names []string
	err := guarded(ctx, func() (err error) {
		names, err = s.Names(ctx)
		return err
	})
	wanted := make(map[string]int) // to its place in the order
	for _, name := range names {
		if _, ok := wanted[name]; !ok && match(s.Name+"/"+name) {
			wanted[name] = len(wanted)
		}
	}
	if err == nil && len(wanted) == 0 {
		return p, false
	}

	var mu sync.Mutex
	over := false // then Gather no longer listens to the part
	if err == nil {
		seen := make(map[string]bool)
		var strange []string
		err = guarded(ctx, func() error {
			return s.Run(ctx, func(name string) bool { return match(s.Name + "/" + name) }, func(c conformance.Check) {
				mu.Lock()
				defer mu.Unlock()
				if over {
					return
				}
				if _, ok := wanted[c.Name]; !ok || seen[c.Name] {
					strange = append(strange, c.Name)
				}
				seen[c.Name] = true
				p.Checks = append(p.Checks, c)
				p.Counts.add(c.Status)
				progress(Progress{Part: s.Name, Poller: s.Poller, Done: len(p.Checks), Total: len(wanted), Check: c.Name, Counts: p.Counts, Elapsed: time.Since(start)})
			})
		})
		mu.Lock()
		over = true
		mu.Unlock()
		if err == nil && len(strange) > 0 {
			err = fmt.Errorf("reported what it had not announced: %s", few(strange))
		}
		if err == nil {
			var lacking []string
			for _, name := range names {
				if _, ok := wanted[name]; ok && !seen[name] {
					lacking = append(lacking, name)
				}
			}
			if len(lacking) > 0 {
				err = fmt.Errorf("gave no result for %d checks: %s", len(lacking), few(lacking))
			}
		}
	}
	if err != nil {
		p.Error = err.Error()
		p.lack = lackOf(err)
	}
	slices.SortStableFunc(p.Checks, func(a, b conformance.Check) int { return wanted[a.Name] - wanted[b.Name] })
	p.Elapsed = time.Since(start)
	progress(Progress{Part: s.Name, Poller: s.Poller, Done: len(p.Checks), Total: len(wanted), Counts: p.Counts, Ended: true, Elapsed: p.Elapsed, Error: p.Error})
	return p, true
}

// guarded runs f, turns its panic into an error, and does not wait for it long
// after ctx has ended.
func guarded(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return ctx.Err()
	}
}

// few lists a few of the names.
func few(names []string) string {
	const most = 5
	if extra := len(names) - most; extra > 0 {
		names = append(names[:most:most], fmt.Sprintf("and %d more", extra))
	}
	return strings.Join(names, ", ")
}

// Title names the part, and the poller of net2 where it has one.
func (p *Part) Title() string { return title(p.Name, p.Poller) }

// Title names the part, and the poller of net2 where it has one.
func (p Progress) Title() string { return title(p.Part, p.Poller) }

func title(part, poller string) string {
	if poller == "" {
		return part
	}
	return part + " with " + poller
}

// divergent returns how many of the part's checks count as divergences.
func (p *Part) divergent() int {
	n := p.Counts.Differs
	if !p.Partial {
		n += p.Counts.Missing
	}
	return n
}

// lackOf returns what this host lacks, if that is why a part failed.
func lackOf(err error) *host.Lack {
	var lack *host.Lack
	if errors.As(err, &lack) {
		return lack
	}
	return host.Explain(err.Error())
}

// unchecked reports whether the part failed, or none of its checks was
// possible.
func (p *Part) unchecked() bool {
	return p.Error != "" || p.Counts.Skipped == p.Counts.Checks
}

// unchecked names the parts that failed, or of which no check was possible. It
// adds the poller if the part gave evidence with another one.
func unchecked(parts []Part) []string {
	var names []string
	for _, p := range parts {
		if !p.unchecked() {
			continue
		}
		name := p.Name
		if slices.ContainsFunc(parts, func(q Part) bool { return q.Name == p.Name && !q.unchecked() }) {
			name = p.Title()
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func judge(parts []Part, counts Counts, interrupted bool) Verdict {
	v := Verdict{NotChecked: []NotChecked{}}
	divergent := 0
	for _, p := range parts {
		divergent += p.divergent()
		if p.Error != "" {
			v.skip(p.reason())
		}
		for _, c := range p.Checks {
			if c.Status == conformance.Skipped {
				v.skip(reason(c))
			}
		}
	}
	switch {
	case divergent > 0:
		v.Result = Different
		v.Text = "different: " + ofAll(divergent, counts.Checks)
		if interrupted {
			v.Text += ", interrupted"
		}
	case interrupted:
		v.Result = Unfinished
		v.Text = fmt.Sprintf("unfinished: interrupted after %s, all the same", words.Plural(counts.Checks, "check"))
		return v
	case counts.Same == 0:
		v.Result = Unfinished
		v.Text = "unfinished: nothing was compared"
	case len(unchecked(parts)) > 0:
		v.Result = Unfinished
		v.Text = fmt.Sprintf("unfinished: %d of %d alike, but there is no evidence from %s", counts.Same, counts.Checks, strings.Join(unchecked(parts), ", "))
	default:
		v.Result = Same
		v.Text = fmt.Sprintf("same, %d of %d alike", counts.Same, counts.Checks)
		if counts.Missing > 0 {
			v.Text += fmt.Sprintf(", %d listed as missing", counts.Missing)
		}
	}
	v.Text += v.excuses()
	return v
}

// reason says why a check was not made.
func reason(c conformance.Check) NotChecked {
	if c.Needs == "" {
		return NotChecked{Reason: words.FirstLine(c.Detail), Count: 1}
	}
	lack := &host.Lack{Need: c.Needs}
	why := strings.TrimPrefix(words.FirstLine(c.Detail), lack.Reason())
	return NotChecked{Reason: lack.Reason(), Count: 1, Why: strings.TrimPrefix(why, ": "), without: lack.Without()}
}

// reason says why the part never got to its checks.
func (p *Part) reason() NotChecked {
	if p.lack == nil {
		return NotChecked{Reason: p.Title() + ": " + words.FirstLine(p.Error)}
	}
	return NotChecked{Reason: p.lack.Reason(), Why: p.lack.Why, without: p.lack.Without()}
}

// skip counts a check that was not made.
func (v *Verdict) skip(one NotChecked) {
	if one.Reason == "" {
		one.Reason = "no reason given"
	}
	for i := range v.NotChecked {
		if v.NotChecked[i].Reason == one.Reason {
			v.NotChecked[i].Count += one.Count
			return
		}
	}
	v.NotChecked = append(v.NotChecked, one)
}

// excuses returns a text such as ", 3 not possible as root", or "".
func (v *Verdict) excuses() string {
	type excuse struct {
		text  string
		count int
	}
	var all []excuse
	for _, n := range v.NotChecked {
		if n.Count == 0 && n.without == "" {
			continue // a part that failed: the verdict tells of it already
		}
		text := "not possible " + n.without
		if n.without == "" {
			text = "not checked: " + n.Reason
		}
		i := slices.IndexFunc(all, func(e excuse) bool { return e.text == text })
		if i < 0 {
			i = len(all)
			all = append(all, excuse{text: text})
		}
		all[i].count += n.Count
	}
	slices.SortStableFunc(all, func(a, b excuse) int { return b.count - a.count })
	const most = 4
	var b strings.Builder
	for i, e := range all {
		if i == most && len(all) > most+1 {
			rest := 0
			for _, e := range all[i:] {
				rest += e.count
			}
			fmt.Fprintf(&b, ", %d for %s", rest, words.Plural(len(all)-i, "other reason"))
			break
		}
		b.WriteString(", ")
		if e.count > 0 {
			fmt.Fprintf(&b, "%d ", e.count)
		}
		b.WriteString(e.text)
	}
	return b.String()
}

func ofAll(n, all int) string {
	verb := "differ"
	if n == 1 {
		verb = "differs"
	}
	return fmt.Sprintf("%d of %s %s", n, words.Plural(all, "check"), verb)
}
