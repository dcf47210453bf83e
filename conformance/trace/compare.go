package trace

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.parity/conformance"
	"go.parity/conformance/words"
)

// A rule says which system calls an entry of [conformance.Deviations] takes
// away from net's and which it adds to net2's. A pattern is a call as a recording
// writes it, with * for anything.
type rule struct {
	scenarios []string    // where it holds; nil for everywhere
	change    [][2]string // calls of net, and what net2 calls in their place
	net       []string    // calls of net that net2 does not make
	net2      []string    // calls that net2 makes instead, or elsewhere
	polls     []string    // annotations of net2 that net does not have
	any       bool        // one pattern that matches is enough; the others depend on the host
	first     bool        // asked before all others, for its one scenario
	special   bool        // it holds only with some pollers, and is asked before the others
	none      string      // why no system call shows the entry
}

// A Diff says what two recordings of one scenario have in common and where they
// differ.
type Diff struct {
	Scenario  string   `json:"scenario"`
	Step      string   `json:"step"`
	Doc       string   `json:"doc"`
	Rows      []Row    `json:"rows"`
	Entries   []string `json:"entries"`  // the deviations that show, sorted
	NetCalls  int      `json:"netCalls"` // how many calls were compared
	Net2Calls int      `json:"net2Calls"`

	seen map[claim]bool
}

// A claim is one pattern of an entry's rule, on one side.
type claim struct {
	entry, side, pattern string
}

// patterns returns the rule's patterns as claims of an entry.
func (r rule) patterns(entry string) []claim {
	var all []claim
	for _, c := range r.change {
		all = append(all, claim{entry, changed, c[0] + becomes + c[1]})
	}
	for _, s := range []struct {
		side     string
		patterns []string
	}{{Net, r.net}, {Net2, r.net2}, {polls, r.polls}} {
		for _, p := range s.patterns {
			all = append(all, claim{entry, s.side, p})
		}
	}
	return all
}

// The sides of a claim beside Net and Net2.
const (
	polls   = "polls"   // the annotations of net2
	changed = "changed" // a call of net and the call of net2 in its place
)

// becomes stands between the two patterns of a change.
const becomes = " → "

// Compare lines up the recordings of a scenario and attributes every
// difference to the entry of [conformance.Deviations] whose rule claims it.
func Compare(s Scenario, net, net2 *Recording) *Diff {
	return CompareWith(Poller, s, net, net2)
}

// CompareWith is Compare for a recording in which net2 waited in a poller other
// than this process's.
func CompareWith(poller string, s Scenario, net, net2 *Recording) *Diff {
	return compare(s, net, net2, rulesFor(poller, conformance.Deviations, rules))
}

// rulesFor returns the rules that hold with a poller. A difference that only
// another poller makes must not show with this one.
func rulesFor(poller string, list []conformance.Deviation, rules map[string]rule) map[string]rule {
	hold := maps.Clone(rules)
	for _, d := range list {
		r, ok := hold[d.Name]
		if !ok {
			continue
		}
		r.special = d.Pollers != nil
		if !d.With(poller) {
			r = rule{none: "this process has another poller"}
		}
		hold[d.Name] = r
	}
	return hold
}

func compare(s Scenario, net, net2 *Recording, rules map[string]rule) *Diff {
	d := &Diff{
		Scenario: s.Name, Step: s.Step, Doc: s.Doc,
		Rows:     align(net.Calls, net2.Calls),
		NetCalls: len(net.Compared()), Net2Calls: len(net2.Compared()),
		seen: map[claim]bool{},
	}
	for i := range d.Rows {
		r := &d.Rows[i]
		switch {
		case r.Poll():
			if r.Net2 != nil {
				r.Net2Entry = d.claim(rules, polls, *r.Net2)
			}
		case !r.Same():
			if r.Net != nil && r.Net2 != nil {
				if entry := d.claimChange(rules, *r.Net, *r.Net2); entry != "" {
					r.NetEntry, r.Net2Entry = entry, entry
					continue
				}
			}
			if r.Net != nil {
				r.NetEntry = d.claim(rules, Net, *r.Net)
			}
			if r.Net2 != nil {
				r.Net2Entry = d.claim(rules, Net2, *r.Net2)
			}
		}
	}
	d.Rows = foldRows(d.Rows)
	return d
}

// inOrder returns the entries in the order in which they are asked, which is the
// same each time: first those that say so, then those that hold only with some pollers,
// then by name.
func inOrder(rules map[string]rule) []string {
	return slices.SortedStableFunc(slices.Values(sortedKeys(rules)), func(a, b string) int {
		switch {
		case rules[a].first != rules[b].first:
			if rules[a].first {
				return -1
			}
			return 1
		case rules[a].special == rules[b].special:
			return 0
		case rules[a].special:
			return -1
		}
		return 1
	})
}

// claim finds the entry to which a call of one side belongs and notes it as
// seen.
func (d *Diff) claim(rules map[string]rule, side string, c Call) string {
	for _, entry := range inOrder(rules) {
		r := rules[entry]
		if r.scenarios != nil && !slices.Contains(r.scenarios, d.Scenario) {
			continue
		}
		for _, p := range r.patterns(entry) {
			if p.side != side || !matches(p.pattern, c) {
				continue
			}
			d.note(p)
			return entry
		}
	}
	return ""
}

// claimChange finds the entry to which a call of net belongs together with the
// call of net2 in its place.
func (d *Diff) claimChange(rules map[string]rule, net, net2 Call) string {
	for _, entry := range inOrder(rules) {
		r := rules[entry]
		if r.scenarios != nil && !slices.Contains(r.scenarios, d.Scenario) {
			continue
		}
		for _, c := range r.change {
			if matches(c[0], net) && matches(c[1], net2) {
				d.note(claim{entry, changed, c[0] + becomes + c[1]})
				return entry
			}
		}
	}
	return ""
}

// note remembers that a claim has shown.
func (d *Diff) note(c claim) {
	d.seen[c] = true
	if !slices.Contains(d.Entries, c.entry) {
		d.Entries = append(d.Entries, c.entry)
		slices.Sort(d.Entries)
	}
}

// Unlisted returns the rows with a difference that no entry claims.
func (d *Diff) Unlisted() []Row {
	var rows []Row
	for _, r := range d.Rows {
		if !r.Poll() && !r.Same() && (r.Net != nil && r.NetEntry == "" || r.Net2 != nil && r.Net2Entry == "") {
			rows = append(rows, r)
		}
	}
	return rows
}

// Summary says in one line how the recordings compare.
func (d *Diff) Summary() string {
	s := words.Plural(d.NetCalls, "system call") + " on both"
	if d.NetCalls != d.Net2Calls {
		s = fmt.Sprintf("%s on net, %d on net2", words.Plural(d.NetCalls, "system call"), d.Net2Calls)
	}
	if len(d.Entries) > 0 {
		s += "; " + strings.Join(d.Entries, ", ")
	}
	return s
}

// stale returns, for every entry named in list, what is wrong between it and
// its rule once all scenarios have been compared: the entry has no rule, or a
// pattern of its rule matched nothing. A rule without an entry is just as wrong.
func stale(list []string, rules map[string]rule, diffs []*Diff) []string {
	seen := map[claim]bool{}
	for _, d := range diffs {
		maps.Copy(seen, d.seen)
	}
	var wrong []string
	for _, entry := range list {
		r, ok := rules[entry]
		if !ok {
			wrong = append(wrong, fmt.Sprintf("deviation %s: no rule says which system calls it changes", entry))
			continue
		}
		patterns := r.patterns(entry)
		if len(patterns) == 0 && r.none == "" {
			wrong = append(wrong, fmt.Sprintf("deviation %s: its rule is empty and does not say why", entry))
		}
		if r.any && slices.ContainsFunc(patterns, func(c claim) bool { return seen[c] }) {
			continue
		}
		for _, p := range patterns {
			if !seen[p] {
				wrong = append(wrong, fmt.Sprintf("deviation %s: no scenario shows %s", entry, p.pattern))
			}
		}
	}
	for _, entry := range sortedKeys(rules) {
		if !slices.Contains(list, entry) {
			wrong = append(wrong, fmt.Sprintf("rule %s: no such deviation is listed", entry))
		}
	}
	return wrong
}

func matches(pattern string, c Call) bool {
	expr := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
	return regexp.MustCompile("^(?:" + expr + ")$").MatchString(c.String())
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
