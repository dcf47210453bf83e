package rewrite

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// A fixture is a module, and what the swap makes of it: the files below want,
// the report on stderr, the error. Files that are not below want do not change.
type fixture struct {
	files, want map[string]string
	stderr      string
	err         string
}

func readFixture(t *testing.T, name string) fixture {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{files: make(map[string]string), want: make(map[string]string)}
	for _, file := range archive.Files {
		content := string(file.Data)
		switch name, want := strings.CutPrefix(file.Name, "want/"); {
		case want:
			f.want[name] = content
		case name == "stderr":
			f.stderr = content
		case name == "error":
			f.err = strings.TrimSpace(content)
		default:
			f.files[name] = content
		}
	}
	return f
}

// write makes the module in a folder of its own, and makes that the current
// one.
func (f fixture) write(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range f.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	return dir
}

// contents reads all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		found[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func command(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = Command(args, &out, &errs)
	return out.String(), errs.String(), err
}

func compare(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s: %s is\n%s\nwant\n%s", what, name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is there", what, name)
		}
	}
}

// TestFixtures shows each module's diff, which changes nothing, swaps it, and
// undoes that.
func TestFixtures(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("fixtures: %v, %v", names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			f := readFixture(t, name)
			dir := f.write(t)
			calls := [][]string{{"-d", "./..."}, {"./..."}}
			if f.err != "" {
				calls = calls[1:]
			}
			for _, args := range calls {
				stdout, stderr, err := command(args...)
				if f.err == "" && err != nil || f.err != "" && (err == nil || !strings.Contains(err.Error(), f.err)) {
					t.Fatalf("net2 rewrite %q: %v, want %q; it reports\n%s", args, err, f.err, stderr)
				}
				if stderr != f.stderr {
					t.Errorf("net2 rewrite %q reports\n%s\nwant\n%s", args, stderr, f.stderr)
				}
				if diffs := args[0] == "-d" && err == nil; (stdout != "") != diffs {
					t.Errorf("net2 rewrite %q prints %q", args, stdout)
				}
				if args[0] == "-d" || err != nil {
					compare(t, "after "+args[0], contents(t, dir), f.files)
				}
			}
			if f.err != "" {
				return
			}
			f.checkSwapped(t, dir)
			if _, _, err := command("-undo"); err != nil {
				t.Fatalf("net2 rewrite -undo: %v", err)
			}
			compare(t, "after -undo", contents(t, dir), f.files)
		})
	}
}

// checkSwapped holds the swapped module against what the fixture wants.
func (f fixture) checkSwapped(t *testing.T, dir string) {
	t.Helper()
	got := contents(t, dir)
	for _, name := range slices.Sorted(maps.Keys(f.want)) {
		if got[name] != f.want[name] {
			t.Errorf("%s is\n%s\nwant\n%s", name, got[name], f.want[name])
		}
	}
	if !strings.Contains(got["go.mod"], "go.parity v0.0.0\n") {
		t.Errorf("go.mod does not ask for net2:\n%s", got["go.mod"])
	}
	if _, err := goCommand(dir, nil, "vet", "./..."); err != nil {
		t.Errorf("the swapped module: %v", err)
	}
}
