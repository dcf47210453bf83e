package house

import (
	"go/token"
	"path"
	"slices"
	"strings"
)

// Unsafe finds imports of unsafe outside the *_unsafe.go files of socket and
// runtime_hooks. A linkname needs the import, so that it too stands in such a
// file.
func (t *Tree) Unsafe() []Finding {
	return t.importsOf("unsafe", func(f file) string {
		name := strings.TrimSuffix(strings.TrimSuffix(f.path, ".go"), "_test")
		switch {
		case f.layer() != "socket" && f.layer() != "runtime_hooks":
			return "unsafe stands only in socket and runtime_hooks"
		case !strings.HasSuffix(name, "_unsafe"):
			return "unsafe stands only in *_unsafe.go files"
		}
		return ""
	})
}

// Cgo finds imports of "C".
func (t *Tree) Cgo() []Finding {
	return t.importsOf("C", func(file) string { return "no cgo" })
}

// importsOf finds the imports of a package in files of which wrong says what is
// wrong.
func (t *Tree) importsOf(imported string, wrong func(file) string) []Finding {
	var found []Finding
	for _, f := range t.files {
		for _, spec := range f.syntax.Imports {
			if importPath(spec) != imported {
				continue
			}
			if text := wrong(f); text != "" {
				found = append(found, t.at(spec.Pos(), "%s", text))
			}
		}
	}
	return found
}

// Linknames finds go:linkname outside runtime_hooks.
func (t *Tree) Linknames() []Finding {
	var found []Finding
	for _, f := range t.files {
		if f.layer() == "runtime_hooks" {
			continue
		}
		for c := range f.comments {
			if strings.HasPrefix(c.Text, "//go:linkname") {
				found = append(found, t.at(c.Pos(), "go:linkname stands only in runtime_hooks"))
			}
		}
	}
	return found
}

// OtherLanguages finds source that is not Go, except for the assembly of
// runtime_hooks.
func (t *Tree) OtherLanguages() []Finding {
	var found []Finding
	for _, name := range t.other {
		pos := token.Position{Filename: name}
		switch {
		case !slices.Contains([]string{".s", ".S"}, path.Ext(name)):
			found = append(found, Finding{pos, "the module is written in Go"})
		case !strings.HasPrefix(name, "runtime_hooks/"):
			found = append(found, Finding{pos, "assembly stands only in runtime_hooks"})
		}
	}
	return found
}
