package programs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

const events = `{"Action":"start","Package":"a.b/c"}
{"Action":"run","Package":"a.b/c","Test":"TestGood"}
{"Action":"output","Package":"a.b/c","Test":"TestGood","Output":"=== RUN\n"}
{"Action":"pass","Package":"a.b/c","Test":"TestGood/part.Test"}
{"Action":"pass","Package":"a.b/c","Test":"TestGood"}
{"Action":"fail","Package":"a.b/c","Test":"TestBad"}
{"Action":"skip","Package":"a.b/c","Test":"TestSkipped"}
{"Action":"pass","Package":"a.b/c","Test":"TestGood/seed_1795743467543900215"}
{"Action":"pass","Package":"a.b/c","Test":"TestGood/seed_1795743467543900216"}
{"Action":"pass","Package":"a.b/c","Test":"TestBad/seed_1795743467543900215"}
{"Action":"fail","Package":"a.b/c","Test":"TestBad/seed_1795743467543900216"}
{"Action":"pass","Package":"a.b/c","Test":"TestBad/seed_1795743467543900217"}
{"Action":"pass","Package":"a.b/c","Test":"ExampleShown"}
{"Action":"fail","Package":"a.b/c"}
`

func TestReadEvents(t *testing.T) {
	got, err := readEvents(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.b/c ExampleShown", "a.b/c TestGood", "a.b/c TestGood/part.Test", "a.b/c TestGood/seed_#"}
	if passed := got.passed(); !slices.Equal(passed, want) || len(got) != 6 {
		t.Errorf("passed %q of %v, want %q of 6", passed, got, want)
	}
	if _, err := readEvents(strings.NewReader("not an event")); err == nil {
		t.Error("readEvents takes what is no event")
	}
}

func TestLost(t *testing.T) {
	before := outcomes{"p A": true, "p B": true, "p C": false, "p D": true}
	after := outcomes{"p A": true, "p B": false, "p C": false, "p E": true}
	if got, want := before.lost(after), []string{"p B", "p D"}; !slices.Equal(got, want) {
		t.Errorf("lost = %q, want %q: what fails and what is gone, and nothing that failed before", got, want)
	}
}

func TestFailedIsNotAbsent(t *testing.T) {
	o := outcomes{"p A": true, "p B": false}
	for name, want := range map[string]bool{"p A": false, "p B": true, "p C": false} {
		if got := o.failed(name); got != want {
			t.Errorf("failed(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestPattern(t *testing.T) {
	r := regexp.MustCompile(pattern([]string{"a.Test/c TestGood/part.Test", "a.b/c ExampleShown", "a.b/c TestGood"}))
	for name, want := range map[string]bool{"TestGood": true, "ExampleShown": true, "TestGoodToo": false, "part.Test": false} {
		if r.MatchString(name) != want {
			t.Errorf("%s matches %s: %t, want %t", r, name, !want, want)
		}
	}
}

func TestReportNamesWhatWasLost(t *testing.T) {
	r := &Report{Rows: []Row{
		{Program: "good", Version: "v1", Before: 3, Ways: []Outcome{{Way: Whole, Passed: 3}, {Way: Rewritten, Note: "does not compile"}}},
		{Program: "bad", Version: "v2", Before: 3, Ways: []Outcome{{Way: Whole, Passed: 2, Regressions: []string{"p TestLost"}}}},
		{Program: "gone", Version: "v3", Error: "cannot be fetched"},
	}}
	if got, want := r.Regressions(), []string{"bad, net2 command: p TestLost"}; !slices.Equal(got, want) {
		t.Errorf("regressions %q, want %q", got, want)
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"good     v1       3    3             –", "bad, net2 command: p TestLost", "gone: cannot be fetched", "good, net2 rewrite: does not compile"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, text.String())
		}
	}
}

// TestPinned makes sure that every program is pinned, and that enough of them
// belong to the quick selection.
func TestPinned(t *testing.T) {
	quick := 0
	for _, m := range Modules {
		if err := module.Check(m.Path, m.Version); err != nil || !strings.HasPrefix(m.Sum, "h1:") {
			t.Errorf("%s: %v, checksum %q", m.Path, err, m.Sum)
		}
		if m.Quick {
			quick++
		}
	}
	if quick < 8 {
		t.Errorf("%d modules in the quick selection, want 8", quick)
	}
	for _, s := range Servers {
		dir := filepath.Join("testdata", "servers", s.Name)
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Error(err)
			continue
		}
		mod, err := modfile.Parse("go.mod", text, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(mod.Tool) != 1 || mod.Tool[0].Path != s.Program {
			t.Errorf("%s/go.mod does not pin %s as its tool", s.Name, s.Program)
		}
		if _, err := fs.Stat(os.DirFS(dir), "go.sum"); err != nil {
			t.Error(err)
		}
	}
}
