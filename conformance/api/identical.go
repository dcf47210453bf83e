package api

import "go/types"

// A mapping tells which type of net2 stands for a type of net: for net.TCPConn
// it is net2's TCPConn, which is net's own where net2 has an alias.
type mapping map[*types.TypeName]*types.TypeName

func newMapping(std, own *types.Package) mapping {
	m := make(mapping)
	for _, name := range std.Scope().Names() {
		s, inStd := std.Scope().Lookup(name).(*types.TypeName)
		o, inOwn := own.Scope().Lookup(name).(*types.TypeName)
		if inStd && inOwn && s.Exported() {
			m[s] = origin(o)
		}
	}
	return m
}

// origin returns the type name that an alias stands for.
func origin(name *types.TypeName) *types.TypeName {
	if n, ok := types.Unalias(name.Type()).(*types.Named); ok {
		return n.Obj()
	}
	return name
}

// stands returns the type name that stands for name in net2.
func (m mapping) stands(name *types.TypeName) *types.TypeName {
	if own, ok := m[name]; ok {
		return own
	}
	return name
}

// identical reports whether y, in net2, is what x is in net. It is
// [types.Identical] except that it asks for the types of net2 in place of
// those of net. Neither package exports anything generic: type parameters are
// identical to themselves alone.
func (m mapping) identical(x, y types.Type) bool {
	x, y = types.Unalias(x), types.Unalias(y)
	switch x := x.(type) {
	case *types.Named:
		y, ok := y.(*types.Named)
		return ok && m.stands(x.Obj()) == y.Obj() && m.identicalArgs(x, y)
	case *types.Pointer:
		y, ok := y.(*types.Pointer)
		return ok && m.identical(x.Elem(), y.Elem())
	case *types.Slice:
		y, ok := y.(*types.Slice)
		return ok && m.identical(x.Elem(), y.Elem())
	case *types.Array:
		y, ok := y.(*types.Array)
		return ok && x.Len() == y.Len() && m.identical(x.Elem(), y.Elem())
	case *types.Map:
		y, ok := y.(*types.Map)
		return ok && m.identical(x.Key(), y.Key()) && m.identical(x.Elem(), y.Elem())
	case *types.Chan:
		y, ok := y.(*types.Chan)
		return ok && x.Dir() == y.Dir() && m.identical(x.Elem(), y.Elem())
	case *types.Signature:
		y, ok := y.(*types.Signature)
		return ok && m.identicalSignatures(x, y)
	case *types.Struct:
		y, ok := y.(*types.Struct)
		return ok && m.identicalStructs(x, y)
	case *types.Interface:
		y, ok := y.(*types.Interface)
		return ok && m.identicalInterfaces(x, y)
	}
	return types.Identical(x, y)
}

// identicalArgs compares the type arguments of two instances.
func (m mapping) identicalArgs(x, y *types.Named) bool {
	return x.TypeArgs().Len() == y.TypeArgs().Len() &&
		all(x.TypeArgs().Len(), func(i int) bool {
			return m.identical(x.TypeArgs().At(i), y.TypeArgs().At(i))
		})
}

// identicalSignatures compares without the names of parameters and results
// and without the receivers.
func (m mapping) identicalSignatures(x, y *types.Signature) bool {
	return x.TypeParams().Len() == y.TypeParams().Len() &&
		x.Variadic() == y.Variadic() &&
		m.identicalTuples(x.Params(), y.Params()) &&
		m.identicalTuples(x.Results(), y.Results())
}

func (m mapping) identicalTuples(x, y *types.Tuple) bool {
	return x.Len() == y.Len() && all(x.Len(), func(i int) bool {
		return m.identical(x.At(i).Type(), y.At(i).Type())
	})
}

func (m mapping) identicalStructs(x, y *types.Struct) bool {
	return x.NumFields() == y.NumFields() && all(x.NumFields(), func(i int) bool {
		f, g := x.Field(i), y.Field(i)
		return f.Id() == g.Id() &&
			f.Embedded() == g.Embedded() &&
			x.Tag(i) == y.Tag(i) &&
			m.identical(f.Type(), g.Type())
	})
}

// identicalInterfaces compares method sets, which are sorted. Interfaces that
// are more than a method set are constraints, and net exports no constraints.
func (m mapping) identicalInterfaces(x, y *types.Interface) bool {
	return x.IsMethodSet() && y.IsMethodSet() &&
		x.NumMethods() == y.NumMethods() && all(x.NumMethods(), func(i int) bool {
		f, g := x.Method(i), y.Method(i)
		return f.Id() == g.Id() && m.identical(f.Type(), g.Type())
	})
}

// all reports whether ok holds for 0 to n-1.
func all(n int, ok func(i int) bool) bool {
	for i := range n {
		if !ok(i) {
			return false
		}
	}
	return true
}
