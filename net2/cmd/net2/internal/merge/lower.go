package merge

import (
	"fmt"
	"go/ast"
	"go/types"
	"strconv"
	"strings"
)

// importOf returns the path of the package that expr names, "" if it names
// none.
func importOf(p *pkg, expr ast.Expr) string {
	id, ok := expr.(*ast.Ident)
	if !ok {
		return ""
	}
	if name, ok := p.objectOf(id).(*types.PkgName); ok {
		return name.Imported().Path()
	}
	return ""
}

// moveImports points the imports of moved packages to where they are now.
func moveImports(s *source) []edit {
	var edits []edit
	for _, spec := range s.syntax.Imports {
		moved, ok := newPath(importedPath(spec))
		if !ok {
			continue
		}
		edits = append(edits, edit{
			s.offset(spec.Pos()), s.offset(spec.End()),
			importName(spec) + " " + strconv.Quote(moved),
		})
	}
	return edits
}

// moveLower edits a file of a package below net2. Net cannot be imported
// there, for it imports that package; the one thing that is asked of it is
// ErrClosed, which internal/poll has too.
func moveLower(p *pkg, s *source) ([]edit, error) {
	edits := moveImports(s)
	for _, spec := range s.syntax.Imports {
		if importedPath(spec) == "net" {
			edits = append(edits, edit{s.offset(spec.Pos()), s.offset(spec.End()), `stdpoll "internal/poll"`})
		}
	}
	var err error
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || importOf(p, sel.X) != "net" {
			return true
		}
		if sel.Sel.Name != "ErrClosed" {
			err = fmt.Errorf("%s: net.%s cannot be had below net", p.fset.Position(sel.Pos()), sel.Sel.Name)
			return false
		}
		edits = append(edits, edit{s.offset(sel.Pos()), s.offset(sel.End()), "stdpoll.ErrNetClosing"})
		return true
	})
	return edits, err
}

// addLower adds the packages below net2.
func (m *merger) addLower() error {
	for importPath := range folders {
		if err := m.addLowerPackage(importPath); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) addLowerPackage(importPath string) error {
	folder, p := folders[importPath], m.lower[importPath]
	for _, s := range p.sources {
		edits, err := moveLower(p, s)
		if err != nil {
			return err
		}
		edits = append(edits, m.unusedConstants(importPath, s)...)
		m.addOurs(importPath, folder+"/"+s.name, s.name, s.content, apply(s.content, edits))
	}
	for name, content := range m.Sources.In(importPath) {
		if !strings.HasSuffix(name, ".go") {
			m.out.Src[folder+"/"+name] = content
		}
	}
	return nil
}
