package stdtests

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// The files of scaffold/ belong to package net2 in the temporary GOROOT. Each
// name stdX that they declare stands in for the name x of net, or of net's
// tests; stdT_f for the field or method f of net's type T, and stdPkg_X for
// the name X of a package pkg that the tests import.
//
//go:embed scaffold/*.go
var scaffoldFS embed.FS

// ignoreLine keeps the go command from building the scaffolding in its own
// folder.
const ignoreLine = "//go:build ignore\n"

// A scaffold is what the rewritten tests find instead of unexported names.
type scaffold struct {
	files []goFile
	names map[string]bool
}

func (s *scaffold) has(name string) bool { return s.names[name] }

func readScaffold(fsys fs.FS) (*scaffold, error) {
	s := &scaffold{names: make(map[string]bool)}
	names, err := fs.Glob(fsys, "scaffold/*.go")
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		src := strings.Replace(string(text), ignoreLine, "//\n", 1)
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, goFile{"zz_" + strings.TrimSuffix(path.Base(name), ".go") + "_test.go", []byte(src)})
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name != "init" {
					s.names[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						s.names[spec.Name.Name] = true
					case *ast.ValueSpec:
						for _, id := range spec.Names {
							s.names[id.Name] = true
						}
					}
				}
			}
		}
	}
	return s, nil
}
