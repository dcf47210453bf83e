package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeText(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUsersOwnOverlay(t *testing.T) {
	dir := t.TempDir()
	c := cache{filepath.Join(dir, "net2")}
	ours := writeText(t, filepath.Join(dir, "ours.json"), `{"Replace": {"/go/src/net/dial.go": "/cache/dial.go"}}`)
	users := writeText(t, filepath.Join(dir, "users.json"), `{"Replace": {"a.go": "b.go", "/x/gone.go": ""}}`)
	path, err := c.with(ours, users, "/home/me")
	if err != nil {
		t.Fatal(err)
	}
	r, err := readOverlay(path)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"/go/src/net/dial.go": "/cache/dial.go",
		"/home/me/a.go":       "/home/me/b.go",
		"/x/gone.go":          "",
	} {
		if got, ok := r.Replace[file]; !ok || got != want {
			t.Errorf("%s is replaced by %q, want %q", file, got, want)
		}
	}

	for name, text := range map[string]string{
		"/go/src/net/dial.go": `{"Replace": {"/go/src/net/dial.go": "mine.go"}}`,
		"broken.json":         `{"Replace": `,
	} {
		broken := writeText(t, filepath.Join(dir, "broken.json"), text)
		if _, err := c.with(ours, broken, "/home/me"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("overlay %s: err = %v, want one that names %s", text, err, name)
		}
	}
}

func TestSupported(t *testing.T) {
	for version, want := range map[string]bool{
		"go1.26.8": true, "go1.27": true, "go1.27rc1": true, "go1.26.8-X:jsonv2": true,
		"go1.25.3": false, "go1.28.0": false, "go1.260": false, "devel go1.27-abc": false,
	} {
		err := toolchain{Version: version, Goroot: "/go"}.check()
		if (err == nil) != want {
			t.Errorf("%s: err = %v", version, err)
		}
		if err != nil && !strings.Contains(err.Error(), "go1.26 and go1.27") {
			t.Errorf("the error does not say which are supported: %v", err)
		}
	}
}
