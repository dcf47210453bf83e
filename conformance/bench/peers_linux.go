package bench

// The peers: servers on other people's libraries, each a program of its own, so
// that none of them carries another's goroutines and memory.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/sys/unix"
)

// A Serving is what a peer's server tells the harness.
type Serving struct{ work *work }

// Accepted counts a connection.
func (s Serving) Accepted() { s.work.conns.Add(1) }

// Failed ends the measurement with an error.
func (s Serving) Failed(err error) { s.work.meter.fail(err) }

// Serve makes a program the measured process of the cells of one
// implementation, and does not return. Its argument starts the server of a
// workload on loopback, and returns the address of that server.
func Serve(start func(Workload, Serving) (addr string, err error)) {
	role := os.Getenv(childEnv)
	if role == "" {
		fmt.Fprintln(os.Stderr, "this program is a part of a measurement: go run ./conformance/cmd/bench -peers starts it")
		os.Exit(2)
	}
	answers, err := keepOutput()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	serveAs(role, answers, func(j *work, req request) (err error) {
		j.addr, err = start(req.Workload, Serving{j})
		return err
	})
}

// keepOutput takes the standard output for the answers to the harness. What
// else is written there, as some libraries' loggers do, goes where errors go.
func keepOutput() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(unix.Stdout), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	answers := os.NewFile(uintptr(fd), "answers")
	if err := unix.Dup3(unix.Stderr, unix.Stdout, 0); err != nil {
		_ = answers.Close() // the error that counts is the one above
		return nil, os.NewSyscallError("dup3", err)
	}
	return answers, nil
}

// buildPeers builds the programs of those implementations of the run that are
// peers, if there are any.
func (r *run) buildPeers(ctx context.Context, out string) error {
	var peers []implementation
	for _, name := range r.Options.Impls {
		if impl, ok := lookup(name); ok && impl.peer != "" {
			peers = append(peers, impl)
		}
	}
	if len(peers) == 0 {
		return nil
	}
	dir, err := peersDir(ctx)
	if err != nil {
		return err
	}
	versions, err := peerVersions(dir, peers)
	if err != nil {
		return err
	}
	r.logf("building with %s, which the go command fetches, with what they require, unless it has them\n", strings.Join(versions, ", "))
	r.report.Notes = append(r.report.Notes, "peers: "+strings.Join(versions, ", "))
	args := []string{"build", "-C", dir, "-o", out + string(filepath.Separator)}
	for _, p := range peers {
		args = append(args, "./"+p.name)
		r.binaries[p.name] = filepath.Join(out, p.name)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOWORK=off") // the workspace's versions are not theirs
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, text)
	}
	return nil
}

// peersDir returns the folder of the peers' module.
func peersDir(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "go.parity/conformance/bench")
	text, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			text = exit.Stderr
		}
		return "", fmt.Errorf("the peers are built from their source: %v: %w\n%s", cmd, err, text)
	}
	return filepath.Join(strings.TrimSpace(string(text)), "peers"), nil
}

// peerVersions lists the modules of peers with the versions that the go.mod in
// dir requires.
func peerVersions(dir string, peers []implementation) ([]string, error) {
	name := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	mod, err := modfile.ParseLax(name, text, nil)
	if err != nil {
		return nil, err
	}
	var versions []string
	for _, p := range peers {
		i := slices.IndexFunc(mod.Require, func(r *modfile.Require) bool { return r.Mod.Path == p.peer })
		if i < 0 {
			return nil, fmt.Errorf("%s does not require %s", name, p.peer)
		}
		versions = append(versions, mod.Require[i].Mod.String())
	}
	return versions, nil
}
