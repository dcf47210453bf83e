package stdtests

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// merged makes the command net2 write a GOROOT whose package net is net2, and
// returns its path. Files of the module in overlay, by their path in it,
// replace those on disk. One GOROOT serves every build.
func (tc *toolchain) merged(ctx context.Context, dir string, overlay map[string][]byte) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	t, err := tc.vendorTree(ctx, "", overlay)
	if err != nil {
		return "", err
	}
	sources := filepath.Join(dir, "sources.zip")
	if err := t.pack(sources); err != nil {
		return "", err
	}
	command := filepath.Join(dir, "command")
	build := exec.CommandContext(ctx, filepath.Join(tc.goroot, "bin", "go"), "build", "-o", command, ".")
	build.Dir, build.Env = filepath.Join(tc.moddir, "net2/cmd/net2"), environ(tc.goroot, "GOFLAGS=-mod=readonly")
	if _, err := output(build); err != nil {
		return "", err
	}
	goroot := exec.CommandContext(ctx, command, "goroot", "-sources="+sources)
	goroot.Dir, goroot.Env = dir, environ(tc.goroot, "XDG_CACHE_HOME="+dir)
	out, err := output(goroot)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// pack writes an archive of what is in the tree's vendor folder.
func (t *tree) pack(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := zip.NewWriter(f)
	for _, path := range slices.Sorted(maps.Keys(t.files)) {
		entry, err := w.Create(strings.TrimPrefix(path, vendorDir))
		if err != nil {
			return err
		}
		if _, err := entry.Write(t.files[path]); err != nil {
			return err
		}
	}
	return w.Close()
}

// tolerate writes an overlay for the tests of net/http, which look for leftover
// goroutines. With it they know those of the portable build, which nothing
// hides, because that takes a link to the runtime. It returns the overlay's
// path.
//
// deviation: nested-poller
func tolerate(goroot, dir string) (string, error) {
	name := filepath.Join(goroot, "src", "net", "http", "main_test.go")
	src, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	const known = `strings.Contains(stack, "created by net.startServer")`
	src = bytes.ReplaceAll(src, []byte(known), []byte(known+` || strings.Contains(stack, "created by internal/runtime.")`))
	changed := filepath.Join(dir, "main_test.go.txt")
	if err := os.WriteFile(changed, src, 0o644); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {name: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o644)
}
