package merge

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"go.parity/net2/cmd/net2/internal/constraint"
)

// chooseNames decides who keeps a name that both packages declare: net2, except
// where others reach net's own through a linkname. If one of them declares a
// name under which the other imports a package, that declaration gives way too.
func (m *merger) chooseNames() error {
	m.stdRenamed, m.net2Renamed = make(renaming), make(renaming)
	linked := m.std.linked()
	kept := m.net2Kept()
	for name := range kept {
		switch {
		case !m.std.declares(name), name == "init":
		case linked[name]:
			m.net2Renamed[name] = newName + name
		default:
			m.stdRenamed[name] = "std_" + name
		}
	}
	for name := range m.net2.importedNames() {
		if m.std.declares(name) {
			if linked[name] {
				return fmt.Errorf("net2 imports a package as %s, and other packages link to net's %[1]s", name)
			}
			m.stdRenamed[name] = "std_" + name
		}
	}
	for name := range m.std.importedNames() {
		if kept[name] {
			m.net2Renamed[name] = newName + name
		}
	}
	for name, renamed := range m.replaced {
		if renamed != name {
			m.net2Renamed[name] = renamed
		}
	}
	return nil
}

// net2Kept are the names that net2 brings into the merged package.
func (m *merger) net2Kept() map[string]bool {
	kept := make(map[string]bool)
	for _, s := range m.net2.sources {
		for _, u := range units(s) {
			if m.drops(u) {
				continue
			}
			for _, id := range u.ids {
				if id.Name != "_" {
					kept[id.Name] = true
				}
			}
		}
	}
	return kept
}

// linked are the names to which other packages may link.
func (p *pkg) linked() map[string]bool {
	names := make(map[string]bool)
	for _, s := range p.sources {
		for _, group := range s.syntax.Comments {
			for _, comment := range group.List {
				if fields := strings.Fields(comment.Text); len(fields) == 2 && fields[0] == "//go:linkname" {
					names[fields[1]] = true
				}
			}
		}
	}
	return names
}

// addStd adds the files of package net in which a name changes.
func (m *merger) addStd() error {
	crossed := make(map[string]bool)
	keep := func(fn *ast.FuncDecl) bool {
		if isCrossing(fn) {
			crossed[funcName(fn)] = true
			return true
		}
		return false
	}
	for _, s := range m.std.sources {
		if edits := m.stdRenamed.edits(m.std, s, keep); len(edits) > 0 {
			m.addChangedStd("net", s.name, s.content, apply(s.content, edits))
		}
	}
	for name := range crossings {
		if !crossed[name] {
			return fmt.Errorf("net no longer has the function %s, which must make its connections with net2", name)
		}
	}
	return nil
}

// addChangedStd puts the changed file beside the one for other systems. Its
// lines have the numbers of the file on disk.
func (m *merger) addChangedStd(folder, name string, content, changed []byte) {
	if constraint.SuffixSystem(name) == "linux" {
		m.out.Src[folder+"/"+name] = changed
		return
	}
	line := "//line " + m.Lines + "/src/" + folder + "/" + name + ":1\n"
	m.out.Src[folder+"/zz_std_"+strings.TrimSuffix(name, ".go")+"_linux.go"] = append([]byte(line), changed...)
	m.out.Src[folder+"/"+name] = notLinux(content)
}

// notLinux keeps a file out of builds for Linux without moving its lines: the
// constraint replaces the third line of the copyright notice, which moves up
// into the second.
func notLinux(content []byte) []byte {
	lines := strings.Split(string(content), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "//go:build ") {
			lines[i] = "//go:build (" + strings.TrimPrefix(line, "//go:build ") + ") && !linux"
			return []byte(strings.Join(lines, "\n"))
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	if len(lines) > 4 && lines[3] == "" && isComment(lines[0]) && isComment(lines[1]) && isComment(lines[2]) {
		lines[1] += strings.TrimPrefix(lines[2], "//")
		lines[2] = "//go:build !linux"
		return []byte(strings.Join(lines, "\n"))
	}
	return append([]byte("//go:build !linux\n\n"), content...)
}

func isComment(line string) bool { return strings.HasPrefix(line, "//") }

// checkMethods refuses a Go in which a type has a method that net2's lacks.
func (m *merger) checkMethods() error {
	for name := range m.stdRenamed {
		theirs, ok := m.std.scope.Lookup(name).(*types.TypeName)
		if !ok || !theirs.Exported() {
			continue
		}
		ours := types.NewMethodSet(types.NewPointer(m.net2.scope.Lookup(name).Type()))
		set := types.NewMethodSet(types.NewPointer(theirs.Type()))
		for method := range set.Methods() {
			if method.Obj().Exported() && ours.Lookup(nil, method.Obj().Name()) == nil {
				return fmt.Errorf("in this Go, net.%s has a method %s that net2.%[1]s lacks", name, method.Obj().Name())
			}
		}
	}
	return nil
}

// checkExported refuses a Go with which the merge would lose an exported name
// of net2's.
func (m *merger) checkExported() error {
	var missing []string
	for old, renamed := range m.net2Renamed {
		if ast.IsExported(old) {
			missing = append(missing, renamed)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the merge would lose exported names of net2: %s", strings.Join(missing, ", "))
	}
	return nil
}
