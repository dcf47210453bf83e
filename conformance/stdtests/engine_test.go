package stdtests

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.parity/conformance"
)

// breakMethod returns files of the module, by their path in it, in which a
// method of net2 does nothing but return what is given. It skips the test if
// net2 has no such method.
func breakMethod(t *testing.T, recv, name, result string) map[string][]byte {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("net2 is net here")
	}
	if testing.Short() {
		t.Skip("it compiles packages")
	}
	dir := filepath.Join("..", "..", "net2")
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range names {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != name || receiverName(fn.Recv.List[0].Type) != recv {
				continue
			}
			at := fset.Position(fn.Body.Lbrace).Offset + 1
			broken := slices.Concat(src[:at], []byte(" if true { return "+result+" };"), src[at:])
			return map[string][]byte{path.Join("net2", filepath.Base(file)): broken}
		}
	}
	t.Skipf("net2 has no method %s.%s", recv, name)
	return nil
}

func matching(pattern string) func(pkg, name string) bool {
	re := regexp.MustCompile(pattern)
	return func(pkg, name string) bool { return re.MatchString(pkg + "." + name) }
}

// TestBrokenNet2IsSeen breaks net2 in the copy that is tested, and looks
// whether the tests that must notice do, and the others do not.
func TestBrokenNet2IsSeen(t *testing.T) {
	for _, tt := range []struct {
		name               string
		recv, method, with string
		packages           []string
		match              string
		fails              []string // those that must fail; the rest must pass
	}{
		{
			"net", "conn", "RemoteAddr", "nil",
			[]string{"net"}, `^net\.(TestParseIP|TestConnClose|TestUnixConnLocalAndRemoteNames|ExampleIPv4|BenchmarkIPString|TestParsePort)$`,
			[]string{"net.TestUnixConnLocalAndRemoteNames"},
		},
		{
			"above net", "TCPListener", "Accept", "nil, ErrClosed",
			[]string{"net/smtp"}, `^net/smtp\.(TestTLSClient|TestExtractAuth|TestCramMD5.*|TestAuthPlain)$`,
			[]string{"net/smtp.TestTLSClient"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := Options{
				Packages:   tt.packages,
				Short:      true,
				Benchmarks: true,
				Match:      matching(tt.match),
				Overlay:    breakMethod(t, tt.recv, tt.method, tt.with),
				Log:        t.Logf,
			}
			r, err := Full(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			passed := 0
			for _, test := range r.Tests {
				want := VerdictPassed
				if slices.Contains(tt.fails, test.ID()) {
					want = VerdictFailed
				}
				if test.Name == "TestParsePort" {
					want = VerdictLeftOut
				}
				got := test.Verdict(DefaultBuild)
				if got != want {
					t.Errorf("%s %s, want it to be %s: %s", test.ID(), got, want, test.Detail(DefaultBuild))
				}
				if got == VerdictPassed {
					passed++
				}
			}
			if failed := r.Failed(); len(failed) != len(tt.fails) || passed == 0 {
				t.Errorf("%d tests failed and %d passed, want %d and some", len(failed), passed, len(tt.fails))
			}
			var text bytes.Buffer
			if err := r.WriteText(&text, true); err != nil {
				t.Fatal(err)
			}
			for _, id := range tt.fails {
				if !strings.Contains(text.String(), "failed       "+id) {
					t.Errorf("the report does not say that %s failed:\n%s", id, &text)
				}
			}
		})
	}
}

// TestPartAnnouncesItsChecks compares the names of the checks with those of a
// run, and both with what net has.
func TestPartAnnouncesItsChecks(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles packages")
	}
	p := part(Options{Packages: []string{"net"}, Short: true})
	names, err := p.Names(t.Context())
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`^net\.Test(Parse|Split|Join|Resolve)`).MatchString
	var want []string
	for _, name := range names {
		if match(name) {
			want = append(want, name)
		}
	}
	if len(want) < 5 || len(names) < 250 {
		t.Fatalf("%d names, of which %d match", len(names), len(want))
	}
	var got []string
	err = p.Run(t.Context(), match, func(c conformance.Check) {
		got = append(got, c.Name)
		switch c.Status {
		case conformance.Same:
		case conformance.Skipped:
			if c.Detail == "" {
				t.Errorf("%s was skipped without a reason", c.Name)
			}
		default:
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.Detail)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the checks are %q, want %q", got, want)
	}
}

// TestMostTestsAreCarriedOver guards the number that was reached: what net2
// renames, the scaffolding must follow.
func TestMostTestsAreCarriedOver(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("net2 is net here")
	}
	if testing.Short() {
		t.Skip("it compiles packages")
	}
	e, err := newEngine(t.Context(), Options{Packages: []string{"net"}, Benchmarks: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	tests, err := e.names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, ours := 0, 0
	for _, test := range tests {
		switch {
		case test.LeftOut == nil:
			in++
			if test.Ours {
				ours++
			}
		case !test.LeftOut.NetOnly && test.Name != "TestDtoi":
			t.Errorf("%s was left out: %s", test.Name, test.LeftOut)
		}
	}
	if in < 290 || ours < 220 {
		t.Errorf("%d of %d tests are carried over, and %d reach net2's own code; want 290 and 220", in, len(tests), ours)
	}
}
