package merge

import (
	"bytes"
	"sort"
)

// An edit puts text in place of what stands from start to end.
type edit struct {
	start, end int
	text       string
}

// apply makes the edits, which must not overlap.
func apply(content []byte, edits []edit) []byte {
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(content[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(content[at:])
	return out.Bytes()
}

// blank is an edit that takes text away and keeps its lines, so that what
// follows keeps its place.
func blank(content []byte, start, end int) edit {
	lines := bytes.Repeat([]byte("\n"), bytes.Count(content[start:end], []byte("\n")))
	return edit{start, end, string(lines)}
}

// within reports whether an offset lies in one of the edits.
func within(edits []edit, offset int) bool {
	for _, e := range edits {
		if e.start <= offset && offset < e.end {
			return true
		}
	}
	return false
}
