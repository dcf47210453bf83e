package stdtests

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// A rewriter turns the tests of package net into tests of the package net2.
type rewriter struct {
	tests    *testedPackage
	net2     *scope
	scaffold *scaffold
	bridge   *bridge
	imports  map[string]string // import paths that move

	embedded map[*types.Var]string // embedded fields whose name changes with that of their type
	skip     map[ast.Node]bool     // nodes of the current file that need no more edits
	bridged  bool                  // the current file uses the bridge
	file     *source
	edits    edits
}

// rewrite returns file as a file of net2, and a function from its offsets back
// to those in file.
func (r *rewriter) rewrite(file *source) ([]byte, func(int) int) {
	r.file, r.edits, r.bridged = file, nil, false
	r.skip = make(map[ast.Node]bool)
	for _, spec := range file.ast.Imports {
		r.importSpec(spec)
	}
	var stack []ast.Node
	ast.Inspect(file.ast, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if r.skip[n] {
			return false
		}
		var parent ast.Node
		if len(stack) > 0 {
			parent = stack[len(stack)-1]
		}
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.FuncDecl:
			r.funcDecl(n)
		case *ast.CompositeLit:
			r.compositeLit(n, parent)
		case *ast.SelectorExpr:
			r.selectorExpr(n, parent)
		case *ast.Ident:
			r.ident(n)
		}
		stack = append(stack, n)
		return true
	})
	name := "net2"
	if file.external {
		name = "net2_test"
	}
	if r.bridged {
		name += "; import " + bridgeAlias + ` "net"`
	}
	r.replace(file.ast.Name.Pos(), file.ast.Name.End(), name)
	return r.edits.apply(file.text)
}

func (r *rewriter) offset(p token.Pos) int { return r.tests.fset.Position(p).Offset }

func (r *rewriter) replace(pos, end token.Pos, text string) {
	r.edits.replace(r.offset(pos), r.offset(end), text)
}

func (r *rewriter) insert(pos token.Pos, text string) { r.edits.insert(r.offset(pos), text) }

func (r *rewriter) importSpec(spec *ast.ImportSpec) {
	path, _ := strconv.Unquote(spec.Path.Value)
	to := r.imports[path]
	if to == "" {
		return
	}
	text := strconv.Quote(to)
	if spec.Name == nil {
		text = path[strings.LastIndexByte(path, '/')+1:] + " " + text
	}
	r.replace(spec.Path.Pos(), spec.Path.End(), text)
}

// funcDecl turns a method that the tests add to a type of net into a function:
// the type may be an alias in net2, and an alias takes no methods.
func (r *rewriter) funcDecl(fn *ast.FuncDecl) {
	method, ok := r.tests.info.Defs[fn.Name].(*types.Func)
	if !ok || !r.foreign(method) {
		return
	}
	recv := fn.Recv.List[0]
	open := r.functionName(method) + "("
	if len(recv.Names) == 0 {
		open += "_ "
	}
	r.replace(fn.Recv.Opening, fn.Recv.Opening+1, "")
	inner := recv.Pos()
	r.insert(inner, open)
	comma := ""
	if len(fn.Type.Params.List) > 0 {
		comma = ", "
	}
	r.replace(recv.End(), fn.Type.Params.Opening+1, comma)
	r.skip[fn.Name] = true
}

// foreign reports whether method is one that the tests add to a type of net.
func (r *rewriter) foreign(method *types.Func) bool {
	if method.Signature().Recv() == nil || !r.tests.inTest(method) {
		return false
	}
	t := typeName(method.Signature().Recv().Type())
	return t != nil && r.tests.inPackage(t)
}

func (r *rewriter) functionName(method *types.Func) string {
	return typeName(method.Signature().Recv().Type()).Name() + "_" + method.Name()
}

// ident renames a reference to a package-level name for which net2 has another
// name.
func (r *rewriter) ident(id *ast.Ident) {
	o := r.tests.info.Uses[id]
	if o == nil {
		o = r.tests.info.Defs[id]
	}
	if o == nil || o.Pkg() != r.tests.types || r.file.external {
		return
	}
	if v, ok := o.(*types.Var); ok && v.IsField() {
		if name, ok := r.embedded[v]; ok {
			r.replace(id.Pos(), id.End(), name)
		}
		return
	}
	if o.Parent() != r.tests.types.Scope() {
		return
	}
	if text := r.packageLevel(o); text != "" && text != id.Name {
		r.replace(id.Pos(), id.End(), text)
		r.bridged = r.bridged || strings.Contains(text, bridgeAlias+".")
	}
}

// packageLevel returns what the rewritten tests have in place of o, a
// package-level object of net or of its tests.
func (r *rewriter) packageLevel(o types.Object) string {
	name := o.Name()
	if r.tests.inTest(o) {
		switch {
		case r.scaffold.has(scaffoldName(name)):
			return scaffoldName(name)
		case r.net2.objects[name]:
			return name + "_std"
		}
		return name
	}
	switch {
	case o.Exported():
		return name
	case r.scaffold.has(scaffoldName(name)):
		return scaffoldName(name)
	case r.net2.objects[name]:
		return name
	}
	if text := r.bridge.object(o); text != "" {
		return text
	}
	return name
}

// scaffoldName returns the scaffolding's name for what stands in for name.
func scaffoldName(name string) string {
	return "std" + upperFirst(name)
}

// selectorExpr mends a reference to an unexported field or method of a type of
// net, to a method that the tests add to such a type, or to a name of a package
// that the scaffolding replaces.
func (r *rewriter) selectorExpr(sel *ast.SelectorExpr, parent ast.Node) {
	if pkg := r.importedPackage(sel.X); pkg != nil {
		name := scaffoldName(pkg.Name() + "_" + sel.Sel.Name)
		if r.scaffold.has(name) {
			r.replace(sel.Pos(), sel.End(), name)
			r.skip[sel.X], r.skip[sel.Sel] = true, true
		}
		return
	}
	selection := r.tests.info.Selections[sel]
	if selection == nil {
		return
	}
	method, isMethod := selection.Obj().(*types.Func)
	switch {
	case isMethod && r.foreign(method):
		r.call(sel, parent, r.functionName(method), selection.Recv(), method)
	case isMethod && method.Pkg() != nil && method.Pkg() != r.tests.types:
		if t := typeName(method.Signature().Recv().Type()); t != nil {
			if fn := scaffoldName(method.Pkg().Name() + "_" + t.Name() + "_" + method.Name()); r.scaffold.has(fn) {
				r.call(sel, parent, fn, selection.Recv(), method)
			}
		}
	case !selection.Obj().Exported() && r.tests.inPackage(selection.Obj()):
		r.unexported(sel, parent, selection)
	}
}

// unexported mends a reference to an unexported field or method of a type of
// net. It leaves alone those of a type that net2 or the scaffolding has: they
// are found there, or not at all.
func (r *rewriter) unexported(sel *ast.SelectorExpr, parent ast.Node, selection *types.Selection) {
	operand, way := r.netOperand(selection)
	t := typeName(operand)
	if t == nil || !r.tests.inPackage(t) {
		return // an unnamed struct
	}
	o := selection.Obj()
	method, isMethod := o.(*types.Func)
	call, isCall := parent.(*ast.CallExpr)
	isCall = isCall && call.Fun == sel

	fn := scaffoldName(t.Name() + "_" + o.Name())
	if !r.scaffold.has(fn) {
		if r.scaffold.has(scaffoldName(t.Name())) || r.owns(t.Name()) || isMethod && types.IsInterface(t.Type()) {
			return
		}
		r.bridged = true
		switch {
		case !isMethod:
			fn = "*" + r.bridge.field(t, o.(*types.Var))
		case isCall:
			fn = r.bridge.method(t, method)
		default:
			fn = r.bridge.methodValue(t, method)
		}
	}
	if isMethod && isCall {
		if way != "" {
			r.insert(sel.X.End(), way)
		}
		r.call(sel, parent, fn, operand, method)
		return
	}
	r.insert(sel.Pos(), "("+fn+"("+address(operand))
	r.replace(sel.X.End(), sel.End(), way+"))")
	r.skip[sel.Sel] = true
}

// netOperand returns the first type of net on the way to what is selected, and
// the embedded fields that lead there.
func (r *rewriter) netOperand(selection *types.Selection) (operand types.Type, way string) {
	operand = selection.Recv()
	index := selection.Index()
	for len(index) > 1 {
		if t := typeName(operand); t != nil && r.tests.inPackage(t) {
			break
		}
		field := structOf(operand).Field(index[0])
		name := field.Name()
		if renamed, ok := r.embedded[field]; ok {
			name = renamed
		}
		way += "." + name
		operand, index = field.Type(), index[1:]
	}
	return operand, way
}

// owns reports whether name is a type that net2 declares itself, with its own
// fields and methods.
func (r *rewriter) owns(name string) bool { return r.net2.objects[name] && !r.net2.alias[name] }

// call turns x.method(args) into fn(x, args).
func (r *rewriter) call(sel *ast.SelectorExpr, parent ast.Node, fn string, operand types.Type, method *types.Func) {
	call, ok := parent.(*ast.CallExpr)
	if !ok || call.Fun != sel {
		return // a method value: it will not compile, and will be left out
	}
	prefix := address(operand)
	if _, ok := method.Signature().Recv().Type().(*types.Pointer); !ok {
		prefix = ""
		if _, ok := operand.Underlying().(*types.Pointer); ok {
			prefix = "*"
		}
	}
	r.insert(sel.Pos(), fn+"("+prefix)
	comma := ""
	if len(call.Args) > 0 {
		comma = ", "
	}
	r.replace(sel.X.End(), call.Lparen+1, comma)
	r.skip[sel.Sel] = true
}

// address returns what turns an operand of type t into a pointer.
func address(t types.Type) string {
	if _, ok := t.Underlying().(*types.Pointer); ok {
		return ""
	}
	return "&"
}

// importedPackage returns the package of a qualified identifier.
func (r *rewriter) importedPackage(x ast.Expr) *types.Package {
	id, ok := x.(*ast.Ident)
	if !ok {
		return nil
	}
	name, ok := r.tests.info.Uses[id].(*types.PkgName)
	if !ok {
		return nil
	}
	return name.Imported()
}

// compositeLit calls a function of the bridge for a literal that sets
// unexported fields of a struct of net.
func (r *rewriter) compositeLit(lit *ast.CompositeLit, parent ast.Node) {
	typ := r.tests.info.Types[lit].Type
	t := typeName(typ)
	if t == nil || !r.tests.inPackage(t) || len(lit.Elts) == 0 ||
		r.owns(t.Name()) || r.scaffold.has(scaffoldName(t.Name())) {
		return
	}
	st, ok := t.Type().Underlying().(*types.Struct)
	if !ok {
		return
	}
	var fields []*types.Var
	hidden := false
	for i, elt := range lit.Elts {
		field := st.Field(min(i, st.NumFields()-1))
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			field = r.tests.info.Uses[kv.Key.(*ast.Ident)].(*types.Var)
		}
		fields = append(fields, field)
		hidden = hidden || !field.Exported()
	}
	if !hidden {
		return
	}
	start := lit.Lbrace
	if lit.Type != nil {
		start = lit.Type.Pos()
		r.skip[lit.Type] = true
	}
	_, pointer := typ.(*types.Pointer)
	if and, ok := parent.(*ast.UnaryExpr); ok && and.Op == token.AND {
		start, pointer = and.Pos(), true
	}
	r.bridged = true
	r.replace(start, lit.Lbrace+1, r.bridge.literal(t, fields, pointer)+"(")
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			r.replace(kv.Pos(), kv.Value.Pos(), "")
			r.skip[kv.Key] = true
		}
	}
	r.replace(lit.Rbrace, lit.Rbrace+1, ")")
}

// findEmbedded notes the new names of embedded fields whose type is replaced.
func (r *rewriter) findEmbedded() {
	r.embedded = make(map[*types.Var]string)
	for _, file := range r.tests.sources {
		if file.external {
			continue
		}
		ast.Inspect(file.ast, func(n ast.Node) bool {
			st, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			typ := r.tests.info.Types[st].Type.(*types.Struct)
			i := 0
			for _, field := range st.Fields.List {
				if len(field.Names) > 0 {
					i += len(field.Names)
					continue
				}
				v := typ.Field(i)
				i++
				t := typeName(v.Type())
				if t == nil || t.Pkg() != r.tests.types {
					continue
				}
				text := r.packageLevel(t)
				text = text[strings.LastIndexByte(text, '.')+1:]
				if text != v.Name() {
					r.embedded[v] = text
				}
			}
			return true
		})
	}
}

// typeName returns the name of t or of what t points to, or nil.
func typeName(t types.Type) *types.TypeName {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj()
	}
	return nil
}

// structOf returns the struct that t is or points to.
func structOf(t types.Type) *types.Struct {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	return t.Underlying().(*types.Struct)
}
