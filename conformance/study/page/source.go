package page

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"go.parity/conformance/way"
)

// A Source has the files of a stack, none where they are not at hand. It is read
// when the page is written.
type Source struct{ files fs.FS }

// Folder is the source below a folder.
func Folder(dir string) Source { return Source{os.DirFS(dir)} }

// Declaration returns the text that declares f, with its comment, or "" where
// that cannot be read.
func (s Source) Declaration(f way.Func) string {
	if s.files == nil || f.File == "" {
		return ""
	}
	text, err := fs.ReadFile(s.files, strings.ReplaceAll(f.File, "GOARCH", runtime.GOARCH))
	if err != nil {
		return ""
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return ""
	}
	for _, d := range file.Decls {
		if doc, ok := declares(d, f.Name); ok {
			from := d.Pos()
			if doc != nil {
				from = doc.Pos()
			}
			return string(text[fset.Position(from).Offset:fset.Position(d.End()).Offset])
		}
	}
	return ""
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

// funcName writes a function as the ways do.
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

// Sources are the sources of both stacks: the standard library's where the go
// command has it, and ours from the checkout that the go command runs in, which
// may have been changed, or else from the archive.
func Sources(ctx context.Context) (std, ours Source) {
	if root := goSays(ctx, "env", "GOROOT"); root != "" {
		std = Folder(filepath.Join(root, "src"))
	}
	if root := goSays(ctx, "list", "-f", "{{with .Module}}{{if .Main}}{{.Dir}}{{end}}{{end}}", "go.parity/net2"); root != "" {
		return std, Folder(root)
	}
	return std, archived()
}

// goSays is what the go command answers, "" where it cannot: the page then
// goes without that source.
func goSays(ctx context.Context, args ...string) string {
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
