package api

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.parity/conformance"
	"golang.org/x/tools/txtar"
)

// TestCompare runs the pairs of small packages in testdata. In each archive,
// want lists every row that is not the same; and how, if the archive has it,
// lists what net2 has and how net2 provides it.
func TestCompare(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("Glob = %v, %v", paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pair := typeCheck(t, ar)
			rows := compare("linux", pair["net"], pair["net2"])
			if diff := cmp.Diff(section(ar, "want"), divergences(rows)); diff != "" {
				t.Errorf("rows that are not the same (-want +got):\n%s", diff)
			}
			if want := section(ar, "how"); want != nil {
				if diff := cmp.Diff(want, ways(rows)); diff != "" {
					t.Errorf("how net2 has it (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// typeCheck checks each file of the archive whose name ends in .go as a
// package, which may import those before it.
func typeCheck(t *testing.T, ar *txtar.Archive) map[string]*source {
	t.Helper()
	checked := make(map[string]*source)
	conf := types.Config{Importer: importFrom(checked)}
	fset := token.NewFileSet()
	for _, f := range ar.Files {
		path, isGo := strings.CutSuffix(f.Name, ".go")
		if !isGo {
			continue
		}
		file, err := parser.ParseFile(fset, f.Name, f.Data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		src := &source{
			info:  &types.Info{Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object)},
			files: []*ast.File{file},
		}
		if src.types, err = conf.Check(path, fset, src.files, src.info); err != nil {
			t.Fatal(err)
		}
		checked[path] = src
	}
	return checked
}

type importFrom map[string]*source

func (checked importFrom) Import(path string) (*types.Package, error) {
	if src, ok := checked[path]; ok {
		return src.types, nil
	}
	return nil, fmt.Errorf("no package %s before this one", path)
}

// section returns the lines of a file of the archive, or nil if there is no such file.
func section(ar *txtar.Archive, name string) []string {
	for _, f := range ar.Files {
		if f.Name == name {
			return slices.AppendSeq([]string{}, strings.FieldsFuncSeq(string(f.Data), isNewline))
		}
	}
	return nil
}

func isNewline(r rune) bool { return r == '\n' }

func divergences(rows []Row) []string {
	lines := []string{}
	for _, r := range rows {
		if r.Status == conformance.Same {
			continue
		}
		line := fmt.Sprintf("%s %s %s", r.Status, r.Kind, r.Name)
		if r.Detail != "" {
			line += ": " + r.Detail
		}
		lines = append(lines, line)
	}
	return lines
}

func ways(rows []Row) []string {
	var lines []string
	for _, r := range rows {
		if r.How != "" {
			lines = append(lines, fmt.Sprintf("%s %s %s", r.How, r.Kind, r.Name))
		}
	}
	return lines
}

// shared keeps the tests from loading both packages more than once.
var shared cache

// TestPartNet2IsNet demands what the parity command demands.
func TestPartNet2IsNet(t *testing.T) {
	part := shared.part()
	names, err := part.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checks := runPart(t, part, func(string) bool { return true })
	seen := make(map[string]bool)
	var reported []string
	for _, c := range checks {
		reported = append(reported, c.Name)
		if c.Status != conformance.Same {
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.Detail)
		}
		if seen[c.Name] {
			t.Errorf("%s was reported twice", c.Name)
		}
		seen[c.Name] = true
	}
	if diff := cmp.Diff(names, reported); diff != "" {
		t.Errorf("names that Run reported (-Names +Run):\n%s", diff)
	}
}

func TestPartRunReportsOnlyMatches(t *testing.T) {
	const name = "darwin/method (*TCPConn).ReadFrom"
	checks := runPart(t, shared.part(), func(s string) bool { return s == name })
	want := []conformance.Check{{Name: name, Status: conformance.Same, Detail: "alias"}}
	want[0].Record(Row{Platform: "darwin", Kind: Method, Name: "(*TCPConn).ReadFrom", How: Alias, Status: conformance.Same})
	if diff := cmp.Diff(want, checks, cmpopts.IgnoreFields(conformance.Check{}, "Elapsed")); diff != "" {
		t.Errorf("checks that Run(%q) reported (-want +got):\n%s", name, diff)
	}
}

func runPart(t *testing.T, part conformance.Part, match func(string) bool) []conformance.Check {
	t.Helper()
	var checks []conformance.Check
	err := part.Run(t.Context(), match, func(c conformance.Check) { checks = append(checks, c) })
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

// TestTotals pins how many objects Go 1.26 exports, so that members neither
// loses any nor counts too many.
func TestTotals(t *testing.T) {
	if !strings.HasPrefix(runtime.Version(), "go1.26") {
		t.Skipf("the totals are those of Go 1.26, this is %s", runtime.Version())
	}
	f, err := shared.find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[Kind]int{Func: 45, Type: 36, Var: 13, Const: 8, Method: 205, Field: 62}
	for _, p := range Platforms {
		if diff := cmp.Diff(want, Totals(f.rows, p.String())); diff != "" {
			t.Errorf("Totals(%s) (-want +got):\n%s", p, diff)
		}
	}
}

// overlay adds a file to net2.
func overlay(t *testing.T, text string) map[string][]byte {
	t.Helper()
	path, err := filepath.Abs("../../net2/overlay.go")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{path: []byte(text)}
}

func TestLoadReadsNet2(t *testing.T) {
	p := Platforms[0]
	std, own, err := load(t.Context(), p, overlay(t, "package net2\n\nfunc Overlaid() {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := divergences(compare(p.String(), std, own))
	want := "differs func Overlaid: net has no such func"
	if !slices.Contains(got, want) {
		t.Errorf("compare reported %q, want %q among them", got, want)
	}
}

func TestLoadReportsTypeErrors(t *testing.T) {
	p := Platform{"windows", "amd64"}
	_, _, err := load(t.Context(), p, overlay(t, "package net2\n\nvar broken int = \"\"\n"))
	if err == nil || !strings.Contains(err.Error(), "overlay.go:3") {
		t.Errorf("load = %v, want the type error in line 3 of overlay.go", err)
	}
}

func TestPartNamesCancelledKeepsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var c cache
	names, err := c.part().Names(ctx)
	if !errors.Is(err, context.Canceled) || c.f != nil {
		t.Errorf("Names(cancelled) = %d names, %v, and kept %v; want %v and nothing kept",
			len(names), err, c.f, context.Canceled)
	}
}

func TestPlatformString(t *testing.T) {
	tests := []struct {
		p    Platform
		want string
	}{
		{Platform{"linux", "amd64"}, "linux"},
		{Platform{"linux", "arm64"}, "linux-arm64"},
	}
	for _, tt := range tests {
		if got := tt.p.String(); got != tt.want {
			t.Errorf("%#v.String() = %q, want %q", tt.p, got, tt.want)
		}
	}
}
