package stdtests

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// A carriedFile is one file of the rewritten tests.
type carriedFile struct {
	name     string // base name
	src      []byte
	external bool
	source   *source       // nil for scaffolding
	origin   func(int) int // from an offset in src to one in source
	ast      *ast.File
	units    []*unit
}

// A unit is carried over or left out as a whole: a function, an import, or a
// spec of a declaration of types, variables or constants.
type unit struct {
	file     *carriedFile
	decl     ast.Decl
	spec     ast.Spec // nil for a function, and for constants that count with iota
	pos, end int      // in file.src, with the comment of a function
	names    []string
	isImport bool
	out      bool            // left out
	reasons  map[string]bool // the names that it, or what it needs, lacks
}

// A pruner leaves out what does not compile.
type pruner struct {
	fset     *token.FileSet
	tests    *testedPackage
	path     string      // import path of net2
	lib      []*ast.File // net2 itself
	files    []*carriedFile
	importer types.Importer
	net2     *scope
	bridge   *bridge

	byName map[string]*unit // units by name; methods as T.M
	info   *types.Info      // after the last check
	pkg    *types.Package
}

// add parses a rewritten file and cuts it into units.
func (p *pruner) add(f *carriedFile) error {
	var err error
	f.ast, err = parser.ParseFile(p.fset, f.name, f.src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	offset := func(pos token.Pos) int { return p.fset.Position(pos).Offset }
	unitOf := func(d ast.Decl, spec ast.Spec, from, to ast.Node, names ...string) *unit {
		u := &unit{
			file: f, decl: d, spec: spec, names: names,
			pos: offset(from.Pos()), end: offset(to.End()),
			reasons: make(map[string]bool),
		}
		f.units = append(f.units, u)
		for _, name := range names {
			if name != "_" && name != "init" {
				p.byName[f.scope()+name] = u
			}
		}
		return u
	}
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = receiverName(d.Recv.List[0].Type) + "." + name
			}
			u := unitOf(d, nil, d, d, name)
			if d.Doc != nil {
				u.pos = offset(d.Doc.Pos())
			}
		case *ast.GenDecl:
			if d.Tok == token.CONST && countsWithIota(d) {
				var names []string
				for _, spec := range d.Specs {
					for _, id := range spec.(*ast.ValueSpec).Names {
						names = append(names, id.Name)
					}
				}
				unitOf(d, nil, d, d, names...)
				continue
			}
			for _, spec := range d.Specs {
				from, to := ast.Node(spec), ast.Node(spec)
				if !d.Lparen.IsValid() {
					from, to = d, d
				}
				switch spec := spec.(type) {
				case *ast.ImportSpec:
					unitOf(d, spec, from, to).isImport = true
				case *ast.TypeSpec:
					unitOf(d, spec, from, to, spec.Name.Name)
				case *ast.ValueSpec:
					var names []string
					for _, id := range spec.Names {
						names = append(names, id.Name)
					}
					unitOf(d, spec, from, to, names...)
				}
			}
		}
	}
	p.files = append(p.files, f)
	return nil
}

// scope tells the names of the two packages of tests apart.
func (f *carriedFile) scope() string {
	if f.external {
		return "net2_test."
	}
	return ""
}

func countsWithIota(d *ast.GenDecl) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == "iota" {
			found = true
		}
		return !found
	})
	return found
}

// at returns the unit at an offset of f.
func (f *carriedFile) at(off int) *unit {
	for _, u := range f.units {
		if u.pos <= off && off < u.end {
			return u
		}
	}
	return nil
}

// rest returns the syntax of f without the units that are out.
func (f *carriedFile) rest() *ast.File {
	kept := *f.ast
	kept.Decls = nil
	specs := make(map[ast.Decl][]ast.Spec)
	for _, u := range f.units {
		if !u.out && u.spec != nil {
			specs[u.decl] = append(specs[u.decl], u.spec)
		}
	}
	whole := make(map[ast.Decl]bool)
	for _, u := range f.units {
		if !u.out && u.spec == nil {
			whole[u.decl] = true
		}
	}
	for _, d := range f.ast.Decls {
		if whole[d] {
			kept.Decls = append(kept.Decls, d)
		} else if s := specs[d]; len(s) > 0 {
			gen := *d.(*ast.GenDecl)
			gen.Specs = s
			kept.Decls = append(kept.Decls, &gen)
		}
	}
	return &kept
}

// text returns the source of f without the units that are out.
func (f *carriedFile) text() []byte {
	src := slices.Clone(f.src)
	for _, u := range f.units {
		if u.out {
			blank(src, u.pos, u.end)
		}
	}
	return src
}

// prune leaves out units until the rest compiles.
func (p *pruner) prune() error {
	for {
		errs, err := p.check()
		if err != nil {
			return err
		}
		if len(errs) == 0 {
			return nil
		}
		// The reasons of an error follow from what earlier rounds left out, so
		// a round looks at all its errors before it leaves anything out.
		found := make(map[*unit][]string)
		for _, err := range errs {
			u := p.unitAt(err.Pos)
			if u == nil || u.out {
				return err
			}
			if u.isImport {
				found[u] = nil
				continue
			}
			found[u] = append(found[u], p.reasons(err)...)
		}
		for u, reasons := range found {
			u.out = true
			for _, r := range reasons {
				u.reasons[r] = true
			}
		}
	}
}

// check type-checks what is not left out, and returns the errors.
func (p *pruner) check() (errs []types.Error, err error) {
	p.info = newInfo()
	conf := types.Config{
		Importer:  p.importer,
		GoVersion: "go1.26",
		Error: func(err error) {
			var terr types.Error
			if errors.As(err, &terr) {
				errs = append(errs, terr)
			}
		},
	}
	internal := slices.Clone(p.lib)
	var external []*ast.File
	for _, f := range p.files {
		if f.external {
			external = append(external, f.rest())
		} else {
			internal = append(internal, f.rest())
		}
	}
	// Errors are collected; what Check returns is the first of them.
	p.pkg, _ = conf.Check(p.path, p.fset, internal, p.info)
	if len(external) > 0 && len(errs) == 0 {
		conf.Importer = importerFunc(func(path string) (*types.Package, error) {
			if "vendor/"+path == p.path || path == p.path {
				return p.pkg, nil
			}
			return p.importer.Import(path)
		})
		info := newInfo()
		_, _ = conf.Check(p.path+"_test", p.fset, external, info)
		merge(p.info, info)
	}
	// A secondary error continues the one before it.
	errs = slices.DeleteFunc(errs, func(err types.Error) bool { return strings.HasPrefix(err.Msg, "\t") })
	return errs, nil
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

func (p *pruner) unitAt(pos token.Pos) *unit {
	at := p.fset.Position(pos)
	for _, f := range p.files {
		if f.name == at.Filename {
			return f.at(at.Offset)
		}
	}
	return nil
}

// reasons names what err lacks: the unexported name of net at its place, or why
// the unit that its place refers to was left out.
func (p *pruner) reasons(err types.Error) []string {
	at := p.fset.Position(err.Pos)
	var file *carriedFile
	for _, f := range p.files {
		if f.name == at.Filename {
			file = f
		}
	}
	if name, ok := strings.CutPrefix(err.Msg, "undefined: "); ok {
		if u := p.byName[file.scope()+name]; u != nil && u.out {
			return slices.Collect(maps.Keys(u.reasons))
		}
	}
	if file.source != nil {
		if o := p.originalObject(file, file.origin(at.Offset)); o != nil {
			if u := p.byName[objectName(o)]; u != nil && u.out && p.tests.inTest(o) {
				return slices.Collect(maps.Keys(u.reasons))
			}
			if p.tests.inPackage(o) && !o.Exported() {
				return []string{p.describe(o)}
			}
		}
	}
	return []string{err.Msg}
}

// originalObject returns what the identifier at an offset of the original
// source refers to: for a selector, what it selects.
func (p *pruner) originalObject(f *carriedFile, off int) types.Object {
	var found types.Object
	ast.Inspect(f.source.ast, func(n ast.Node) bool {
		if n == nil {
			return false
		}
		if p.tests.fset.Position(n.Pos()).Offset > off || p.tests.fset.Position(n.End()).Offset <= off {
			return false
		}
		if id, ok := n.(*ast.Ident); ok {
			found = p.tests.info.Uses[id]
		}
		return true
	})
	return found
}

// objectName names o as units are named.
func objectName(o types.Object) string {
	if fn, ok := o.(*types.Func); ok && fn.Signature().Recv() != nil {
		if t := typeName(fn.Signature().Recv().Type()); t != nil {
			return t.Name() + "." + o.Name()
		}
	}
	return o.Name()
}

// describe names an unexported object of net for people to read.
func (p *pruner) describe(o types.Object) string {
	if v, ok := o.(*types.Var); ok && v.IsField() {
		scope := p.tests.types.Scope()
		for _, name := range scope.Names() {
			t, ok := scope.Lookup(name).(*types.TypeName)
			if !ok {
				continue
			}
			st, ok := t.Type().Underlying().(*types.Struct)
			if !ok {
				continue
			}
			for f := range st.Fields() {
				if f == v {
					return name + "." + o.Name()
				}
			}
		}
	}
	return objectName(o)
}
