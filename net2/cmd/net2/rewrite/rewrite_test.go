package rewrite

import (
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// TestSwappedTypes compares the list of types with the two packages.
func TestSwappedTypes(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps}, netPath, net2Path)
	if err != nil || len(pkgs) != 2 {
		t.Fatalf("net and net2: %v, %v", pkgs, err)
	}
	scope := make(map[string]*types.Scope)
	for _, p := range pkgs {
		scope[p.PkgPath] = p.Types.Scope()
	}
	var own []string
	for _, name := range scope[net2Path].Names() {
		decl, ok := scope[net2Path].Lookup(name).(*types.TypeName)
		if ok && decl.Exported() && !decl.IsAlias() && scope[netPath].Lookup(name) != nil {
			own = append(own, name)
		}
	}
	if !slices.Equal(own, swapped) {
		t.Errorf("net2's own types of net's names are %q, the list has %q", own, swapped)
	}
}

func small(t *testing.T) (fixture, string) {
	f := fixture{files: map[string]string{
		"go.mod":  "module example.com/small\n\ngo 1.26.0\n",
		"a.go":    "package small\n\nimport \"net\"\n\nvar A net.Conn\n",
		"b/b.go":  "package b\n\nimport \"net\"\n\nvar B net.Conn\n",
		"b/c.txt": "net",
	}}
	return f, f.write(t)
}

// TestAllOrNone makes the last of the files one that cannot be put in its
// place.
func TestAllOrNone(t *testing.T) {
	dir := t.TempDir()
	var changes []change
	for _, name := range []string{"a", "b", "c"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("before"), 0o640); err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change{path: path, before: []byte("before"), after: []byte("after")})
	}
	changes = append(changes, change{path: filepath.Join(dir, "new"), after: []byte("after"), created: true})
	// A folder in place of the last file: the change can be staged, but not
	// renamed.
	folder := filepath.Join(dir, "z")
	if err := os.MkdirAll(filepath.Join(folder, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	changes = append(changes, change{path: folder, after: []byte("after")})

	if err := writeAll(changes); err == nil {
		t.Fatal("a file replaced a folder")
	}
	want := map[string]string{"a": "before", "b": "before", "c": "before"}
	compare(t, "after a failure", contents(t, dir), want)
	if info, err := os.Stat(changes[0].path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions: %v, %v", info.Mode(), err)
	}
}

func TestReadOnlyFileChangesNone(t *testing.T) {
	f, dir := small(t)
	if err := os.Chmod(filepath.Join(dir, "b", "b.go"), 0o444); err != nil {
		t.Fatal(err)
	}
	if _, _, err := command("./..."); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("with a file that must not be written: %v", err)
	}
	compare(t, "after a refusal", contents(t, dir), f.files)
}

func TestUndoKeepsEdits(t *testing.T) {
	f, dir := small(t)
	if _, _, err := command("./..."); err != nil {
		t.Fatal(err)
	}
	a := filepath.Join(dir, "a.go")
	edited, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a, append(edited, "\nvar more int\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stderr, err := command("-undo")
	if err != nil || !strings.HasPrefix(stderr, "a.go was edited") {
		t.Errorf("undo of an edited file: %v, %q", err, stderr)
	}
	f.files["a.go"] += "\nvar more int\n"
	compare(t, "after -undo", contents(t, dir), f.files)
}

func TestSwapAgainAddsNewFiles(t *testing.T) {
	f, dir := small(t)
	if _, _, err := command("./..."); err != nil {
		t.Fatal(err)
	}
	f.files["new.go"] = "package small\n\nimport \"net\"\n\nvar New net.Addr\n"
	if err := os.WriteFile(filepath.Join(dir, "new.go"), []byte(f.files["new.go"]), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := command("./..."); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir)["new.go"]; !strings.Contains(got, net2Path) {
		t.Errorf("the second swap leaves\n%s", got)
	}
	if _, _, err := command("-undo"); err != nil {
		t.Fatal(err)
	}
	compare(t, "after -undo", contents(t, dir), f.files)
	if _, _, err := command("-undo"); err == nil || !strings.Contains(err.Error(), "nothing to undo") {
		t.Errorf("undo without a swap: %v", err)
	}
}

func TestOthersPackagesAreRefused(t *testing.T) {
	f, dir := small(t)
	if _, _, err := command("net/http"); err == nil || !strings.Contains(err.Error(), "not a package of your own module") {
		t.Errorf("net2 rewrite net/http: %v", err)
	}
	compare(t, "after a refusal", contents(t, dir), f.files)
}
