package stdtests

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A source is one test file of package net, as it stands in GOROOT.
type source struct {
	name     string // base name
	text     []byte
	ast      *ast.File
	external bool // package net_test
}

// A testedPackage is package net with its tests, type-checked.
type testedPackage struct {
	fset    *token.FileSet
	types   *types.Package
	info    *types.Info // of both packages of tests
	sources []*source
}

// loadTests type-checks the tests of the package at path, whose import path in
// the standard library is also its name.
func (tc *toolchain) loadTests(ctx context.Context, workdir, path string) (*testedPackage, error) {
	cfg := &packages.Config{
		Context: ctx,
		Dir:     workdir,
		Env:     goEnviron(tc.goroot),
		Tests:   true,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo,
		Fset: token.NewFileSet(),
		ParseFile: func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
			return parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		},
	}
	pkgs, err := packages.Load(cfg, path)
	if err != nil {
		return nil, err
	}
	tp := &testedPackage{fset: cfg.Fset, info: newInfo()}
	for _, p := range pkgs {
		external := p.PkgPath == path+"_test"
		if !external && p.ID != fmt.Sprintf("%s [%s.test]", path, path) {
			continue
		}
		for _, err := range p.Errors {
			return nil, err
		}
		if !external {
			tp.types = p.Types
		}
		merge(tp.info, p.TypesInfo)
		for _, f := range p.Syntax {
			file := tp.fset.File(f.FileStart).Name()
			if !strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			tp.sources = append(tp.sources, &source{
				name: filepath.Base(file), text: text, ast: f, external: external,
			})
		}
	}
	if tp.types == nil {
		return nil, fmt.Errorf("package %s has no tests in %s", path, tc.goroot)
	}
	return tp, nil
}

func newInfo() *types.Info {
	return &types.Info{
		Types:      make(map[ast.Expr]types.TypeAndValue),
		Defs:       make(map[*ast.Ident]types.Object),
		Uses:       make(map[*ast.Ident]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}
}

func merge(to, from *types.Info) {
	for k, v := range from.Types {
		to.Types[k] = v
	}
	for k, v := range from.Defs {
		to.Defs[k] = v
	}
	for k, v := range from.Uses {
		to.Uses[k] = v
	}
	for k, v := range from.Selections {
		to.Selections[k] = v
	}
}

// inTest reports whether o is declared by the tests, not by the package.
func (tp *testedPackage) inTest(o types.Object) bool {
	return o.Pos().IsValid() && strings.HasSuffix(tp.fset.Position(o.Pos()).Filename, "_test.go")
}

// inPackage reports whether o is declared by the package, not by its tests.
func (tp *testedPackage) inPackage(o types.Object) bool {
	return o.Pkg() == tp.types && !tp.inTest(o)
}

// A goFile is a file of net2 that builds here.
type goFile struct {
	name string // below GOROOT of the tree
	src  []byte
}

// buildFiles returns those files of the tree in rel that build here.
func buildFiles(t *tree, rel, tags string) ([]goFile, error) {
	ctxt := buildContext(tags)
	var files []goFile
	for _, name := range t.glob(rel) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		ok, err := matchFile(ctxt, name, t.files[name])
		if err != nil {
			return nil, err
		}
		if ok {
			files = append(files, goFile{name, t.files[name]})
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file in %s builds here", rel)
	}
	return files, nil
}

func buildContext(tags string) build.Context {
	ctxt := build.Default
	ctxt.CgoEnabled = false
	if tags != "" {
		ctxt.BuildTags = strings.Split(tags, ",")
	}
	return ctxt
}

func matchFile(ctxt build.Context, name string, src []byte) (bool, error) {
	ctxt.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }
	return ctxt.MatchFile(filepath.Dir(name), filepath.Base(name))
}

// A scope tells what net2 declares, and what of it is net's own.
type scope struct {
	objects map[string]bool // every package-level name
	alias   map[string]bool // those that are net's: aliases and forwards
}

// declared reads the scope from files. A type is net's if it is an alias of
// net's, a function if it only calls net's, and a variable or constant if its
// value is net's of the same name.
func declared(files []goFile) (*scope, error) {
	s := &scope{objects: make(map[string]bool), alias: make(map[string]bool)}
	fset := token.NewFileSet()
	for _, file := range files {
		f, err := parser.ParseFile(fset, file.name, file.src, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					s.add(d.Name, forwards(d))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						s.add(spec.Name, spec.Assign.IsValid() && isNet(spec.Type, spec.Name.Name))
					case *ast.ValueSpec:
						for i, name := range spec.Names {
							s.add(name, i < len(spec.Values) && isNet(spec.Values[i], name.Name))
						}
					}
				}
			}
		}
	}
	return s, nil
}

func (s *scope) add(name *ast.Ident, alias bool) {
	if name.Name == "_" || name.Name == "init" {
		return
	}
	s.objects[name.Name] = true
	s.alias[name.Name] = alias
}

// isNet reports whether x is net.name.
func isNet(x ast.Expr, name string) bool {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "net"
}

// forwards reports whether fn only calls net's function of the same name.
func forwards(fn *ast.FuncDecl) bool {
	if fn.Body == nil || len(fn.Body.List) != 1 {
		return false
	}
	var x ast.Expr
	switch s := fn.Body.List[0].(type) {
	case *ast.ReturnStmt:
		if len(s.Results) != 1 {
			return false
		}
		x = s.Results[0]
	case *ast.ExprStmt:
		x = s.X
	}
	call, ok := x.(*ast.CallExpr)
	return ok && isNet(call.Fun, fn.Name.Name)
}
