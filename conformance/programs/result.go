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
	Error   string    `json:"error,omitempty"` // why the program gave no evidence
}

// An Outcome says how the tests that pass on plain net went in one way.
type Outcome struct {
	Way    string `json:"way"`
	Passed int    `json:"passed"`

	// Regressions passed on plain net, and failed here twice.
	Regressions []string `json:"regressions,omitempty"`

	// Unsteady are tests that failed here once and then passed, or that failed
	// on plain net when they were tried again.
	Unsteady []string `json:"unsteady,omitempty"`

	// Language are tests that fail on plain net too once go.mod asks for the
	// release of Go that net2 needs. They do not count.
	Language []string `json:"language,omitempty"`

	Note    string        `json:"note,omitempty"` // why this way was not tried
	Elapsed time.Duration `json:"elapsed"`
}

// Regressions returns the names of all tests that passed before and do not pass
// after.
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

// Errors returns the programs that gave no evidence.
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

// Notes lists the ways that were not tried, and the tests that do not always
// pass.
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

// outcomes says of each test of one run whether it passed. The key is the
// package and the name, with a space between them.
type outcomes map[string]bool

// passed returns the names of the tests that passed.
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

// lost returns, in order, the tests that passed in o and not in after.
func (o outcomes) lost(after outcomes) []string {
	return slices.DeleteFunc(o.passed(), func(name string) bool { return after[name] })
}
