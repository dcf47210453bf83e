package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A folder is a user's folder with files.
type folder struct{ dir string }

func newFolder(t *testing.T, files map[string]string) folder {
	t.Helper()
	f := folder{t.TempDir()}
	for name, text := range files {
		f.write(t, name, text)
	}
	return f
}

func (f folder) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	return writeText(t, path, text)
}

const smallMod = "module small\n\ngo 1.26\n"

// smallProgram listens, and says where its own file is.
const smallProgram = `package main

import "net"

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	l.Close()
	print(answer)
}

const answer = "plain answer"
`

func smallModule(t *testing.T) folder {
	return newFolder(t, map[string]string{"go.mod": smallMod, "main.go": smallProgram})
}

// environment is that of this test, without the caller's settings for builds.
func environment(more ...string) []string {
	return append(append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local"), more...)
}

// overlayFile writes an overlay of the user's.
func (f folder) overlayFile(t *testing.T, replace map[string]string) string {
	t.Helper()
	text, err := json.Marshal(replacement{replace})
	if err != nil {
		t.Fatal(err)
	}
	return f.write(t, "overlay.json", string(text))
}

func goEnv(t *testing.T, name string) string {
	return strings.TrimSpace(command(t, ".", environment(), "go", "env", name))
}

// TestRefusesInOneLine asks for what the tool cannot build with net2: it says
// why, in one line, before the go command does anything.
func TestRefusesInOneLine(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	f := smallModule(t)
	goroot := goEnv(t, "GOROOT")
	old := newFolder(t, map[string]string{"go": "#!/bin/sh\necho '{\"GOROOT\": \"/old\", \"GOVERSION\": \"go1.25.3\", \"GOOS\": \"linux\"}'\n"})
	if err := os.Chmod(filepath.Join(old.dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	other := newFolder(t, map[string]string{"VERSION": "go1.26.99\ntime 2026-01-01T00:00:00Z\n"})
	for _, name := range []string{"bin", "src"} {
		if err := os.Symlink(filepath.Join(goroot, name), filepath.Join(other.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	future := newFolder(t, map[string]string{"go.mod": "module future\n\ngo 1.999\n"})
	broken := newFolder(t, map[string]string{"go.mod": "module broken\n\nno directive\n"})
	dial := filepath.Join(goroot, "src", "net", "dial.go")
	clash := f.overlayFile(t, map[string]string{dial: filepath.Join(f.dir, "main.go")})
	clashing := []string{clash, dial}
	if strings.Contains(dial, "/golang.org/toolchain@") {
		clashing = []string{dial} // the go command itself lets nobody replace a file of a toolchain that it fetched
	}
	for _, test := range []struct {
		name  string
		dir   string
		env   []string
		words string
		want  []string
	}{
		{"no Go", f.dir, []string{"PATH=" + t.TempDir()}, "build .", []string{"no go command", "1.26"}},
		{"an old Go", f.dir, []string{"PATH=" + old.dir}, "build .", []string{"go1.25.3", "go1.26 and go1.27"}},
		{"another GOROOT", f.dir, []string{"GOROOT=" + other.dir}, "build .", []string{other.dir, "go1.26.99"}},
		{"no GOROOT", f.dir, []string{"GOROOT=" + t.TempDir()}, "build .", []string{"GOROOT"}},
		{"a newer language", future.dir, nil, "build .", []string{"go >= 1.999"}},
		{"a broken go.mod", broken.dir, nil, "build .", []string{"go.mod:3"}},
		{"no module mode", f.dir, []string{"GO111MODULE=off"}, "build .", []string{"GO111MODULE", "net2 goroot"}},
		{"another compiler", f.dir, nil, "build -compiler=gccgo .", []string{"plain net"}},
		{"coverage of std", f.dir, nil, "test -coverpkg=std .", []string{"-coverpkg=std", "net2 goroot"}},
		{"coverage of std in GOFLAGS", f.dir, []string{"GOFLAGS=-coverpkg=net"}, "test .", []string{"-coverpkg=net"}},
		{"an overlay that clashes", f.dir, []string{"GOFLAGS=-overlay=" + clash}, "build .", clashing},
		{"no such overlay", f.dir, nil, "build -overlay=nowhere.json .", []string{"nowhere.json"}},
		{"no such folder", f.dir, nil, "build -C nowhere .", []string{"nowhere"}},
		{"no cache", f.dir, []string{"XDG_CACHE_HOME=/proc/self/fdinfo"}, "build .", []string{"XDG_CACHE_HOME"}},
		{"a cache by a relative path", f.dir, []string{"XDG_CACHE_HOME=here"}, "build .", []string{"XDG_CACHE_HOME"}},
		{"an overlay for another system", f.dir, []string{"GOOS=darwin"}, "overlay", []string{"Linux", "GOOS"}},
		{"net's own tests", f.dir, nil, "test net", []string{"-poller"}},
		{"an unknown word", f.dir, nil, "clean", []string{"clean"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := try(test.dir, environment(test.env...), theTool(t), strings.Fields(test.words)...)
			if err == nil {
				t.Fatalf("no error, and it says: %s", out)
			}
			if !strings.HasPrefix(out, "net2: ") || strings.Count(out, "\n") != 1 {
				t.Errorf("want one line of the tool's, got: %s", out)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q: %s", want, out)
				}
			}
		})
	}
}

// If a program does not compile, the go command explains that and chooses the
// exit status.
func TestGoCommandExplains(t *testing.T) {
	if testing.Short() {
		t.Skip("builds package net")
	}
	f := newFolder(t, map[string]string{"go.mod": smallMod, "main.go": "package main\n\nfunc main() { undefinedName() }\n"})
	for words, want := range map[string]string{
		"build .":       "undefined: undefinedName",
		"build -nono .": "flag provided but not defined: -nono",
		"build ./else":  "else",
	} {
		ours, err := try(f.dir, environment(), theTool(t), strings.Fields(words)...)
		plain, plainErr := try(f.dir, environment(), "go", strings.Fields(words)...)
		if err == nil || ours != plain || fmt.Sprint(err) != fmt.Sprint(plainErr) || !strings.Contains(ours, want) {
			t.Errorf("net2 %s: %v, %s\ngo: %v, %s", words, err, ours, plainErr, plain)
		}
	}
	outside := newFolder(t, map[string]string{"main.go": smallProgram})
	if out, err := try(outside.dir, environment(), theTool(t), "build", "."); err == nil || !strings.Contains(out, "go.mod file not found") {
		t.Errorf("outside a module: %v, %s", err, out)
	}
}

// TestWaysToBuild tries every way to build a program: each program has net2 in
// it.
func TestWaysToBuild(t *testing.T) {
	if !*all {
		t.Skip("builds package net in many ways: -args -net2.all")
	}
	goroot := goEnv(t, "GOROOT")
	linked := filepath.Join(t.TempDir(), "go")
	if err := os.Symlink(goroot, linked); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		env   []string
		words string
		cgo   bool // needs a C compiler
	}{
		{"cgo", []string{"CGO_ENABLED=1"}, "", true},
		{"no cgo", []string{"CGO_ENABLED=0"}, "", false},
		{"race", nil, "-race", true},
		{"cover", nil, "-cover", false},
		{"trimpath", nil, "-trimpath", false},
		{"stripped", nil, "-ldflags=-s", false},
		{"pie", nil, "-buildmode=pie", false},
		{"c-archive", nil, "-buildmode=c-archive", true},
		{"c-shared", nil, "-buildmode=c-shared", true},
		{"arm64", []string{"GOARCH=arm64"}, "", false},
		{"386", []string{"GOARCH=386", "CGO_ENABLED=0"}, "", false},
		{"s390x", []string{"GOARCH=s390x"}, "", false},
		{"flags from GOFLAGS", []string{"GOFLAGS=-trimpath -tags=netgo"}, "", false},
		{"portable", nil, "-tags net2_portable", false},
		{"poller", nil, "-poller", false},
		{"GOROOT by a link", []string{"GOROOT=" + linked}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := exec.LookPath("cc"); test.cgo && err != nil {
				t.Skip(err)
			}
			f, program := smallModule(t), filepath.Join(t.TempDir(), "program")
			words := append([]string{"build", "-o", program}, strings.Fields(test.words)...)
			if out := command(t, f.dir, environment(test.env...), theTool(t), append(words, ".")...); out != "" {
				t.Errorf("it says %s", out)
			}
			command(t, f.dir, environment(), theTool(t), "verify", program)
		})
	}
}

// TestWhereProgramsLive tries the kinds of modules.
func TestWhereProgramsLive(t *testing.T) {
	if testing.Short() {
		t.Skip("builds package net")
	}
	dep := "package dep\n\nimport \"net\"\n\ntype Conn = net.Conn\n"
	uses := strings.Replace(smallProgram, `import "net"`, "import (\n\t\"example.com/dep\"\n\t\"net\"\n)\n\nvar _ dep.Conn", 1)
	for _, test := range []struct {
		name  string
		files map[string]string
		env   []string
		dir   string
		words string
	}{
		{"a module", map[string]string{"go.mod": smallMod, "main.go": smallProgram}, nil, ".", "."},
		{"a file outside of one", map[string]string{"main.go": smallProgram}, nil, ".", "main.go"},
		{"from another folder", map[string]string{"a/go.mod": smallMod, "a/main.go": smallProgram}, nil, ".", "-C a ."},
		{"vendored", map[string]string{
			"go.mod": smallMod + "\nrequire example.com/dep v1.0.0\n", "main.go": uses,
			"vendor/modules.txt":            "# example.com/dep v1.0.0\n## explicit; go 1.26\nexample.com/dep\n",
			"vendor/example.com/dep/dep.go": dep,
		}, nil, ".", "."},
		{"a workspace", map[string]string{
			"go.work":  "go 1.26\n\nuse (\n\t./a\n\t./dep\n)\n",
			"a/go.mod": smallMod, "a/main.go": uses,
			"dep/go.mod": "module example.com/dep\n\ngo 1.26\n", "dep/dep.go": dep,
		}, []string{"GOWORK="}, "a", "."},
		{"an overlay of the user's", map[string]string{
			"go.mod": smallMod, "main.go": smallProgram, "other.go.txt": strings.Replace(smallProgram, "plain answer", "other answer", 1),
			"mine.json": `{"Replace": {"main.go": "other.go.txt"}}`,
		}, []string{"GOFLAGS=-overlay=mine.json"}, ".", "."},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFolder(t, test.files)
			dir, program := filepath.Join(f.dir, test.dir), filepath.Join(t.TempDir(), "program")
			words := strings.Fields(test.words)
			last := len(words) - 1
			words = append(append([]string{"build"}, words[:last]...), "-o", program, words[last])
			command(t, dir, environment(test.env...), theTool(t), words...)
			command(t, dir, environment(), theTool(t), "verify", program)
			want := "plain answer"
			if test.files["mine.json"] != "" {
				want = "other answer"
			}
			if got := command(t, dir, environment(), program); got != want {
				t.Errorf("it prints %q, want %q", got, want)
			}
		})
	}
}

func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds package net")
	}
	f, bin := smallModule(t), t.TempDir()
	command(t, f.dir, environment("GOBIN="+bin), theTool(t), "install", ".")
	command(t, f.dir, environment(), theTool(t), "verify", filepath.Join(bin, "small"))
}

// If go.mod or the environment asks for a toolchain, that one gets net2: an
// overlay for another would have no effect.
func TestToolchainIsFollowed(t *testing.T) {
	if !*all {
		t.Skip("builds package net with another Go: -args -net2.all")
	}
	const other = "go1.27.3"
	probe := exec.Command("go", "version")
	probe.Env = environment("GOTOOLCHAIN="+other, "GOPROXY=off")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("%s is not installed: %s", other, out)
	}
	for name, test := range map[string]struct {
		mod  string
		env  string
		want string
	}{
		"by go.mod":                   {smallMod + "\ntoolchain " + other + "\n", "GOTOOLCHAIN=auto", other},
		"by the environment":          {smallMod, "GOTOOLCHAIN=" + other, other},
		"by the environment, or more": {smallMod, "GOTOOLCHAIN=" + other + "+auto", other},
		"kept by the environment":     {smallMod + "\ntoolchain " + other + "\n", "GOTOOLCHAIN=local", goEnv(t, "GOVERSION")},
	} {
		t.Run(name, func(t *testing.T) {
			f, program := newFolder(t, map[string]string{"go.mod": test.mod, "main.go": smallProgram}), filepath.Join(t.TempDir(), "program")
			command(t, f.dir, environment(test.env), theTool(t), "build", "-o", program, ".")
			if out := command(t, f.dir, environment(), theTool(t), "verify", program); !strings.Contains(out, test.want) {
				t.Errorf("verify: %swant %s", out, test.want)
			}
		})
	}
}

// If a Go takes a function back from net2, the tool refuses it in one line,
// before the linker has its say.
func TestRefusedLink(t *testing.T) {
	if !*all {
		t.Skip("builds the runtime: -args -net2.all")
	}
	f := smallModule(t)
	proc := filepath.Join(goEnv(t, "GOROOT"), "src", "runtime", "proc.go")
	content, err := os.ReadFile(proc)
	if err != nil {
		t.Fatal(err)
	}
	const gives = "//go:linkname goyield\n"
	if !strings.Contains(string(content), gives) {
		t.Skip("this Go has taken it back itself")
	}
	changed := f.write(t, "proc.go.txt", strings.Replace(string(content), gives, "//\n", 1))
	mine := f.overlayFile(t, map[string]string{proc: changed})
	out, err := try(f.dir, environment(), theTool(t), "build", "-overlay", mine, ".")
	if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, "runtime.goyield") || !strings.Contains(out, "-tags net2_portable") {
		t.Errorf("%v: %s", err, out)
	}
	command(t, f.dir, environment(), theTool(t), "build", "-overlay", mine, "-tags", "net2_portable", ".")
}
