package api

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// difference says how net2's member y differs from x, the member of net with the
// same key. If it does not differ, difference returns "".
func (m mapping) difference(x, y member) string {
	switch x.kind {
	case Type:
		return m.typeDifference(x.obj.(*types.TypeName), y.obj.(*types.TypeName))
	case Method:
		if x.pointer != y.pointer {
			return fmt.Sprintf("net has %s, net2 %s", x.name(), y.name())
		}
	case Field:
		if d := fieldDifference(x, y); d != "" {
			return d
		}
	}
	if !m.identical(x.obj.Type(), y.obj.Type()) {
		return fmt.Sprintf("net has %s, net2 %s", show(x.obj.Type()), show(y.obj.Type()))
	}
	if x.kind == Const {
		return constDifference(x.obj.(*types.Const), y.obj.(*types.Const))
	}
	return ""
}

// typeDifference compares two types without their methods and fields, which are
// members of their own.
func (m mapping) typeDifference(x, y *types.TypeName) string {
	if origin(x) == origin(y) {
		return "" // net2 has an alias
	}
	own, ok := types.Unalias(y.Type()).(*types.Named)
	if !ok || own.Obj().Pkg() == x.Pkg() {
		return fmt.Sprintf("net2 has an alias of %s", show(types.Unalias(y.Type())))
	}
	if own.TypeParams().Len() > 0 {
		return "net2 has a generic type"
	}
	s, t := x.Type().Underlying(), y.Type().Underlying()
	if !isStruct(s) || !isStruct(t) {
		if !m.identical(s, t) {
			return fmt.Sprintf("net has %s, net2 %s", show(s), show(t))
		}
		return ""
	}
	if types.Comparable(s) != types.Comparable(t) {
		return fmt.Sprintf("comparable in net: %t, in net2: %t", types.Comparable(s), types.Comparable(t))
	}
	return orderDifference(x, y)
}

func isStruct(t types.Type) bool {
	_, ok := t.(*types.Struct)
	return ok
}

// orderDifference compares the order of the fields that both structs have.
func orderDifference(x, y *types.TypeName) string {
	a, b := fieldNames(x), fieldNames(y)
	a = slices.DeleteFunc(a, notIn(b))
	b = slices.DeleteFunc(b, notIn(a))
	if !slices.Equal(a, b) {
		return fmt.Sprintf("net has the fields in the order %s, net2 %s",
			strings.Join(a, ", "), strings.Join(b, ", "))
	}
	return ""
}

func fieldNames(owner *types.TypeName) []string {
	var names []string
	for _, f := range fields(owner) {
		names = append(names, f.obj.Name())
	}
	return names
}

func notIn(list []string) func(string) bool {
	return func(s string) bool { return !slices.Contains(list, s) }
}

// fieldDifference compares the tags of two fields and whether they are embedded.
func fieldDifference(x, y member) string {
	if x.tag != y.tag {
		return fmt.Sprintf("net has the tag %q, net2 %q", x.tag, y.tag)
	}
	if f, g := x.obj.(*types.Var), y.obj.(*types.Var); f.Embedded() != g.Embedded() {
		return fmt.Sprintf("embedded in net: %t, in net2: %t", f.Embedded(), g.Embedded())
	}
	return ""
}

func constDifference(x, y *types.Const) string {
	v, w := x.Val(), y.Val()
	if v.Kind() != w.Kind() || !constant.Compare(v, token.EQL, w) {
		return fmt.Sprintf("net has %s, net2 %s", v.ExactString(), w.ExactString())
	}
	return ""
}

// show renders a type, with the package in front of each name.
func show(t types.Type) string {
	return types.TypeString(t, (*types.Package).Name)
}
