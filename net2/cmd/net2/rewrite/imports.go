package rewrite

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
)

const (
	netPath  = "net"
	net2Path = "go.parity/net2"
)

// A splice is one import declaration's text, before and after.
type splice struct {
	start, end int
	text       string
}

// swapImports returns a file with net2 in place of net, and the specifications
// that it replaced: nil if the file does not import net, or only for its side
// effects. If the file was formatted as gofmt wants it, so is the result.
func swapImports(name string, content []byte) (swapped []byte, was []string, err error) {
	return spliceImports(name, content, netPath, func(_ int, spec *ast.ImportSpec) string {
		switch {
		case spec.Name == nil:
			return netPath + " " + strconv.Quote(net2Path)
		case spec.Name.Name == "_":
			return ""
		}
		return spec.Name.Name + " " + strconv.Quote(net2Path)
	})
}

// restoreImports puts back what swapImports took away. Imports of net2 that
// swapImports did not make stay; they come after those that it made.
func restoreImports(name string, content []byte, was []string) ([]byte, error) {
	restored, _, err := spliceImports(name, content, net2Path, func(i int, _ *ast.ImportSpec) string {
		if i < len(was) {
			return was[i]
		}
		return ""
	})
	return restored, err
}

// spliceImports replaces each import of path for which it has another text.
func spliceImports(name string, content []byte, path string, text func(i int, spec *ast.ImportSpec) string) (spliced []byte, was []string, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	var splices []splice
	seen := 0
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err != nil || imported != path {
			continue
		}
		after := text(seen, spec)
		seen++
		if after == "" {
			continue
		}
		first := spec.Path.Pos()
		if spec.Name != nil {
			first = spec.Name.Pos()
		}
		tokens := fset.File(first)
		at := splice{tokens.Offset(first), tokens.Offset(spec.Path.End()), after}
		splices = append(splices, at)
		was = append(was, string(content[at.start:at.end]))
	}
	if len(splices) == 0 {
		return content, nil, nil
	}
	return formattedAs(content, apply(content, splices)), was, nil
}

// apply makes the splices, which are in the order of the content.
func apply(content []byte, splices []splice) []byte {
	spliced := slices.Clone(content)
	for _, s := range slices.Backward(splices) {
		spliced = slices.Concat(spliced[:s.start], []byte(s.text), spliced[s.end:])
	}
	return spliced
}

// formattedAs formats a changed file if its original was formatted: gofmt sorts
// imports by their path.
func formattedAs(original, changed []byte) []byte {
	if was, err := format.Source(original); err != nil || !bytes.Equal(was, original) {
		return changed
	}
	formatted, err := format.Source(changed)
	if err != nil {
		return changed
	}
	return formatted
}
