package merge

import (
	"go/ast"
	"go/token"
)

// pruned is the package whose unused constants are left out. The kernel's
// interface has thousands, and a debugger's tables take every one of them into
// every binary.
const pruned = "golang.org/x/sys/unix"

// unusedConstants are edits that take away the constants of a file to which
// nothing refers.
func (m *merger) unusedConstants(importPath string, s *source) []edit {
	if importPath != pruned {
		return nil
	}
	var edits []edit
	for _, decl := range s.syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST || !gen.Lparen.IsValid() || !standAlone(gen) {
			continue
		}
		for _, spec := range gen.Specs {
			if spec := spec.(*ast.ValueSpec); !m.anyUsed(spec.Names) {
				edits = append(edits, blank(s.content, s.offset(spec.Pos()), s.offset(spec.End())))
			}
		}
	}
	return edits
}

// standAlone reports whether every constant of a group has a value of its own,
// which does not depend on its place in the group.
func standAlone(gen *ast.GenDecl) bool {
	alone := true
	for _, spec := range gen.Specs {
		if len(spec.(*ast.ValueSpec).Values) == 0 {
			return false
		}
	}
	ast.Inspect(gen, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == "iota" {
			alone = false
		}
		return alone
	})
	return alone
}

func (m *merger) anyUsed(names []*ast.Ident) bool {
	for _, name := range names {
		if m.used[name.Name] {
			return true
		}
	}
	return false
}

// noteUses notes every name that a package mentions other than to declare a
// constant of it.
func (m *merger) noteUses(p *pkg) {
	for _, s := range p.sources {
		constants := make(map[*ast.Ident]bool)
		for _, decl := range s.syntax.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.CONST {
				for _, id := range declared(gen) {
					constants[id] = true
				}
			}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !constants[id] {
				m.used[id.Name] = true
			}
			return true
		})
	}
}

// loadLower reads the packages below net2, and what they use of each other.
func (m *merger) loadLower() error {
	m.lower, m.used = make(map[string]*pkg), make(map[string]bool)
	for importPath := range folders {
		p, err := parse(importPath, m.Sources.In(importPath))
		if err != nil {
			return err
		}
		m.lower[importPath] = p
		m.noteUses(p)
	}
	return m.noteUsesOfAdded()
}

// noteUsesOfAdded does the same for the files that are added.
func (m *merger) noteUsesOfAdded() error {
	entries, err := added.ReadDir("_std")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := added.ReadFile("_std/" + entry.Name())
		if err != nil {
			return err
		}
		p, err := parse("added", map[string][]byte{entry.Name(): content})
		if err != nil {
			return err
		}
		m.noteUses(p)
	}
	return nil
}
