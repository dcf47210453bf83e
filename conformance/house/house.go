// Package house holds the library and its conformance suite to the rules of
// their design: which package may import which, what the library requires,
// where unsafe, linkname and assembly may stand, and that everything exists
// that a comment refers to.
//
// Every rule reads all .go files, whatever their build tags and platform, and
// returns its findings in the order of the files.
package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
)

// A Finding is one breach of a rule.
type Finding struct {
	Pos  token.Position // the file's name is relative to the root
	Text string
}

func (f Finding) String() string { return f.Pos.String() + ": " + f.Text }

// A Tree is the source of a module, with that of the modules in its folders.
type Tree struct {
	fset    *token.FileSet
	files   []file
	modules []*modfile.File // the go.mod of each module
	other   []string        // source files in other languages
}

// A file is a Go file.
type file struct {
	path   string // relative to the root, with slashes
	syntax *ast.File
}

// layer returns the folder of the innermost layer that the file is in. If it is
// in none, layer returns its top folder, or "" for a file in the root.
func (f file) layer() string {
	if !strings.Contains(f.path, "/") {
		return ""
	}
	return layerFor(path.Dir(f.path))
}

// layerFor returns the folder of the innermost layer that a folder is in, or
// else its top folder.
func layerFor(folder string) string {
	innermost, _, _ := strings.Cut(folder, "/")
	for _, l := range layers {
		if within(folder, l.dir) && len(l.dir) > len(innermost) {
			innermost = l.dir
		}
	}
	return innermost
}

func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// otherLanguages are the file names, after the last dot, of what cmd/go builds
// besides Go.
var otherLanguages = map[string]bool{
	".s": true, ".S": true, ".sx": true, ".syso": true,
	".c": true, ".cc": true, ".cpp": true, ".cxx": true, ".m": true,
	".h": true, ".hh": true, ".hpp": true, ".hxx": true,
	".f": true, ".F": true, ".for": true, ".f90": true,
	".swig": true, ".swigcxx": true,
}

// Read parses the modules in fsys. Like cmd/go, it leaves out testdata and
// folders whose names begin with a dot or an underscore. It also leaves out
// scaffold, which is source for a module that the suite writes.
func Read(fsys fs.FS) (*Tree, error) {
	t := &Tree{fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && ignored(d.Name()):
			return fs.SkipDir
		case d.IsDir():
			return nil
		case path.Ext(name) == ".go":
			return t.parse(fsys, name)
		case path.Base(name) == "go.mod":
			return t.parseModule(fsys, name)
		case otherLanguages[path.Ext(name)]:
			t.other = append(t.other, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func ignored(dir string) bool {
	return dir == "testdata" || dir == "scaffold" || dir != "." && strings.ContainsAny(dir[:1], "._")
}

func (t *Tree) parse(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.files = append(t.files, file{name, syntax})
	return nil
}

func (t *Tree) parseModule(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	mod, err := modfile.Parse(name, text, nil)
	if err != nil {
		return err
	}
	t.modules = append(t.modules, mod)
	return nil
}

// at makes a finding.
func (t *Tree) at(pos token.Pos, format string, args ...any) Finding {
	return Finding{t.fset.Position(pos), fmt.Sprintf(format, args...)}
}

// comments ranges over the comments of a file, including directives.
func (f file) comments(yield func(*ast.Comment) bool) {
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			if !yield(c) {
				return
			}
		}
	}
}
