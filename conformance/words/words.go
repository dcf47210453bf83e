// Package words shapes the text of reports.
package words

import (
	"fmt"
	"strings"
)

// Plural returns a number of things: "1 check", "2 checks".
func Plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}

// FirstLine returns the first line of s that is not blank.
func FirstLine(s string) string { return FirstLines(s, 1) }

// FirstLines returns at most the first n lines of s.
func FirstLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// OneLine turns all lines of s into one.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Tail returns the end of a text that may be long.
func Tail(s string) string {
	const most = 3000
	s = strings.TrimSpace(s)
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}
