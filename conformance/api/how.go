package api

import (
	"go/ast"
	"go/types"
	"iter"
	"slices"
)

// How says how net2 provides an object.
type How string

const (
	// Alias is an object of net itself: a type with its methods and fields, or a
	// constant or a variable that net2 declares as net's of the same name.
	Alias How = "alias"

	// Forward is a function that returns what net's function of the same
	// name, or the method of that name of net's DefaultResolver, returns for
	// the same arguments. It is also a method that net's type promotes to
	// one of net2.
	Forward How = "forward"

	// Ours is everything else that net has.
	Ours How = "ours"

	// Beyond is an object that net does not have. The files in folder beyond
	// must list it.
	Beyond How = "beyond net"
)

// A source is a type-checked package with its syntax.
type source struct {
	types *types.Package
	info  *types.Info
	files []*ast.File
}

// how says how own provides its member m. It judges a function by its body, and
// a constant or variable by its value.
func (own *source) how(std *types.Package, m member) How {
	if m.owner != nil {
		return own.howOwned(std, m)
	}
	switch m.kind {
	case Type:
		if origin(m.obj.(*types.TypeName)).Pkg() == std {
			return Alias
		}
	case Var, Const:
		if own.isAlias(std, m.obj) {
			return Alias
		}
	case Func:
		if own.isForward(std, m.obj) {
			return Forward
		}
	}
	return Ours
}

// howOwned judges a method or a field, which comes with its type.
func (own *source) howOwned(std *types.Package, m member) How {
	if origin(m.owner).Pkg() == std {
		return Alias
	}
	if m.kind == Method && m.obj.Pkg() == std {
		return Forward
	}
	return Ours
}

// isAlias reports whether a constant or a variable is declared with the value
// of net's of the same name.
func (own *source) isAlias(std *types.Package, obj types.Object) bool {
	value := own.value(obj)
	return value != nil && own.denotes(value, std, obj.Name())
}

// value returns the expression that obj is declared with, or nil.
func (own *source) value(obj types.Object) ast.Expr {
	for decl := range own.decls() {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			spec, ok := spec.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				continue
			}
			for i, name := range spec.Names {
				if own.info.Defs[name] == obj {
					return spec.Values[i]
				}
			}
		}
	}
	return nil
}

// isForward reports whether the body of a function is a single statement that
// returns the call of a function it may forward to, with its own parameters
// in their order.
func (own *source) isForward(std *types.Package, fn types.Object) bool {
	decl := own.function(fn)
	if decl == nil || decl.Body == nil || len(decl.Body.List) != 1 {
		return false
	}
	ret, ok := decl.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	call, ok := ret.Results[0].(*ast.CallExpr)
	if !ok {
		return false
	}
	params := fn.Type().(*types.Signature).Params()
	if own.denotes(call.Fun, std, fn.Name()) {
		return own.passes(call.Args, params)
	}
	return own.denotesResolverMethod(call.Fun, std, fn.Name()) &&
		len(call.Args) > 0 && own.isBackground(call.Args[0]) &&
		own.passes(call.Args[1:], params)
}

// function returns the declaration of a function, or nil.
func (own *source) function(fn types.Object) *ast.FuncDecl {
	for decl := range own.decls() {
		if decl, ok := decl.(*ast.FuncDecl); ok && own.info.Defs[decl.Name] == fn {
			return decl
		}
	}
	return nil
}

// decls ranges over the declarations of the package.
func (own *source) decls() iter.Seq[ast.Decl] {
	return func(yield func(ast.Decl) bool) {
		for _, file := range own.files {
			for _, decl := range file.Decls {
				if !yield(decl) {
					return
				}
			}
		}
	}
}

// denotes reports whether expr is pkg.name.
func (own *source) denotes(expr ast.Expr, pkg *types.Package, name string) bool {
	sel, ok := expr.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	obj := own.info.Uses[sel.Sel]
	return obj != nil && obj == pkg.Scope().Lookup(name)
}

// denotesResolverMethod reports whether expr is DefaultResolver.name, where
// DefaultResolver is net's.
func (own *source) denotesResolverMethod(expr ast.Expr, std *types.Package, name string) bool {
	sel, ok := expr.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	const resolver = "DefaultResolver"
	if own.denotes(sel.X, std, resolver) {
		return true
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return false
	}
	obj := own.info.Uses[id]
	return obj != nil && obj == own.types.Scope().Lookup(resolver) && own.isAlias(std, obj)
}

// isBackground reports whether expr is context.Background().
func (own *source) isBackground(expr ast.Expr) bool {
	call, ok := expr.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := own.info.Uses[sel.Sel].(*types.Func)
	return ok && fn.FullName() == "context.Background"
}

// passes reports whether args are the parameters, each in its place.
func (own *source) passes(args []ast.Expr, params *types.Tuple) bool {
	return slices.EqualFunc(args, slices.Collect(params.Variables()), func(arg ast.Expr, param *types.Var) bool {
		id, ok := arg.(*ast.Ident)
		return ok && own.info.Uses[id] == param
	})
}
