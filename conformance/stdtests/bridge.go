package stdtests

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// A bridge exports unexported names of package net, as one more file of net in
// the temporary GOROOT.
type bridge struct {
	net     *types.Package
	decls   map[string]string // by exported name
	what    map[string]string // what stands behind an exported name
	code    map[string]bool   // the names in what that are functions and methods
	imports map[string]bool
}

// bridgeAlias is how the rewritten tests import package net.
const bridgeAlias = "bridge"

func newBridge(net *types.Package) *bridge {
	return &bridge{net: net, decls: make(map[string]string), what: make(map[string]string), code: make(map[string]bool), imports: make(map[string]bool)}
}

// typeString writes t as package net does.
func (b *bridge) typeString(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == b.net {
			return ""
		}
		b.imports[p.Path()] = true
		return p.Name()
	})
}

func (b *bridge) export(what, format string, args ...any) string {
	name := "Bridge_" + strings.NewReplacer("&", "pointer_", ".", "_", "{", "_of_", ",", "_", "}", "").Replace(what)
	b.what[name] = what
	b.decls[name] = strings.ReplaceAll(fmt.Sprintf(format, args...), "$", name)
	return bridgeAlias + "." + name
}

// object returns the expression for a package-level object of net, or "".
func (b *bridge) object(o types.Object) string {
	switch o := o.(type) {
	case *types.Var:
		return "(*" + b.export(o.Name(), "var $ = &%s", o.Name()) + ")"
	case *types.Const:
		return b.export(o.Name(), "const $ = %s", o.Name())
	case *types.TypeName:
		return b.export(o.Name(), "type $ = %s", o.Name())
	case *types.Func:
		if o.Signature().TypeParams() != nil {
			return ""
		}
		b.code[o.Name()] = true
		return b.export(o.Name(), "var $ = %s", o.Name())
	}
	return ""
}

// field returns the function that leads from a *t to a pointer to its field.
func (b *bridge) field(t *types.TypeName, field *types.Var) string {
	return b.export(t.Name()+"."+field.Name(), "func $(x *%s) *%s { return &x.%s }",
		t.Name(), b.typeString(field.Type()), field.Name())
}

// method returns the function that calls a method of t; it takes the receiver
// first.
func (b *bridge) method(t *types.TypeName, m *types.Func) string {
	star := ""
	if _, ok := m.Signature().Recv().Type().(*types.Pointer); ok {
		star = "*"
	}
	b.code[t.Name()+"."+m.Name()] = true
	return b.export(t.Name()+"."+m.Name(), "var $ = (%s%s).%s", star, t.Name(), m.Name())
}

// methodValue returns the function that binds a method to a *t.
func (b *bridge) methodValue(t *types.TypeName, m *types.Func) string {
	sig := types.NewSignatureType(nil, nil, nil, m.Signature().Params(), m.Signature().Results(), m.Signature().Variadic())
	return b.export("&"+t.Name()+"."+m.Name(), "func $(x *%s) %s { return x.%s }", t.Name(), b.typeString(sig), m.Name())
}

// literal returns the function that makes a struct of type t, or a pointer to
// one, from the values of the given fields.
func (b *bridge) literal(t *types.TypeName, fields []*types.Var, pointer bool) string {
	var names, params, values []string
	for i, f := range fields {
		arg := fmt.Sprintf("a%d", i)
		names = append(names, f.Name())
		params = append(params, arg+" "+b.typeString(f.Type()))
		values = append(values, f.Name()+": "+arg)
	}
	star, and := "", ""
	if pointer {
		star, and = "*", "&"
	}
	return b.export(and+t.Name()+"{"+strings.Join(names, ",")+"}", "func $(%s) %s%s { return %s%s{%s} }",
		strings.Join(params, ", "), star, t.Name(), and, t.Name(), strings.Join(values, ", "))
}

// subjects returns the names that are functions and methods, or all names if
// there are no such names.
func (b *bridge) subjects(names []string) []string {
	var code []string
	for _, name := range names {
		if b.code[name] {
			code = append(code, name)
		}
	}
	if code == nil {
		return names
	}
	return code
}

// file returns the file that package net gets.
func (b *bridge) file() []byte {
	var s strings.Builder
	s.WriteString("package net\n\n")
	body := ""
	for _, name := range slices.Sorted(maps.Keys(b.decls)) {
		body += b.decls[name] + "\n"
	}
	for _, path := range slices.Sorted(maps.Keys(b.imports)) {
		// The declaration that wanted the import may have been replaced.
		base := path[strings.LastIndexByte(path, '/')+1:]
		if strings.Contains(body, base+".") {
			fmt.Fprintf(&s, "import %q\n", strings.TrimPrefix(path, "vendor/"))
		}
	}
	s.WriteString(body)
	return []byte(s.String())
}
