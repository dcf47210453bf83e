package study

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.parity/conformance/terminal"
)

// indent is where the text of a numbered step begins.
const indent = "   "

// A printer writes paragraphs and two columns in the width of a terminal. Below
// narrow the columns go one under the other.
type printer struct {
	w     io.Writer
	width int
	color bool
	err   error // the first one of w
}

const (
	usual  = 100
	widest = 160 // longer lines are hard to read
	narrow = 72
)

// newPrinter takes the width from the terminal behind w, or from COLUMNS.
func newPrinter(w io.Writer) *printer {
	p := &printer{w: w, width: usual}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		p.width = n
	}
	if f, ok := w.(*os.File); ok {
		if n := terminal.Width(f); n > 0 {
			p.width, p.color = n, os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		}
	}
	p.width = min(max(p.width, 40), widest)
	return p
}

func (p *printer) line(s string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(s, " "))
	}
}

func (p *printer) blank() { p.line("") }

func (p *printer) heading(s string) {
	p.line(p.bold(s))
	p.line(strings.Repeat("═", min(utf8.RuneCountInString(s), p.width)))
	p.blank()
}

func (p *printer) section(s string) {
	p.blank()
	for i, l := range wrap(s, p.width) {
		if i == 0 {
			p.blank()
		}
		p.line(p.bold(l))
	}
	p.line(strings.Repeat("─", min(utf8.RuneCountInString(s), p.width)))
}

// para writes text, each line behind a margin.
func (p *printer) para(margin, text string) {
	for _, l := range wrap(text, p.width-utf8.RuneCountInString(margin)) {
		p.line(margin + l)
	}
}

// columns writes two texts beside each other, with a mark between them. number
// goes into the margin.
func (p *printer) columns(number, left, mark, right string) {
	if left == "" && right == "" {
		return
	}
	if number == "" {
		number = indent
	}
	if p.width < narrow {
		p.stacked(number, left, mark, right)
		return
	}
	w := (p.width - len(indent) - 3) / 2
	l, r := p.styled(left, w), p.styled(right, w)
	for i := range max(len(l), len(r)) {
		var a, b string
		if i < len(l) {
			a = l[i]
		}
		if i < len(r) {
			b = r[i]
		}
		m := " "
		if i == 0 {
			m = mark
		}
		p.line(number + a + strings.Repeat(" ", w-visible(a)) + " " + m + " " + b)
		number = indent
	}
}

// stacked writes the columns one under the other; what they have alike, once,
// and else with < for the left one and > for the right.
func (p *printer) stacked(number, left, mark, right string) {
	rows := []struct{ mark, text string }{{"-", left}, {"+", right}}
	if left == right {
		rows = rows[:1]
		rows[0].mark = " "
	} else if mark == " " {
		rows[0].mark, rows[1].mark = "<", ">"
	} else if mark != "≠" {
		// One side has the call, the other the reason.
		rows[0].mark, rows[1].mark = mark, " "
		if mark == "+" {
			rows[0].text, rows[1].text = right, left
		}
	}
	for _, r := range rows {
		if r.text == "" {
			continue
		}
		for i, l := range p.styled(r.text, p.width-len(indent)-2) {
			m := " "
			if i == 0 {
				m = r.mark
			}
			p.line(number + m + " " + l)
			number = indent
		}
	}
}

const (
	boldOn = "\x1b[1m"
	dimOn  = "\x1b[2m"
	off    = "\x1b[0m"
)

func (p *printer) bold(s string) string { return p.style(boldOn, s) }
func (p *printer) dim(s string) string  { return p.style(dimOn, s) }

func (p *printer) style(on, s string) string {
	if !p.color || s == "" {
		return s
	}
	return on + s + off
}

// styled wraps a text and styles each of its lines as the whole.
func (p *printer) styled(s string, width int) []string {
	on := escape.FindString(s)
	lines := wrap(escape.ReplaceAllString(s, ""), width)
	if on != "" {
		for i := range lines {
			lines[i] = on + lines[i] + off
		}
	}
	return lines
}

var escape = regexp.MustCompile("\x1b\\[[0-9]*m")

// visible is the number of columns that s takes.
func visible(s string) int { return utf8.RuneCountInString(escape.ReplaceAllString(s, "")) }

// wrap breaks a text into lines of at most width columns: behind a space, or
// else behind the | of a system call's flags or the / of a path, or else
// anywhere. Lines after the first of what looks like a call are indented, and
// its result is not torn off.
func wrap(s string, width int) []string {
	lead := len(s) - len(strings.TrimLeft(s, " "))
	hang := strings.Repeat(" ", lead)
	if strings.Contains(s, "(") && strings.Contains(s, ") = ") {
		hang += "    "
		s = strings.Replace(s, ") = ", ")\u00a0=\u00a0", 1)
	}
	var lines []string
	rest := []rune(s)
	for first := true; len(rest) > 0; first = false {
		room, margin := width, ""
		if !first {
			margin, room = hang, width-len(hang)
		}
		if len(rest) <= room {
			lines = append(lines, margin+string(rest))
			break
		}
		cut := breakAt(rest, room)
		lines = append(lines, margin+strings.TrimRight(string(rest[:cut]), " "))
		rest = []rune(strings.TrimLeft(string(rest[cut:]), " "))
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "\u00a0", " ")
	}
	return lines
}

// breakAt returns where to break a line that has room for so many runes.
func breakAt(s []rune, room int) int {
	for _, breaks := range []string{" ", "|/"} {
		for i := room; i > room/3; i-- {
			if breaks == " " && s[i] == ' ' || i < room && strings.ContainsRune(breaks, s[i]) && s[i] != ' ' {
				return i + 1
			}
		}
	}
	return room
}
