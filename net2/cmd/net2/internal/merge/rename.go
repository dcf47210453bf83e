package merge

import (
	"go/ast"
	"go/types"
)

// renaming gives new names to declarations at a package's top level.
type renaming map[string]string

// edits renames in one file of p. In functions for which keep is true, old
// names stay.
func (r renaming) edits(p *pkg, s *source, keep func(fn *ast.FuncDecl) bool) []edit {
	var edits []edit
	var plain func(n ast.Node) bool
	selected := make(map[*ast.Ident]bool) // names after a dot, and keys: a package-level name only if resolved so
	plain = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if keep != nil && keep(n) {
				return false
			}
		case *ast.SelectorExpr:
			selected[n.Sel] = true
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				selected[key] = true
			}
		case *ast.Ident:
			name, ok := r[n.Name]
			if !ok {
				return true
			}
			if r.standsForRenamed(p, n, selected[n]) {
				edits = append(edits, edit{s.offset(n.Pos()), s.offset(n.End()), name})
			}
		}
		return true
	}
	topLevel := r.topLevel(s)
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && topLevel[id] {
			edits = append(edits, edit{s.offset(id.Pos()), s.offset(id.End()), r[id.Name]})
			return true
		}
		return plain(n)
	})
	return edits
}

// topLevel are the names to change in the file's own declarations. If go/types
// has taken a variant for a second declaration, it has not resolved that one.
func (r renaming) topLevel(s *source) map[*ast.Ident]bool {
	ids := make(map[*ast.Ident]bool)
	for _, decl := range s.syntax.Decls {
		for _, id := range declared(decl) {
			if _, ok := r[id.Name]; ok {
				ids[id] = true
			}
		}
	}
	return ids
}

// declared are the names that a declaration at the top level declares.
// Methods declare none.
func declared(decl ast.Decl) []*ast.Ident {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			return []*ast.Ident{decl.Name}
		}
	case *ast.GenDecl:
		var ids []*ast.Ident
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				ids = append(ids, spec.Name)
			case *ast.ValueSpec:
				ids = append(ids, spec.Names...)
			}
		}
		return ids
	}
	return nil
}

// standsForRenamed reports whether an identifier stands for the package-level
// declaration of its name, or for a field embedded under that name.
func (r renaming) standsForRenamed(p *pkg, id *ast.Ident, selected bool) bool {
	obj := p.resolved(id)
	if obj == nil && !selected {
		obj = p.objectOf(id)
	}
	if obj == nil {
		return false
	}
	if field, ok := obj.(*types.Var); ok && field.Embedded() {
		return p.scope.Lookup(id.Name) == embeddedType(field)
	}
	return obj.Parent() == p.scope
}

// embeddedType is the declaration of the type that a field embeds.
func embeddedType(field *types.Var) types.Object {
	t := field.Type()
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	switch t := t.(type) {
	case *types.Named:
		return t.Obj()
	case *types.Alias:
		return t.Obj()
	}
	return nil
}
