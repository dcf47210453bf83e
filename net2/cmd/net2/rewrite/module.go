package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/modfile"
)

const modulePath = "go.parity"

// goCommand runs the go command in dir and makes its complaint the error.
func goCommand(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if complaint := strings.TrimSpace(stderr.String()); err != nil && complaint != "" {
		return "", errors.New(complaint)
	}
	return strings.TrimSpace(string(out)), err
}

// A requirement is a module's go.mod and go.sum with net2's module in them.
type requirement struct {
	changes []change
	modfile string // a copy to build with before we make the changes; "" if there are no changes
	dir     string // of the copy
}

func (r requirement) remove() {
	if r.dir != "" {
		os.RemoveAll(r.dir)
	}
}

// require works out what a module's go.mod and go.sum need. The go command does
// it, on copies.
func require(root, replace string) (r requirement, err error) {
	if _, err := goCommand(root, nil, "list", net2Path); err == nil {
		return r, nil
	}
	if vendored(root) {
		return r, fmt.Errorf("%s has a vendor folder without %s: add it by go get and go mod vendor, then run this again", root, modulePath)
	}
	if r.dir, err = os.MkdirTemp("", "net2-rewrite-"); err != nil {
		return r, err
	}
	r.modfile = filepath.Join(r.dir, "go.mod")
	r.changes, err = r.get(root, replace)
	if err != nil {
		r.remove()
		return requirement{}, err
	}
	return r, nil
}

// get has the go command require net2 in the copies.
func (r requirement) get(root, replace string) ([]change, error) {
	var changes []change
	for _, name := range []string{"go.mod", "go.sum"} {
		path := filepath.Join(root, name)
		content, err := os.ReadFile(path)
		created := errors.Is(err, fs.ErrNotExist)
		if err != nil && !created {
			return nil, err
		}
		if !created {
			if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o644); err != nil {
				return nil, err
			}
		}
		changes = append(changes, change{path: path, before: content, created: created})
	}
	version, checkout, err := source(replace)
	if err != nil {
		return nil, err
	}
	alone := []string{"GOWORK=off", "GOFLAGS=-mod=mod"}
	if checkout != "" {
		if _, err := goCommand(root, alone, "mod", "edit", "-replace="+modulePath+"="+checkout, r.modfile); err != nil {
			return nil, err
		}
	}
	if _, err := goCommand(root, alone, "get", "-modfile="+r.modfile, modulePath+"@"+version); err != nil {
		return nil, err
	}
	if err := r.complete(root, alone); err != nil {
		return nil, err
	}
	var needed []change
	for _, c := range changes {
		after, err := os.ReadFile(filepath.Join(r.dir, filepath.Base(c.path)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.after = after; !bytes.Equal(c.before, c.after) {
			needed = append(needed, c)
		}
	}
	return needed, nil
}

// complete tells the copy of go.mod what the go command would find out from the
// imports, which it has not seen yet: that the module itself imports net2, and
// through it what net2 needs. Then it has the go command add their sums.
func (r requirement) complete(root string, env []string) error {
	needed, err := goCommand(root, env, "list", "-modfile="+r.modfile, "-deps",
		"-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", net2Path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(r.modfile)
	if err != nil {
		return err
	}
	mod, err := modfile.Parse(r.modfile, text, nil)
	if err != nil {
		return err
	}
	for line := range strings.Lines(needed) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			requireOne(mod, path, version)
		}
	}
	mod.SetRequireSeparateIndirect(mod.Require)
	mod.Cleanup()
	text, err = mod.Format()
	if err != nil {
		return err
	}
	return os.WriteFile(r.modfile, text, 0o644)
}

// requireOne adds a requirement, unless it is there: net2's module as a direct
// one, since this module imports it, others as indirect ones, since only net2
// does.
func requireOne(mod *modfile.File, path, version string) {
	for _, have := range mod.Require {
		if have.Mod.Path == path {
			have.Indirect = have.Indirect && path != modulePath
			return
		}
	}
	mod.AddNewRequire(path, version, path != modulePath)
}

func vendored(root string) bool {
	_, err := os.Stat(filepath.Join(root, "vendor", "modules.txt"))
	return err == nil
}

// source says where net2's module comes from: a version, and for a tool that is
// not a release, the folder of its sources.
func source(replace string) (version, checkout string, err error) {
	if replace != "" {
		checkout, err = filepath.Abs(replace)
	} else if info, ok := debug.ReadBuildInfo(); ok && info.Main.Sum != "" {
		return "latest", "", nil
	} else {
		_, file, _, _ := runtime.Caller(0)
		checkout = filepath.Join(filepath.Dir(file), "..", "..", "..", "..")
	}
	if err != nil {
		return "", "", err
	}
	text, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil || modfile.ModulePath(text) != modulePath {
		return "", "", fmt.Errorf("this tool is no release, and the sources of %s are not in %s: name their folder with -replace", modulePath, checkout)
	}
	return "v0.0.0", checkout, nil
}

// withoutRequirement takes net2's module out of a go.mod that did not have it
// before the swap.
func withoutRequirement(path string, before, now []byte) ([]byte, error) {
	old, err := modfile.ParseLax(path, before, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range old.Require {
		if r.Mod.Path == modulePath {
			return now, nil
		}
	}
	mod, err := modfile.Parse(path, now, nil)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(mod.DropRequire(modulePath), mod.DropReplace(modulePath, "")); err != nil {
		return nil, err
	}
	mod.Cleanup()
	return mod.Format()
}
