package way

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"runtime"
	"strings"
)

// Declaration returns the text below root that declares f, with its comment.
// Of a constant or variable in a group it is the whole group.
func (f Func) Declaration(root fs.FS) (string, error) {
	name := strings.ReplaceAll(f.File, "GOARCH", runtime.GOARCH)
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return "", err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	for _, d := range file.Decls {
		if doc, ok := declares(d, f.Name); ok {
			from := d.Pos()
			if doc != nil {
				from = doc.Pos()
			}
			return string(text[fset.Position(from).Offset:fset.Position(d.End()).Offset]), nil
		}
	}
	return "", fmt.Errorf("%s declares no %s", name, f.Name)
}

func declares(d ast.Decl, name string) (doc *ast.CommentGroup, ok bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Doc, funcName(d) == name
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				ok = ok || s.Name.Name == name
			case *ast.ValueSpec:
				for _, n := range s.Names {
					ok = ok || n.Name == name
				}
			}
		}
		return d.Doc, ok
	}
	return nil, false
}

// funcName writes a function as the paths do.
func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	switch r := d.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if id, ok := r.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")." + d.Name.Name
		}
	case *ast.Ident:
		return "(" + r.Name + ")." + d.Name.Name
	}
	return d.Name.Name
}
