package stdtests

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Full runs the tests as o says. It takes minutes unless o selects some.
func Full(ctx context.Context, o Options) (*Report, error) {
	e, err := newEngine(ctx, o)
	if err != nil {
		return nil, err
	}
	defer e.close()
	return e.run(ctx)
}

// An engine makes one report.
type engine struct {
	tc      *toolchain
	o       Options
	dir     string
	workdir string // where the go command runs, and the binaries of net are
	report  *Report
}

func newEngine(ctx context.Context, o Options) (*engine, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("net2 is net on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	tc, err := findToolchain(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	dir := o.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "stdtests-"); err != nil {
			return nil, err
		}
	}
	e := &engine{
		tc: tc, o: o, dir: dir,
		workdir: filepath.Join(dir, "net", "work"),
		report:  &Report{GoVersion: tc.version, Root: os.Geteuid() == 0, Short: o.Short, Builds: o.builds()},
	}
	return e, module(e.workdir)
}

func (e *engine) close() {
	if e.o.Keep == "" {
		os.RemoveAll(e.dir)
	}
}

func (e *engine) run(ctx context.Context) (*Report, error) {
	packages := e.o.packages()
	if slices.Contains(packages, "net") {
		if err := e.runNet(ctx); err != nil {
			return nil, err
		}
	}
	packages = slices.DeleteFunc(slices.Clone(packages), func(p string) bool { return p == "net" })
	if len(packages) > 0 {
		if err := e.runAbove(ctx, packages); err != nil {
			return nil, err
		}
	}
	return e.report, nil
}

// names lists the tests that a run would report.
func (e *engine) names(ctx context.Context) ([]*Test, error) {
	var all []*Test
	for _, pkg := range e.o.packages() {
		var tests []*Test
		var err error
		if pkg == "net" {
			tests, _, err = e.carryNet(ctx)
		} else {
			tests, err = e.listAbove(pkg)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, tests...)
	}
	return all, nil
}

// module makes a directory from which the go command runs, outside every module
// of the user.
func module(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module stdtests\n\ngo 1.26\n"), 0o644)
}

// A place is where one build of net2 is tested: a GOROOT, a directory for its
// binaries, and an overlay, if there is one.
type place struct{ goroot, workdir, overlay string }

func (e *engine) place(kind, build string) (place, error) {
	base := filepath.Join(e.dir, kind+"-"+strings.ReplaceAll(build, ",", "-"))
	p := place{goroot: filepath.Join(base, "go"), workdir: filepath.Join(base, "work")}
	if err := os.RemoveAll(p.goroot); err != nil {
		return p, err
	}
	return p, module(p.workdir)
}

func (e *engine) runOptions() runOptions {
	timeout := e.o.Timeout
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	return runOptions{short: e.o.Short, timeout: timeout, retries: 1}
}

// selects reports whether the options want the test with a name.
func (e *engine) selects(pkg, name string) bool {
	if strings.HasPrefix(name, "Benchmark") && (!e.o.Benchmarks || pkg != "net") {
		return false
	}
	return e.o.Match == nil || e.o.Match(pkg, name)
}

// carryNet carries the tests of package net over to every build of net2.
func (e *engine) carryNet(ctx context.Context) ([]*Test, map[string]place, error) {
	places := make(map[string]place)
	byName := make(map[string]*Test)
	var tests []*Test
	for _, build := range e.o.builds() {
		start := time.Now()
		p, err := e.place("net", build)
		if err != nil {
			return nil, nil, err
		}
		places[build] = p
		carried, err := e.tc.carry(ctx, p.goroot, p.workdir, tagsOf(build), e.o.Overlay)
		if err != nil {
			return nil, nil, err
		}
		in, out := 0, 0
		for _, c := range carried {
			switch {
			case c.out != nil:
				out++
			case c.name != "TestMain":
				in++
			}
			if !e.selects("net", c.name) {
				continue
			}
			t := byName[c.name]
			if t == nil {
				t = &Test{Package: "net", Name: c.name, File: c.file, Ours: c.ours, Via: c.via, Net2: make(map[string]Outcome)}
				byName[c.name] = t
				tests = append(tests, t)
			}
			if t.LeftOut == nil {
				t.LeftOut = c.out
			}
		}
		e.o.log("net: %d tests carried over to net2%s, %d left out (%v)", in, inSentence(build), out, since(start))
	}
	return tests, places, nil
}

// runNet runs the tests of package net.
func (e *engine) runNet(ctx context.Context) error {
	tests, places, err := e.carryNet(ctx)
	if err != nil {
		return err
	}
	return e.runTests(ctx, "net", "vendor/"+net2Path, tests, places)
}

// listAbove lists the tests of a package above net.
func (e *engine) listAbove(pkg string) ([]*Test, error) {
	ctxt := buildContext("")
	p, err := ctxt.ImportDir(filepath.Join(e.tc.goroot, "src", filepath.FromSlash(pkg)), 0)
	if err != nil {
		return nil, err
	}
	var tests []*Test
	fset := token.NewFileSet()
	for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Recv == nil && (isTest(fn.Name.Name) || fn.Name.Name == "TestMain") && !strings.HasPrefix(fn.Name.Name, "Fuzz") && e.selects(pkg, fn.Name.Name) {
				tests = append(tests, &Test{Package: pkg, Name: fn.Name.Name, File: name, Ours: true, Net2: make(map[string]Outcome)})
			}
		}
	}
	return tests, nil
}

// runAbove runs the tests of the packages above net, over net2.
func (e *engine) runAbove(ctx context.Context, packages []string) error {
	start := time.Now()
	goroot, err := e.tc.merged(ctx, filepath.Join(e.dir, "merged"), e.o.Overlay)
	if err != nil {
		return err
	}
	e.o.log("package net of a GOROOT is net2 (%v)", since(start))
	places := make(map[string]place)
	for _, build := range e.o.builds() {
		p, err := e.place("above", build)
		if err != nil {
			return err
		}
		p.goroot = goroot
		if tagsOf(build) != "" {
			if p.overlay, err = tolerate(goroot, p.workdir); err != nil {
				return err
			}
		}
		places[build] = p
	}
	for _, pkg := range packages {
		tests, err := e.listAbove(pkg)
		if err != nil {
			return err
		}
		if err := e.runTests(ctx, pkg, pkg, tests, places); err != nil {
			return err
		}
	}
	return nil
}

// runTests runs the tests of pkg for net, and for every build of net2 those of
// net2Pkg in its place.
func (e *engine) runTests(ctx context.Context, pkg, net2Pkg string, tests []*Test, places map[string]place) error {
	e.report.Tests = append(e.report.Tests, tests...)
	var names []string
	byName := make(map[string]*Test)
	for _, t := range tests {
		byName[t.Name] = t
		if t.LeftOut == nil {
			names = append(names, t.Name)
		} else if e.o.Report != nil {
			e.o.Report(t)
		}
	}
	if len(names) == 0 {
		return nil
	}

	start := time.Now()
	control, err := e.tc.compile(ctx, place{goroot: e.tc.goroot, workdir: e.workdir}, pkg, "")
	if err != nil {
		return err
	}
	defer e.remove(control)
	err = e.runNames(ctx, control, names, func(name string, out Outcome) { byName[name].Net = out })
	if err != nil {
		return err
	}
	e.o.log("%s: %d tests for net (%v)", pkg, len(names), since(start))
	names = slices.DeleteFunc(names, func(name string) bool {
		t := byName[name]
		if t.Net.Status == Failed && e.o.Report != nil {
			e.o.Report(t)
		}
		return t.Net.Status == Failed
	})

	builds := e.o.builds()
	for i, build := range builds {
		start := time.Now()
		b, err := e.tc.compile(ctx, places[build], net2Pkg, tagsOf(build))
		if err != nil {
			return err
		}
		b.env = environOf(build)
		defer e.remove(b)
		failed := 0
		err = e.runNames(ctx, b, names, func(name string, out Outcome) {
			t := byName[name]
			t.Net2[build] = out
			if t.Verdict(build) == VerdictFailed {
				failed++
			}
			if i == len(builds)-1 && e.o.Report != nil {
				e.o.Report(t)
			}
		})
		if err != nil {
			return err
		}
		e.o.log("%s: the same for net2%s, %d failed (%v)", pkg, inSentence(build), failed, since(start))
	}
	return nil
}

// remove removes a binary that has run.
func (e *engine) remove(b *binary) {
	if e.o.Keep == "" {
		os.Remove(b.path)
	}
}

// runNames runs the named tests and benchmarks of b.
func (e *engine) runNames(ctx context.Context, b *binary, names []string, done func(name string, out Outcome)) error {
	there, err := b.list(ctx)
	if err != nil {
		return err
	}
	var tests, benchmarks []string
	complained, hasMain := false, false
	report := done
	done = func(name string, out Outcome) {
		if name != "TestMain" || hasMain && !complained {
			report(name, out)
		}
		complained = complained || name == "TestMain"
	}
	for _, name := range names {
		switch {
		case name == "TestMain":
			hasMain = true
		case !slices.Contains(there, name) && strings.HasPrefix(name, "Example"):
			done(name, Outcome{Status: Skipped, Detail: "an example without output: it only compiles"})
		case strings.HasPrefix(name, "Benchmark"):
			benchmarks = append(benchmarks, name)
		default:
			tests = append(tests, name)
		}
	}
	if err := b.run(ctx, tests, e.runOptions(), done); err != nil {
		return err
	}
	if err := b.run(ctx, benchmarks, e.runOptions(), done); err != nil {
		return err
	}
	if !complained {
		done("TestMain", Outcome{Status: Passed})
	}
	return nil
}

// inSentence names a build after "net2".
func inSentence(build string) string {
	if build == DefaultBuild {
		return ""
	}
	return " (" + build + ")"
}

func since(start time.Time) time.Duration { return time.Since(start).Round(10 * time.Millisecond) }
