package stdtests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"go.parity/conformance"
)

// breakMethod returns files of the module, by their path in it, in which a
// method of net2 only returns result. It skips the test if net2 has no such
// method.
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

// TestBrokenNet2IsSeen breaks net2 in the copy under test, and checks that
// exactly the tests that must notice do.
func TestBrokenNet2IsSeen(t *testing.T) {
	for _, tt := range []struct {
		name               string
		recv, method, with string
		pkg                string
		match              string
		want               map[string]conformance.Status
	}{
		{
			"net", "conn", "RemoteAddr", "nil",
			"net", `^net\.(TestParseIP|TestConnClose|TestUnixConnLocalAndRemoteNames|ExampleIPv4|BenchmarkIPString|TestParsePort)$`,
			map[string]conformance.Status{
				"net.TestParseIP":                     conformance.Same,
				"net.TestConnClose":                   conformance.Same,
				"net.TestUnixConnLocalAndRemoteNames": conformance.Differs,
				"net.ExampleIPv4":                     conformance.Same,
				"net.BenchmarkIPString":               conformance.Same,
				"net.TestParsePort":                   conformance.Skipped, // left out
			},
		},
		{
			"above net", "TCPListener", "Accept", "nil, ErrClosed",
			"net/smtp", `^net/smtp\.(TestTLSClient|TestAuth)$`,
			map[string]conformance.Status{
				"net/smtp.TestTLSClient": conformance.Differs,
				"net/smtp.TestAuth":      conformance.Same,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := part(Options{
				Packages:   []string{tt.pkg},
				Short:      true,
				Benchmarks: true,
				Overlay:    breakMethod(t, tt.recv, tt.method, tt.with),
				Log:        t.Logf,
			})
			names, err := p.Names(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for name := range tt.want {
				if !slices.Contains(names, name) {
					t.Errorf("%s was not announced", name)
				}
			}
			got := make(map[string]conformance.Status)
			err = p.Run(t.Context(), regexp.MustCompile(tt.match).MatchString, func(c conformance.Check) {
				got[c.Name] = c.Status
				if c.Status != conformance.Same && c.Detail == "" {
					t.Errorf("%s is %q, and no detail says why", c.Name, c.Status)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the checks (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMostTestsAreCarriedOver guards the number that was reached: the
// scaffolding must follow what net2 renames.
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
