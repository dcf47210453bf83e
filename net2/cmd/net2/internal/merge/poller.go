package merge

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"sort"
	"strings"
)

// hooksFile is where internal/poll calls the runtime's poller.
const hooksFile = "fd_poll_runtime.go"

// Poller swaps only the poller under package net: internal/poll gives network
// descriptors to net2's. Files stay in the runtime's.
func Poller(c Config) (Output, error) {
	m := newMerger(c)
	if err := checkFolders(m.src()); err != nil {
		return Output{}, err
	}
	for _, step := range []func() error{m.addHooks, m.readAdded, m.addPoller, m.addStamp} {
		if err := step(); err != nil {
			return Output{}, err
		}
	}
	return m.out, nil
}

// addPoller adds the packages that make up the poller.
func (m *merger) addPoller() error {
	for _, importPath := range lower[2:] {
		if err := m.addLowerPackage(importPath); err != nil {
			return err
		}
	}
	return nil
}

// addHooks puts our file in place of internal/poll's.
func (m *merger) addHooks() error {
	files, err := ReadPackage(m.Goroot, "internal/poll")
	if err != nil {
		return err
	}
	theirs, ok := files[hooksFile]
	if !ok {
		return fmt.Errorf("internal/poll has no %s", hooksFile)
	}
	if err := sameFunctions(theirs); err != nil {
		return err
	}
	m.out.Src["internal/poll/"+hooksFile] = notLinux(theirs)
	if err := m.addFile("internal/poll", "poll_fd_poll.go"); err != nil {
		return err
	}
	return m.addFile("net", "net_hooks.go")
}

// windowsOnly are functions of internal/poll's file that nothing calls on
// Linux.
var windowsOnly = map[string]bool{"pollDesc.waitCanceled": true, "runtime_pollWaitCanceled": true}

// sameFunctions refuses a Go whose file has other functions than ours.
func sameFunctions(theirs []byte) error {
	ours, err := added.ReadFile("_std/poll_fd_poll.go")
	if err != nil {
		return err
	}
	want, err := functionNames(theirs)
	if err != nil {
		return err
	}
	have, err := functionNames(ours)
	if err != nil {
		return err
	}
	if want != have {
		return fmt.Errorf("internal/poll/%s has the functions %s; net2 knows %s", hooksFile, want, have)
	}
	return nil
}

func functionNames(content []byte) (string, error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), hooksFile, content, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	var names []string
	for _, fn := range functions(&source{syntax: syntax}) {
		if name := funcName(fn); !windowsOnly[name] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return strings.Join(names, " "), nil
}

// functions are the functions and methods of a file.
func functions(s *source) []*ast.FuncDecl {
	var fns []*ast.FuncDecl
	for _, decl := range s.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			fns = append(fns, fn)
		}
	}
	return fns
}
