package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// swapped are the types of net of which net2 has its own. All others are
// aliases, the same before and after.
var swapped = []string{
	"Buffers", "Dialer", "IPConn", "ListenConfig", "TCPConn", "TCPListener",
	"UDPConn", "UnixConn", "UnixListener",
}

// The categories of findings.
const (
	assertion = "assertion" // answers differently for a value that stays net's
	buffers   = "buffers"   // written one by one if the other side is not net2's
	signature = "signature" // does not compile with a net2 value
	linkname  = "linkname"  // still reaches net
)

// A finding is one place where a swapped package meets what stays on net.
type finding struct {
	pos      token.Pos
	category string
	text     string
}

// ownPackages are the paths of modules, or packages, whose imports are swapped.
type ownPackages []string

func (o ownPackages) has(path string) bool {
	path, _, _ = strings.Cut(path, " ") // a test variant: p [p.test]
	path = strings.TrimSuffix(path, "_test")
	return slices.ContainsFunc(o, func(m string) bool {
		return path == m || strings.HasPrefix(path, m+"/")
	})
}

// A program is a type-checked package before the swap.
type program struct {
	fset *token.FileSet
	info *types.Info
	own  ownPackages
}

// inspect looks through one file. Its findings are in the order of the file,
// except links, which come last.
func (p program) inspect(file *ast.File) []finding {
	var found []finding
	values := p.assignments(file)
	add := func(pos token.Pos, category, format string, args ...any) {
		found = append(found, finding{pos, category, fmt.Sprintf(format, args...)})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeAssertExpr:
			if n.Type != nil { // a nil Type belongs to a switch, which the case below inspects
				p.asked(n.Pos(), "assertion", n.X, []ast.Expr{n.Type}, values, add)
			}
		case *ast.TypeSwitchStmt:
			p.typeSwitch(n, values, add)
		case *ast.CallExpr:
			p.buffersIn(n, values, add)
		case *ast.Ident:
			if obj := p.info.Uses[n]; obj != nil && p.elsewhere(obj) {
				if t := mentioned(declared(obj)); t != "" {
					add(n.Pos(), signature, "%s asks for %s, which stays net's: a net2 value does not fit", objectName(obj), t)
				}
			}
		}
		return true
	})
	return append(found, linknames(file)...)
}

// elsewhere reports whether an object belongs to a package that is neither net
// nor swapped.
func (p program) elsewhere(obj types.Object) bool {
	return obj.Pkg() != nil && obj.Pkg().Path() != "net" && !p.own.has(obj.Pkg().Path())
}

// declared is the type with which an object was declared, before the user's
// type arguments; nil if the object has no value.
func declared(obj types.Object) types.Type {
	switch obj := obj.(type) {
	case *types.Func:
		return obj.Origin().Type()
	case *types.Var:
		return obj.Origin().Type()
	}
	return nil
}

// objectName names an object so that a reader finds it.
func objectName(obj types.Object) string {
	if f, ok := obj.(*types.Func); ok {
		return f.FullName()
	}
	return obj.Pkg().Path() + "." + obj.Name()
}

// mentioned returns the first of net's swapped types that stands in the
// spelling of a type, "" if none does.
func mentioned(t types.Type) string {
	switch t := t.(type) {
	case *types.Alias:
		return mentioned(types.Unalias(t))
	case *types.Named:
		if name := swappedName(t); name != "" {
			return name
		}
		for arg := range t.TypeArgs().Types() {
			if name := mentioned(arg); name != "" {
				return name
			}
		}
	case *types.Pointer:
		if name := mentioned(t.Elem()); name != "" {
			return "*" + strings.TrimPrefix(name, "*")
		}
	case *types.Slice:
		return mentioned(t.Elem())
	case *types.Array:
		return mentioned(t.Elem())
	case *types.Chan:
		return mentioned(t.Elem())
	case *types.Map:
		if name := mentioned(t.Key()); name != "" {
			return name
		}
		return mentioned(t.Elem())
	case *types.Signature:
		if name := mentioned(t.Params()); name != "" {
			return name
		}
		return mentioned(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			if name := mentioned(v.Type()); name != "" {
				return name
			}
		}
	}
	return ""
}

// swappedName is net.X for one of net's swapped types, or a pointer to one.
func swappedName(t types.Type) string {
	t = types.Unalias(t)
	if ptr, ok := t.(*types.Pointer); ok {
		if name := swappedName(ptr.Elem()); name != "" {
			return "*" + name
		}
		return ""
	}
	named, ok := t.(*types.Named)
	if !ok {
		return ""
	}
	obj := named.Obj()
	if obj.Pkg() == nil || obj.Pkg().Path() != "net" || !slices.Contains(swapped, obj.Name()) {
		return ""
	}
	return "net." + obj.Name()
}

type report func(pos token.Pos, category, format string, args ...any)

// asked reports an assertion or a switch that asks a value for swapped types,
// unless net makes the value, since then net2 will make it.
func (p program) asked(pos token.Pos, what string, value ast.Expr, kinds []ast.Expr, values assignments, add report) {
	var names []string
	for _, kind := range kinds {
		if name := swappedName(p.info.TypeOf(kind)); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	if from := p.origin(value, values, nil); from != "" {
		add(pos, assertion, "%s on %s: %s, and if that is net's own, it is not net2's", what, strings.Join(names, ", "), from)
	}
}

func (p program) typeSwitch(n *ast.TypeSwitchStmt, values assignments, add report) {
	var kinds []ast.Expr
	for _, clause := range n.Body.List {
		kinds = append(kinds, clause.(*ast.CaseClause).List...)
	}
	var x ast.Expr
	switch assign := n.Assign.(type) {
	case *ast.ExprStmt:
		x = assign.X
	case *ast.AssignStmt:
		x = assign.Rhs[0]
	}
	if assert, ok := ast.Unparen(x).(*ast.TypeAssertExpr); ok {
		p.asked(n.Pos(), "type switch", assert.X, kinds, values, add)
	}
}

// buffersIn reports Buffers that leave the swapped packages in a call.
func (p program) buffersIn(call *ast.CallExpr, values assignments, add report) {
	callee := p.callee(call)
	if callee == nil {
		return
	}
	if p.elsewhere(callee) {
		for _, arg := range call.Args {
			name := swappedName(p.info.TypeOf(arg))
			if strings.TrimPrefix(name, "*") == "net.Buffers" && mentioned(declared(callee)) == "" {
				add(arg.Pos(), buffers, "%s is handed to %s: net's own connections there write it buffer by buffer, without writev", name, objectName(callee))
			}
		}
		return
	}
	if callee.FullName() == "(*net.Buffers).WriteTo" && len(call.Args) == 1 {
		if from := p.origin(call.Args[0], values, nil); from != "" {
			add(call.Pos(), buffers, "Buffers.WriteTo: %s, and if that is net's own, it gets buffer by buffer, without writev", from)
		}
	}
}

// callee is the function or method that a call names, nil for a function value
// and for a conversion.
func (p program) callee(call *ast.CallExpr) *types.Func {
	var name *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		name = fun
	case *ast.SelectorExpr:
		name = fun.Sel
	default:
		return nil
	}
	f, _ := p.info.Uses[name].(*types.Func)
	return f
}

// linknames reports links to names of net, which the swap does not reach.
func linknames(file *ast.File) []finding {
	var found []finding
	for _, group := range file.Comments {
		for _, c := range group.List {
			words := strings.Fields(c.Text)
			if len(words) == 3 && words[0] == "//go:linkname" && strings.HasPrefix(words[2], "net.") {
				found = append(found, finding{c.Pos(), linkname, fmt.Sprintf("%s is linked to %s, which stays net's", words[1], words[2])})
			}
		}
	}
	return found
}
