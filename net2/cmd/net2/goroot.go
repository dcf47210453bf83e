package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.parity/net2/cmd/net2/internal/merge"
)

// goroot returns a GOROOT with the same sources as files, for tools that read
// them there themselves: gopls, linters, coverage of the standard library.
func (p plan) goroot() (string, error) {
	key, err := p.key("goroot")
	if err != nil {
		return "", err
	}
	final := p.cache.path(key)
	return p.cache.entry(key, func(dir string) error { return p.writeGoroot(dir, final) })
}

// writeGoroot writes to dir what builds will use at final.
func (p plan) writeGoroot(dir, final string) error {
	from, err := filepath.EvalSymlinks(p.Goroot)
	if err != nil {
		return err
	}
	if err := copyTree(dir, from); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	c := merge.Config{Goroot: from, Lines: final, Sources: p.files, Stamp: p.stamp()}
	out, err := p.merge(c)
	if err != nil {
		return err
	}
	for name, content := range out.Src {
		if err := writeFile(filepath.Join(dir, "src", filepath.FromSlash(name)), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// unneeded are folders of a GOROOT that no build reads.
var unneeded = map[string]bool{"api": true, "doc": true, "test": true, ".git": true}

// copyTree copies a GOROOT as real files: the go command finds its GOROOT by
// its own place on disk, and looks for packages without following links.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if unneeded[rel] {
				return fs.SkipDir
			}
			if err := os.MkdirAll(filepath.Join(to, rel), 0o777); err != nil {
				return cannotWrite(err)
			}
			return nil
		}
		return copyFile(filepath.Join(to, rel), path)
	})
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return cannotWrite(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return cannotWrite(err)
	}
	if err := dst.Close(); err != nil {
		return cannotWrite(err)
	}
	return nil
}
