package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A toolchain is the Go that the go command uses in the user's folder, which
// go.mod and GOTOOLCHAIN help to choose.
type toolchain struct {
	Goroot     string `json:"GOROOT"`
	Version    string `json:"GOVERSION"`
	Goos       string `json:"GOOS"`
	Goarch     string `json:"GOARCH"`
	Goflags    string `json:"GOFLAGS"`
	Gomodcache string `json:"GOMODCACHE"`
	Go111      string `json:"GO111MODULE"`

	// linked says that Goroot is a link of ours.
	linked bool
}

// supported are the releases of Go that net2 is made for.
var supported = []string{"go1.26", "go1.27"}

// findToolchain asks the go command in dir.
func findToolchain(dir string) (toolchain, error) {
	var tc toolchain
	if _, err := os.Stat(dir); err != nil {
		return tc, err
	}
	cmd := exec.Command("go", "env", "-json", "GOROOT", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "GOMODCACHE", "GO111MODULE")
	cmd.Dir = dir
	out, err := output(cmd)
	if errors.Is(err, exec.ErrNotFound) {
		return tc, errors.New("no go command in PATH: install Go 1.26 or later")
	}
	if err != nil {
		return tc, err
	}
	if err := json.Unmarshal(out, &tc); err != nil {
		return tc, fmt.Errorf("go env: %w", err)
	}
	return tc, nil
}

// output runs cmd and makes its complaint the error.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if complaint := strings.TrimSpace(stderr.String()); err != nil && complaint != "" {
		return nil, errors.New(complaint)
	}
	return out, err
}

// check refuses a release that net2 is not made for.
func (tc toolchain) check() error {
	for _, release := range supported {
		if isRelease(tc.Version, release) {
			return nil
		}
	}
	return fmt.Errorf("%s in %s: net2 supports %s", tc.Version, tc.Goroot, strings.Join(supported, " and "))
}

// checkGoroot refuses a GOROOT in the environment that is not the go command's.
func (tc toolchain) checkGoroot() error {
	if _, err := os.Stat(filepath.Join(tc.Goroot, "src", "net")); err != nil {
		return fmt.Errorf("GOROOT=%s has no standard library: %w", tc.Goroot, err)
	}
	if file, err := os.ReadFile(filepath.Join(tc.Goroot, "VERSION")); err == nil { // none in a checkout of Go
		if version, _, _ := strings.Cut(string(file), "\n"); !isRelease(tc.Version, version) {
			return fmt.Errorf("GOROOT=%s is %s, and the go command is %s: unset GOROOT", tc.Goroot, version, tc.Version)
		}
	}
	return nil
}

// isRelease reports whether a version is a release, or one of its patches and
// variants.
func isRelease(version, release string) bool {
	rest, ok := strings.CutPrefix(version, release)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// outsideModules returns the toolchain under a path below which an overlay may
// replace files: a downloaded one lives in the module cache, where an overlay
// may not.
func (tc toolchain) outsideModules(c cache) (toolchain, error) {
	rel, err := filepath.Rel(tc.Gomodcache, tc.Goroot)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return tc, nil
	}
	link, err := c.link(tc.Version, tc.Goroot)
	if err != nil {
		return tc, err
	}
	tc.Goroot, tc.linked = link, true
	return tc, nil
}

// command is the path of the go command.
func (tc toolchain) command() string { return filepath.Join(tc.Goroot, "bin", "go") }

// environ is an environment in which that go command does not switch to
// another. No variable stands in it twice: of two, the go command takes the
// first.
func (tc toolchain) environ() []string {
	own := []string{"GOTOOLCHAIN=local"}
	if tc.linked {
		own = append(own, "GOROOT="+tc.Goroot)
	}
	inherited := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(o, name+"=") })
	})
	return append(inherited, own...)
}
