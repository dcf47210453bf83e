package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A cache is the folder that holds everything we generate. Each entry is a
// folder whose name tells its content. A process writes an entry beside its
// place and then renames it, so that it is there as a whole or not at all, and
// nobody waits: if two processes make the same entry, the second throws its own
// away.
type cache struct{ dir string }

// kept is how long an entry stays that nobody uses.
const kept = 30 * 24 * time.Hour

// userCache is the cache of the user.
func userCache() (cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return cache{}, fmt.Errorf("no folder to keep the overlay in (set XDG_CACHE_HOME): %w", err)
	}
	return cache{filepath.Join(dir, "net2")}, nil
}

// path is where an entry is, or would be.
func (c cache) path(name string) string { return filepath.Join(c.dir, name) }

// entry returns the folder of an entry, and has write fill it if it is not
// there yet.
func (c cache) entry(name string, write func(dir string) error) (string, error) {
	path := c.path(name)
	if _, err := os.Stat(path); err == nil {
		c.use(name)
		return path, nil
	}
	if err := c.create(path, write); err != nil {
		return "", err
	}
	c.clean(time.Now().Add(-kept), isGoroot(name))
	return path, nil
}

// use notes that somebody uses an entry. If it cannot change a folder, clean
// cannot remove it either.
func (c cache) use(name string) {
	now := time.Now()
	os.Chtimes(c.path(name), now, now)
}

func (c cache) create(path string, write func(dir string) error) error {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return cannotWrite(err)
	}
	tmp, err := os.MkdirTemp(c.dir, "tmp-")
	if err != nil {
		return cannotWrite(err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return cannotWrite(err)
	}
	if err := write(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		if _, there := os.Stat(path); there == nil {
			return nil // another process was first
		}
		return cannotWrite(err)
	}
	return nil
}

// isGoroot reports whether an entry is a GOROOT. Nobody tells us that they use
// it, so it goes only when we make another one.
func isGoroot(name string) bool { return strings.Contains(name, "-goroot-") }

// clean removes what nobody has used since a moment, and what a killed process
// left behind.
func (c cache) clean(since time.Time, goroots bool) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && entry.IsDir() && (goroots || !isGoroot(entry.Name())) && info.ModTime().Before(since) {
			os.RemoveAll(c.path(entry.Name()))
		}
	}
}

// link returns a symbolic link to a GOROOT.
func (c cache) link(version, goroot string) (string, error) {
	name := fmt.Sprintf("%s-root-%.12x", version, sha256.Sum256([]byte(goroot)))
	dir, err := c.entry(name, func(dir string) error {
		if err := os.Symlink(goroot, filepath.Join(dir, "go")); err != nil {
			return cannotWrite(err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "go"), nil
}

// writeFile writes a file and the folders above it.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	err := os.WriteFile(path, content, mode)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return cannotWrite(err)
		}
		err = os.WriteFile(path, content, mode)
	}
	if err != nil {
		return cannotWrite(err)
	}
	return nil
}

// cannotWrite is the error of a folder that is read-only or full.
func cannotWrite(err error) error {
	return fmt.Errorf("cannot write to the cache (XDG_CACHE_HOME chooses another): %w", err)
}
