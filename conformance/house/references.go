package house

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"go.parity/conformance"
)

// StdNames finds references of the form
//
//	// std: internal/poll.(*FD).Accept
//
// to a name that the standard library under src does not declare. The name is
// that of a function, a type, a variable or a constant, or (T).Method or
// (*T).Method. Several are separated by commas.
func (t *Tree) StdNames(src fs.FS) ([]Finding, error) {
	std := library{src, make(map[string]map[string]bool)}
	var found []Finding
	for ref := range t.references("std") {
		pkg, name, ok := cutSymbol(ref.text)
		if !ok {
			found = append(found, t.at(ref.pos, "%q is not a package and a name in it", ref.text))
			continue
		}
		names, err := std.names(pkg)
		if errors.Is(err, fs.ErrNotExist) {
			found = append(found, t.at(ref.pos, "the standard library has no package %s", pkg))
			continue
		}
		if err != nil {
			return nil, err
		}
		if !names[name] {
			found = append(found, t.at(ref.pos, "package %s declares no %s", pkg, name))
		}
	}
	return found, nil
}

// DeviationNames finds references of the form
//
//	// deviation: accept-options-inherited
//
// to a deviation that is not on the list.
func (t *Tree) DeviationNames(list []conformance.Deviation) []Finding {
	var found []Finding
	for ref := range t.references("deviation") {
		if !slices.ContainsFunc(list, func(d conformance.Deviation) bool { return d.Name == ref.text }) {
			found = append(found, t.at(ref.pos, "conformance.Deviations has no %q", ref.text))
		}
	}
	return found
}

// A reference is what a comment refers to.
type reference struct {
	pos  token.Pos
	text string
}

// references ranges over what the library's comments of the form
// "// label: a, b" refer to.
func (t *Tree) references(label string) iter.Seq[reference] {
	return func(yield func(reference) bool) {
		for _, f := range t.files {
			if f.layer() == "conformance" {
				continue
			}
			for c := range f.comments {
				text := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
				list, ok := strings.CutPrefix(text, label+":")
				if !ok {
					continue
				}
				for text := range strings.SplitSeq(list, ",") {
					if !yield(reference{c.Pos(), strings.TrimSpace(text)}) {
						return
					}
				}
			}
		}
	}
}

// cutSymbol cuts "internal/poll.(*FD).Accept" after the package.
func cutSymbol(text string) (pkg, name string, ok bool) {
	dir, last := path.Split(text)
	base, name, ok := strings.Cut(last, ".")
	return dir + base, name, ok && base != "" && name != ""
}

// A library is the source of the standard library. It remembers the names that
// each package declares.
type library struct {
	src  fs.FS
	seen map[string]map[string]bool
}

// names returns what a package declares on any platform, methods as "(T).M"
// or "(*T).M". Its tests do not count.
func (l library) names(pkg string) (map[string]bool, error) {
	if names, ok := l.seen[pkg]; ok {
		return names, nil
	}
	entries, err := fs.ReadDir(l.src, pkg)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool)
	for _, e := range entries {
		if path.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := fs.ReadFile(l.src, path.Join(pkg, e.Name()))
		if err != nil {
			return nil, err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), e.Name(), text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range syntax.Decls {
			declared(decl, names)
		}
	}
	l.seen[pkg] = names
	return names, nil
}

// declared adds the names of a declaration.
func declared(decl ast.Decl, names map[string]bool) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		names[funcName(decl)] = true
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names[spec.Name.Name] = true
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					names[id.Name] = true
				}
			}
		}
	}
}

// funcName returns "Dial", "(T).Dial" or "(*T).Dial".
func funcName(decl *ast.FuncDecl) string {
	if decl.Recv == nil {
		return decl.Name.Name
	}
	recv, star := decl.Recv.List[0].Type, ""
	if p, ok := recv.(*ast.StarExpr); ok {
		recv, star = p.X, "*"
	}
	switch generic := recv.(type) {
	case *ast.IndexExpr:
		recv = generic.X
	case *ast.IndexListExpr:
		recv = generic.X
	}
	return "(" + star + recv.(*ast.Ident).Name + ")." + decl.Name.Name
}
