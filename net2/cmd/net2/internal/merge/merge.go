// Package merge makes the sources of a standard library whose package net is
// net2.
//
// Neither a layer of aliases nor other import paths can do that without being
// seen: %T, PkgPath, gob, linknames and variables all know the package by its
// path. So the two packages become one, with the path net. Names that both
// declare are net2's; net's own declarations of them get a prefix, std_, and
// are dead code except where the rest of net uses them. The packages below net2
// move into the standard library. Merge leaves out what nothing needs of net2
// and of those.
package merge

import (
	"os"
	"path/filepath"

	"go.parity/net2/cmd/net2/internal/constraint"
	"go.parity/net2/cmd/net2/internal/sources"
)

// Config says what to merge.
type Config struct {
	// Goroot is the Go whose library we change.
	Goroot string

	// Lines is the GOROOT in which stacks and profiles show net's own files.
	Lines string

	// Sources are the library's sources.
	Sources sources.Files

	// Shown is the folder to which the caller will write Output.Originals:
	// stacks and profiles name the library's files there. If it is empty, they
	// name the files that the build reads.
	Shown string

	// Stamp is a text that every binary with net2 contains.
	Stamp string
}

// Output is what Net and Poller make.
type Output struct {
	// Src are files by their path below GOROOT/src: new ones, and replacements
	// for those on disk.
	Src map[string][]byte

	// Originals are the library's files as their authors wrote them, by import
	// path and name.
	Originals sources.Files
}

type merger struct {
	Config
	out                     Output
	std, net2               *pkg
	replaced                map[string]string          // names of net2 that net_own.go declares, by the names they have there
	alive                   map[string]bool            // names of net2 that the library needs
	wanted                  map[string]map[string]bool // names of the packages below that the library needs, by import path
	stdRenamed, net2Renamed renaming
}

// Net merges net2 into package net.
func Net(c Config) (Output, error) {
	m := newMerger(c)
	if err := checkFolders(m.src()); err != nil {
		return Output{}, err
	}
	for _, step := range []func() error{
		m.load, m.readAdded, m.reachNet2, m.chooseNames, m.checkMethods, m.checkExported, m.addStd, m.addNet2, m.addLower, m.addZeroCopy, m.addStamp,
	} {
		if err := step(); err != nil {
			return Output{}, err
		}
	}
	return m.out, nil
}

func newMerger(c Config) *merger {
	return &merger{Config: c, out: Output{Src: make(map[string][]byte), Originals: make(sources.Files)}}
}

func (m *merger) src() string { return filepath.Join(m.Goroot, "src") }

// load reads both packages.
func (m *merger) load() error {
	files, err := ReadPackage(m.Goroot, "net")
	if err != nil {
		return err
	}
	if m.std, err = parse("net", files); err != nil {
		return err
	}
	m.net2, err = parse("go.parity/net2", m.Sources.In("go.parity/net2"))
	return err
}

// ReadPackage reads the files of one package of a GOROOT, except tests, that a
// build for Linux may use.
func ReadPackage(goroot, importPath string) (map[string][]byte, error) {
	folder := filepath.Join(goroot, "src", filepath.FromSlash(importPath))
	matches, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, match := range matches {
		name := filepath.Base(match)
		if !constraint.NameOnLinux(name) || isTest(name) {
			continue
		}
		content, err := os.ReadFile(match)
		if err != nil {
			return nil, err
		}
		if constraint.OnLinux(content) {
			files[name] = content
		}
	}
	return files, nil
}

func isTest(name string) bool {
	matched, _ := filepath.Match("*_test.go", name)
	return matched
}

// addOurs adds a file of the library, changed, and the original that stacks
// show.
func (m *merger) addOurs(folder, target, name string, content, changed []byte) {
	original := folder + "/" + name
	if m.Shown != "" {
		m.out.Originals[original] = content
		line := "//line " + m.Shown + "/" + original + ":1\n"
		changed = append([]byte(line), changed...)
	}
	m.out.Src[target] = changed
}
