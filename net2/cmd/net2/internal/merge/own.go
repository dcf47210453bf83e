package merge

import (
	"go/ast"
	"go/token"
	"strings"
)

// netsOwn are names that net and net2 both declare and that stay net's. As an
// import, net2 can reach net's only from outside, or must have its own; inside
// the package it can use net's: the errors that net compares with, and the
// resolver with cgo and nsswitch.
var netsOwn = set(`
	DefaultResolver errCanceled errMissingAddress errTimeout
	LookupAddr LookupCNAME LookupHost LookupIP LookupMX LookupNS LookupPort LookupSRV LookupTXT
	ResolveIPAddr ResolveTCPAddr ResolveUDPAddr
`)

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// ownFile has the declarations that take the place of net2's in the merged
// package.
const ownFile = "net_own.go"

// newName is the prefix of a name of net2 that net uses too.
const newName = "net2_"

// readAdded reads the added files: which names of net2 they replace, and what
// they need.
func (m *merger) readAdded() error {
	entries, err := added.ReadDir("_std")
	if err != nil {
		return err
	}
	m.replaced, m.alive, m.wanted = make(map[string]string), make(map[string]bool), make(map[string]map[string]bool)
	for _, entry := range entries {
		content, err := added.ReadFile("_std/" + entry.Name())
		if err != nil {
			return err
		}
		p, err := parse("added", map[string][]byte{entry.Name(): content})
		if err != nil {
			return err
		}
		if entry.Name() == ownFile {
			for _, name := range p.scope.Names() {
				m.replaced[strings.TrimPrefix(name, newName)] = name
			}
		}
		if strings.HasPrefix(entry.Name(), "net_") {
			mention(p.sources[0].syntax, m.alive)
		}
		p.asks(m.wanted, func(unit) bool { return true })
	}
	for importPath := range folders {
		moved, _ := newPath(importPath)
		for name := range m.wanted[moved] {
			want(m.wanted, importPath, name)
		}
	}
	return nil
}

// crossings are functions of net that stay and make connections. The names in
// their bodies stay too, and now mean net2's: a resolver dials through net2.
var crossings = map[string]bool{"Resolver.dial": true, "srcAddrs": true}

// isCrossing reports whether fn is one of the crossings.
func isCrossing(fn *ast.FuncDecl) bool { return crossings[funcName(fn)] }

// funcName is the name of a function, with its receiver's type before it.
func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// forwards reports whether a declaration of net2 only passes on net's own of
// the same name: an alias, a constant or variable set to it, or a function that
// calls it and does nothing else.
func forwards(p *pkg, name *ast.Ident, decl ast.Node) bool {
	switch decl := decl.(type) {
	case *ast.TypeSpec:
		return decl.Assign.IsValid() && isNets(p, decl.Type, name.Name)
	case *ast.ValueSpec:
		return len(decl.Names) == 1 && len(decl.Values) == 1 && isNets(p, decl.Values[0], name.Name)
	case *ast.FuncDecl:
		if decl.Body == nil || len(decl.Body.List) != 1 {
			return false
		}
		var result ast.Expr
		switch stmt := decl.Body.List[0].(type) {
		case *ast.ReturnStmt:
			if len(stmt.Results) == 1 {
				result = stmt.Results[0]
			}
		case *ast.ExprStmt:
			result = stmt.X
		}
		call, ok := result.(*ast.CallExpr)
		return ok && isNets(p, call.Fun, name.Name)
	}
	return false
}

// isNets reports whether expr is net.name.
func isNets(p *pkg, expr ast.Expr, name string) bool {
	sel, ok := expr.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == name && importOf(p, sel.X) == "net"
}

// assigns reports whether a function assigns to one of names.
func assigns(fn *ast.FuncDecl, names map[string]bool) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		if stmt, ok := n.(*ast.AssignStmt); ok && stmt.Tok == token.ASSIGN {
			for _, lhs := range stmt.Lhs {
				if sel, ok := lhs.(*ast.SelectorExpr); ok {
					lhs = sel.X
				}
				if id, ok := lhs.(*ast.Ident); ok && names[id.Name] {
					found = true
				}
			}
		}
		return true
	})
	return found
}
