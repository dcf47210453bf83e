package trace

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.parity/conformance"
	"go.parity/conformance/words"
)

// The exact recordings: a file for each scenario, in testdata, with every call
// of both stacks in its order and the deviation behind each difference.
//
//	accept: Accept a connection that is already waiting, a later one of its listener.
//
//	runtime, epoll: 8 system calls of net, 1 of net2
//	  accept4(listener, …) = conn
//	- epoll_ctl(epoll, EPOLL_CTL_ADD, conn, …) = 0
//	      watch-on-demand
//
// A section is named after the pollers of net2 for which it holds. A line that
// begins with - is net's alone, a line with + is net2's alone, and a line with a
// space belongs to both; the deviation stands below the line, or below the call that stands
// in the place of the one above it.
//
// A kernel or a Go release on which a stack makes other calls has a file of its
// own beside it, NAME.VARIANT.txt.
//
//go:embed testdata
var exactFiles embed.FS

// exactText writes the rows of a comparison, without the annotations, which
// differ from run to run.
func exactText(s Scenario, d *Diff) string {
	var b strings.Builder
	for _, r := range d.Rows {
		if r.Poll() {
			continue
		}
		switch {
		case r.Same():
			line(&b, " ", r.Net2)
		case r.Net != nil && r.Net2 != nil && r.NetEntry == r.Net2Entry:
			fmt.Fprintf(&b, "- %s\n", r.Net)
			line(&b, "+", r.Net2)
			reason(&b, r.Net2Entry)
		default:
			if r.Net != nil {
				line(&b, "-", r.Net)
				reason(&b, r.NetEntry)
			}
			if r.Net2 != nil {
				line(&b, "+", r.Net2)
				reason(&b, r.Net2Entry)
			}
		}
		if l := r.Loop.String(); l != "" && !s.loops {
			fmt.Fprintf(&b, "      … %s\n", l)
		}
	}
	return b.String()
}

// Alike reports whether two comparisons of one scenario have the same rows,
// annotations apart.
func Alike(s Scenario, a, b *Diff) bool { return exactText(s, a) == exactText(s, b) }

func line(b *strings.Builder, mark string, c *Call) {
	fmt.Fprintf(b, "%s %s\n", mark, c)
	if c.Blocked() {
		b.WriteString("      … the goroutine parks\n")
	}
}

func reason(b *strings.Builder, entry string) {
	if entry == "" {
		entry = "not on the list of deviations"
	}
	fmt.Fprintf(b, "      %s\n", entry)
}

// heading says how many calls each stack makes.
func heading(s Scenario, d *Diff) string {
	if s.loops {
		return "system calls of net and net2, which turn as often as the kernel likes"
	}
	return fmt.Sprintf("%s of net, %d of net2", words.Plural(d.NetCalls, "system call"), d.Net2Calls)
}

// A section is what a file says about some pollers.
type section struct {
	pollers []string
	heading string
	rows    string
}

// pollerOrder is the order of the sections.
var pollerOrder = []string{conformance.Runtime, conformance.Epoll, conformance.Portable}

// parseExact reads a file's sections.
func parseExact(text string) []section {
	var all []section
	_, text, _ = strings.Cut(text, "\n\n")
	for part := range strings.SplitSeq(text, "\n\n") {
		head, rows, _ := strings.Cut(strings.TrimRight(part, "\n"), "\n")
		names, heading, ok := strings.Cut(head, ": ")
		if !ok {
			continue
		}
		if rows != "" {
			rows += "\n"
		}
		all = append(all, section{strings.Split(names, ", "), heading, rows})
	}
	return all
}

// writeExact is the text of a file; pollers with the same calls share a section.
func writeExact(s Scenario, sections []section) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", s.Name, s.Doc)
	var merged []section
	for _, poller := range pollerOrder {
		one, ok := sectionOf(sections, poller)
		if !ok {
			continue
		}
		same := slices.IndexFunc(merged, func(m section) bool { return m.heading == one.heading && m.rows == one.rows })
		if same >= 0 {
			merged[same].pollers = append(merged[same].pollers, poller)
			continue
		}
		merged = append(merged, section{[]string{poller}, one.heading, one.rows})
	}
	for _, m := range merged {
		fmt.Fprintf(&b, "\n%s: %s\n%s", strings.Join(m.pollers, ", "), m.heading, m.rows)
	}
	return b.String()
}

func sectionOf(sections []section, poller string) (section, bool) {
	at := slices.IndexFunc(sections, func(s section) bool { return slices.Contains(s.pollers, poller) })
	if at < 0 {
		return section{}, false
	}
	return sections[at], true
}

// A variant is one of the files of a scenario.
type variant struct {
	name     string // "" for the usual one
	sections []section
}

// variants reads a scenario's files.
func variants(files fs.FS, scenario string) []variant {
	names, err := fs.Glob(files, path.Join("testdata", scenario+".*txt"))
	if err != nil {
		panic(err) // the pattern is ours
	}
	var all []variant
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			continue // Glob has just found it
		}
		middle := strings.TrimSuffix(strings.TrimPrefix(path.Base(name), scenario+"."), "txt")
		all = append(all, variant{strings.TrimSuffix(middle, "."), parseExact(string(text))})
	}
	slices.SortFunc(all, func(a, b variant) int { return strings.Compare(a.name, b.name) })
	return all
}

// ofNet returns the lines that say what net does.
func ofNet(rows string) string {
	var b strings.Builder
	for l := range strings.Lines(rows) {
		if mark, call := l[:min(2, len(l))], l[min(2, len(l)):]; mark == "- " || mark == "  " && !strings.HasPrefix(call, " ") {
			b.WriteString(call)
		}
	}
	return b.String()
}

// exact holds a comparison against the recordings in testdata, line by line, and
// returns the variant that matches. known is false where net itself makes other
// calls here than in any recording, so that no recording can judge net2.
func exact(files fs.FS, poller string, s Scenario, d *Diff) (name string, difference string, known bool) {
	got := exactText(s, d)
	for _, v := range variants(files, s.Name) {
		want, ok := sectionOf(v.sections, poller)
		if !ok || ofNet(want.rows) != ofNet(got) {
			continue
		}
		if want.rows == got {
			return v.name, "", true
		}
		if difference == "" {
			difference = lineDiff(want.rows, got)
		}
		known = true
	}
	return "", difference, known
}

// lineDiff shows the lines in which two texts differ: those that were recorded
// before and are gone, and those that are new.
func lineDiff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var out strings.Builder
	for _, l := range a {
		fmt.Fprintf(&out, "\nrecorded  %s", l)
	}
	for _, l := range b {
		fmt.Fprintf(&out, "\nnow       %s", l)
	}
	return out.String()
}

// renew returns the text of a scenario's file with the sections of some pollers
// recorded anew.
func renew(ctx context.Context, s Scenario, old []section, pollers []string) (string, error) {
	for _, poller := range pollers {
		onNet, err := RecordWith(ctx, poller, s, Net)
		if err != nil {
			return "", err
		}
		onNet2, err := RecordWith(ctx, poller, s, Net2)
		if err != nil {
			return "", err
		}
		d := CompareWith(poller, s, onNet, onNet2)
		if unlisted := d.Unlisted(); len(unlisted) > 0 {
			return "", errors.New("calls that no deviation explains: " + fmt.Sprint(unlisted))
		}
		for i := range old {
			old[i].pollers = slices.DeleteFunc(slices.Clone(old[i].pollers), func(p string) bool { return p == poller })
		}
		old = append(old, section{[]string{poller}, heading(s, d), exactText(s, d)})
	}
	return writeExact(s, old), nil
}

// An Explanation is one difference of an exact recording with its deviation.
type Explanation struct {
	Scenario string
	Step     string
	Stack    string // the stack that makes the call: Net or Net2
	Call     string
	Entry    string
}

// Explanations returns the differences of all scenarios' usual recordings, with
// the pollers of a usual build: these are what the study explains.
func Explanations() []Explanation {
	var all []Explanation
	for _, s := range scenarios {
		for _, v := range variants(exactFiles, s.Name) {
			if v.name != "" {
				continue
			}
			for _, part := range v.sections {
				if slices.Equal(part.pollers, []string{conformance.Portable}) {
					continue
				}
				all = append(all, explanations(s, part.rows)...)
			}
		}
	}
	return all
}

func explanations(s Scenario, rows string) []Explanation {
	var all []Explanation
	open := 0 // how many of the last ones have no entry yet: a call and the one in its place have one together
	for l := range strings.Lines(rows) {
		l = strings.TrimRight(l, "\n")
		stack, isCall := map[string]string{"- ": Net, "+ ": Net2}[l[:2]]
		text := strings.TrimSpace(l[2:])
		switch {
		case isCall:
			all = append(all, Explanation{Scenario: s.Name, Step: s.Step, Stack: stack, Call: text})
			open++
		case !strings.HasPrefix(text, "…"):
			for ; open > 0; open-- {
				all[len(all)-open].Entry = text
			}
		}
	}
	return all
}
