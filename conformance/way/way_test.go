package way

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.parity/conformance"
	"go.parity/conformance/trace"
)

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Both columns that can be read here must be true: the file is there and
// declares the name.
func TestPathsNameFunctionsThatExist(t *testing.T) {
	roots := []struct {
		column string
		dir    fs.FS
		of     func(Step) []Func
	}{
		{"the standard library", os.DirFS(filepath.Join(goroot(t), "src")), func(s Step) []Func { return []Func{s.Std, s.StdInside} }},
		{"this module", os.DirFS(filepath.Join("..", "..")), func(s Step) []Func { return []Func{s.Ours, s.OursInside} }},
	}
	for _, p := range Paths() {
		for _, r := range roots {
			t.Run(p.Name+" in "+r.column, func(t *testing.T) {
				for i, s := range p.Steps {
					for _, f := range r.of(s) {
						if f == (Func{}) {
							continue
						}
						if _, err := f.Declaration(r.dir); err != nil {
							t.Errorf("step %d: %v", i+1, err)
						}
					}
				}
			})
		}
	}
}

// Two functions of one step that are the same show a reader nothing, and a
// scenario that is not recorded takes no step.
func TestStepsLeadOn(t *testing.T) {
	recorded := map[string]string{}
	for _, s := range trace.Scenarios() {
		recorded[s.Name] = s.Step
	}
	for _, p := range Paths() {
		for i, s := range p.Steps {
			if s.StdInside == s.Std && s.Std != (Func{}) || s.OursInside == s.Ours && s.Ours != (Func{}) {
				t.Errorf("%s, step %d: %s is inside itself", p.Name, i+1, s.Ours.Name)
			}
			for _, name := range s.Scenarios {
				if len(recorded) > 0 && recorded[name] != p.Name {
					t.Errorf("%s, step %d: the scenario %s is not of this path", p.Name, i+1, name)
				}
			}
		}
	}
}

func TestDeclarationFailsWhereThereIsNone(t *testing.T) {
	root := fstest.MapFS{"a.go": {Data: []byte("package a\n\n// F is here.\nfunc F() {}\n")}, "b.go": {Data: []byte("no Go")}}
	if got, err := fn("a.go F").Declaration(root); got != "// F is here.\nfunc F() {}" || err != nil {
		t.Errorf("Declaration(F) = %q, %v", got, err)
	}
	for _, f := range []string{"a.go G", "b.go F", "c.go F"} {
		if got, err := fn(f).Declaration(root); err == nil {
			t.Errorf("Declaration(%s) = %q, want an error", f, got)
		}
	}
}

// mirrored finds the function of the standard library that one of ours names
// in its comment as the one it mirrors.
var mirrored = regexp.MustCompile(`(?m)^// std: (\S+?)\.(\(?[*\w]+\)?(?:\.\w+)?)$`)

// together are functions of ours for which the standard library has more than
// one: the step has that which its operation takes.
var together = map[string]string{
	"(g).ready":       "injectglist", // for one, netpollgoready
	"netpollDeadline": "netpollReadDeadline",
	"(*FD).ReadFrom":  "(*FD).ReadFromInet4",
}

// What stands beside a function of ours is what that says it mirrors, itself or
// inside.
func TestPairsAreWhatTheSourceSays(t *testing.T) {
	ours := os.DirFS(filepath.Join("..", ".."))
	checked := 0
	for _, p := range Paths() {
		for i, s := range p.Steps {
			text, _ := s.Ours.Declaration(ours)
			m := mirrored.FindStringSubmatch(text)
			if m == nil || s.Std == (Func{}) {
				continue
			}
			checked++
			is := func(f Func) bool { return path.Dir(f.File) == m[1] && f.Name == m[2] }
			if !is(s.Std) && !is(s.StdInside) && together[s.Ours.Name] != s.Std.Name {
				t.Errorf("%s, step %d: beside %s stands %s, but it mirrors %s.%s", p.Name, i+1, s.Ours.Name, s.Std.Name, m[1], m[2])
			}
		}
	}
	if checked == 0 {
		t.Error("no function says what it mirrors")
	}
}

func TestStepsSayWhatTheyDo(t *testing.T) {
	for _, p := range Paths() {
		if p.Title == "" || p.Intro == "" {
			t.Errorf("path %s has no title or no introduction", p.Name)
		}
		for i, s := range p.Steps {
			if s.Does == "" {
				t.Errorf("%s, step %d (%s) does nothing", p.Name, i+1, s.Ours.Name)
			}
			if s.Std == (Func{}) && s.Ours == (Func{}) {
				t.Errorf("%s, step %d is nowhere today", p.Name, i+1)
			}
			if s.Std == (Func{}) && (s.Here == "" || s.Entry == "") {
				t.Errorf("%s, step %d (%s) is here alone and does not say why", p.Name, i+1, s.Ours.Name)
			}
			if s.Entry != "" && !slices.ContainsFunc(conformance.Deviations, func(d conformance.Deviation) bool { return d.Name == s.Entry }) {
				t.Errorf("%s, step %d (%s): there is no deviation %s", p.Name, i+1, s.Ours.Name, s.Entry)
			}
		}
	}
}

// Every deviation of an operation that has a path must be met on it.
func TestDeviationsAreOnTheWay(t *testing.T) {
	met := map[string]bool{}
	for _, p := range Paths() {
		for _, s := range p.Steps {
			met[s.Entry] = true
		}
	}
	for _, d := range conformance.Deviations {
		if _, ok := Lookup(d.Step); ok && !met[d.Name] {
			t.Errorf("deviation %s is on no path", d.Name)
		}
	}
}

// The system calls of a path, on each stack, must be those that its scenarios
// show, no more and no fewer.
func TestPathsNameTheSystemCallsSeen(t *testing.T) {
	if trace.Poller != conformance.Runtime {
		t.Skipf("the tables tell of the default, not of the %q poller", trace.Poller)
	}
	for _, p := range Paths() {
		t.Run(p.Name, func(t *testing.T) {
			seen := map[string]map[string]bool{trace.Net: {}, trace.Net2: {}}
			recorded := 0
			for _, s := range trace.Scenarios() {
				if s.Step != p.Name {
					continue
				}
				for stack, calls := range seen {
					r, err := trace.Record(t.Context(), s, stack)
					if errors.Is(err, trace.ErrForbidden) {
						t.Skip(err)
					}
					if err != nil {
						t.Fatal(err)
					}
					recorded++
					for _, c := range r.Compared() {
						calls[c.Name] = true
					}
				}
			}
			if recorded == 0 {
				t.Skip("no scenario shows this path on this system")
			}
			check(t, trace.Net, seen[trace.Net], p.Steps, func(s Step) []string { return s.StdCalls })
			check(t, trace.Net2, seen[trace.Net2], p.Steps, func(s Step) []string { return s.OursCalls })
		})
	}
}

func check(t *testing.T, stack string, seen map[string]bool, steps []Step, calls func(Step) []string) {
	t.Helper()
	named := map[string]bool{}
	for _, s := range steps {
		for _, c := range calls(s) {
			name := Syscall(c)
			if strings.HasPrefix(name, "epoll_pwait") {
				continue // how often, and whether at all, differs from run to run
			}
			named[name] = true
			if !seen[name] {
				t.Errorf("%s: %s is named at %s but was not seen", stack, name, s.Std.Name+s.Ours.Name)
			}
		}
	}
	for name := range seen {
		if !named[name] {
			t.Errorf("%s: %s was seen but is named at no step", stack, name)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, p := range Paths() {
		if got, ok := Lookup(p.Name); !ok || got.Title != p.Title {
			t.Errorf("Lookup(%q) = %q, %v", p.Name, got.Title, ok)
		}
	}
	if _, ok := Lookup("nowhere"); ok {
		t.Error(`Lookup("nowhere") found something`)
	}
}

func TestMain(m *testing.M) {
	if _, err := os.Stat(filepath.Join("..", "..", "go.mod")); err != nil {
		panic(err) // the tests read the module's source
	}
	os.Exit(m.Run())
}

// What explains a call in the recordings must explain it on the way: a step
// with that deviation names that call, of that stack.
func TestExplanationsAreThoseOfTheWay(t *testing.T) {
	checked := 0
	for _, e := range trace.Explanations() {
		p, ok := Lookup(e.Step)
		if !ok {
			continue
		}
		checked++
		if !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Entry == e.Entry && s.explains(e) }) {
			t.Errorf("%s: the path %s has no step on which %s stands for %s on %s", e.Scenario, p.Name, e.Entry, e.Call, e.Stack)
		}
	}
	if checked == 0 && runtime.GOOS == "linux" {
		t.Error("no recording explains anything")
	}
}

// explains reports whether the step names a recorded call, and of epoll_ctl the
// change that it makes.
func (s Step) explains(e trace.Explanation) bool {
	calls := s.OursCalls
	if e.Stack == trace.Net {
		calls = s.StdCalls
	}
	return slices.ContainsFunc(calls, func(c string) bool {
		name, about, _ := strings.Cut(c, " ")
		if !strings.HasPrefix(e.Call, name+"(") {
			return false
		}
		change, _, _ := strings.Cut(about, ",")
		change, _, _ = strings.Cut(change, " ")
		return name != "epoll_ctl" || strings.Contains(e.Call, "EPOLL_CTL_"+change+",")
	})
}
