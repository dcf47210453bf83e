package house

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

const module = "go.parity"

// A layer is a top folder, or a folder in one with a go.mod of its own. It says
// what the files in it may import.
type layer struct {
	dir     string
	layers  []string // of the list layers, besides itself
	net     use      // of net and the packages above it
	modules []string // the other modules, nil for any
}

// A use is how much of net a layer may use.
type use int

const (
	nothing    use = iota
	errClosed      // the error of a closed descriptor, which net defines
	everything     // net and what is built on it
)

// sys is the one module that the library needs.
var sys = []string{"golang.org/x/sys"}

// layers lists the layers from the bottom up: imports go down only.
var layers = []layer{
	{"runtime_hooks", nil, nothing, sys},
	{"socket", nil, nothing, sys},
	{"poll", []string{"runtime_hooks", "socket"}, errClosed, sys},
	{"net2", []string{"poll", "socket"}, everything, sys},
	{"net2/cmd/net2", nil, everything, []string{"golang.org/x/mod", "golang.org/x/tools"}},
	{"conformance", []string{"net2", "poll", "socket", "runtime_hooks"}, everything, nil},
	{"conformance/bench/peers", []string{"conformance"}, everything, nil},
	{"conformance/bench/datagrams", []string{"net2"}, everything, nil},
}

// forTests returns what the test files of the layer at index i may import: any
// layer below, net, and the modules of the layer itself. A module that only a
// test of the library imports would still reach the go.mod of everybody who
// uses the library.
func forTests(i int) layer {
	l := layer{dir: layers[i].dir, net: everything, modules: layers[i].modules}
	for _, below := range layers[:i] {
		l.layers = append(l.layers, below.dir)
	}
	return l
}

// layerOf returns the layer that a file is in, with what that file may import.
func layerOf(f file) (layer, bool) {
	i := slices.IndexFunc(layers, func(l layer) bool { return l.dir == f.layer() })
	if i < 0 {
		return layer{}, false
	}
	if f.isTest() {
		return forTests(i), true
	}
	return layers[i], true
}

// Imports finds imports that go up or sideways, bring in a module that the
// layer must do without, or use more of net than it may. It also finds files
// outside the layers.
func (t *Tree) Imports() []Finding {
	var found []Finding
	for _, f := range t.files {
		l, ok := layerOf(f)
		if !ok {
			found = append(found, t.at(f.syntax.Package, "the file is outside every layer"))
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported := importPath(spec)
			if !l.mayImport(imported) {
				found = append(found, t.at(spec.Pos(), "%s must not import %s", l.dir, imported))
			}
			if imported == "net" && l.net == errClosed {
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

// mayImport reports whether the layer may import a package.
func (l layer) mayImport(path string) bool {
	first, rest, _ := strings.Cut(path, "/")
	switch {
	case first == module:
		dir := layerFor(rest)
		return dir == l.dir || slices.Contains(l.layers, dir)
	case strings.Contains(first, "."):
		return l.modules == nil || slices.ContainsFunc(l.modules, func(m string) bool { return within(path, m) })
	case path == "net":
		return l.net != nothing
	case builtOnNet(path):
		return l.net == everything
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
		return []Finding{t.at(spec.Pos(), "%s must not import all names of net", f.layer())}
	}
	var found []Finding
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && sel.Sel.Name != "ErrClosed" {
			found = append(found, t.at(sel.Pos(), "%s must not use net.%s, only net.ErrClosed", f.layer(), sel.Sel.Name))
		}
		return true
	})
	return found
}
