package page

import (
	"bytes"
	"io/fs"
	"os"
	"testing"

	"go.parity/conformance/way"
)

// The archive has today's text of every file on the ways; go generate
// ./conformance/study/page renews it.
func TestArchiveIsUpToDate(t *testing.T) {
	checkout := os.DirFS("../../..")
	for _, name := range ourFiles() {
		want, err := fs.ReadFile(checkout, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(archived().files, name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the archive's %s is stale: go generate ./conformance/study/page", name)
		}
	}
}

func TestArchiveDeclaresEveryFunction(t *testing.T) {
	for _, p := range lessons() {
		for _, s := range p.Steps {
			for _, f := range []way.Func{s.Ours, s.OursInside} {
				if f != (way.Func{}) && archived().Declaration(f) == "" {
					t.Errorf("%s is not in the archive's %s", f.Name, f.File)
				}
			}
		}
	}
}
