package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"
)

// assignments holds the values that a file assigns to each of its variables. A
// nil expression is a value that we do not follow.
type assignments map[types.Object][]ast.Expr

func (p program) assignments(file *ast.File) assignments {
	values := make(assignments)
	give := func(name ast.Expr, value ast.Expr) {
		ident, ok := name.(*ast.Ident)
		if !ok {
			return
		}
		if obj := p.info.ObjectOf(ident); obj != nil {
			values[obj] = append(values[obj], value)
		}
	}
	// several is c, err := f(): the value of each is taken to be f's.
	several := func(names []ast.Expr, from []ast.Expr) {
		for i, name := range names {
			switch len(from) {
			case len(names):
				give(name, from[i])
			case 1:
				give(name, from[0])
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			several(n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			names := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				names[i] = name
			}
			several(names, n.Values)
		case *ast.RangeStmt:
			give(n.Key, nil)
			give(n.Value, nil)
		case *ast.UnaryExpr: // code that has its address may assign anything
			if n.Op.String() == "&" {
				give(n.X, nil)
			}
		}
		return true
	})
	return values
}

// origin says in a clause where a value comes from; "" if net makes it, since
// then net2 will make it.
func (p program) origin(value ast.Expr, values assignments, seen []types.Object) string {
	switch x := ast.Unparen(value).(type) {
	case *ast.CallExpr:
		return p.originOfCall(x, values, seen)
	case *ast.TypeAssertExpr:
		return p.origin(x.X, values, seen)
	case *ast.Ident:
		return p.originOfVariable(x, values, seen)
	case *ast.SelectorExpr:
		return fmt.Sprintf("the value is %s's", types.ExprString(x))
	}
	if value != nil && swappedName(p.info.TypeOf(value)) != "" {
		return "" // a literal, or what its type already tells
	}
	return "the value is not followed"
}

func (p program) originOfCall(call *ast.CallExpr, values assignments, seen []types.Object) string {
	callee := p.callee(call)
	switch {
	case callee == nil && len(call.Args) == 1 && p.info.Types[call.Fun].IsType():
		return p.origin(call.Args[0], values, seen) // a conversion
	case callee == nil:
		return fmt.Sprintf("the value comes from calling %s", types.ExprString(call.Fun))
	case callee.Pkg() == nil || callee.Pkg().Path() != "net":
		return fmt.Sprintf("the value comes from %s", objectName(callee))
	}
	receiver := callee.Signature().Recv()
	if receiver == nil || !types.IsInterface(receiver.Type()) {
		return ""
	}
	// l.Accept(): its connections come from where l comes from.
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return fmt.Sprintf("the value comes from %s", objectName(callee))
	}
	return p.origin(sel.X, values, seen)
}

func (p program) originOfVariable(x *ast.Ident, values assignments, seen []types.Object) string {
	obj := p.info.ObjectOf(x)
	if obj == nil {
		return "the value is not followed"
	}
	if swappedName(obj.Type()) != "" {
		return ""
	}
	for _, o := range seen {
		if o == obj {
			return "" // its other values decide
		}
	}
	given := values[obj]
	if len(given) == 0 || obj.Parent() != nil && obj.Pkg() != nil && obj.Parent() == obj.Pkg().Scope() {
		return fmt.Sprintf("the value of %s comes from outside the function", x.Name)
	}
	for _, value := range given {
		if from := p.origin(value, values, append(seen, obj)); from != "" {
			return from
		}
	}
	return ""
}
