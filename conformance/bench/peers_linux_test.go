package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPeerVersions(t *testing.T) {
	dir := t.TempDir()
	text := "module m\n\nrequire (\n\texample.com/a/v2 v2.1.0\n\texample.com/b v0.3.0 // indirect\n)\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := peerVersions(dir, []implementation{{peer: "example.com/b"}, {peer: "example.com/a/v2"}})
	if want := []string{"example.com/b@v0.3.0", "example.com/a/v2@v2.1.0"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("peerVersions = %q, %v, want %q", got, err, want)
	}
	if got, err := peerVersions(dir, []implementation{{peer: "example.com/c"}}); err == nil || !strings.Contains(err.Error(), "example.com/c") {
		t.Errorf("peerVersions of a module that is not required = %q, %v, want an error that names it", got, err)
	}
	if got, err := peerVersions(filepath.Join(dir, "gone"), nil); err == nil {
		t.Errorf("peerVersions without a go.mod = %q, want an error", got)
	}
}

// The module of the peers has a program for each of them, and requires it.
func TestPeersHaveTheirPrograms(t *testing.T) {
	dir, err := peersDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Peers() {
		impl, _ := lookup(name)
		if _, err := peerVersions(dir, []implementation{impl}); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, name, "main_linux.go")); err != nil {
			t.Error(err)
		}
	}
}
