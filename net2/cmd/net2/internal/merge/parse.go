package merge

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"sort"
	"strings"

	"go.parity/net2/cmd/net2/internal/constraint"
)

// A source is a parsed file.
type source struct {
	name    string
	content []byte
	syntax  *ast.File
	file    *token.File
}

func (s *source) offset(p token.Pos) int { return s.file.Offset(p) }

// A pkg is a package whose names go/types has resolved.
type pkg struct {
	fset    *token.FileSet
	sources []*source
	scope   *types.Scope
	info    *types.Info
}

// parse reads the Go files among files that a build for Linux may use, and
// finds out what each name in them stands for.
//
// It takes all variants of a package at once: with cgo and without, for every
// architecture. A name may be declared twice, because the edits go by name. And
// parse need not load imports: without them go/types still tells which names in
// a file stand for a declaration of the package.
func parse(importPath string, files map[string][]byte) (*pkg, error) {
	p := &pkg{fset: token.NewFileSet(), info: &types.Info{
		Defs: make(map[*ast.Ident]types.Object),
		Uses: make(map[*ast.Ident]types.Object),
	}}
	for _, name := range sortedNames(files) {
		content := files[name]
		if !strings.HasSuffix(name, ".go") || !constraint.NameOnLinux(name) || !constraint.OnLinux(content) {
			continue
		}
		syntax, err := parser.ParseFile(p.fset, name, content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", importPath, err)
		}
		p.sources = append(p.sources, &source{name, content, syntax, p.fset.File(syntax.FileStart)})
	}
	if len(p.sources) == 0 {
		return nil, fmt.Errorf("%s: no Go files for Linux", importPath)
	}
	conf := types.Config{Importer: hollow{}, FakeImportC: true, Error: func(error) {}}
	checked, _ := conf.Check(importPath, p.fset, p.syntax(), p.info)
	p.scope = checked.Scope()
	return p, nil
}

func (p *pkg) syntax() []*ast.File {
	var files []*ast.File
	for _, s := range p.sources {
		files = append(files, s.syntax)
	}
	return files
}

// hollow imports packages without content.
type hollow struct{}

func (hollow) Import(importPath string) (*types.Package, error) {
	name, ok := packageNames[importPath]
	if !ok {
		name = path.Base(importPath)
	}
	hollow := types.NewPackage(importPath, name)
	hollow.MarkComplete()
	return hollow, nil
}

// resolved is the object that go/types finds for an identifier, nil if it finds
// none.
func (p *pkg) resolved(id *ast.Ident) types.Object {
	if obj := p.info.Uses[id]; obj != nil {
		return obj
	}
	return p.info.Defs[id]
}

// objectOf is the object that an unqualified identifier names. If go/types
// gives up on an expression, because the type of a part of it comes from an
// import, the scopes still tell.
func (p *pkg) objectOf(id *ast.Ident) types.Object {
	if obj := p.resolved(id); obj != nil {
		return obj
	}
	if _, defines := p.info.Defs[id]; defines {
		return nil // the variable of a type switch, or a package's name
	}
	scope := p.scope.Innermost(id.Pos())
	if scope == nil {
		return nil
	}
	_, obj := scope.LookupParent(id.Name, id.Pos())
	return obj
}

// declares reports whether name is declared at the package's top level.
func (p *pkg) declares(name string) bool { return p.scope.Lookup(name) != nil }

// importedNames are the names under which the package's files import others.
func (p *pkg) importedNames() map[string]bool {
	names := make(map[string]bool)
	for _, s := range p.sources {
		for _, spec := range s.syntax.Imports {
			names[importName(spec)] = true
		}
	}
	return names
}

func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	importPath := importedPath(spec)
	if name, ok := packageNames[importPath]; ok {
		return name
	}
	return path.Base(importPath)
}

func importedPath(spec *ast.ImportSpec) string {
	return strings.Trim(spec.Path.Value, "`\"")
}

func sortedNames[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
