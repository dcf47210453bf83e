package merge

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
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

// moveLower edits a file of a package below net2. The file cannot import net,
// because net imports its package; it uses only net.ErrClosed, which
// internal/poll has too.
func moveLower(p *pkg, s *source, dropped []edit) ([]edit, error) {
	edits := append(p.unusedImports(s, dropped), importComment(s)...)
	add := func(e edit) {
		if !within(edits, e.start) && !within(dropped, e.start) {
			edits = append(edits, e)
		}
	}
	for _, e := range moveImports(s) {
		add(e)
	}
	for _, spec := range s.syntax.Imports {
		if importedPath(spec) == "net" {
			add(edit{s.offset(spec.Pos()), s.offset(spec.End()), `stdpoll "internal/poll"`})
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
		add(edit{s.offset(sel.Pos()), s.offset(sel.End()), "stdpoll.ErrNetClosing"})
		return true
	})
	return append(edits, dropped...), err
}

// importComment takes away the comment behind the package clause that says by
// which path others may import the package.
func importComment(s *source) []edit {
	for _, group := range s.syntax.Comments {
		comment := group.List[0]
		if comment.Pos() > s.syntax.Name.End() && strings.HasPrefix(comment.Text, `// import "`) {
			return []edit{blank(s.content, s.offset(comment.Pos()), s.offset(comment.End()))}
		}
	}
	return nil
}

// addLower adds the packages below net2.
func (m *merger) addLower() error {
	for _, importPath := range lower {
		if err := m.addLowerPackage(importPath); err != nil {
			return err
		}
	}
	return nil
}

// addLowerPackage adds what the library needs of one of them.
func (m *merger) addLowerPackage(importPath string) error {
	folder, files := folders[importPath], m.Sources.In(importPath)
	p, err := parse(importPath, files)
	if err != nil {
		return err
	}
	needed := p.linked()
	maps.Copy(needed, m.wanted[importPath])
	for name, content := range files {
		if !strings.HasSuffix(name, ".go") {
			mentionInAssembly(content, needed)
			m.out.Src[folder+"/"+name] = content
		}
	}
	p.reach(needed, func(unit) bool { return false })
	p.asks(m.wanted, func(u unit) bool { return u.stays(needed) })
	for _, s := range p.sources {
		dropped, empty := takeOut(s, func(u unit) bool { return !u.stays(needed) })
		if empty {
			continue
		}
		edits, err := moveLower(p, s, dropped)
		if err != nil {
			return err
		}
		m.addOurs(importPath, folder+"/"+s.name, s.name, s.content, apply(s.content, edits))
	}
	return nil
}
