package page

import (
	"context"
	"slices"
	"testing"

	"go.parity/conformance/way"
)

// The tables have every field of the structures, and no other.
func TestFieldsAreThoseOfTheSources(t *testing.T) {
	std, _ := Sources(context.Background())
	ours := Folder("../../..")
	for _, s := range structures.Steps {
		var inStd, inOurs []string
		for _, f := range fields[s.Std] {
			inStd, inOurs = append(inStd, f.Std), append(inOurs, f.Ours)
		}
		for _, side := range []struct {
			stack  string
			listed []string
			types  map[string]string
		}{{"net", inStd, std.types(s.Std)}, {"net2", inOurs, ours.types(s.Ours)}} {
			for name := range side.types {
				if !slices.Contains(side.listed, name) {
					t.Errorf("%s: %s has a field %s, which is not in the table", side.stack, s.Std.Name, name)
				}
			}
			for _, name := range side.listed {
				if _, ok := side.types[name]; name != "" && !ok {
					t.Errorf("%s: %s has no field %s", side.stack, s.Std.Name, name)
				}
			}
		}
	}
}

func TestFieldsAreOfStructures(t *testing.T) {
	for f := range fields {
		if !slices.ContainsFunc(structures.Steps, func(s way.Step) bool { return s.Std == f }) {
			t.Errorf("there is a table of %s, which is no structure of the lesson", f.Name)
		}
	}
}
