// Package constraint tells which files a build for Linux may use, whatever
// architecture and tags the user chooses.
package constraint

import (
	"go/build/constraint"
	"strings"
)

// systems are the operating systems that file names and constraints know.
var systems = set("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos")

// machines are the architectures that file names know.
var machines = set("386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm")

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// fixed are the tags that Linux decides; every other is free.
func fixed(tag string) (value, isFixed bool) {
	switch {
	case tag == "linux", tag == "unix":
		return true, true
	case systems[tag], tag == "gccgo", tag == "ignore", machines[tag] && tag == "wasm":
		return false, true
	case tag == "gc":
		return true, true
	}
	return false, false
}

// SuffixSystem returns the operating system at the end of a file's name, "" if
// there is none.
func SuffixSystem(name string) string {
	name, _, _ = strings.Cut(name, ".")
	parts := strings.Split(name, "_")
	if len(parts) > 1 && machines[parts[len(parts)-1]] {
		parts = parts[:len(parts)-1]
	}
	if last := parts[len(parts)-1]; len(parts) > 1 && systems[last] {
		return last
	}
	return ""
}

// NameOnLinux reports whether the name of a file lets a build for Linux use
// it.
func NameOnLinux(name string) bool {
	system := SuffixSystem(name)
	return (system == "" || system == "linux") && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".")
}

// OnLinux reports whether the constraint in a source, if it has one, can hold
// on Linux.
func OnLinux(content []byte) bool {
	expr := Of(content)
	return expr == nil || possible(expr)
}

// Of returns the constraint of a source, nil if it has none.
func Of(content []byte) constraint.Expr {
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if constraint.IsGoBuild(line) {
			if expr, err := constraint.Parse(line); err == nil {
				return expr
			}
			return nil
		}
		if line != "" && !strings.HasPrefix(line, "//") {
			return nil
		}
	}
	return nil
}

// possible tries every value of the tags that are free.
func possible(expr constraint.Expr) bool {
	free := make(map[string]int)
	collect(expr, free)
	for choice := range 1 << len(free) {
		if expr.Eval(func(tag string) bool {
			if value, ok := fixed(tag); ok {
				return value
			}
			return choice&(1<<free[tag]) != 0
		}) {
			return true
		}
	}
	return false
}

func collect(expr constraint.Expr, free map[string]int) {
	switch e := expr.(type) {
	case *constraint.AndExpr:
		collect(e.X, free)
		collect(e.Y, free)
	case *constraint.OrExpr:
		collect(e.X, free)
		collect(e.Y, free)
	case *constraint.NotExpr:
		collect(e.X, free)
	case *constraint.TagExpr:
		if _, ok := fixed(e.Tag); ok {
			return
		}
		if _, ok := free[e.Tag]; !ok {
			free[e.Tag] = len(free)
		}
	}
}
