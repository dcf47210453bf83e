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
	StdSource, OursSource string
	Picture               template.HTML
	Deviation             *conformance.Deviation
}

type recording struct {
	*trace.Diff
	Own   *trace.Diff // nil where it is the same
	Lanes []picture
}

func (d Data) lesson(p way.Path) lesson {
	l := lesson{Path: p}
	for _, s := range p.Steps {
		one := step{Step: s, StdSource: d.Std.Declaration(s.Std), OursSource: d.Ours.Declaration(s.Ours), Picture: statePicture(s) + mutexPicture(s)}
		if i := slices.IndexFunc(conformance.Deviations, func(d conformance.Deviation) bool { return d.Name == s.Entry }); i >= 0 {
			one.Deviation = &conformance.Deviations[i]
		}
		l.Steps = append(l.Steps, one)
	}
	for _, diff := range d.Diffs {
		if diff.Step != p.Name {
			continue
		}
		r := recording{Diff: diff, Lanes: []picture{lanes("net", diff, stdSide), lanes("net2", diff, ourSide)}}
		if i := slices.IndexFunc(d.Own, func(o *trace.Diff) bool { return o.Scenario == diff.Scenario }); i >= 0 {
			r.Own = d.Own[i]
			r.Lanes = append(r.Lanes, lanes("net2, NET2_POLLER=epoll", r.Own, ourSide))
		}
		l.Recordings = append(l.Recordings, r)
	}
	return l
}

//go:embed page.html.tmpl
var text string

var page = template.Must(template.New("study").Funcs(template.FuncMap{
	"zh": chineseOf, "label": label, "isName": isName, "syscall": way.Syscall, "remark": remark, "inc": func(i int) int { return i + 1 },
}).Parse(text))
