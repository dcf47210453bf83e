package house

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.parity/conformance"
)

// goroot is the source of the standard library.
func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(string(bytes.TrimSpace(out)), "src")
}

// rules are the rules that take no arguments.
var rules = map[string]func(*Tree) []Finding{
	"Imports":        (*Tree).Imports,
	"Unsafe":         (*Tree).Unsafe,
	"Cgo":            (*Tree).Cgo,
	"Linknames":      (*Tree).Linknames,
	"OtherLanguages": (*Tree).OtherLanguages,
	"Requirements":   (*Tree).Requirements,
}

func TestModulesKeepRules(t *testing.T) {
	tree, err := Read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, mod := range tree.modules {
		modules = append(modules, mod.Module.Mod.Path)
	}
	if diff := cmp.Diff([]string{"go.parity/conformance/bench/datagrams", "go.parity/conformance/bench/peers", "go.parity/conformance", "go.parity", "go.parity/net2/cmd/net2"}, modules); diff != "" {
		t.Errorf("the modules (-want +got):\n%s", diff)
	}
	for _, l := range layers {
		if !slices.ContainsFunc(tree.files, func(f file) bool { return f.layer() == l.dir }) {
			t.Errorf("Read found no file in %s", l.dir)
		}
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) { report(t, rule(tree)) })
	}
	t.Run("StdNames", func(t *testing.T) {
		found, err := tree.StdNames(os.DirFS(goroot(t)))
		if err != nil {
			t.Fatal(err)
		}
		report(t, found)
	})
	t.Run("DeviationNames", func(t *testing.T) {
		report(t, tree.DeviationNames(conformance.Deviations))
	})
}

func report(t *testing.T, found []Finding) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

// read makes a tree from the names and texts of files.
func read(t *testing.T, files map[string]string) *Tree {
	t.Helper()
	fsys := make(fstest.MapFS)
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func check(t *testing.T, found []Finding, want []string) {
	t.Helper()
	var got []string
	for _, f := range found {
		got = append(got, f.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestRules breaks and keeps each rule in a module of one or two files.
func TestRules(t *testing.T) {
	tests := []struct {
		rule, name string
		file, text string
		want       []string
	}{
		{
			rule: "Imports", name: "upwards",
			file: "poll/fd.go", text: "package poll\nimport _ \"go.parity/net2\"",
			want: []string{"poll/fd.go:2:8: poll must not import go.parity/net2"},
		},
		{
			rule: "Imports", name: "sideways",
			file: "socket/socket.go", text: "package socket\nimport _ \"go.parity/runtime_hooks\"",
			want: []string{"socket/socket.go:2:8: socket must not import go.parity/runtime_hooks"},
		},
		{
			rule: "Imports", name: "past a floor",
			file: "net2/fd.go", text: "package net2\nimport _ \"go.parity/runtime_hooks\"",
			want: []string{"net2/fd.go:2:8: net2 must not import go.parity/runtime_hooks"},
		},
		{
			rule: "Imports", name: "from a folder within",
			file: "poll/internal/a/a.go", text: "package a\nimport _ \"go.parity/conformance/api\"",
			want: []string{"poll/internal/a/a.go:2:8: poll must not import go.parity/conformance/api"},
		},
		{
			rule: "Imports", name: "downwards",
			file: "net2/fd.go", text: "package net2\nimport (_ \"go.parity/poll\"; _ \"go.parity/socket\"; _ \"go.parity/net2/internal/a\"; _ \"golang.org/x/sys/unix\"; _ \"net/http\")",
		},
		{
			rule: "Imports", name: "on another platform",
			file: "net2/fd_plan9.go", text: "//go:build never && plan9\n\npackage net2\nimport _ \"go.parity/conformance\"",
			want: []string{"net2/fd_plan9.go:4:8: net2 must not import go.parity/conformance"},
		},
		{
			rule: "Imports", name: "another module",
			file: "net2/fd.go", text: "package net2\nimport _ \"golang.org/x/net/nettest\"",
			want: []string{"net2/fd.go:2:8: net2 must not import golang.org/x/net/nettest"},
		},
		{
			rule: "Imports", name: "a module with sys in its name",
			file: "socket/fd.go", text: "package socket\nimport _ \"golang.org/x/system\"",
			want: []string{"socket/fd.go:2:8: socket must not import golang.org/x/system"},
		},
		{
			rule: "Imports", name: "another module in a test",
			file: "poll/fd_test.go", text: "package poll\nimport _ \"github.com/google/go-cmp/cmp\"",
			want: []string{"poll/fd_test.go:2:8: poll must not import github.com/google/go-cmp/cmp"},
		},
		{
			rule: "Imports", name: "net in a test",
			file: "poll/fd_test.go", text: "package poll\nimport (_ \"golang.org/x/sys/unix\"; _ \"net\"; _ \"go.parity/socket\")",
		},
		{
			rule: "Imports", name: "another module in a test of conformance",
			file: "conformance/a/a_test.go", text: "package a\nimport _ \"github.com/google/go-cmp/cmp\"",
		},
		{
			rule: "Imports", name: "upwards in a test",
			file: "poll/fd_test.go", text: "package poll\nimport _ \"go.parity/net2\"",
			want: []string{"poll/fd_test.go:2:8: poll must not import go.parity/net2"},
		},
		{
			rule: "Imports", name: "the tool's modules in the tool",
			file: "net2/cmd/net2/a/a.go", text: "package a\nimport (_ \"golang.org/x/tools/go/packages\"; _ \"go.parity/net2/cmd/net2/internal/b\")",
		},
		{
			rule: "Imports", name: "net2 in the tool",
			file: "net2/cmd/net2/main.go", text: "package main\nimport _ \"go.parity/net2\"",
			want: []string{"net2/cmd/net2/main.go:2:8: net2/cmd/net2 must not import go.parity/net2"},
		},
		{
			rule: "Imports", name: "the tool in net2",
			file: "net2/fd.go", text: "package net2\nimport _ \"go.parity/net2/cmd/net2/rewrite\"",
			want: []string{"net2/fd.go:2:8: net2 must not import go.parity/net2/cmd/net2/rewrite"},
		},
		{
			rule: "Imports", name: "the benchmark's peers",
			file: "conformance/bench/b.go", text: "package bench\nimport _ \"go.parity/conformance/bench/peers/gnet\"",
			want: []string{"conformance/bench/b.go:2:8: conformance must not import go.parity/conformance/bench/peers/gnet"},
		},
		{
			rule: "Imports", name: "anything in conformance",
			file: "conformance/a/a.go", text: "package a\nimport (_ \"net\"; _ \"go.parity/net2\"; _ \"go.parity/runtime_hooks\"; _ \"pgregory.net/rapid\")",
		},
		{
			rule: "Imports", name: "net at the bottom",
			file: "runtime_hooks/netpoll.go", text: "package runtimehooks\nimport _ \"net\"",
			want: []string{"runtime_hooks/netpoll.go:2:8: runtime_hooks must not import net"},
		},
		{
			rule: "Imports", name: "net through a package built on it",
			file: "poll/fd.go", text: "package poll\nimport (_ \"net/http\"\n_ \"crypto/tls\"\n_ \"net/netip\")",
			want: []string{
				"poll/fd.go:2:9: poll must not import net/http",
				"poll/fd.go:3:1: poll must not import crypto/tls",
			},
		},
		{
			rule: "Imports", name: "net's closed error in poll",
			file: "poll/fd.go", text: "package poll\nimport \"net\"\nvar err = net.ErrClosed",
		},
		{
			rule: "Imports", name: "more of net in poll",
			file: "poll/fd.go", text: "package poll\nimport n \"net\"\nvar _ = n.ErrClosed\nvar _ = n.Dial",
			want: []string{"poll/fd.go:4:9: poll must not use net.Dial, only net.ErrClosed"},
		},
		{
			rule: "Imports", name: "all names of net in poll",
			file: "poll/fd.go", text: "package poll\nimport . \"net\"",
			want: []string{"poll/fd.go:2:8: poll must not import all names of net"},
		},
		{
			rule: "Imports", name: "no such layer",
			file: "attic/a.go", text: "package a",
			want: []string{`attic/a.go:1:1: the file is outside every layer`},
		},
		{
			rule: "Imports", name: "file in the root",
			file: "main.go", text: "package main",
			want: []string{`main.go:1:1: the file is outside every layer`},
		},
		{
			rule: "Unsafe", name: "wrong layer",
			file: "poll/fd_unsafe.go", text: "package poll\nimport \"unsafe\"",
			want: []string{"poll/fd_unsafe.go:2:8: unsafe stands only in socket and runtime_hooks"},
		},
		{
			rule: "Unsafe", name: "wrong layer in a test",
			file: "conformance/a_test.go", text: "package a\nimport \"unsafe\"",
			want: []string{"conformance/a_test.go:2:8: unsafe stands only in socket and runtime_hooks"},
		},
		{
			rule: "Unsafe", name: "wrong file",
			file: "socket/msg.go", text: "package socket\nimport (_ \"unsafe\")",
			want: []string{"socket/msg.go:2:9: unsafe stands only in *_unsafe.go files"},
		},
		{
			rule: "Unsafe", name: "right file",
			file: "socket/msg_unsafe.go", text: "package socket\nimport \"unsafe\"",
		},
		{
			rule: "Unsafe", name: "right test file",
			file: "socket/msg_unsafe_test.go", text: "package socket\nimport \"unsafe\"",
		},
		{
			rule: "Cgo", name: "even in conformance",
			file: "conformance/a/a.go", text: "package a\nimport \"C\"",
			want: []string{"conformance/a/a.go:2:8: no cgo"},
		},
		{
			rule: "Linknames", name: "wrong layer",
			file: "socket/a_unsafe.go", text: "package socket\nimport _ \"unsafe\"\n\n//go:linkname park runtime.gopark\nfunc park()",
			want: []string{"socket/a_unsafe.go:4:1: go:linkname stands only in runtime_hooks"},
		},
		{
			rule: "Linknames", name: "right layer",
			file: "runtime_hooks/a_unsafe.go", text: "package runtimehooks\nimport _ \"unsafe\"\n\n//go:linkname park runtime.gopark\nfunc park()",
		},
		{
			rule: "OtherLanguages", name: "assembly in the wrong layer",
			file: "poll/cas_amd64.s",
			want: []string{"poll/cas_amd64.s: assembly stands only in runtime_hooks"},
		},
		{
			rule: "OtherLanguages", name: "assembly in the right layer",
			file: "runtime_hooks/cas_amd64.s",
		},
		{
			rule: "OtherLanguages", name: "C",
			file: "runtime_hooks/park.c",
			want: []string{"runtime_hooks/park.c: the module is written in Go"},
		},
		{
			rule: "Requirements", name: "x/sys alone",
			file: "go.mod", text: "module go.parity\n\ngo 1.26.0\n\nrequire golang.org/x/sys v0.50.0\n",
		},
		{
			rule: "Requirements", name: "another module",
			file: "go.mod", text: "module go.parity\n\nrequire (\n\tgolang.org/x/sys v0.50.0\n\tgolang.org/x/net v0.62.0 // indirect\n)\n",
			want: []string{"go.mod:5:2: the library must not require golang.org/x/net"},
		},
		{
			rule: "Requirements", name: "for developers alone",
			file: "go.mod", text: "module go.parity\ntoolchain go1.27.3\nreplace a.b/c => ../c\nexclude a.b/c v1.0.0\ntool a.b/c/d\n",
			want: []string{
				"go.mod:3:1: the library must not replace a.b/c",
				"go.mod:4:1: the library must not exclude a.b/c",
				"go.mod:5:1: the library must not name the tool a.b/c/d",
				"go.mod:2:1: the library must not ask for the toolchain go1.27.3",
			},
		},
		{
			rule: "Requirements", name: "anything in conformance",
			file: "conformance/go.mod", text: "module go.parity/conformance\nrequire a.b/c v1.0.0\nreplace go.parity => ../\n",
		},
	}
	tried := make(map[string]bool)
	for _, tt := range tests {
		tried[tt.rule] = true
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			check(t, rules[tt.rule](read(t, map[string]string{tt.file: tt.text})), tt.want)
		})
	}
	for name := range rules {
		if !tried[name] {
			t.Errorf("no test breaks the rule %s", name)
		}
	}
}

func TestReadLeavesOutWhatGoDoes(t *testing.T) {
	tree := read(t, map[string]string{
		"poll/testdata/a.go": "not Go",
		".git/a.go":          "not Go",
		"poll/_old/a.go":     "not Go",
		"poll/testdata/a.s":  "",
		"poll/fd.go":         "package poll",
		"poll/doc.md":        "",
	})
	if len(tree.files) != 1 || tree.files[0].path != "poll/fd.go" || tree.other != nil {
		t.Errorf("Read kept %d files and %q, want only poll/fd.go", len(tree.files), tree.other)
	}
}

func TestReadReportsSyntaxErrors(t *testing.T) {
	_, err := Read(fstest.MapFS{"poll/fd.go": {Data: []byte("not Go")}})
	if err == nil || !strings.Contains(err.Error(), "poll/fd.go:1:1") {
		t.Errorf("Read = %v, want an error at poll/fd.go:1:1", err)
	}
}

func TestStdNames(t *testing.T) {
	src := fstest.MapFS{
		"internal/poll/fd.go": {Data: []byte(`package poll
			type (
				FD struct{}
				list[T any] struct{}
			)
			const mutexClosed, mutexRef = 1, 2
			var ErrTimeout error
			func consume()
			func (fd *FD) Accept() {}
			func (FD) String() string { return "" }
			func (*list[T]) push() {}`)},
		"internal/poll/fd_plan9.go": {Data: []byte("package poll\nfunc plan9()")},
		"internal/poll/fd_test.go":  {Data: []byte("package poll\nfunc TestFD()")},
		"net/net.go":                {Data: []byte("package net\nfunc Dial()")},
	}
	tests := []struct {
		name, ref string
		want      string // without the position
	}{
		{"function", "net.Dial", ""},
		{"function of another platform", "internal/poll.plan9", ""},
		{"type", "internal/poll.FD", ""},
		{"constant", "internal/poll.mutexRef", ""},
		{"variable", "internal/poll.ErrTimeout", ""},
		{"method", "internal/poll.(*FD).Accept", ""},
		{"method of a value", "internal/poll.(FD).String", ""},
		{"method of a generic type", "internal/poll.(*list).push", ""},
		{"two", "net.Dial, internal/poll.consume", ""},
		{"no such function", "net.Dail", "package net declares no Dail"},
		{"the second of two", "net.Dial, net.Listen", "package net declares no Listen"},
		{"function of a test", "internal/poll.TestFD", "package internal/poll declares no TestFD"},
		{"no such method", "internal/poll.(*FD).Close", "package internal/poll declares no (*FD).Close"},
		{"receiver without star", "internal/poll.(FD).Accept", "package internal/poll declares no (FD).Accept"},
		{"method without receiver", "internal/poll.Accept", "package internal/poll declares no Accept"},
		{"no such package", "internal/pool.FD", "the standard library has no package internal/pool"},
		{"no name", "internal/poll", `"internal/poll" is not a package and a name in it`},
		{"words", "as net does", `"as net does" is not a package and a name in it`},
		{"full stop", "net.Dial.", "package net declares no Dial."},
		{"nothing", "", `"" is not a package and a name in it`},
		{"out of the library", "../net.Dial", "the standard library has no package ../net"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := read(t, map[string]string{
				"net2/fd.go":             "package net2\n\n// f is net's.\n//\n// std: " + tt.ref + "\nfunc f()",
				"conformance/house/a.go": "package house\n\n// std: no.Such\nfunc f()",
			})
			found, err := tree.StdNames(src)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if tt.want != "" {
				want = []string{"net2/fd.go:5:1: " + tt.want}
			}
			check(t, found, want)
		})
	}
}

func TestDeviationNames(t *testing.T) {
	tree := read(t, map[string]string{
		"poll/fd.go": "package poll\n\n// deviation: known\nfunc f() {\n\t// deviation: known, unknown\n\t//deviation:strange\n}",
	})
	list := []conformance.Deviation{{Name: "known"}}
	check(t, tree.DeviationNames(list), []string{
		`poll/fd.go:5:2: conformance.Deviations has no "unknown"`,
		`poll/fd.go:6:2: conformance.Deviations has no "strange"`,
	})
}

func TestDeviationsForm(t *testing.T) {
	for _, text := range Deviations(conformance.Deviations) {
		t.Error(text)
	}
}

func TestDeviationsFindsBadForm(t *testing.T) {
	full := conformance.Deviation{Name: "a-b", Step: "accept", Net: "x", Net2: "x", Unseen: "x", Evidence: "x"}
	with := func(change func(*conformance.Deviation)) []conformance.Deviation {
		d := full
		change(&d)
		return []conformance.Deviation{d}
	}
	tests := []struct {
		name string
		list []conformance.Deviation
		want []string
	}{
		{"good", []conformance.Deviation{full}, nil},
		{"twice", []conformance.Deviation{full, full}, []string{`deviation 1: "a-b" is there twice`}},
		{"no name", with(func(d *conformance.Deviation) { d.Name = "" }), []string{`deviation 0: bad name ""`}},
		{"two words", with(func(d *conformance.Deviation) { d.Name = "a b" }), []string{`deviation 0: bad name "a b"`}},
		{"no step", with(func(d *conformance.Deviation) { d.Step = "" }), []string{`deviation 0: "a-b" has no Step`}},
		{"no net", with(func(d *conformance.Deviation) { d.Net = "" }), []string{`deviation 0: "a-b" has no Net`}},
		{"no net2", with(func(d *conformance.Deviation) { d.Net2 = "" }), []string{`deviation 0: "a-b" has no Net2`}},
		{"no reason", with(func(d *conformance.Deviation) { d.Unseen = "" }), []string{`deviation 0: "a-b" has no Unseen`}},
		{"no evidence", with(func(d *conformance.Deviation) { d.Evidence = "" }), []string{`deviation 0: "a-b" has no Evidence`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Deviations(tt.list)); diff != "" {
				t.Errorf("Deviations (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBuiltOnNet asks the go command which importable packages bring net with
// them.
func TestBuiltOnNet(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", "std")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		path := deps[0]
		if path == "net" || strings.Contains(path, "internal") || strings.HasPrefix(path, "vendor/") {
			continue
		}
		want := slices.Contains(deps[1:], "net")
		if got := builtOnNet(path); got != want {
			t.Errorf("builtOnNet(%q) = %t, want %t", path, got, want)
		}
	}
}
