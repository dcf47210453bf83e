package stdtests

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A world is a standard library that the test makes up.
type world struct {
	fset *token.FileSet
	srcs map[string][]goFile // by import path
	pkgs map[string]*types.Package
	info *types.Info
}

func (w *world) Import(imp string) (*types.Package, error) {
	if pkg := w.pkgs[imp]; pkg != nil {
		return pkg, nil
	}
	if w.srcs[imp] == nil {
		return nil, fmt.Errorf("no package %s", imp)
	}
	pkg, _, err := w.check(imp, w.srcs[imp])
	w.pkgs[imp] = pkg
	return pkg, err
}

func (w *world) check(imp string, srcs []goFile) (*types.Package, []*ast.File, error) {
	var files []*ast.File
	for _, src := range srcs {
		f, err := parser.ParseFile(w.fset, src.name, src.src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: w}
	pkg, err := conf.Check(imp, w.fset, files, w.info)
	return pkg, files, err
}

func newWorld() *world {
	return &world{
		fset: token.NewFileSet(),
		pkgs: make(map[string]*types.Package),
		info: newInfo(),
		srcs: map[string][]goFile{
			"testing":                     {{"testing.go", []byte("package testing\n\ntype T struct{}\n\nfunc (*T) Error(...any) {}\n")}},
			"net/internal/socktest":       {{"socktest.go", []byte("package socktest\n\ntype Switch struct{}\n")}},
			"go.parity/stdtests/socktest": {{"socktest.go", []byte("package socktest\n\ntype Switch struct{}\n")}},
		},
	}
}

// section returns the files of an archive in one directory.
func section(ar *txtar.Archive, dir string) []goFile {
	var files []goFile
	for _, f := range ar.Files {
		if path.Dir(f.Name) == dir {
			files = append(files, goFile{path.Base(f.Name), f.Data})
		}
	}
	return files
}

// TestRewrite carries the tests of small packages net over to small packages
// net2, and compares what becomes of them.
func TestRewrite(t *testing.T) {
	names, err := filepath.Glob("testdata/rewrite/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, files := rewriteArchive(t, ar)
			for _, f := range ar.Files {
				switch {
				case f.Name == "list":
					if diff := cmp.Diff(strings.TrimSpace(string(f.Data)), strings.TrimSpace(got)); diff != "" {
						t.Errorf("what became of the tests (-want +got):\n%s", diff)
					}
				case path.Dir(f.Name) == "want":
					if diff := cmp.Diff(string(f.Data), files[path.Base(f.Name)]); diff != "" {
						t.Errorf("%s (-want +got):\n%s", f.Name, diff)
					}
				}
			}
			for _, f := range section(ar, "net") {
				out, ok := files[f.name]
				if ok && strings.Count(out, "\n") != bytes.Count(f.src, []byte("\n")) {
					t.Errorf("%s has other lines than before", f.name)
				}
			}
		})
	}
}

// rewriteArchive returns a line for each test, and the rewritten files.
func rewriteArchive(t *testing.T, ar *txtar.Archive) (list string, files map[string]string) {
	t.Helper()
	w := newWorld()
	internal, external := section(ar, "net"), []goFile(nil)
	for i, f := range internal {
		if f.name == "x_test.go" {
			internal, external = slices.Delete(slices.Clone(internal), i, i+1), []goFile{f}
		}
	}
	pkg, parsed, err := w.check("net", internal)
	if err != nil {
		t.Fatal(err)
	}
	w.pkgs["net"] = pkg
	_, parsedExternal, err := w.check("net_test", external)
	if err != nil {
		t.Fatal(err)
	}
	tests := &testedPackage{fset: w.fset, types: pkg, info: w.info}
	for i, f := range slices.Concat(internal, external) {
		if strings.HasSuffix(f.name, "_test.go") {
			tests.sources = append(tests.sources, &source{
				name: f.name, text: f.src, ast: slices.Concat(parsed, parsedExternal)[i], external: i >= len(parsed),
			})
		}
	}
	fsys := make(fstest.MapFS)
	for _, f := range section(ar, "scaffold") {
		fsys["scaffold/"+f.name] = &fstest.MapFile{Data: f.src}
	}
	scaffold, err := readScaffold(fsys)
	if err != nil {
		t.Fatal(err)
	}

	p, bridge, err := rewriteTests(tests, section(ar, "net2"), scaffold)
	if err != nil {
		t.Fatal(err)
	}
	after := newWorld()
	after.fset = p.fset
	after.srcs["net"] = []goFile{{"zz_bridge.go", bridge}}
	for _, f := range section(ar, "net") {
		if !strings.HasSuffix(f.name, "_test.go") {
			after.srcs["net"] = append(after.srcs["net"], f)
		}
	}
	p.importer = after
	carried, err := p.carry()
	if err != nil {
		t.Fatal(err)
	}

	var lines strings.Builder
	for _, c := range carried {
		fmt.Fprintf(&lines, "%s %s: ", c.file, c.name)
		switch {
		case c.out != nil:
			fmt.Fprint(&lines, c.out)
		case c.ours:
			fmt.Fprint(&lines, "net2's own")
		default:
			fmt.Fprint(&lines, "shared")
		}
		if len(c.via) > 0 {
			fmt.Fprint(&lines, ", via ", strings.Join(c.via, ", "))
		}
		fmt.Fprintln(&lines)
	}
	files = make(map[string]string)
	for _, f := range p.files {
		files[f.name] = string(f.text())
	}
	return lines.String(), files
}

func TestEditsKeepOffsets(t *testing.T) {
	src := []byte("one two three")
	var es edits
	es.replace(4, 7, "2")
	es.insert(8, "<")
	es.insert(8, "<")
	es.replace(5, 6, "dropped, for it lies in another")
	out, origin := es.apply(src)
	if got, want := string(out), "one 2 <<three"; got != want {
		t.Fatalf("apply = %q, want %q", got, want)
	}
	for off, want := range map[int]int{0: 0, 3: 3, 5: 7, 8: 8, 9: 9, 12: 12} {
		if got := origin(off); got != want {
			t.Errorf("origin(%d) = %d, want %d", off, got, want)
		}
	}
}

func TestBlankKeepsLines(t *testing.T) {
	src := []byte("a\nbc\nd\n")
	blank(src, 2, 6)
	if got, want := string(src), "a\n  \n \n"; got != want {
		t.Errorf("blank = %q, want %q", got, want)
	}
}
