package programs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Runner runs programs in a folder of its own.
type Runner struct {
	Root string // the checkout of net2's module
	Log  io.Writer

	dir  string // its folder
	net2 string // the net2 command
}

// Run tries the modules whose path, and the servers whose name, match accepts.
func (r *Runner) Run(ctx context.Context, quick bool, match func(string) bool) (*Report, error) {
	var err error
	if r.dir, err = os.MkdirTemp("", "net2-programs-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(r.dir)
	r.net2 = filepath.Join(r.dir, "net2")
	build := command(ctx, r.Root, "go", "build", "-o", r.net2, "./net2/cmd/net2")
	build.Env = append(build.Env, "GOWORK="+filepath.Join(r.Root, "go.work"))
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the net2 command: %w: %s", err, out)
	}
	report := &Report{Date: time.Now().Truncate(time.Second), Go: runtime.Version()}
	for _, s := range Servers {
		if (s.Quick || !quick) && match(s.Name) {
			report.Rows = append(report.Rows, r.server(ctx, s))
		}
	}
	for i, m := range Modules {
		if (m.Quick || !quick) && match(m.Path) {
			report.Rows = append(report.Rows, r.module(ctx, filepath.Join(r.dir, fmt.Sprint(i)), m))
		}
	}
	return report, ctx.Err()
}

// log says how far the run is.
func (r *Runner) log(program, what string, since time.Time) {
	fmt.Fprintf(r.Log, "%8s  %s: %s\n", time.Since(since).Round(100*time.Millisecond), program, what)
}

// module runs the tests of one module in every way.
func (r *Runner) module(ctx context.Context, dir string, m Module) Row {
	row := Row{Program: m.Path, Version: m.Version}
	if m.Packages != nil {
		row.Program += " (" + strings.Join(m.Packages, " ") + ")"
	}
	start := time.Now()
	source, err := m.download(ctx)
	if err == nil {
		err = copyModule(dir, source)
	}
	if err != nil {
		row.Error = err.Error()
		return row
	}
	before, err := m.tests(ctx, dir, "go")
	r.log(row.Program, fmt.Sprintf("%d tests pass on plain net", len(before.passed())), start)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	if row.Before = len(before.passed()); row.Before == 0 {
		row.Error = "no test passes on plain net"
		return row
	}
	whole := r.way(ctx, dir, m, before, Whole, r.net2)
	if err := whole.plainAgain(ctx, dir, m); err != nil {
		row.Error = err.Error()
		return row
	}
	row.Ways = append(row.Ways, whole)
	row.Ways = append(row.Ways, r.rewritten(ctx, dir, m, before))
	return row
}

// way runs a module's tests with another command in the place of the go
// command, and compares their outcomes with those on plain net.
func (r *Runner) way(ctx context.Context, dir string, m Module, before outcomes, name, goCommand string) Outcome {
	o := Outcome{Way: name}
	start := time.Now()
	defer func() { o.Elapsed = time.Since(start) }()
	after, err := m.tests(ctx, dir, goCommand)
	if err != nil {
		o.Regressions = []string{err.Error()}
		return o
	}
	lost := before.lost(after)
	o.Passed = len(before.passed()) - len(lost)
	if len(lost) > 0 {
		o.sort(ctx, m, dir, goCommand, lost)
	}
	r.log(m.Path, fmt.Sprintf("%d pass with %s, regressions: %d", o.Passed, name, len(o.Regressions)), start)
	return o
}

// sort runs the lost tests again, and tells those that fail twice from those
// that do not always pass.
func (o *Outcome) sort(ctx context.Context, m Module, dir, goCommand string, lost []string) {
	after, err := m.again(ctx, dir, goCommand, lost)
	if err != nil {
		o.Regressions = lost
		return
	}
	for _, name := range lost {
		if after[name] {
			o.Unsteady = append(o.Unsteady, name)
			o.Passed++
		} else {
			o.Regressions = append(o.Regressions, name)
		}
	}
}

// plainAgain tries the regressions once more on plain net. What fails there
// this time, under the load of this moment, is unsteady.
func (o *Outcome) plainAgain(ctx context.Context, dir string, m Module) error {
	if len(o.Regressions) == 0 {
		return nil
	}
	plain, err := m.again(ctx, dir, "go", o.Regressions)
	if err != nil {
		return err
	}
	for _, name := range o.Regressions {
		if plain.failed(name) {
			o.Unsteady = append(o.Unsteady, name)
		}
	}
	o.Regressions = slices.DeleteFunc(o.Regressions, plain.failed)
	return nil
}

// rewritten swaps the imports, where that compiles.
func (r *Runner) rewritten(ctx context.Context, dir string, m Module, before outcomes) Outcome {
	words := append([]string{"rewrite", "-replace", r.Root}, m.packages()...)
	if _, err := output(ctx, dir, r.net2, words...); err != nil {
		r.log(m.Path, "the imports are not swapped", time.Now())
		return Outcome{Way: Rewritten, Note: ending(err.Error())}
	}
	o := r.way(ctx, dir, m, before, Rewritten, "go")
	if len(o.Regressions) > 0 {
		if err := r.newerGo(ctx, dir, m, &o); err != nil {
			o.Note = err.Error()
		}
	}
	return o
}

// newerGo goes back to plain net, but with the go line that the swap left in
// go.mod, which changes the defaults of GODEBUG. It takes the tests that fail
// there too out of the regressions.
func (r *Runner) newerGo(ctx context.Context, dir string, m Module, o *Outcome) error {
	release, err := output(ctx, dir, "go", "list", "-m", "-f", "{{.GoVersion}}")
	if err != nil {
		return err
	}
	if _, err := output(ctx, dir, r.net2, "rewrite", "-undo"); err != nil {
		return err
	}
	if _, err := output(ctx, dir, "go", "mod", "edit", "-go="+strings.TrimSpace(string(release))); err != nil {
		return err
	}
	plain, err := m.again(ctx, dir, "go", o.Regressions, "-mod=mod")
	if err != nil {
		return err
	}
	for _, name := range o.Regressions {
		if plain.failed(name) {
			o.Language = append(o.Language, name)
		}
	}
	o.Regressions = slices.DeleteFunc(o.Regressions, plain.failed)
	return nil
}

// download makes the go command fetch a module, and checks that it is the
// pinned one.
func (m Module) download(ctx context.Context) (dir string, err error) {
	out, err := output(ctx, os.TempDir(), "go", "mod", "download", "-json", m.Path+"@"+m.Version)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, firstLines(string(out)))
	}
	var got struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &got); err != nil {
		return "", err
	}
	if got.Sum != m.Sum {
		return "", fmt.Errorf("%s@%s has the checksum %s, pinned is %s", m.Path, m.Version, got.Sum, m.Sum)
	}
	return got.Dir, nil
}

// copyModule copies a module out of the module cache, whose files are
// read-only.
func copyModule(dir, source string) error {
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode().Perm()|0o200)
	})
}

// ending returns the last two lines of what net2 rewrite says: a place that
// does not compile, and the verdict.
func ending(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-2):], "; ")
}

// server builds a server and its client in both ways, and compares what the
// clients print.
func (r *Runner) server(ctx context.Context, s Server) Row {
	row := Row{Program: s.Name + " and its client", Server: true, Before: 1}
	start := time.Now()
	dir := filepath.Join(r.dir, s.Name)
	err := os.CopyFS(dir, os.DirFS(filepath.Join(r.Root, "conformance", "programs", "testdata", "servers", s.Name)))
	if err != nil {
		row.Error = err.Error()
		return row
	}
	version, err := output(ctx, dir, "go", "list", "-f", "{{.Module.Version}}", s.Program)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Version = strings.TrimSpace(string(version))
	want, err := s.talk(ctx, dir, "go")
	r.log(s.Name, "plain net", start)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Ways = []Outcome{r.swappedServer(ctx, s, dir, want), {Way: Rewritten, Note: "a server is tried as a whole"}}
	return row
}

// swappedServer runs a server and its client with net2 in both.
func (r *Runner) swappedServer(ctx context.Context, s Server, dir, want string) Outcome {
	o := Outcome{Way: Whole}
	start := time.Now()
	defer func() { o.Elapsed = time.Since(start) }()
	got, err := s.talk(ctx, dir, r.net2)
	if err == nil {
		_, err = output(ctx, dir, r.net2, "verify", "server", "client")
	}
	if err == nil && got != want {
		err = fmt.Errorf("its client prints %q, on plain net %q", got, want)
	}
	if err != nil {
		o.Regressions = []string{err.Error()}
	} else {
		o.Passed = 1
	}
	r.log(s.Name, Whole, start)
	return o
}

// talk builds a server and its client, and returns what the client prints.
func (s Server) talk(ctx context.Context, dir, goCommand string) (string, error) {
	for name, pkg := range map[string]string{"server": s.Program, "client": "."} {
		if _, err := output(ctx, dir, goCommand, "build", "-o", name, pkg); err != nil {
			return "", fmt.Errorf("%s build %s: %w", goCommand, pkg, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	out, err := output(ctx, dir, filepath.Join(dir, "client"), filepath.Join(dir, "server"))
	if err == nil && len(out) == 0 {
		err = errors.New("the client prints nothing")
	}
	return string(out), err
}
