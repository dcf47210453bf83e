package main

import (
	"os"
	"slices"
	"strings"

	"go.parity/net2/cmd/net2/rewrite"
	"golang.org/x/tools/go/analysis/unitchecker"
)

// rewriteImports is net2 rewrite.
func rewriteImports(args []string) error {
	return rewrite.Command(args, os.Stdout, os.Stderr)
}

// vetTool reports whether the go command calls us as the tool of its flag
// -vettool: with flags and a .cfg file, and no word before them.
func vetTool(args []string) bool {
	if len(args) == 0 {
		return false
	}
	if slices.Contains([]string{"-V=full", "-flags"}, args[0]) {
		return len(args) == 1
	}
	last := len(args) - 1
	isWord := func(arg string) bool { return !strings.HasPrefix(arg, "-") }
	return strings.HasSuffix(args[last], ".cfg") && !slices.ContainsFunc(args[:last], isWord)
}

// runVetTool analyzes one package and exits.
func runVetTool() { unitchecker.Main(rewrite.Analyzer) }
