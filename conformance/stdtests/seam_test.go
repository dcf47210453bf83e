package stdtests

import (
	"go/format"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

func seamArchive(t *testing.T) map[string]string {
	t.Helper()
	ar, err := txtar.ParseFile("testdata/seam.txt")
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, f := range ar.Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

func TestCutMakesSeams(t *testing.T) {
	files := seamArchive(t)
	got, err := cut([]byte(files["in"]), []string{"Connect", "reset", "FD.SetDeadline", "generic", "missing"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files["out"], string(got)); diff != "" {
		t.Errorf("cut (-want +got):\n%s", diff)
	}
	if _, err := format.Source(got); err != nil {
		t.Error(err)
	}
}

func TestCutLeavesOtherFiles(t *testing.T) {
	in := seamArchive(t)["in"]
	got, err := cut([]byte(in), []string{"missing"})
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != in {
		t.Errorf("cut changed a file without seams:\n%s", got)
	}
}

func TestRerouteCallsSeams(t *testing.T) {
	files := seamArchive(t)
	got, err := reroute([]byte(files["caller"]), map[string][]string{"go.parity/socket": {"Connect"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files["rerouted"], string(got)); diff != "" {
		t.Errorf("reroute (-want +got):\n%s", diff)
	}
}

func TestDivertMakesVariablesOfSystemCalls(t *testing.T) {
	tr := newTree("")
	tr.files["src/p/p.go"] = []byte("package p\n\nimport \"syscall\"\n\nfunc f() { syscall.Close(1); _ = syscall.EINVAL }\n")
	if err := divert(tr, "src/p"); err != nil {
		t.Fatal(err)
	}
	if got, want := string(tr.files["src/p/p.go"]), "SysClose(1); _ = syscall.EINVAL"; !strings.Contains(got, want) {
		t.Errorf("divert = %s, want it to contain %q", got, want)
	}
	if got, want := string(tr.files["src/p/zz_divert.go"]), "SysClose = syscall.Close"; !strings.Contains(got, want) {
		t.Errorf("divert adds %s, want it to contain %q", got, want)
	}
}
