package merge

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// A unit is a declaration that stays or goes as a whole: a function, a type, a
// variable.
type unit struct {
	ids  []*ast.Ident // what it declares at the top level
	recv string       // the type that a method belongs to
	node ast.Node     // what stays or goes
	spec ast.Node     // what declares it, nil where several declarations depend on each other
	doc  *ast.CommentGroup
}

// units are the declarations of a file, except its imports.
func units(s *source) []unit {
	var all []unit
	for _, decl := range s.syntax.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			u := unit{ids: declared(decl), node: decl, spec: decl, doc: decl.Doc}
			if decl.Recv != nil {
				u.recv, _, _ = strings.Cut(funcName(decl), ".")
			}
			all = append(all, u)
		case *ast.GenDecl:
			if decl.Tok == token.IMPORT {
				continue
			}
			switch {
			case !decl.Lparen.IsValid():
				all = append(all, unit{ids: declared(decl), node: decl, spec: decl.Specs[0], doc: decl.Doc})
			case !standAlone(decl):
				all = append(all, unit{ids: declared(decl), node: decl, doc: decl.Doc})
			default:
				for _, spec := range decl.Specs {
					all = append(all, unit{ids: declared(&ast.GenDecl{Specs: []ast.Spec{spec}}), node: spec, spec: spec})
				}
			}
		}
	}
	return all
}

// standAlone reports whether each part of a group can go without the others:
// no constant's value depends on its place.
func standAlone(gen *ast.GenDecl) bool {
	if gen.Tok != token.CONST {
		return true
	}
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

// isRoot reports whether a unit stays for its effect, even if nothing needs it.
func (u unit) isRoot() bool {
	for _, id := range u.ids {
		if id.Name == "_" || id.Name == "init" {
			return true
		}
	}
	return false
}

// reach adds to names everything in a package that the names already in it
// need. It compares names alone, and so rather adds too many. gone reports the
// units to leave out in any case.
//
// What stays costs even programs that do not use it: debug information puts
// every constant of a package into every binary, and the kernel's interface has
// thousands; and the initial value of a variable keeps the functions that it
// calls.
func (p *pkg) reach(names map[string]bool, gone func(unit) bool) {
	var waiting []unit
	for _, s := range p.sources {
		for _, u := range units(s) {
			if !gone(u) {
				waiting = append(waiting, u)
			}
		}
	}
	for grown := true; grown; {
		grown = false
		rest := waiting[:0]
		for _, u := range waiting {
			if !u.stays(names) {
				rest = append(rest, u)
				continue
			}
			grown = true
			mention(u.node, names)
		}
		waiting = rest
	}
}

// stays reports whether a unit is needed for one of the names.
func (u unit) stays(names map[string]bool) bool {
	for _, id := range u.ids {
		if names[id.Name] {
			return true
		}
	}
	return u.isRoot() || u.recv != "" && names[u.recv]
}

// mention adds the names that stand in n.
func mention(n ast.Node, names map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			names[id.Name] = true
		}
		return true
	})
}

// asks adds, by import path, the names that the staying units of a package use
// of other packages.
func (p *pkg) asks(wanted map[string]map[string]bool, stays func(unit) bool) {
	for _, s := range p.sources {
		for _, u := range units(s) {
			if !stays(u) {
				continue
			}
			ast.Inspect(u.node, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					want(wanted, importOf(p, sel.X), sel.Sel.Name)
				}
				return true
			})
		}
	}
}

func want(wanted map[string]map[string]bool, importPath, name string) {
	if wanted[importPath] == nil {
		wanted[importPath] = make(map[string]bool)
	}
	wanted[importPath][name] = true
}

var assemblyName = regexp.MustCompile(`·(\w+)`)

// mentionInAssembly adds the names of a package that stand in its assembly.
func mentionInAssembly(content []byte, names map[string]bool) {
	for _, match := range assemblyName.FindAllSubmatch(content, -1) {
		names[string(match[1])] = true
	}
}

// takeOut are edits that take units away. The other lines keep their numbers.
// empty reports whether the file holds nothing else.
func takeOut(s *source, gone func(unit) bool) (edits []edit, empty bool) {
	empty = true
	for _, u := range units(s) {
		if !gone(u) {
			empty = false
			continue
		}
		start := u.node.Pos()
		if u.doc != nil {
			start = u.doc.Pos()
		}
		edits = append(edits, blank(s.content, s.offset(start), s.offset(u.node.End())))
	}
	return edits, empty
}

// unusedImports are edits that drop the imports of a file that only the dropped
// units use, and the imports of the packages that are gone.
func (p *pkg) unusedImports(s *source, dropped []edit, gone ...string) []edit {
	used := make(map[string]bool)
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && !within(dropped, s.offset(sel.Pos())) {
			used[importOf(p, sel.X)] = true
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
			if !slices.Contains(gone, importPath) && (used[importPath] || importName(spec) == "_") {
				continue
			}
			var node ast.Node = spec
			if !gen.Lparen.IsValid() {
				node = gen
			}
			edits = append(edits, blank(s.content, s.offset(node.Pos()), s.offset(node.End())))
		}
	}
	return edits
}
