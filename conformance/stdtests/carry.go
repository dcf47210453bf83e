package stdtests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Where things stand in the temporary GOROOT.
const (
	vendorDir  = "src/vendor/"
	net2Path   = "go.parity/net2"
	net2Dir    = vendorDir + net2Path
	modulePath = "go.parity/"
)

// movedImports are packages of the standard library that only package net may
// import; the tests find copies of them.
var movedImports = map[string]string{
	"net":                   net2Path, // in package net_test
	"net/internal/socktest": "go.parity/stdtests/socktest",
}

// A carriedTest is a test of package net, carried over or left out.
type carriedTest struct {
	name string
	file string
	out  *LeftOut // nil if it is carried over
	ours bool     // it reaches code of net2's own
	via  []string // unexported names of net that it reaches through the bridge
}

// carry writes a GOROOT to dir in which package net2 has the tests of package
// net. Files of the module in overlay, by their path in it, replace those on
// disk.
func (tc *toolchain) carry(ctx context.Context, dir, workdir, tags string, overlay map[string][]byte) ([]*carriedTest, error) {
	t, err := tc.vendorTree(ctx, tags, overlay)
	if err != nil {
		return nil, err
	}
	if err := cutSeams(t); err != nil {
		return nil, err
	}
	for from, to := range movedImports {
		if from == "net" {
			continue
		}
		if err := t.addDir(vendorDir+to, filepath.Join(tc.goroot, "src", filepath.FromSlash(from))); err != nil {
			return nil, err
		}
	}
	if err := divert(t, vendorDir+movedImports["net/internal/socktest"]); err != nil {
		return nil, err
	}
	// Where the tests look for their data, seen from their directory.
	t.links[net2Dir+"/testdata"] = filepath.Join(tc.goroot, "src", "net", "testdata")
	t.links[path.Dir(net2Dir)+"/testdata"] = filepath.Join(tc.goroot, "src", "testdata")

	tests, err := tc.loadTests(ctx, workdir, "net")
	if err != nil {
		return nil, err
	}
	lib, err := buildFiles(t, net2Dir, tags)
	if err != nil {
		return nil, err
	}
	scaffold, err := readScaffold(scaffoldFS)
	if err != nil {
		return nil, err
	}

	p, bridge, err := rewriteTests(tests, lib, scaffold)
	if err != nil {
		return nil, err
	}
	t.files["src/net/zz_bridge.go"] = bridge
	if err := t.write(dir); err != nil {
		return nil, err
	}
	if p.importer, err = tc.importer(ctx, p, dir, workdir, tags); err != nil {
		return nil, err
	}
	carried, err := p.carry()
	if err != nil {
		return nil, err
	}
	for _, f := range p.files {
		to := filepath.Join(dir, filepath.FromSlash(net2Dir), f.name)
		if err := os.WriteFile(to, f.text(), 0o644); err != nil {
			return nil, err
		}
	}
	return carried, nil
}

// rewriteTests makes tests of net2, whose files are lib, of those of net. The
// result is not pruned yet, and needs the bridge in package net.
func rewriteTests(tests *testedPackage, lib []goFile, scaffold *scaffold) (p *pruner, bridge []byte, err error) {
	net2, err := declared(lib)
	if err != nil {
		return nil, nil, err
	}
	r := &rewriter{
		tests: tests, net2: net2, scaffold: scaffold,
		bridge: newBridge(tests.types), imports: movedImports,
	}
	r.findEmbedded()
	p = &pruner{
		fset: token.NewFileSet(), tests: tests, path: "vendor/" + net2Path,
		net2: net2, bridge: r.bridge, byName: make(map[string]*unit),
	}
	for _, file := range tests.sources {
		src, origin := r.rewrite(file)
		f := &carriedFile{name: file.name, src: src, external: file.external, source: file, origin: origin}
		if err := p.add(f); err != nil {
			return nil, nil, fmt.Errorf("rewriting %s: %w", file.name, err)
		}
	}
	r.override(p)
	for _, file := range scaffold.files {
		if err := p.add(&carriedFile{name: file.name, src: file.src}); err != nil {
			return nil, nil, err
		}
	}
	for _, file := range lib {
		f, err := parser.ParseFile(p.fset, file.name, file.src, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		p.lib = append(p.lib, f)
	}
	return p, r.bridge.file(), nil
}

// carry prunes the tests and returns what became of each.
func (p *pruner) carry() ([]*carriedTest, error) {
	if err := p.prune(); err != nil {
		return nil, err
	}
	carried := p.list()
	// A test that list left out may have been the only user of an import.
	if err := p.prune(); err != nil {
		return nil, err
	}
	return carried, p.complete()
}

// vendorTree returns a GOROOT with net2, and all that it imports from outside
// the standard library, in its vendor folder.
func (tc *toolchain) vendorTree(ctx context.Context, tags string, overlay map[string][]byte) (*tree, error) {
	ours, _, err := tc.dependencies(ctx, tags)
	if err != nil {
		return nil, err
	}
	t := newTree(tc.goroot)
	for _, p := range ours {
		if err := t.addDir(vendorDir+p.ImportPath, p.Dir); err != nil {
			return nil, err
		}
	}
	for name, src := range overlay {
		t.files[vendorDir+modulePath+name] = src
	}
	return t, nil
}

// override leaves out the declarations that the scaffolding replaces by its
// own.
func (r *rewriter) override(p *pruner) {
	for _, f := range p.files {
		for _, u := range f.units {
			for _, name := range u.names {
				u.out = u.out || r.scaffold.has(name)
			}
		}
	}
	for name := range r.scaffold.names {
		delete(p.byName, name)
	}
}

// importer returns an importer of compiled packages of the GOROOT in dir.
func (tc *toolchain) importer(ctx context.Context, p *pruner, dir, workdir, tags string) (types.Importer, error) {
	// The go command fails on a path that does not exist; the check will say
	// what needed it.
	resolve := func(imp string) string {
		for _, prefix := range []string{"vendor/", ""} {
			if files, err := filepath.Glob(filepath.Join(dir, "src", filepath.FromSlash(prefix+imp), "*.go")); err == nil && len(files) > 0 {
				return prefix + imp
			}
		}
		return ""
	}
	paths := make(map[string]bool)
	find := func(f *ast.File) {
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if to := resolve(imp); to != "" {
				paths[to] = true
			}
		}
	}
	for _, f := range p.lib {
		find(f)
	}
	for _, f := range p.files {
		find(f.ast)
	}
	args := []string{"list", "-deps", "-export", "-tags=" + tags, "-json=ImportPath,Export"}
	out, err := tc.goCommand(ctx, dir, workdir, append(args, slices.Sorted(maps.Keys(paths))...)...)
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var pkg struct{ ImportPath, Export string }
		if err := dec.Decode(&pkg); err != nil {
			return nil, err
		}
		exports[pkg.ImportPath] = pkg.Export
	}
	gc := importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no package %s", path)
		}
		return os.Open(exports[path])
	})
	return importerFunc(func(imp string) (*types.Package, error) {
		if imp == "unsafe" {
			return types.Unsafe, nil
		}
		if to := resolve(imp); to != "" {
			imp = to
		}
		return gc.Import(imp)
	}), nil
}

// list returns every test of net, and leaves out those that reach nothing of
// net2.
func (p *pruner) list() []*carriedTest {
	g := p.reach()
	var tests []*carriedTest
	for _, src := range p.tests.sources {
		for _, d := range src.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !isTest(fn.Name.Name) && fn.Name.Name != "TestMain" {
				continue
			}
			test := &carriedTest{name: fn.Name.Name, file: src.name}
			tests = append(tests, test)
			scope := ""
			if src.external {
				scope = "net2_test."
			}
			u := p.byName[scope+test.name]
			if !u.out {
				found := g.from(u)
				test.ours, test.via = found.ours, slices.Sorted(maps.Keys(found.via))
				if !found.ours && !found.shared {
					u.out = true
					test.out = &LeftOut{Names: p.bridge.subjects(test.via), NetOnly: true}
					test.via = nil
				}
			} else {
				test.out = &LeftOut{Names: slices.Sorted(maps.Keys(u.reasons))}
			}
		}
	}
	return tests
}

// complete returns an error if something that all tests need was left out.
func (p *pruner) complete() error {
	for _, f := range p.files {
		for _, u := range f.units {
			if u.out && f.source != nil && (slices.Contains(u.names, "TestMain") || slices.Contains(u.names, "init")) {
				return fmt.Errorf("%s: %s needs %s", f.name, u.names[0], strings.Join(slices.Sorted(maps.Keys(u.reasons)), ", "))
			}
		}
	}
	return nil
}

// isTest reports whether name is a test, benchmark, example or fuzz target.
func isTest(name string) bool {
	for _, prefix := range []string{"Test", "Benchmark", "Example", "Fuzz"} {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || name == "TestMain" {
			continue
		}
		r, _ := utf8.DecodeRuneInString(rest)
		return rest == "" || !unicode.IsLower(r)
	}
	return false
}

// A reached is what a unit reaches.
type reached struct {
	ours   bool            // code of net2's own
	shared bool            // functions and methods of net that net2 has too
	via    map[string]bool // unexported names of net
	units  map[*unit]bool
}

type reachGraph map[*unit]*reached

// reach finds what each unit refers to itself.
func (p *pruner) reach() reachGraph {
	g := make(reachGraph)
	for _, f := range p.files {
		for _, u := range f.units {
			if u.out || u.isImport {
				continue
			}
			r := &reached{via: make(map[string]bool), units: make(map[*unit]bool)}
			g[u] = r
			var n ast.Node = u.decl
			if u.spec != nil {
				n = u.spec
			}
			ast.Inspect(n, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					if o := p.info.Uses[id]; o != nil && o.Pkg() != nil {
						p.note(r, o)
					}
				}
				return true
			})
		}
	}
	// A type brings its methods.
	for u := range g {
		for _, name := range u.names {
			if t, _, ok := strings.Cut(name, "."); ok {
				if owner := p.byName[u.file.scope()+t]; owner != nil && g[owner] != nil {
					g[owner].units[u] = true
				}
			}
		}
	}
	return g
}

func (p *pruner) note(r *reached, o types.Object) {
	pkg := o.Pkg().Path()
	switch {
	case pkg == p.path || pkg == p.path+"_test":
		if u := p.unitAt(o.Pos()); u != nil {
			r.units[u] = true
			return
		}
		if o.Parent() == p.pkg.Scope() {
			_, isFunc := o.(*types.Func)
			r.ours = r.ours || !p.net2.alias[o.Name()]
			r.shared = r.shared || isFunc
		} else if fn, ok := o.(*types.Func); ok && !types.IsInterface(fn.Signature().Recv().Type()) {
			r.ours = true
		}
	case strings.HasPrefix(strings.TrimPrefix(pkg, "vendor/"), modulePath) && !strings.HasSuffix(pkg, "/socktest"):
		r.ours = true
	case pkg == "net":
		if what := p.bridge.what[o.Name()]; what != "" {
			r.via[what] = true
		} else if fn, ok := o.(*types.Func); ok {
			recv := fn.Signature().Recv()
			r.shared = r.shared || recv == nil || !types.IsInterface(recv.Type())
		}
	}
}

// from returns all that u reaches.
func (g reachGraph) from(u *unit) *reached {
	all := &reached{via: make(map[string]bool), units: make(map[*unit]bool)}
	var walk func(u *unit)
	walk = func(u *unit) {
		r := g[u]
		if r == nil || all.units[u] {
			return
		}
		all.units[u] = true
		all.ours = all.ours || r.ours
		all.shared = all.shared || r.shared
		maps.Copy(all.via, r.via)
		for next := range r.units {
			walk(next)
		}
	}
	walk(u)
	return all
}
