package merge

import (
	"go/ast"
	"go/token"
	"strings"
)

// addNet2 adds net2's own files to package net.
func (m *merger) addNet2() error {
	for _, s := range m.net2.sources {
		content := m.net2File(s)
		if content == nil {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(s.name, ".go"), "_linux")
		m.addOurs("go.parity/net2", "net/zz_net2_"+name+"_linux.go", s.name, s.content, content)
	}
	return m.addFile("net", "net_trace_key.go")
}

// net2File makes a file of net2 one of package net, or returns nil if nothing
// of it is left.
func (m *merger) net2File(s *source) []byte {
	dropped, empty := m.droppedFrom(s)
	if empty {
		return nil
	}
	edits := append([]edit(nil), dropped...)
	add := func(es ...edit) {
		for _, e := range es {
			if !within(dropped, e.start) {
				edits = append(edits, e)
			}
		}
	}
	add(edit{s.offset(s.syntax.Name.Pos()), s.offset(s.syntax.Name.End()), "net"})
	add(m.unqualified(s)...)
	add(m.imports(s, dropped)...)
	add(m.net2Renamed.edits(m.net2, s, nil)...)
	return apply(s.content, edits)
}

// droppedFrom is what package net has itself, and reports whether that is all
// of the file.
func (m *merger) droppedFrom(s *source) (dropped []edit, empty bool) {
	left := 0
	drop := func(n ast.Node, doc *ast.CommentGroup) {
		start := n.Pos()
		if doc != nil {
			start = doc.Pos()
		}
		dropped = append(dropped, blank(s.content, s.offset(start), s.offset(n.End())))
	}
	for _, decl := range s.syntax.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			switch {
			case decl.Recv != nil:
				left++
			case m.drops(decl.Name, decl), decl.Name.Name == "init" && assigns(decl, netsOwn):
				drop(decl, decl.Doc)
			default:
				left++
			}
		case *ast.GenDecl:
			if decl.Tok == token.IMPORT {
				continue
			}
			for _, spec := range decl.Specs {
				names := declared(&ast.GenDecl{Specs: []ast.Spec{spec}})
				if len(names) != 1 || !m.drops(names[0], spec) {
					left++
					continue
				}
				if decl.Lparen.IsValid() {
					drop(spec, nil)
				} else {
					drop(decl, decl.Doc)
				}
			}
		}
	}
	return dropped, left == 0
}

// drops reports whether the merged package does without a declaration of net2.
func (m *merger) drops(name *ast.Ident, decl ast.Node) bool {
	if replaced[name.Name] {
		return true
	}
	return m.std.declares(name.Name) && (netsOwn[name.Name] || forwards(m.net2, name, decl))
}

// unqualified takes the qualifier from net's names. What net2 declares too it
// means to be net's, under its new name.
func (m *merger) unqualified(s *source) []edit {
	var edits []edit
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || importOf(m.net2, sel.X) != "net" {
			return true
		}
		name := sel.Sel.Name
		if renamed, ok := m.stdRenamed[name]; ok {
			name = renamed
		}
		edits = append(edits, edit{s.offset(sel.Pos()), s.offset(sel.End()), name})
		return true
	})
	return edits
}

// imports points the imports to where the packages are now, and drops net's
// and those that nothing uses any more.
func (m *merger) imports(s *source, dropped []edit) []edit {
	used := make(map[string]bool)
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && !within(dropped, s.offset(sel.Pos())) {
			used[importOf(m.net2, sel.X)] = true
		}
		return true
	})
	var edits []edit
	for _, decl := range s.syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.IMPORT {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.ImportSpec)
			importPath := importedPath(spec)
			if importPath != "net" && (used[importPath] || importName(spec) == "_") {
				continue
			}
			var gone ast.Node = spec
			if !gen.Lparen.IsValid() {
				gone = gen
			}
			edits = append(edits, blank(s.content, s.offset(gone.Pos()), s.offset(gone.End())))
		}
	}
	for _, e := range moveImports(s) {
		if !within(edits, e.start) {
			edits = append(edits, e)
		}
	}
	return edits
}
