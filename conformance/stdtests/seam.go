package stdtests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// seams lists, by package, our functions that some test of net replaces. If one
// of them is missing, the tests that need it are left out.
//
// They are few, because at each of them the code under test is not quite the
// code that users get.
var seams = map[string][]string{
	"go.parity/socket": {
		// What package net calls through socketFunc and its like.
		"Socket", "Close", "Connect", "Listen", "Accept4", "GetsockoptInt",
		"Writev",
	},
	"go.parity/poll": {
		"SendFile", "Splice", "FD.SetWriteDeadline",
	},
	"go.parity/net2": {
		"sysDialer.dialTCP", "connOptions", "netFD.setOptions", "inheritance.prepare",
	},
}

// cutSeams cuts the seams into the packages of ours in t.
func cutSeams(t *tree) error {
	for name, src := range t.files {
		pkg := strings.TrimPrefix(path.Dir(name), vendorDir)
		if !strings.HasPrefix(pkg, modulePath) || !strings.HasSuffix(name, ".go") {
			continue
		}
		src, err := reroute(src, seams)
		if err != nil {
			return err
		}
		if t.files[name], err = cut(src, seams[pkg]); err != nil {
			return err
		}
	}
	return nil
}

// cut makes seams of the named functions in src, a file of a Go package: F, or
// T.M for a method. It returns the file unchanged if the file has none of them.
// After it,
//
//	func f(a int) error { ... }
//
// is
//
//	func UnseamedF(a int) error { ... }
//
//	var SeamF func(a int) error
//
//	func f(a int) error {
//		if SeamF != nil {
//			return SeamF(a)
//		}
//		return UnseamedF(a)
//	}
//
// An exported function stays as it is, with its callers in its own package;
// callers in other packages call SeamedF instead, see [reroute]. That way the
// compiler makes the same code of the package as before.
func cut(src []byte, fns []string) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	text := func(n ast.Node) string { return string(src[offset(n.Pos()):offset(n.End())]) }
	var es edits
	var added strings.Builder
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || fn.Type.TypeParams != nil {
			continue
		}
		name := fn.Name.Name
		var params, args []string
		var receiver string
		if fn.Recv != nil {
			recv := fn.Recv.List[0]
			name = receiverName(recv.Type) + "." + name
			receiver = "(recv " + text(recv.Type) + ") "
			params = append(params, "recv "+text(recv.Type))
			args = append(args, "recv")
		}
		wanted := false
		for _, w := range fns {
			wanted = wanted || w == name
		}
		if !wanted {
			continue
		}
		own := len(params)
		for _, field := range fn.Type.Params.List {
			for range max(1, len(field.Names)) {
				arg := fmt.Sprintf("a%d", len(args))
				params = append(params, arg+" "+text(field.Type))
				if _, ok := field.Type.(*ast.Ellipsis); ok {
					arg += "..."
				}
				args = append(args, arg)
			}
		}
		results, ret := "", ""
		if fn.Type.Results != nil {
			results, ret = " "+text(fn.Type.Results), "return "
		}
		bare, seamed := "Unseamed"+upperFirst(fn.Name.Name), fn.Name.Name
		if fn.Recv == nil && fn.Name.IsExported() {
			bare, seamed = fn.Name.Name, "Seamed"+fn.Name.Name
		} else {
			es.replace(offset(fn.Name.Pos()), offset(fn.Name.End()), bare)
		}
		var flat string
		for part := range strings.SplitSeq(name, ".") {
			flat += upperFirst(part)
		}
		unseamed := bare + "(" + strings.Join(args, ", ") + ")"
		if fn.Recv != nil {
			unseamed = "recv." + bare + "(" + strings.Join(args[1:], ", ") + ")"
		}
		fmt.Fprintf(&added, "\nvar Seam%s func(%s)%s\n", flat, strings.Join(params, ", "), results)
		fmt.Fprintf(&added, "\nfunc %s%s(%s)%s {\n", receiver, seamed, strings.Join(params[own:], ", "), results)
		fmt.Fprintf(&added, "\tif Seam%s != nil {\n\t\t%sSeam%s(%s)\n", flat, ret, flat, strings.Join(args, ", "))
		if ret == "" {
			added.WriteString("\t\treturn\n")
		}
		fmt.Fprintf(&added, "\t}\n\t%s%s\n}\n", ret, unseamed)
	}
	if added.Len() == 0 {
		return src, nil
	}
	out, _ := es.apply(src)
	return append(out, added.String()...), nil
}

// reroute makes src call the seams of the functions of other packages.
func reroute(src []byte, seams map[string][]string) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	imported := make(map[string]string) // by name
	for _, spec := range f.Imports {
		imp, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(imp)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = imp
	}
	var es edits
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(seams[imported[x.Name]], sel.Sel.Name) {
			es.insert(fset.Position(sel.Sel.Pos()).Offset, "Seamed")
		}
		return true
	})
	out, _ := es.apply(src)
	return out, nil
}

func upperFirst(name string) string {
	first, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[n:]
}

// receiverName returns the name of the type that a method belongs to.
func receiverName(x ast.Expr) string {
	for {
		switch t := x.(type) {
		case *ast.StarExpr:
			x = t.X
		case *ast.ParenExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

// divert makes the system calls of the package in rel variables of its own:
// syscall.F becomes SysF.
func divert(t *tree, rel string) error {
	calls := []string{"Socket", "Close", "Connect", "Listen", "Accept", "Accept4", "GetsockoptInt"}
	pkg := ""
	for _, name := range t.glob(rel) {
		src := t.files[name]
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg = f.Name.Name
		var es edits
		used := false
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "syscall" {
				return true
			}
			if !slices.Contains(calls, sel.Sel.Name) {
				used = true
				return true
			}
			es.replace(fset.Position(sel.Pos()).Offset, fset.Position(sel.End()).Offset, "Sys"+sel.Sel.Name)
			return true
		})
		if len(es) > 0 {
			t.files[name], _ = es.apply(src)
			if !used {
				t.files[name] = append(t.files[name], "\nvar _ syscall.Errno\n"...)
			}
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "package %s\n\nimport \"syscall\"\n\nvar (\n", pkg)
	for _, call := range calls {
		fmt.Fprintf(&s, "\tSys%s = syscall.%[1]s\n", call)
	}
	s.WriteString(")\n")
	t.files[rel+"/zz_divert.go"] = []byte(s.String())
	return nil
}
