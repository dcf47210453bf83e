package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"go.parity/net2/cmd/net2/internal/merge"
	"go.parity/net2/cmd/net2/internal/sources"
)

// A replacement is what the go command's -overlay reads: for each file, the one
// to read in its place.
type replacement struct{ Replace map[string]string }

// A plan says what to generate for one toolchain.
type plan struct {
	toolchain
	cache    cache
	files    sources.Files
	mode     string // "merged" or "poller"
	trimpath bool
}

const (
	merged     = "merged"
	pollerOnly = "poller"
)

// newPlan plans for a toolchain that net2 supports.
func newPlan(tc toolchain, inv invocation) (plan, error) {
	p := plan{toolchain: tc, mode: merged, trimpath: inv.trimpath}
	if inv.poller {
		p.mode = pollerOnly
	}
	if err := tc.check(); err != nil {
		return p, err
	}
	if err := tc.checkGoroot(); err != nil {
		return p, err
	}
	var err error
	if p.files, err = inv.librarySources(); err != nil {
		return p, err
	}
	if p.cache, err = userCache(); err != nil {
		return p, err
	}
	p.toolchain, err = tc.outsideModules(p.cache)
	return p, err
}

// librarySources are the library's sources: those in this program, or those
// that -sources names.
func (inv *invocation) librarySources() (sources.Files, error) {
	if inv.sources == "" {
		return sources.Embedded()
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	archive, err := os.ReadFile(inv.path(cwd, inv.sources))
	if err != nil {
		return nil, err
	}
	return sources.Unpack(archive)
}

// changed are the standard library's packages whose files the merge reads.
var changed = []string{"net", "internal/poll"}

// key identifies what we generate: by the toolchain and the content of its
// files, and by this program, with the sources in it.
func (p plan) key(kind string) (string, error) {
	h := sha256.New()
	self, err := selfHash()
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, self, kind, p.mode, p.trimpath, p.Goroot, p.Version, p.files.Hash())
	for _, pkg := range changed {
		files, err := merge.ReadPackage(p.Goroot, pkg)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, pkg, sources.Files(files).Hash())
	}
	return fmt.Sprintf("%s-%s-%s-%.8x", p.Version, kind, p.mode, h.Sum(nil)), nil
}

// selfHash tells this program from every other.
var selfHash = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(program)), nil
})

// merge makes the changed sources.
func (p plan) merge(c merge.Config) (merge.Output, error) {
	swap := merge.Net
	if p.mode == pollerOnly {
		swap = merge.Poller
	}
	out, err := swap(c)
	if err != nil {
		return out, fmt.Errorf("cannot put net2 into %s: %w", p.Version, err)
	}
	return out, nil
}

// overlay returns the path of the overlay, and makes it if it does not exist
// yet.
func (p plan) overlay() (string, error) {
	if p.Go111 == "off" {
		return "", errors.New("with GO111MODULE=off the go command takes no overlay of the standard library's vendor folder; use net2 goroot, whose tree it takes")
	}
	key, err := p.key("overlay")
	if err != nil {
		return "", err
	}
	final := p.cache.path(key)
	path := filepath.Join(final, "overlay.json")
	if r, err := readOverlay(path); err == nil && r.isWhole() {
		p.cache.use(key)
		return path, nil
	}
	if err := os.RemoveAll(final); err != nil { // somebody has removed a part of it
		return "", cannotWrite(err)
	}
	_, err = p.cache.entry(key, func(dir string) error { return p.writeOverlay(dir, final) })
	return path, err
}

// isWhole reports whether all files are there.
func (r replacement) isWhole() bool {
	for _, file := range r.Replace {
		if _, err := os.Stat(file); err != nil {
			return false
		}
	}
	return true
}

// writeOverlay writes to dir what builds will use at final.
func (p plan) writeOverlay(dir, final string) error {
	c := merge.Config{Goroot: p.Goroot, Lines: p.Goroot, Sources: p.files, Stamp: p.stamp()}
	if !p.trimpath { // with it, paths of this machine must not be in the binary
		c.Shown = filepath.Join(final, "library")
	}
	out, err := p.merge(c)
	if err != nil {
		return err
	}
	r := replacement{make(map[string]string)}
	for name, content := range out.Src {
		below := filepath.Join("src", filepath.FromSlash(name))
		r.Replace[filepath.Join(p.Goroot, below)] = filepath.Join(final, below)
		if err := writeFile(filepath.Join(dir, below), content, 0o644); err != nil {
			return err
		}
	}
	for name, content := range out.Originals {
		if err := writeFile(filepath.Join(dir, "library", filepath.FromSlash(name)), content, 0o644); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, "overlay.json"), r)
}

func writeJSON(path string, r replacement) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'), 0o644)
}

// with returns the path of an overlay that has the user's own replacements too.
// It refuses a user's overlay that replaces a file that ours replaces.
func (c cache) with(ours, users, workdir string) (string, error) {
	r, err := readOverlay(ours)
	if err != nil {
		return "", err
	}
	added, err := readOverlay(users)
	if err != nil {
		return "", fmt.Errorf("your overlay: %w", err)
	}
	var files []string
	for file := range added.Replace {
		files = append(files, file)
	}
	sort.Strings(files)
	for _, file := range files {
		target := added.Replace[file]
		file, target = from(workdir, file), from(workdir, target)
		if _, taken := r.Replace[file]; taken {
			return "", fmt.Errorf("your overlay %s replaces %s, which net2 replaces", users, file)
		}
		r.Replace[file] = target
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	dir, err := c.entry(fmt.Sprintf("joined-%.12x", sha256.Sum256(text)), func(dir string) error {
		return writeJSON(filepath.Join(dir, "overlay.json"), r)
	})
	return filepath.Join(dir, "overlay.json"), err
}

// from makes a path absolute; an empty one, which takes a file away, stays.
func from(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func readOverlay(path string) (replacement, error) {
	var r replacement
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
