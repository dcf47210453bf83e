package stdtests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// AbovePackages are the packages of the standard library that are tested over
// net2: those that are built on net, and those whose own tests need it.
var AbovePackages = []string{
	"crypto/tls",
	"crypto/x509",
	"expvar",
	"log/syslog",
	"net/http",
	"net/http/cgi",
	"net/http/fcgi",
	"net/http/httptest",
	"net/http/httptrace",
	"net/http/httputil",
	"net/mail",
	"net/rpc",
	"net/rpc/jsonrpc",
	"net/smtp",
	"net/textproto",
	"os",
}

// leftOutAbove are tests of those packages that look into package internal/poll
// while net2's connections have descriptors of their own.
var leftOutAbove = map[string]*LeftOut{
	"os.TestSendFile": {Names: []string{"internal/poll.FD, by which os knows a connection that a file can be sent to"}},
}

// patch writes a GOROOT to dir in which the packages of the standard library
// import net2 in place of net. It returns those that do. What net2 is made of
// stays as it is, except for the tests of it that are packages of their own.
func (tc *toolchain) patch(ctx context.Context, dir, workdir, tags string, overlay map[string][]byte) ([]string, error) {
	t, err := tc.vendorTree(ctx, tags, overlay)
	if err != nil {
		return nil, err
	}
	_, std, err := tc.dependencies(ctx, tags)
	if err != nil {
		return nil, err
	}
	below := make(map[string]bool)
	for _, p := range std {
		below[p.ImportPath] = true
	}
	out, err := tc.goCommand(ctx, tc.goroot, workdir, "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports", "std")
	if err != nil {
		return nil, err
	}
	patched := make(map[string]bool)
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct {
			ImportPath, Dir                    string
			Imports, TestImports, XTestImports []string
		}
		if err := dec.Decode(&p); err != nil {
			return nil, err
		}
		uses := slices.Contains(p.Imports, "net") || slices.Contains(p.TestImports, "net") || slices.Contains(p.XTestImports, "net")
		if !uses || p.ImportPath == "net" || strings.HasPrefix(p.ImportPath, "vendor/") {
			continue
		}
		entries, err := os.ReadDir(p.Dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			original, err := os.ReadFile(filepath.Join(p.Dir, e.Name()))
			if err != nil {
				return nil, err
			}
			src, pkgname, err := importNet2(original)
			if err != nil {
				return nil, fmt.Errorf("%s/%s: %w", p.ImportPath, e.Name(), err)
			}
			if below[p.ImportPath] && !strings.HasSuffix(pkgname, "_test") {
				continue // net2 cannot be under itself
			}
			if src = tolerate(src); !bytes.Equal(src, original) {
				t.files[path.Join("src", p.ImportPath, e.Name())] = src
				patched[p.ImportPath] = true
			}
		}
	}
	if err := t.write(dir); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(patched)), nil
}

// importNet2 makes a Go file import net2 under the name that net had.
func importNet2(src []byte) (out []byte, pkgname string, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.ImportsOnly)
	if err != nil {
		return nil, "", err
	}
	var es edits
	for _, spec := range f.Imports {
		if imp, _ := strconv.Unquote(spec.Path.Value); imp != "net" {
			continue
		}
		text := strconv.Quote(net2Path)
		if spec.Name == nil {
			text = "net " + text
		}
		es.replace(fset.Position(spec.Path.Pos()).Offset, fset.Position(spec.Path.End()).Offset, text)
	}
	out, _ = es.apply(src)
	return out, f.Name.Name, nil
}

// tolerate lets the tests of net/http, which look for goroutines that are left
// over, know those of net2's poller: what waits for events is a goroutine there,
// and not a part of the runtime.
//
// deviation: nested-poller
func tolerate(src []byte) []byte {
	const known = `strings.Contains(stack, "created by net.startServer")`
	return bytes.ReplaceAll(src, []byte(known), []byte(known+` || strings.Contains(stack, "created by vendor/go.parity/runtime_hooks.")`))
}
