package stdtests

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A tree is a GOROOT to be written: the real one with some files changed or
// added. Paths are relative to GOROOT, with slashes.
type tree struct {
	base  string            // the real GOROOT
	files map[string][]byte // changed or added
	links map[string]string // added links, and where they lead
	gone  map[string]bool   // files of the real GOROOT that are left out
}

func newTree(goroot string) *tree {
	return &tree{
		base:  goroot,
		files: make(map[string][]byte),
		links: make(map[string]string),
		gone:  make(map[string]bool),
	}
}

// addDir puts the files of dir into the tree at rel, without directories and
// without tests.
func (t *tree) addDir(rel, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		t.files[path.Join(rel, e.Name())] = data
	}
	return nil
}

// glob returns the files that the tree changes or adds directly in rel.
func (t *tree) glob(rel string) []string {
	var names []string
	for name := range t.files {
		if path.Dir(name) == rel {
			names = append(names, name)
		}
	}
	return names
}

// write makes the tree in dir. A directory in which nothing differs becomes a
// link to the real one; the go command follows such links.
func (t *tree) write(dir string) error {
	touched := map[string]bool{".": true}
	mark := func(name string) {
		for d := path.Dir(name); !touched[d]; d = path.Dir(d) {
			touched[d] = true
		}
	}
	for name := range t.files {
		mark(name)
	}
	for name := range t.links {
		mark(name)
	}
	for name := range t.gone {
		mark(name)
	}
	for d := range touched {
		if err := t.writeDir(dir, d, touched); err != nil {
			return err
		}
	}
	for name, data := range t.files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
			return err
		}
	}
	for name, target := range t.links {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) writeDir(dir, rel string, touched map[string]bool) error {
	to := filepath.Join(dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	from := filepath.Join(t.base, filepath.FromSlash(rel))
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // added by the tree
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		_, changed := t.files[name]
		_, linked := t.links[name]
		if touched[name] || changed || linked || t.gone[name] {
			continue
		}
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
