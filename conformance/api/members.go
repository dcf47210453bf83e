package api

import (
	"fmt"
	"go/types"
)

// Kind is the kind of an exported object.
type Kind string

const (
	Func   Kind = "func"
	Type   Kind = "type"
	Var    Kind = "var"
	Const  Kind = "const"
	Method Kind = "method"
	Field  Kind = "field"
)

// Kinds lists the kinds in the order in which totals are given.
var Kinds = []Kind{Func, Type, Var, Const, Method, Field}

// A member is one exported object of a package.
type member struct {
	kind  Kind
	obj   types.Object
	owner *types.TypeName // whose method or field it is, or nil

	tag     string // of a field
	pointer bool   // the method is in the method set of *T alone
}

// name returns "Dial", "(*TCPConn).ReadFrom" or "Dialer.Timeout".
func (m member) name() string {
	switch {
	case m.owner == nil:
		return m.obj.Name()
	case m.pointer:
		return fmt.Sprintf("(*%s).%s", m.owner.Name(), m.obj.Name())
	case m.kind == Method:
		return fmt.Sprintf("(%s).%s", m.owner.Name(), m.obj.Name())
	}
	return m.owner.Name() + "." + m.obj.Name()
}

// A key finds the member of one package that corresponds to one of another.
// Unlike the name, it is the same for a method of T and a method of *T.
type key struct {
	kind        Kind
	owner, name string
}

func (m member) key() key {
	k := key{kind: m.kind, name: m.obj.Name()}
	if m.owner != nil {
		k.owner = m.owner.Name()
	}
	return k
}

// members lists the exported objects of pkg by name, each type followed by its
// methods and fields.
func members(pkg *types.Package) []member {
	var list []member
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Func:
			list = append(list, member{kind: Func, obj: obj})
		case *types.Var:
			list = append(list, member{kind: Var, obj: obj})
		case *types.Const:
			list = append(list, member{kind: Const, obj: obj})
		case *types.TypeName:
			list = append(list, member{kind: Type, obj: obj})
			list = append(list, methods(obj)...)
			list = append(list, fields(obj)...)
		}
	}
	return list
}

// methods lists the exported methods that a variable of the type has.
func methods(owner *types.TypeName) []member {
	value := types.NewMethodSet(owner.Type())
	all := value
	if !types.IsInterface(owner.Type()) {
		all = types.NewMethodSet(types.NewPointer(owner.Type()))
	}
	var list []member
	for sel := range all.Methods() {
		if f := sel.Obj(); f.Exported() {
			pointer := value.Lookup(f.Pkg(), f.Name()) == nil
			list = append(list, member{kind: Method, obj: f, owner: owner, pointer: pointer})
		}
	}
	return list
}

// fields lists the exported fields of a struct type in their order. A struct
// embedded under an unexported name adds those that it promotes.
func fields(owner *types.TypeName) []member {
	var list []member
	seen := make(map[types.Type]bool)
	var collect func(types.Type)
	collect = func(t types.Type) {
		s, ok := t.Underlying().(*types.Struct)
		if !ok || seen[t] {
			return
		}
		seen[t] = true
		for i := range s.NumFields() {
			f := s.Field(i)
			switch {
			case f.Exported() && selects(owner, f):
				list = append(list, member{kind: Field, obj: f, owner: owner, tag: s.Tag(i)})
			case !f.Exported() && f.Embedded():
				collect(deref(f.Type()))
			}
		}
	}
	collect(types.Unalias(owner.Type()))
	return list
}

// selects reports whether x.f is the field f for an x of the owner's type: that
// is not so for a field that another one hides.
func selects(owner *types.TypeName, f *types.Var) bool {
	obj, _, _ := types.LookupFieldOrMethod(owner.Type(), true, f.Pkg(), f.Name())
	return obj == f
}

// deref returns T for *T and for T.
func deref(t types.Type) types.Type {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		return types.Unalias(p.Elem())
	}
	return t
}
