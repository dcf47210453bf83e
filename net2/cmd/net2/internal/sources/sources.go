// Package sources holds the library's Linux sources as an archive that is part
// of the tool, so that whoever runs it needs no checkout.
//
// After a change to the library the archive is stale, and a test says so. Renew
// it with
//
//	go generate ./net2/cmd/net2/...
package sources

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"sort"
	"sync"
)

//go:generate go run ./pack

//go:embed sources.zip
var archive []byte

// Packages are the import paths of the library's packages, and of what they
// need beyond the standard library.
var Packages = []string{
	"go.parity/net2",
	"go.parity/poll",
	"go.parity/socket",
	"go.parity/runtime_hooks",
	"go.parity/runtime_hooks/if_refused_build_with_tags_net2_portable",
	"golang.org/x/sys/unix",
}

// Files are sources by import path and file name, as in
// go.parity/poll/fd.go.
type Files map[string][]byte

// Embedded returns the files of the archive.
var Embedded = sync.OnceValues(func() (Files, error) { return Unpack(archive) })

// Hash tells this content from every other.
func (f Files) Hash() string {
	h := sha256.New()
	for _, name := range f.names() {
		fmt.Fprintf(h, "%s %d\n", name, len(f[name]))
		h.Write(f[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// In returns the files of one package by their names.
func (f Files) In(importPath string) map[string][]byte {
	in := make(map[string][]byte)
	for name, content := range f {
		if path.Dir(name) == importPath {
			in[path.Base(name)] = content
		}
	}
	return in
}

func (f Files) names() []string {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Pack makes an archive of the files.
func (f Files) Pack() ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range f.names() {
		entry, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// Unpack returns the files of an archive.
func Unpack(archive []byte) (Files, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("the archive of sources: %w", err)
	}
	files := make(Files)
	for _, entry := range r.File {
		content, err := readEntry(entry)
		if err != nil {
			return nil, fmt.Errorf("the archive of sources: %s: %w", entry.Name, err)
		}
		files[entry.Name] = content
	}
	return files, nil
}

func readEntry(entry *zip.File) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
