package programs

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is what one run found.
type Report struct {
	Date time.Time `json:"date"`
	Go   string    `json:"go"`
	Rows []Row     `json:"rows"`
}

// A Row is one program: a module's tests, or a server.
type Row struct {
	Program string    `json:"program"`
	Version string    `json:"version"`
	Server  bool      `json:"server,omitempty"`
	Before  int       `json:"before"` // tests that pass on plain net
	Ways    []Outcome `json:"ways"`
	Error   string    `json:"error,omitempty"` // why there is no evidence
}

// An Outcome is what came of one way, of what passes on plain net.
type Outcome struct {
	Way    string `json:"way"`
	Passed int    `json:"passed"`

	// Regressions passed on plain net, and failed here twice.
	Regressions []string `json:"regressions,omitempty"`

	// Unsteady are tests that failed here once and then passed, or that failed
	// on plain net when they were tried again.
	Unsteady []string `json:"unsteady,omitempty"`

	// Language are tests that fail on plain net as well once go.mod asks for the
	// release of Go that net2 needs. They are not counted.
	Language []string `json:"language,omitempty"`

	Note    string        `json:"note,omitempty"` // why the way was not gone
	Elapsed time.Duration `json:"elapsed"`
}

// Regressions are the names of all that passed before and does not after.
func (r *Report) Regressions() []string {
	var all []string
	for _, row := range r.Rows {
		for _, o := range row.Ways {
			for _, name := range o.Regressions {
				all = append(all, fmt.Sprintf("%s, %s: %s", row.Program, o.Way, name))
			}
		}
	}
	return all
}

// Errors are the programs of which there is no evidence.
func (r *Report) Errors() []string {
	var all []string
	for _, row := range r.Rows {
		if row.Error != "" {
			all = append(all, row.Program+": "+row.Error)
		}
	}
	return all
}

// Text writes the table.
func (r *Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "program\tversion\t%s\t%s\t%s\n", Plain, Whole, Rewritten)
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", row.Program, row.Version, row.count(), row.Cell(Whole), row.Cell(Rewritten))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, list := range []struct {
		title string
		names []string
	}{{"regressions", r.Regressions()}, {"no evidence", r.Errors()}, {"notes", r.Notes()}} {
		if len(list.names) > 0 {
			if _, err := fmt.Fprintf(w, "\n%s:\n  %s\n", list.title, strings.Join(list.names, "\n  ")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r Row) count() string {
	if r.Error != "" {
		return "?"
	}
	return fmt.Sprint(r.Before)
}

// Cell is what a table shows of one way.
func (r Row) Cell(way string) string {
	for _, o := range r.Ways {
		switch {
		case o.Way != way:
		case o.Note != "":
			return "–"
		default:
			return fmt.Sprint(o.Passed)
		}
	}
	return ""
}

// Notes are the ways that were not gone, and the tests that do not always pass.
func (r *Report) Notes() []string {
	var all []string
	for _, row := range r.Rows {
		for _, o := range row.Ways {
			if o.Note != "" {
				all = append(all, fmt.Sprintf("%s, %s: %s", row.Program, o.Way, o.Note))
			}
			for _, name := range o.Language {
				all = append(all, fmt.Sprintf("%s, %s: %s fails on plain net too with this go line in go.mod", row.Program, o.Way, name))
			}
			for _, name := range o.Unsteady {
				all = append(all, fmt.Sprintf("%s, %s: %s is unsteady", row.Program, o.Way, name))
			}
		}
	}
	return all
}

// outcomes are the tests of one run, by package and name with a space between,
// with whether each passed.
type outcomes map[string]bool

// passed are the names of those that passed.
func (o outcomes) passed() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if o[name] {
			names = append(names, name)
		}
	}
	return names
}

// failed reports whether a test ran and failed.
func (o outcomes) failed(name string) bool {
	passed, ran := o[name]
	return ran && !passed
}

// lost are those that passed in o and did not after, in order.
func (o outcomes) lost(after outcomes) []string {
	return slices.DeleteFunc(o.passed(), func(name string) bool { return after[name] })
}
