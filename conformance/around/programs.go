//go:build linux

package around

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

const programPath = "go.parity/conformance/around/program"

// A build is a way to build the program.
type build int

const (
	plain   build = iota // without cgo, whose threads would keep a deadlock from being reported
	race                 // with the race detector
	covered              // with the race detector, and coverage of every package
)

var builds = map[build]struct {
	name  string
	cgo   string
	flags []string
}{
	plain:   {"plain", "0", nil},
	race:    {"race", "1", []string{"-race"}},
	covered: {"covered", "1", []string{"-race", "-cover", "-covermode=atomic", "-coverpkg=all"}},
}

// The stacks, by the names of their packages.
const (
	stackNet  = "net"
	stackNet2 = "net2"
)

// programs are the binaries. Each is built when it is first needed.
type programs struct {
	dir string // the module of the program, and what it leaves behind

	// edit changes the program's source for a stack.
	edit func(stack, source string) string

	again int // how often net is asked whether it too gives net2's answer

	mu    sync.Mutex
	built map[string]func() (string, error)
	ready func() error // writes the module
}

func newPrograms(ctx context.Context) (*programs, error) {
	dir, err := os.MkdirTemp("", "around")
	if err != nil {
		return nil, err
	}
	p := &programs{dir: dir, edit: swapImport, again: 3, built: make(map[string]func() (string, error))}
	p.ready = sync.OnceValue(func() error { return p.writeModule(ctx) })
	return p, nil
}

func (p *programs) remove() error { return os.RemoveAll(p.dir) }

var netImport = regexp.MustCompile(`(?m)^(import |\t)"net"$`)

// swapImport puts net2 in net's place.
func swapImport(stack, source string) string {
	if stack == stackNet2 {
		return netImport.ReplaceAllString(source, `${1}net "go.parity/net2"`)
	}
	return source
}

// binary returns the path of the program, built in a way for a stack.
func (p *programs) binary(ctx context.Context, b build, stack string) (string, error) {
	name := builds[b].name + "-" + stack
	p.mu.Lock()
	once, ok := p.built[name]
	if !ok {
		once = sync.OnceValues(func() (string, error) { return p.build(ctx, b, stack, name) })
		p.built[name] = once
	}
	p.mu.Unlock()
	return once()
}

func (p *programs) build(ctx context.Context, b build, stack, name string) (string, error) {
	if err := p.ready(); err != nil {
		return "", err
	}
	path := filepath.Join(p.dir, name)
	args := append([]string{"build", "-tags=" + buildTags, "-ldflags=-w", "-o", path}, builds[b].flags...)
	_, err := p.goCommand(ctx, append(args, "./"+stack), "CGO_ENABLED="+builds[b].cgo)
	return path, err
}

// goCommand runs the go command in the module.
func (p *programs) goCommand(ctx context.Context, args []string, env ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "PWD="+p.dir)
	cmd.Env = append(cmd.Env, env...)
	return output(cmd)
}

// writeModule writes a module with one package for each stack. The module needs
// what the suite's module needs, so that it takes over the list of
// requirements.
func (p *programs) writeModule(ctx context.Context) error {
	out, err := output(exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "go.parity/net2", programPath))
	if err != nil {
		return err
	}
	dirs := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(dirs) != 2 {
		return fmt.Errorf("go list answered %q for the folders of two packages", out)
	}
	library, source := filepath.Dir(dirs[0]), dirs[1]
	suite := filepath.Dir(filepath.Dir(source))
	if err := p.writeGoMod(suite, library); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil {
		return err
	}
	for _, stack := range []string{stackNet, stackNet2} {
		if err := os.Mkdir(filepath.Join(p.dir, stack), 0o700); err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(p.dir, stack, filepath.Base(file)), []byte(p.edit(stack, string(text))), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	moduleLine  = regexp.MustCompile(`(?m)^module .*$`)
	replaceLine = regexp.MustCompile(`(?m)^replace go\.parity => .*$`)
)

func (p *programs) writeGoMod(suite, library string) error {
	mod, err := os.ReadFile(filepath.Join(suite, "go.mod"))
	if err != nil {
		return err
	}
	mod = moduleLine.ReplaceAll(mod, []byte("module around.invalid"))
	mod = replaceLine.ReplaceAllLiteral(mod, []byte("replace go.parity => "+library))
	sum, err := os.ReadFile(filepath.Join(suite, "go.sum"))
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(p.dir, "go.mod"), mod, 0o600),
		os.WriteFile(filepath.Join(p.dir, "go.sum"), sum, 0o600),
	)
}

// output runs cmd; its error holds what the command complained of.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", filepath.Base(cmd.Path), cmd.Args[1], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
