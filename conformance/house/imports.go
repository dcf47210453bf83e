package house

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

const module = "go.parity"

// A room is a top folder, or one within with a go.mod of its own, with what its
// files may import.
type room struct {
	dir     string
	rooms   []string // of this list, besides itself
	net     use      // of net and the packages above it
	modules []string // the other modules, nil for any
}

// A use says how much of net a room may use.
type use int

const (
	nothing    use = iota
	errClosed      // the error of a closed descriptor, which is net's by name
	everything     // net and what is built on it
)

// sys is the one module that the library needs.
var sys = []string{"golang.org/x/sys"}

// rooms lists the rooms from the ground up: arrows go down only.
var rooms = []room{
	{"runtime_hooks", nil, nothing, sys},
	{"socket", nil, nothing, sys},
	{"poll", []string{"runtime_hooks", "socket"}, errClosed, sys},
	{"net2", []string{"poll", "socket"}, everything, sys},
	{"net2/cmd/net2", nil, everything, []string{"golang.org/x/mod", "golang.org/x/tools"}},
	{"conformance", []string{"net2", "poll", "socket", "runtime_hooks"}, everything, nil},
}

// forTests returns what the test files of the room at index i may import: any
// room below, net, and the modules of the room. A module that only a test of the
// library imports is one more in the go.mod of everybody who uses the library.
func forTests(i int) room {
	r := room{dir: rooms[i].dir, net: everything, modules: rooms[i].modules}
	for _, below := range rooms[:i] {
		r.rooms = append(r.rooms, below.dir)
	}
	return r
}

// roomOf returns the room that a file is in, with what that file may import.
func roomOf(f file) (room, bool) {
	i := slices.IndexFunc(rooms, func(r room) bool { return r.dir == f.room() })
	if i < 0 {
		return room{}, false
	}
	if f.isTest() {
		return forTests(i), true
	}
	return rooms[i], true
}

// Imports finds imports that go up or sideways, bring in a module that the
// room must do without, or use more of net than it may. It also finds files
// outside the rooms.
func (t *Tree) Imports() []Finding {
	var found []Finding
	for _, f := range t.files {
		r, ok := roomOf(f)
		if !ok {
			found = append(found, t.at(f.syntax.Package, "no room %q in the house", f.room()))
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported := importPath(spec)
			if !r.mayImport(imported) {
				found = append(found, t.at(spec.Pos(), "%s must not import %s", r.dir, imported))
			}
			if imported == "net" && r.net == errClosed {
				found = append(found, t.netUses(f, spec)...)
			}
		}
	}
	return found
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic("house: the parser let through the import path " + spec.Path.Value)
	}
	return p
}

// mayImport reports whether the room may import a package.
func (r room) mayImport(path string) bool {
	first, rest, _ := strings.Cut(path, "/")
	switch {
	case first == module:
		dir := roomFor(rest)
		return dir == r.dir || slices.Contains(r.rooms, dir)
	case strings.Contains(first, "."):
		return r.modules == nil || slices.ContainsFunc(r.modules, func(m string) bool { return within(path, m) })
	case path == "net":
		return r.net != nothing
	case builtOnNet(path):
		return r.net == everything
	}
	return true
}

// within reports whether a package is in the folder dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

// builtOnNet reports whether a package of the standard library imports net,
// itself or through others.
func builtOnNet(path string) bool {
	switch path {
	case "net/netip", "net/url":
		return false
	case "crypto/tls", "crypto/x509", "expvar", "log/syslog", "mime/multipart":
		return true
	}
	return within(path, "net")
}

// netUses finds what the file uses of net besides ErrClosed.
func (t *Tree) netUses(f file, spec *ast.ImportSpec) []Finding {
	name := "net"
	if spec.Name != nil {
		name = spec.Name.Name
	}
	if name == "." {
		return []Finding{t.at(spec.Pos(), "%s must not import all names of net", f.room())}
	}
	var found []Finding
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && sel.Sel.Name != "ErrClosed" {
			found = append(found, t.at(sel.Pos(), "%s must not use net.%s, only net.ErrClosed", f.room(), sel.Sel.Name))
		}
		return true
	})
	return found
}
