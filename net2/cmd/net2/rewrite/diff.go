package rewrite

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// context is how many lines a diff shows around a change.
const context = 3

// writeDiff writes the change of one file in a form that patch reads. A swap
// changes one stretch of a file, so the diff has one hunk.
func writeDiff(w io.Writer, name string, before, after []byte) {
	a, b := lines(before), lines(after)
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	tail := 0
	for tail < len(a)-same && tail < len(b)-same && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	start := max(0, same-context)
	endA, endB := min(len(a), len(a)-tail+context), min(len(b), len(b)-tail+context)

	fmt.Fprintf(w, "--- a/%s\n+++ b/%[1]s\n@@ -%s +%s @@\n", name, hunk(start, endA), hunk(start, endB))
	show := func(mark string, some []string) {
		for _, line := range some {
			fmt.Fprint(w, mark, line)
			if !strings.HasSuffix(line, "\n") {
				fmt.Fprint(w, "\n\\ No newline at end of file\n")
			}
		}
	}
	show(" ", a[start:same])
	show("-", a[same:len(a)-tail])
	show("+", b[same:len(b)-tail])
	show(" ", a[len(a)-tail:endA])
}

// hunk is a stretch of lines as a diff counts them: from 1, and from the line
// before where there is no line.
func hunk(start, end int) string {
	if end == start {
		return fmt.Sprintf("%d,0", start)
	}
	return fmt.Sprintf("%d,%d", start+1, end-start)
}

func lines(content []byte) []string {
	return slices.Collect(strings.Lines(string(bytes.Clone(content))))
}
