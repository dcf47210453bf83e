package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// An invocation is the go command's own words, without those that concern us.
type invocation struct {
	verb string // build, test, …

	// args follow the verb, without -C, -overlay, -poller and -sources.
	args []string

	dir      string // -C, the folder that the go command changes to
	overlay  string // the user's own -overlay
	poller   bool   // -poller
	trimpath bool   // -trimpath
	coverpkg string // -coverpkg
	sources  string // -sources, an archive of the library's sources

	// buildFlags are those of args that say what to build and how: go list
	// takes them too.
	buildFlags []string

	// operands are the arguments after the flags.
	operands []string
}

// valueFlags are the flags of the go command whose value may be a word of its
// own. The build's are true: they matter to go list.
var valueFlags = map[string]bool{
	"p": true, "covermode": false, "coverpkg": false, "asmflags": true, "buildmode": true,
	"compiler": true, "gccgoflags": true, "gcflags": true, "installsuffix": true,
	"ldflags": true, "mod": true, "modfile": true, "pgo": true, "pkgdir": true,
	"tags": true, "toolexec": true,
	"C": false, "overlay": false, "sources": false,
	"o": false, "exec": false, "f": false, "reuse": false, "vettool": false,
	"run": false, "skip": false, "bench": false, "benchtime": false, "blockprofile": false,
	"blockprofilerate": false, "count": false, "coverprofile": false, "cpu": false,
	"cpuprofile": false, "fuzz": false, "fuzztime": false, "fuzzminimizetime": false,
	"list": false, "memprofile": false, "memprofilerate": false, "mutexprofile": false,
	"mutexprofilefraction": false, "outputdir": false, "parallel": false, "shuffle": false,
	"timeout": false, "trace": false, "vet": false, "artifacts": false,
}

// switchFlags are the build's flags without a value, or with one after "=".
var switchFlags = set("a race msan asan cover linkshared modcacherw trimpath buildvcs")

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// parseArgs reads what follows the command's own name.
func parseArgs(verb string, args []string) (invocation, error) {
	inv := invocation{verb: verb}
	for i := 0; i < len(args); i++ {
		word := args[i]
		name, value, joined := splitFlag(word)
		if name == "" || name == "args" { // the first operand, "-", "--", or -args of go test
			inv.operands = args[i:]
			inv.args = append(inv.args, args[i:]...)
			break
		}
		words := []string{word}
		if _, takes := valueFlags[name]; takes && !joined {
			if i++; i == len(args) {
				return inv, fmt.Errorf("flag needs an argument: -%s", name)
			}
			value = args[i]
			words = append(words, value)
		}
		if inv.takeOut(name, value) {
			continue
		}
		inv.args = append(inv.args, words...)
		if valueFlags[name] || switchFlags[name] {
			inv.buildFlags = append(inv.buildFlags, words...)
		}
	}
	return inv, nil
}

// takeOut notes a flag that is ours or concerns us, and reports whether the go
// command's words must leave it out.
func (inv *invocation) takeOut(name, value string) bool {
	switch name {
	case "C":
		inv.dir = value
	case "overlay":
		inv.overlay = value
	case "sources":
		inv.sources = value
	case "poller":
		inv.poller = value != "false"
	case "trimpath":
		inv.trimpath = value != "false"
		return false
	case "coverpkg":
		inv.coverpkg = value
		return false
	default:
		return false
	}
	return true
}

// splitFlag splits "-name=value" and "--name"; name is "" if the word is not a
// flag.
func splitFlag(word string) (name, value string, joined bool) {
	if len(word) < 2 || word[0] != '-' {
		return "", "", false
	}
	word = strings.TrimPrefix(word[1:], "-")
	name, value, joined = strings.Cut(word, "=")
	return strings.TrimPrefix(name, "test."), value, joined
}

// readGoflags takes from GOFLAGS what concerns us and the words do not set.
func (inv *invocation) readGoflags(goflags string) {
	for _, word := range splitQuoted(goflags) {
		name, value, _ := splitFlag(word)
		switch name {
		case "overlay":
			if inv.overlay == "" {
				inv.overlay = value
			}
		case "trimpath":
			inv.trimpath = inv.trimpath || value != "false"
		case "coverpkg":
			if inv.coverpkg == "" {
				inv.coverpkg = value
			}
		}
	}
}

// splitQuoted splits GOFLAGS into words: spaces separate them, and each may
// stand in quotes.
func splitQuoted(s string) []string {
	var words []string
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			return words
		}
		end := strings.IndexAny(s, " \t\r\n")
		if quote := s[0]; quote == '"' || quote == '\'' {
			s = s[1:]
			end = strings.IndexByte(s, quote)
		}
		if end < 0 {
			return append(words, s)
		}
		words = append(words, s[:end])
		s = s[end+1:]
	}
}

// path returns a path of the user's as seen from the folder where the go
// command works.
func (inv *invocation) path(cwd, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(inv.workdir(cwd), name)
}

// workdir is where the go command works.
func (inv *invocation) workdir(cwd string) string {
	if filepath.IsAbs(inv.dir) {
		return inv.dir
	}
	return filepath.Join(cwd, inv.dir)
}

// words are the go command's words with an overlay.
func (inv *invocation) words(overlay string) []string {
	words := []string{inv.verb}
	if inv.dir != "" {
		words = append(words, "-C", inv.dir)
	}
	if overlay != "" {
		words = append(words, "-overlay="+overlay)
	}
	return append(words, inv.args...)
}
