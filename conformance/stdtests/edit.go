package stdtests

import (
	"bytes"
	"slices"
)

// An edit replaces src[pos:end] by text. Edits of one source must not overlap,
// but several insertions may stand at one place, where they keep their order.
type edit struct {
	pos, end int
	text     string
}

// edits are the changes of one source, in the order in which they were asked
// for.
type edits []edit

func (es *edits) replace(pos, end int, text string) {
	*es = append(*es, edit{pos, end, text})
}

func (es *edits) insert(pos int, text string) { es.replace(pos, pos, text) }

// apply returns src with the edits made, and a function that turns an offset in
// the result into the one in src that it came from. It drops an edit inside
// another one.
func (es edits) apply(src []byte) ([]byte, func(int) int) {
	sorted := slices.Clone(es)
	slices.SortStableFunc(sorted, func(a, b edit) int {
		if a.pos != b.pos {
			return a.pos - b.pos
		}
		return a.end - b.end // insertions first
	})
	type shift struct{ to, from int }
	var out bytes.Buffer
	shifts := []shift{{0, 0}}
	last := 0
	for _, e := range sorted {
		if e.pos < last {
			continue
		}
		out.Write(src[last:e.pos])
		shifts = append(shifts, shift{out.Len(), e.pos})
		out.WriteString(e.text)
		last = e.end
		shifts = append(shifts, shift{out.Len(), e.end})
	}
	out.Write(src[last:])
	origin := func(off int) int {
		i, found := slices.BinarySearchFunc(shifts, off, func(s shift, off int) int { return s.to - off })
		if !found {
			i--
		}
		for i+1 < len(shifts) && shifts[i+1].to == shifts[i].to && shifts[i+1].from == shifts[i].from {
			i++
		}
		from := shifts[i].from + off - shifts[i].to
		if i+1 < len(shifts) {
			from = min(from, shifts[i+1].from)
		}
		return from
	}
	return out.Bytes(), origin
}

// blank replaces src[pos:end] by spaces and keeps the lines.
func blank(src []byte, pos, end int) {
	for i := pos; i < end; i++ {
		if src[i] != '\n' {
			src[i] = ' '
		}
	}
}
