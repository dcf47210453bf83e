package api

import (
	"fmt"
	"go/doc/comment"
	"slices"
	"strings"

	"go.parity/conformance"
)

// net2's package documentation lists how it provides each object of net's
// package scope on Linux; elsewhere all is net's. The list stands under three
// headings, each with one item for each kind of object:
//
//	# Aliases
//
//	  - types: Addr, AddrError, Buffers
//	  - constants: FlagBroadcast
//
//	# Forwards
//
//	  - functions: CIDRMask, IPv4
//
//	# Ours
//
//	  - types: Dialer
//
// What net2 has and net does not have stands elsewhere: see beyond.go.
//
// Text between a heading and its items is free, and a name may be a link.

// docPlatform is the platform that the list is about.
const docPlatform = "linux"

var docHeadings = []struct {
	how   How
	title string
}{
	{Alias, "Aliases"},
	{Forward, "Forwards"},
	{Ours, "Ours"},
}

var docLabels = []struct {
	kind  Kind
	label string
}{
	{Type, "types"},
	{Func, "functions"},
	{Const, "constants"},
	{Var, "variables"},
}

// An entry is one name on the list.
type entry struct {
	kind Kind
	name string
}

// A docList says of each object how net2 provides it.
type docList map[entry]How

// docCheck compares the list in net2's package documentation with the rows.
func docCheck(doc string, rows []Row) conformance.Check {
	check := conformance.Check{Name: "doc list", Status: conformance.Same}
	got := parseDocList(doc)
	switch diff := wantDocList(rows).difference(got); {
	case len(got) == 0:
		check.Status = conformance.Missing
		check.Detail = "net2's package documentation has no list of aliases, forwards and what is ours"
	case diff != "":
		check.Status = conformance.Differs
		check.Detail = diff
	}
	return check
}

// wantDocList returns the list that agrees with rows.
func wantDocList(rows []Row) docList {
	list := make(docList)
	for _, r := range rows {
		if r.Platform == docPlatform && r.How != "" && r.How != Beyond && docLabel(r.Kind) != "" {
			list[entry{r.Kind, r.Name}] = r.How
		}
	}
	return list
}

func docLabel(kind Kind) string {
	for _, l := range docLabels {
		if l.kind == kind {
			return l.label
		}
	}
	return ""
}

// difference says where got, the list of the documentation, is wrong.
func (want docList) difference(got docList) string {
	var diffs []string
	for e, how := range want {
		switch said, ok := got[e]; {
		case !ok:
			diffs = append(diffs, fmt.Sprintf("%s %s is not on the list, want %s", e.kind, e.name, how))
		case said != how:
			diffs = append(diffs, fmt.Sprintf("%s %s is listed as %s, want %s", e.kind, e.name, said, how))
		}
	}
	for e, said := range got {
		if _, ok := want[e]; !ok {
			diffs = append(diffs, fmt.Sprintf("%s %s is listed as %s, net2 has none", e.kind, e.name, said))
		}
	}
	slices.Sort(diffs)
	return strings.Join(diffs, "; ")
}

// DocList renders the list that agrees with rows, as comment lines.
func DocList(rows []Row) string {
	list := wantDocList(rows)
	var doc comment.Doc
	for _, h := range docHeadings {
		if items := list.items(h.how); len(items) > 0 {
			doc.Content = append(doc.Content,
				&comment.Heading{Text: []comment.Text{comment.Plain(h.title)}},
				&comment.List{Items: items, ForceBlankBefore: true})
		}
	}
	var p comment.Printer
	var b strings.Builder
	for line := range strings.Lines(string(p.Comment(&doc))) {
		if line != "\n" {
			line = " " + line
		}
		b.WriteString("//" + line)
	}
	return b.String()
}

// items renders the objects that net2 provides in one way, an item for each kind.
func (list docList) items(how How) []*comment.ListItem {
	var items []*comment.ListItem
	for _, l := range docLabels {
		if names := list.names(how, l.kind); len(names) > 0 {
			text := comment.Plain(wrap(l.label + ": " + strings.Join(names, ", ")))
			items = append(items, &comment.ListItem{Content: []comment.Block{
				&comment.Paragraph{Text: []comment.Text{text}},
			}})
		}
	}
	return items
}

// wrap breaks text into lines for an item of a list.
func wrap(text string) string {
	const width = 72
	var b strings.Builder
	col := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case col == 0:
		case col+1+len(word) > width:
			b.WriteByte('\n')
			col = 0
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += len(word)
	}
	return b.String()
}

// names returns the sorted names of one kind that net2 provides in one way.
func (list docList) names(how How, kind Kind) []string {
	var names []string
	for e, h := range list {
		if h == how && e.kind == kind {
			names = append(names, e.name)
		}
	}
	slices.Sort(names)
	return names
}

// parseDocList returns the list that stands in a doc comment's text.
func parseDocList(text string) docList {
	list := make(docList)
	var how How
	p := comment.Parser{LookupSym: func(recv, name string) bool { return true }}
	for _, block := range p.Parse(text).Content {
		switch block := block.(type) {
		case *comment.Heading:
			how = headedBy(plain(block.Text))
		case *comment.List:
			if how == "" {
				continue
			}
			for _, item := range block.Items {
				list.add(how, plainBlocks(item.Content))
			}
		}
	}
	return list
}

// headedBy returns the text under a heading of the documentation, or "".
func headedBy(title string) How {
	for _, h := range docHeadings {
		if h.title == title {
			return h.how
		}
	}
	return ""
}

// add enters the names of an item such as "types: Addr, AddrError". If a name stands
// under two headings, it agrees with neither.
func (list docList) add(how How, item string) {
	label, names, _ := strings.Cut(item, ":")
	for _, l := range docLabels {
		if l.label != label {
			continue
		}
		for name := range strings.SplitSeq(names, ",") {
			e := entry{l.kind, strings.TrimSpace(name)}
			if said, twice := list[e]; twice {
				list[e] = said + " and " + how
			} else {
				list[e] = how
			}
		}
	}
}

// packageDoc returns the text of the package documentation.
func packageDoc(src *source) string {
	var text strings.Builder
	for _, file := range src.files {
		text.WriteString(file.Doc.Text())
	}
	return text.String()
}

// plainBlocks returns the text of paragraphs.
func plainBlocks(blocks []comment.Block) string {
	var b strings.Builder
	for _, block := range blocks {
		if p, ok := block.(*comment.Paragraph); ok {
			b.WriteString(plain(p.Text))
		}
	}
	return b.String()
}

// plain returns text without its links.
func plain(text []comment.Text) string {
	var b strings.Builder
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(plain(t.Text))
		case *comment.DocLink:
			b.WriteString(plain(t.Text))
		}
	}
	return b.String()
}
