// Package page writes the study as one web page that needs nothing but itself:
// every step of the way with the source of both stacks, the recordings and
// pictures drawn from them. The keyboard walks it.
package page

import (
	_ "embed"
	"html/template"
	"io"
	"slices"

	"go.parity/conformance"
	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// Data is what the page is made of.
type Data struct {
	Diffs       []*trace.Diff // net and net2, as the default has it
	Own         []*trace.Diff // net and net2 with its own poller
	NotRecorded string        // why there are no recordings, if there are none
	Std, Ours   Source
}

// Write writes the page.
func Write(w io.Writer, d Data) error {
	var all []lesson
	for _, p := range lessons() {
		all = append(all, d.lesson(p))
	}
	return page.Execute(w, struct {
		Data
		Lessons []lesson
	}{d, all})
}

// lessons are the structures, and the ways through them.
func lessons() []way.Path { return append([]way.Path{structures}, way.Paths()...) }

// A lesson is a path with its sources, recordings and pictures.
type lesson struct {
	way.Path
	Steps      []step
	Recordings []recording
}

type step struct {
	way.Step
	Fields                []field
	Cuts                  []cutting
	StdSource, OursSource string
	StdIn, OursIn         string // the source of what is inside
	Picture               template.HTML
	Deviation             *conformance.Deviation
}

// A cutting is what a step makes of a recording.
type cutting struct {
	Scenario string
	Own      bool // with net2's own poller
	Rows     []trace.Row
}

type recording struct {
	*trace.Diff
	Own       *trace.Diff // nil where it is the same
	Lanes     []picture
	Net, Net2 cut

	OwnNet, OwnNet2 cut
}

func (d Data) lesson(p way.Path) lesson {
	l := lesson{Path: p}
	for _, diff := range d.Diffs {
		if diff.Step == p.Name {
			l.Recordings = append(l.Recordings, d.recording(p, diff))
		}
	}
	for i, s := range p.Steps {
		one := step{
			Step: s, Fields: d.fields(s), Picture: statePicture(s) + mutexPicture(s),
			StdSource: d.Std.Declaration(s.Std), StdIn: d.Std.Declaration(s.StdInside),
			OursSource: d.Ours.Declaration(s.Ours), OursIn: d.Ours.Declaration(s.OursInside),
		}
		if i := slices.IndexFunc(conformance.Deviations, func(d conformance.Deviation) bool { return d.Name == s.Entry }); i >= 0 {
			one.Deviation = &conformance.Deviations[i]
		}
		for _, r := range l.Recordings {
			if rows := madeAt(i+1, r.Rows, r.Net, r.Net2); len(rows) > 0 {
				one.Cuts = append(one.Cuts, cutting{r.Scenario, false, rows})
			}
			if r.Own == nil {
				continue
			}
			if rows := madeAt(i+1, r.Own.Rows, r.OwnNet, r.OwnNet2); len(rows) > 0 && !shown(one.Cuts, r.Scenario, rows) {
				one.Cuts = append(one.Cuts, cutting{r.Scenario, true, rows})
			}
		}
		l.Steps = append(l.Steps, one)
	}
	return l
}

func (d Data) recording(p way.Path, diff *trace.Diff) recording {
	r := recording{Diff: diff}
	r.Net, r.Net2 = cutBoth(p, diff, trace.Poller != conformance.Runtime)
	r.Lanes = []picture{lanes("net", diff, stdSide, r.Net), lanes("net2", diff, ourSide, r.Net2)}
	if i := slices.IndexFunc(d.Own, func(o *trace.Diff) bool { return o.Scenario == diff.Scenario }); i >= 0 {
		r.Own = d.Own[i]
		r.OwnNet, r.OwnNet2 = cutBoth(p, r.Own, true)
		r.Lanes = append(r.Lanes, lanes("net2, NET2_POLLER=epoll", r.Own, ourSide, r.OwnNet2))
	}
	return r
}

// cutBoth cuts up both sides of a comparison.
func cutBoth(p way.Path, diff *trace.Diff, own bool) (net, net2 cut) {
	net = cutUp(passage{diff.Scenario, false}, p.Steps, side(diff, stdSide), func(s way.Step) []string { return s.StdCalls })
	net2 = cutUp(passage{diff.Scenario, own}, p.Steps, side(diff, ourSide), func(s way.Step) []string { return s.OursCalls })
	return net, net2
}

// madeAt returns what a step makes of a recording, each side by itself.
func madeAt(step int, all []trace.Row, net, net2 cut) []trace.Row {
	var rows []trace.Row
	for _, row := range all {
		if net[row.Net] != step {
			row.Net, row.NetEntry = nil, ""
		}
		if net2[row.Net2] != step {
			row.Net2, row.Net2Entry = nil, ""
		}
		if row.Net != nil || row.Net2 != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// shown reports whether the calls of these rows are among the cuttings of the
// scenario already: most steps make the same ones with either poller.
func shown(cuts []cutting, scenario string, rows []trace.Row) bool {
	return slices.ContainsFunc(cuts, func(c cutting) bool {
		return c.Scenario == scenario && slices.EqualFunc(c.Rows, rows, func(a, b trace.Row) bool {
			return written(a.Net) == written(b.Net) && written(a.Net2) == written(b.Net2)
		})
	})
}

func written(c *trace.Call) string {
	if c == nil {
		return ""
	}
	return c.String()
}

// A cutRow is a row with the steps that made its calls, 0 for none that is
// known.
type cutRow struct {
	trace.Row
	NetStep, Net2Step int
}

// rowsOf returns the rows with their steps; net and net2 may be nil.
func rowsOf(rows []trace.Row, net, net2 cut) []cutRow {
	var all []cutRow
	for _, r := range rows {
		all = append(all, cutRow{r, net[r.Net], net2[r.Net2]})
	}
	return all
}

// side returns the calls of one side.
func side(d *trace.Diff, of func(trace.Row) *trace.Call) []*trace.Call {
	var calls []*trace.Call
	for _, r := range d.Rows {
		if c := of(r); c != nil {
			calls = append(calls, c)
		}
	}
	return calls
}

//go:embed page.html.tmpl
var text string

var page = template.Must(template.New("study").Funcs(template.FuncMap{
	"zh": chineseOf, "label": label, "isName": isName, "syscall": way.Syscall, "remark": remark, "rows": rowsOf, "inc": func(i int) int { return i + 1 },
}).Parse(text))
