package stdtests

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Totals count the verdicts on the tests of one package and build.
type Totals struct {
	Package string          `json:"package"`
	Build   string          `json:"build"`
	Tests   int             `json:"tests"` // that build here
	Verdict map[Verdict]int `json:"verdict"`

	// Of those that passed: how many reach code of net2's own, and how many
	// failed at first.
	Ours     int `json:"ours"`
	Unsteady int `json:"unsteady"`
}

// Totals returns the totals by package and build, in the order of the tests.
func (r *Report) Totals() []*Totals {
	var all []*Totals
	find := func(pkg, build string) *Totals {
		for _, t := range all {
			if t.Package == pkg && t.Build == build {
				return t
			}
		}
		t := &Totals{Package: pkg, Build: build, Verdict: make(map[Verdict]int)}
		all = append(all, t)
		return t
	}
	for _, test := range r.Tests {
		for _, build := range r.Builds {
			v := test.Verdict(build)
			if test.Name == "TestMain" && v != VerdictFailed {
				continue // it is not a test, but runs around the tests
			}
			t := find(test.Package, build)
			t.Tests++
			t.Verdict[v]++
			if v == VerdictPassed {
				if test.Ours {
					t.Ours++
				}
				if test.Net2[build].Unsteady {
					t.Unsteady++
				}
			}
		}
	}
	return all
}

// Failed returns the tests that fail for net2 in some build.
func (r *Report) Failed() []*Test {
	var failed []*Test
	for _, t := range r.Tests {
		for _, build := range r.Builds {
			if t.Verdict(build) == VerdictFailed {
				failed = append(failed, t)
				break
			}
		}
	}
	return failed
}

// Summary is the totals in one line.
func (t *Totals) Summary() string {
	var parts []string
	for _, v := range []Verdict{VerdictPassed, VerdictFailed, VerdictSkipped, VerdictNotCounted, VerdictLeftOut, VerdictNotRun} {
		if n := t.Verdict[v]; n > 0 || v == VerdictPassed || v == VerdictFailed {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if t.Unsteady > 0 {
		parts = append(parts, fmt.Sprintf("%d of the passed failed at first", t.Unsteady))
	}
	if t.Package == "net" {
		parts = append(parts, fmt.Sprintf("%d of the passed reach net2's own code", t.Ours))
	}
	return fmt.Sprintf("%d tests: %s", t.Tests, strings.Join(parts, ", "))
}

// WriteText writes the totals, and with lines a line for each test.
func (r *Report) WriteText(w io.Writer, lines bool) error {
	bw := bufio.NewWriter(w)
	who := "an ordinary user"
	if r.Root {
		who = "root"
	}
	short := ""
	if r.Short {
		short = ", -short"
	}
	fmt.Fprintf(bw, "The standard library's tests, %s, as %s%s\n", r.GoVersion, who, short)
	for _, build := range r.Builds {
		fmt.Fprintf(bw, "\nnet2%s\n", inSentence(build))
		width := 0
		for _, t := range r.Tests {
			width = max(width, len(t.Package))
		}
		for _, t := range r.Totals() {
			if t.Build == build {
				fmt.Fprintf(bw, "  %-*s  %s\n", width, t.Package, t.Summary())
			}
		}
		for _, t := range r.Tests {
			v := t.Verdict(build)
			if lines || v == VerdictFailed {
				fmt.Fprintf(bw, "%-11s  %s%s\n", v, t.ID(), indented(t.Detail(build), v != VerdictFailed))
			}
		}
	}
	return bw.Flush()
}

// indented formats detail for a place after a test's name: only its first line,
// or all lines below each other.
func indented(detail string, first bool) string {
	detail = strings.TrimSpace(detail)
	if detail == "" {
		return ""
	}
	if first {
		line, _, _ := strings.Cut(detail, "\n")
		return ": " + strings.TrimSpace(line)
	}
	return "\n             " + strings.ReplaceAll(detail, "\n", "\n             ")
}

// LeftOut counts the tests that were left out, by the names that they need, the
// most frequent first.
func (r *Report) LeftOut() []Reason {
	count := make(map[string]int)
	for _, t := range r.Tests {
		if t.LeftOut != nil {
			for _, name := range t.LeftOut.Names {
				count[name]++
			}
		}
	}
	var reasons []Reason
	for name, n := range count {
		reasons = append(reasons, Reason{name, n})
	}
	slices.SortFunc(reasons, func(a, b Reason) int {
		return cmp.Or(b.Tests-a.Tests, strings.Compare(a.Name, b.Name))
	})
	return reasons
}

// A Reason is why tests were left out.
type Reason struct {
	Name  string `json:"name"`
	Tests int    `json:"tests"`
}
