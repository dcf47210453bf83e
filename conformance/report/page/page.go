// Package page writes the conformance report as one web page that needs
// nothing but itself: no network, no other file. It reads without scripts too;
// they add filters and open what is folded before it is printed.
package page

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/api"
	"go.parity/conformance/bench"
	"go.parity/conformance/fault"
	"go.parity/conformance/report"
	"go.parity/conformance/scenario"
	study "go.parity/conformance/study/page"
	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// Data is what the page tells. What is nil was not run, and the page says so.
type Data struct {
	Report    *report.Report
	API       []api.Row
	Scenarios []scenario.Comparison
	Traces    []*trace.Diff
	OwnTraces []*trace.Diff // with net2's own poller, where the others are with the default
	Faults    []fault.Row
	Bench     *bench.Report // of the last run of the benchmarks
	Study     string        // a page of its own, shown inside; "" for none
}

// Collect gathers what the page shows beside the report's checks: the API
// table, the values of the scenarios and the system calls that were judged.
// What was not made is left out, for the report says why.
func Collect(r *report.Report, last *bench.Report) (Data, error) {
	d := Data{Report: r, Bench: last}
	seen := map[string]bool{} // a part may be there once for each poller
	for _, p := range r.Parts {
		again := seen[p.Name]
		seen[p.Name] = true
		var err error
		switch {
		case p.Name == "trace" && again:
			d.OwnTraces, err = conformance.Recordings[*trace.Diff](p.Checks)
		case again:
		case p.Name == "api":
			d.API, err = conformance.Recordings[api.Row](p.Checks)
		case p.Name == "scenario":
			d.Scenarios, err = conformance.Recordings[scenario.Comparison](p.Checks)
		case p.Name == "fault":
			var rows [][]fault.Row
			rows, err = conformance.Recordings[[]fault.Row](p.Checks)
			d.Faults = slices.Concat(rows...)
		case p.Name == "trace":
			d.Traces, err = conformance.Recordings[*trace.Diff](p.Checks)
		}
		if err != nil {
			return Data{}, err
		}
	}
	return d, nil
}

// WriteStudy makes the study of the recordings, if there are any.
func (d *Data) WriteStudy(ctx context.Context) error {
	if len(d.Traces) == 0 {
		return nil
	}
	var b strings.Builder
	std, ours := study.Sources(ctx)
	err := study.Write(&b, study.Data{Diffs: d.Traces, Own: d.OwnTraces, Std: std, Ours: ours})
	d.Study = b.String()
	return err
}

// open returns the checks of a part that deserve a look: all that are not the
// same.
func open(p report.Part) []conformance.Check {
	return slices.DeleteFunc(slices.Clone(p.Checks), func(c conformance.Check) bool { return c.Status == conformance.Same })
}

//go:embed page.html.tmpl page.css page.js
var files embed.FS

// Write writes the page.
func Write(w io.Writer, data Data) error {
	if data.Report == nil {
		data.Report = &report.Report{Verdict: report.Verdict{Result: report.Unfinished, Text: "nothing was run"}}
	}
	return page.Execute(w, struct {
		Data
		Host       report.Host
		Verdict    report.Verdict
		Parts      []report.Part
		CSS        template.CSS
		JS         template.JS
		Objects    []object
		Platforms  []string
		Steps      []traceStep
		Deviations []conformance.Deviation
		Paths      []way.Path
		Charts     []chart
		Numbers    []benchRow
	}{
		Data: data, Host: data.Report.Host, Verdict: data.Report.Verdict, Parts: data.Report.Parts,
		CSS: template.CSS(asset("page.css")), JS: template.JS(asset("page.js")),
		Objects: objects(data.API), Platforms: platforms(data.API),
		Steps: traceSteps(data.Traces), Deviations: conformance.Deviations,
		Paths: way.Paths(), Charts: drawCharts(data.Bench), Numbers: benchRows(data.Bench),
	})
}

// asset returns an embedded file, which is there.
func asset(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var page = template.Must(template.New("page.html.tmpl").Funcs(template.FuncMap{
	"statuses": func() []conformance.Status {
		return []conformance.Status{conformance.Same, conformance.Differs, conformance.Missing, conformance.Skipped}
	},
	"short":        shortDuration,
	"open":         open,
	"count":        count,
	"observations": observations,
	"class":        rowClass,
	"call":         callText,
	"shared":       shared,
	"join":         strings.Join,
}).ParseFS(files, "page.html.tmpl"))

func count(c report.Counts, s conformance.Status) int {
	switch s {
	case conformance.Same:
		return c.Same
	case conformance.Differs:
		return c.Differs
	case conformance.Missing:
		return c.Missing
	}
	return c.Skipped
}

func shortDuration(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// An object is one line of the API table: net's object on every platform.
type object struct {
	Kind, Name string
	On         []api.Row // one for each platform, empty where net does not have it
	Hows       string    // all that occur, for the filter
	Status     conformance.Status
}

// platforms returns the platforms of the rows in their order.
func platforms(rows []api.Row) []string {
	var names []string
	for _, r := range rows {
		if !slices.Contains(names, r.Platform) {
			names = append(names, r.Platform)
		}
	}
	return names
}

// objects joins the rows of one object on several platforms. Its status is the
// worst of them.
func objects(rows []api.Row) []object {
	type key struct{ kind, name string }
	where := platforms(rows)
	at := map[key]int{}
	var list []object
	for _, r := range rows {
		k := key{string(r.Kind), r.Name}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, object{Kind: k.kind, Name: k.name, On: make([]api.Row, len(where)), Status: conformance.Same})
		}
		o := &list[i]
		o.On[slices.Index(where, r.Platform)] = r
		if r.How != "" && !strings.Contains(o.Hows, string(r.How)) {
			o.Hows = strings.TrimSpace(o.Hows + " " + string(r.How))
		}
		if severity(r.Status) > severity(o.Status) {
			o.Status = r.Status
		}
	}
	slices.SortStableFunc(list, func(a, b object) int {
		return cmp.Compare(severity(b.Status), severity(a.Status)) // what needs a look comes first
	})
	return list
}

func severity(s conformance.Status) int {
	return slices.Index([]conformance.Status{conformance.Same, conformance.Skipped, conformance.Missing, conformance.Differs}, s)
}

// An observation is one step of a scenario on both stacks.
type observation struct {
	Name, Net, Net2 string
	Same            bool
}

// observations lays the two recordings of a scenario beside each other.
func observations(c scenario.Comparison) []observation {
	if c.Net == nil || c.Net2 == nil {
		return nil
	}
	var list []observation
	for i := range max(len(c.Net.Observations), len(c.Net2.Observations)) {
		var o observation
		at := func(r *scenario.Recording) string {
			if i >= len(r.Observations) {
				return ""
			}
			obs := r.Observations[i]
			if o.Name == "" {
				o.Name = obs.Name
			}
			values, ok := strings.CutPrefix(obs.String(), o.Name+": ")
			if !ok { // the scripts took different ways
				values = obs.String()
			}
			return values
		}
		o.Net, o.Net2 = at(c.Net), at(c.Net2)
		o.Same = o.Net == o.Net2
		list = append(list, o)
	}
	return list
}

// A traceStep has the recordings that show one step of the way.
type traceStep struct {
	Name  string
	Diffs []*trace.Diff
}

func traceSteps(diffs []*trace.Diff) []traceStep {
	var steps []traceStep
	for _, d := range diffs {
		if len(steps) == 0 || steps[len(steps)-1].Name != d.Step {
			steps = append(steps, traceStep{Name: d.Step})
		}
		s := &steps[len(steps)-1]
		s.Diffs = append(s.Diffs, d)
	}
	return steps
}

// callText writes a call whose result is not torn off at the end of a line.
func callText(c *trace.Call) string {
	const nbsp = "\u00a0"
	return strings.Replace(c.String(), ") = ", ")"+nbsp+"="+nbsp, 1)
}

// rowClass is the class of a row of system calls.
func rowClass(r trace.Row) string {
	switch {
	case r.Poll():
		return "poll"
	case r.Same():
		return "alike"
	case r.Net != nil && r.NetEntry == "" || r.Net2 != nil && r.Net2Entry == "":
		return "unlisted"
	}
	return "listed"
}

// shared reports whether both stacks did the same in a row, which then stands
// once under both.
func shared(r trace.Row) bool {
	return r.Net != nil && r.Net2 != nil && callText(r.Net) == callText(r.Net2) &&
		r.Net.Blocked() == r.Net2.Blocked() && r.Net.Loop.String() == r.Net2.Loop.String()
}
