package stdtests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A toolchain is the go command and the standard library that it compiles.
type toolchain struct {
	goroot  string
	version string // as in go1.26.8
	moddir  string // of the module go.parity
}

// findToolchain asks the go command in PATH; dir must be inside the module.
func findToolchain(ctx context.Context, dir string) (*toolchain, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOROOT", "GOVERSION", "GOMOD")
	cmd.Dir = dir
	out, err := output(cmd)
	if err != nil {
		return nil, err
	}
	var env struct{ GOROOT, GOVERSION, GOMOD string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(env.GOROOT, "src", "net", "net_test.go")); err != nil {
		return nil, fmt.Errorf("the toolchain in %s comes without the standard library's tests: %w", env.GOROOT, errors.ErrUnsupported)
	}
	tc := &toolchain{goroot: env.GOROOT, version: env.GOVERSION}
	cmd = exec.CommandContext(ctx, "go", "list", "-f", "{{.Module.Dir}}", "go.parity/net2")
	cmd.Dir = dir
	out, err = output(cmd)
	if err != nil {
		return nil, err
	}
	tc.moddir = strings.TrimSpace(string(out))
	return tc, nil
}

// environ is the environment of a process that works with the standard library
// in goroot: offline, without cgo (net2 uses none), and independent of the
// user's settings for builds.
func environ(goroot string, extra ...string) []string {
	own := []string{
		"GOROOT=" + goroot,
		"PATH=" + filepath.Join(goroot, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"GOFLAGS=-mod=mod",
		"GOPROXY=off",
		"GOTOOLCHAIN=local",
		"GOWORK=off",
		"GO111MODULE=on",
		"CGO_ENABLED=0",
		"GOEXPERIMENT=",
	}
	own = append(own, extra...)
	set := map[string]bool{"GODEBUG": true, "NET2_POLLER": true, "PWD": true}
	for _, kv := range own {
		name, _, _ := strings.Cut(kv, "=")
		set[name] = true
	}
	inherited := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return set[name]
	})
	return append(inherited, own...)
}

// goEnviron is the environment of the go command. The index of GOROOT that it
// keeps for releases assumes that a GOROOT never changes and has no links.
func goEnviron(goroot string) []string { return environ(goroot, "GODEBUG=goindex=0") }

// goCommand runs the go command on the standard library in goroot, from a
// module directory that does not matter.
func (tc *toolchain) goCommand(ctx context.Context, goroot, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(tc.goroot, "bin", "go"), args...)
	cmd.Dir = dir
	cmd.Env = goEnviron(goroot)
	return output(cmd)
}

// output runs cmd and returns what it printed, or an error that says what it
// complained about.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		return nil, &commandError{args: cmd.Args, text: strings.TrimSpace(stderr.String() + stdout.String()), err: err}
	}
	return stdout.Bytes(), nil
}

type commandError struct {
	args []string
	text string
	err  error
}

func (e *commandError) Error() string {
	return fmt.Sprintf("%s: %v\n%s", strings.Join(e.args, " "), e.err, e.text)
}

func (e *commandError) Unwrap() error { return e.err }

// A sourcePackage is a package of ours, or one that ours need.
type sourcePackage struct {
	ImportPath string
	Dir        string
	Standard   bool
	Imports    []string
}

// dependencies lists what net2 consists of, itself included: first the
// packages outside the standard library, then the standard ones.
func (tc *toolchain) dependencies(ctx context.Context, tags string) (ours, std []sourcePackage, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(tc.goroot, "bin", "go"),
		"list", "-deps", "-json=ImportPath,Dir,Standard,Imports", "-tags="+tags, "go.parity/net2")
	cmd.Dir = tc.moddir
	cmd.Env = environ(tc.goroot, "GOFLAGS=-mod=readonly")
	out, err := output(cmd)
	if err != nil {
		return nil, nil, err
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p sourcePackage
		if err := dec.Decode(&p); err != nil {
			return nil, nil, err
		}
		if p.Standard {
			std = append(std, p)
		} else {
			ours = append(ours, p)
		}
	}
	if len(ours) == 0 {
		return nil, nil, errors.New("go.parity/net2 has no package")
	}
	return ours, std, nil
}
