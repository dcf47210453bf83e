package merge

import (
	"go/ast"
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
	return m.addFile("net", ownFile)
}

// net2File turns a file of net2 into one of package net, or returns nil if
// nothing of it is left.
func (m *merger) net2File(s *source) []byte {
	dropped, empty := takeOut(s, m.drops)
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

// reachNet2 finds out which names of net2 the merged package needs: the
// exported ones, and those that they need in turn.
func (m *merger) reachNet2() error {
	for _, name := range m.net2.scope.Names() {
		if ast.IsExported(name) {
			m.alive[name] = true
		}
	}
	m.net2.reach(m.alive, m.isNets)
	m.net2.asks(m.wanted, func(u unit) bool { return !m.drops(u) })
	return nil
}

// drops reports whether the merged package does without a declaration of net2.
func (m *merger) drops(u unit) bool { return m.isNets(u) || !u.stays(m.alive) }

// isNets reports whether the merged package takes what a unit of net2 declares
// from net, or from an added file.
func (m *merger) isNets(u unit) bool {
	if u.recv != "" {
		return m.replaced[u.recv] != "" || netsOwn[u.recv]
	}
	if fn, ok := u.node.(*ast.FuncDecl); ok && fn.Name.Name == "init" {
		return assigns(fn, netsOwn)
	}
	for _, id := range u.ids {
		if m.replaced[id.Name] == "" && !(m.std.declares(id.Name) && (netsOwn[id.Name] || forwards(m.net2, id, u.spec))) {
			return false
		}
	}
	return len(u.ids) > 0
}

// unqualified removes the qualifier from net's names. If net2 declares such a
// name too, net's has a new name, and net2's source means that one.
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

// imports points the imports to the packages' new places, and drops the import
// of net and those that nothing uses any more.
func (m *merger) imports(s *source, dropped []edit) []edit {
	edits := m.net2.unusedImports(s, dropped, "net")
	for _, e := range moveImports(s) {
		if !within(edits, e.start) {
			edits = append(edits, e)
		}
	}
	return edits
}
