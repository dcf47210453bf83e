package report

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/words"
)

// WriteJSON writes r as one JSON document.
func WriteJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Text says how a report is written for a terminal or a file.
type Text struct {
	Color   bool
	Width   int    // of the lines of lists; 0 is 80
	Verbose bool   // list every check, not only those that are not the same
	Command string // how the reader runs this again, without flags
}

const (
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
	bold   = "1"
)

func (t Text) paint(color, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

var statusColor = map[conformance.Status]string{
	conformance.Same:    green,
	conformance.Differs: red,
	conformance.Missing: yellow,
	conformance.Skipped: dim,
}

// Header writes what is known before the run begins.
func (t Text) Header(w io.Writer, h Host) error {
	var b strings.Builder
	fmt.Fprintln(&b, t.paint(bold, "parity")+": go.parity/net2 held against net")
	fmt.Fprintln(&b)
	for _, line := range [][2]string{
		{"kernel", h.Kernel},
		{"go", fmt.Sprintf("%s %s, %d CPUs", h.Go, h.Platform, h.CPUs)},
		{"pollers", strings.Join(h.Pollers, ", ")},
		{"user", h.User},
		{"date", h.Date.Format("2006-01-02 15:04:05 -07:00")},
	} {
		fmt.Fprintf(&b, "  %s%s\n", t.paint(dim, fmt.Sprintf("%-8s", line[0])), line[1])
	}
	t.preflight(&b, h.Preflight)
	fmt.Fprintln(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// preflight writes one line with the needs that are met, and one line for each
// that is not.
func (t Text) preflight(b *strings.Builder, findings []host.Finding) {
	label := func(color, s string) string { return t.paint(color, fmt.Sprintf("%-8s", s)) }
	var found []string
	for _, f := range findings {
		if f.Here {
			found = append(found, f.Detail)
		}
	}
	if len(found) > 0 {
		fmt.Fprintf(b, "  %s%s\n", label(dim, "has"), strings.Join(found, ", "))
	}
	for _, f := range findings {
		if f.Here {
			continue
		}
		line := f.Words
		if f.Detail != "" {
			line += t.paint(dim, ": "+f.Detail)
		}
		fmt.Fprintf(b, "  %s%s\n", label(yellow, "lacks"), line)
	}
}

// Write writes the report that follows the header: the table, what is not the
// same, and the verdict.
func (t Text) Write(w io.Writer, r *Report) error {
	var b strings.Builder
	if t.Verbose {
		t.checks(&b, r)
	}
	t.table(&b, r)
	t.differences(&b, r)
	t.missing(&b, r)
	t.notChecked(&b, r)
	if err := t.programs(&b, r); err != nil {
		return err
	}
	color := green
	switch r.Verdict.Result {
	case Different:
		color = red
	case Unfinished:
		color = yellow
	}
	fmt.Fprintf(&b, "verdict: %s\n", t.paint(color, r.Verdict.Text))
	_, err := io.WriteString(w, b.String())
	return err
}

func (t Text) checks(b *strings.Builder, r *Report) {
	for _, p := range r.Parts {
		fmt.Fprintln(b, t.paint(bold, p.Title())+t.paint(dim, "  "+p.Doc))
		for _, c := range p.Checks {
			fmt.Fprintf(b, "  %s %8s  %s", t.paint(statusColor[c.Status], fmt.Sprintf("%-7s", c.Status)), short(c.Elapsed), c.Name)
			if detail := words.FirstLine(c.Detail); detail != "" && c.Status != conformance.Differs {
				fmt.Fprint(b, t.paint(dim, "  "+detail))
			}
			fmt.Fprintln(b)
		}
		fmt.Fprintln(b)
	}
}

// table writes one line for each part, and one for all.
func (t Text) table(b *strings.Builder, r *Report) {
	name, poller := len("part"), 0
	for _, p := range r.Parts {
		name = max(name, len(p.Name))
		if p.Poller != "" {
			poller = max(poller, len("poller"), len(p.Poller))
		}
	}
	label := func(part, of string) string {
		if poller == 0 {
			return fmt.Sprintf("%-*s", name, part)
		}
		return fmt.Sprintf("%-*s  %-*s", name, part, poller, of)
	}
	head := fmt.Sprintf("  %s %8s %8s %8s %8s %8s %8s", label("part", "poller"), "checks", "same", "differs", "missing", "skipped", "time")
	fmt.Fprintln(b, t.paint(dim, head))
	line := func(label string, c Counts, elapsed time.Duration, mark string) {
		cell := func(n int, color string) string {
			if n == 0 {
				return t.paint(dim, fmt.Sprintf("%8s", "-"))
			}
			return t.paint(color, fmt.Sprintf("%8d", n))
		}
		fmt.Fprintf(b, "  %s %8d %s %s %s %s %8s%s\n", label, c.Checks,
			cell(c.Same, green), cell(c.Differs, red), cell(c.Missing, yellow), cell(c.Skipped, dim), short(elapsed), mark)
	}
	for _, p := range r.Parts {
		mark := ""
		if p.Error != "" {
			mark = "  " + t.paint(red, "incomplete")
		}
		line(label(p.Name, p.Poller), p.Counts, p.Elapsed, mark)
	}
	if len(r.Parts) > 1 {
		line(label("all", ""), r.Counts, r.Elapsed, "")
	}
	fmt.Fprintln(b)
}

// differences writes each difference in full, and how to see it alone.
func (t Text) differences(b *strings.Builder, r *Report) {
	for _, p := range r.Parts {
		if p.Error != "" {
			fmt.Fprintf(b, "%s  %s\n", t.paint(red, "incomplete"), p.Title())
			indent(b, p.Error)
			fmt.Fprintln(b)
		}
		told := false
		for _, c := range p.Checks {
			if c.Status != conformance.Differs && (c.Status != conformance.Missing || p.Partial) {
				continue
			}
			fmt.Fprintf(b, "%s  %s/%s%s\n", t.paint(red, string(c.Status)), p.Name, c.Name, strings.TrimPrefix(p.Title(), p.Name))
			indent(b, t.diff(c.Detail))
			if !told && p.Advice != "" {
				told = true
				fmt.Fprintln(b, t.paint(dim, "    what to do: ")+p.Advice)
			}
			fmt.Fprintln(b, t.paint(dim, "    to see it alone: ")+t.Command+" -v"+pollerFlag(p.Poller)+" -run "+quote("^"+regexp.QuoteMeta(p.Name+"/"+c.Name)+"$"))
			fmt.Fprintln(b)
		}
	}
}

// pollerFlag picks one poller on the command line.
func pollerFlag(poller string) string {
	if poller == "" {
		return ""
	}
	return " -poller " + poller
}

// diff colours the lines of a difference.
func (t Text) diff(detail string) string {
	if !t.Color {
		return detail
	}
	lines := strings.Split(detail, "\n")
	for i, line := range lines {
		switch trimmed := strings.TrimLeft(line, " \t"); {
		case strings.HasPrefix(trimmed, "-"):
			lines[i] = t.paint(red, line)
		case strings.HasPrefix(trimmed, "+"):
			lines[i] = t.paint(green, line)
		}
	}
	return strings.Join(lines, "\n")
}

// missing lists what net2 lacks without that being a divergence.
func (t Text) missing(b *strings.Builder, r *Report) {
	for _, p := range r.Parts {
		if !p.Partial || p.Counts.Missing == 0 {
			continue
		}
		fmt.Fprintf(b, "%s  %s, %d (listed, no divergence)\n", t.paint(yellow, "missing"), p.Title(), p.Counts.Missing)
		var names []string
		for _, c := range p.Checks {
			if c.Status != conformance.Missing {
				continue
			}
			if c.Detail != "" {
				fmt.Fprintf(b, "    %s: %s\n", c.Name, words.FirstLine(c.Detail))
				continue
			}
			names = append(names, c.Name)
		}
		t.list(b, names)
		fmt.Fprintln(b)
	}
}

// list writes names, as many on a line as fit.
func (t Text) list(b *strings.Builder, names []string) {
	width := t.Width
	if width <= 0 {
		width = 80
	}
	used := 0
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		n := utf8.RuneCountInString(name)
		switch {
		case used == 0:
			b.WriteString("    ")
			used = 4
		case used+1+n > width:
			b.WriteString("\n    ")
			used = 4
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(name)
		used += n
	}
	if used > 0 {
		b.WriteByte('\n')
	}
}

func (t Text) notChecked(b *strings.Builder, r *Report) {
	if len(r.Verdict.NotChecked) == 0 {
		return
	}
	fmt.Fprintln(b, t.paint(yellow, "not checked"))
	for _, n := range r.Verdict.NotChecked {
		count := "-"
		if n.Count > 0 {
			count = fmt.Sprint(n.Count)
		}
		fmt.Fprintf(b, "    %4s  %s", count, n.Reason)
		if n.Why != "" {
			b.WriteString(t.paint(dim, ": "+n.Why))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintln(b)
}

// programs writes the table of other people's programs.
func (t Text) programs(b *strings.Builder, r *Report) error {
	if r.Programs == nil {
		return nil
	}
	fmt.Fprintln(b, t.paint(bold, "other people's programs, "+r.Programs.Date.Format("2006-01-02")))
	defer fmt.Fprintln(b)
	return r.Programs.Text(b)
}

func indent(b *strings.Builder, s string) {
	for line := range strings.Lines(strings.TrimRight(s, "\n") + "\n") {
		fmt.Fprint(b, "    ", line)
	}
}

// quote quotes s for a shell.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// short writes a duration only as precisely as a person wants to know it.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
