package rewrite

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// loaded holds packages with their tests, and the modules that they belong to.
type loaded struct {
	packages []*packages.Package
	roots    map[string]string // the folder of each module, by its path
}

const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
	packages.NeedImports | packages.NeedTypes | packages.NeedTypesSizes |
	packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule

// load type-checks the packages that the patterns name, with files of an
// overlay in place of those on disk.
func load(dir string, flags, patterns []string, overlay map[string][]byte) (loaded, error) {
	l := loaded{roots: make(map[string]string)}
	var err error
	l.packages, err = packages.Load(&packages.Config{
		Mode: mode, Dir: dir, Tests: true, BuildFlags: flags, Overlay: overlay, Fset: token.NewFileSet(),
	}, patterns...)
	if err != nil {
		return l, err
	}
	if len(l.packages) == 0 {
		return l, fmt.Errorf("no packages in %q", patterns)
	}
	for _, p := range l.packages {
		if p.Module != nil && p.Module.Main {
			l.roots[p.Module.Path] = p.Module.Dir
		} else if len(p.Errors) == 0 && !strings.HasSuffix(p.ID, ".test") {
			return l, fmt.Errorf("%s is not a package of your own module", p.PkgPath)
		}
	}
	return l, nil
}

// own are the modules whose imports are swapped.
func (l loaded) own() ownPackages { return slices.Sorted(maps.Keys(l.roots)) }

// files are the Go files of the packages, including those that only another
// system or another tag builds.
func (l loaded) files() []string {
	names := make(map[string]bool)
	for _, p := range l.packages {
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredFiles) {
			if p.Module != nil && filepath.Ext(name) == ".go" && l.rootOf(name) != "" {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// rootOf returns the root of the innermost module that a file is in, "" for a
// file that the go command made elsewhere.
func (l loaded) rootOf(file string) string {
	root := ""
	for _, dir := range l.roots {
		rel, err := filepath.Rel(dir, file)
		if err == nil && filepath.IsLocal(rel) && len(dir) > len(root) {
			root = dir
		}
	}
	return root
}

// A complaint is what the compiler would say about a place, or what we say.
type complaint struct {
	pos  token.Position
	text string
}

func (c complaint) String() string {
	if !c.pos.IsValid() {
		return c.text
	}
	name := c.pos.Filename
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, name); err == nil && filepath.IsLocal(rel) {
			name = rel
		}
	}
	return fmt.Sprintf("%s:%d:%d: %s", name, c.pos.Line, c.pos.Column, c.text)
}

// sorted puts complaints in order, each once: the type checker sees a file with
// its package, and again with the package's tests.
func sorted(all []complaint) []complaint {
	slices.SortStableFunc(all, func(a, b complaint) int {
		return cmp.Or(
			cmp.Compare(a.pos.Filename, b.pos.Filename),
			cmp.Compare(a.pos.Line, b.pos.Line),
			cmp.Compare(a.pos.Column, b.pos.Column),
			cmp.Compare(a.text, b.text),
		)
	})
	return slices.Compact(all)
}

// errors are what is wrong with the packages. If the type checker and the go
// command say something about the same place, the type checker's words come
// first.
func (l loaded) errors() []complaint {
	var typed, other []complaint
	for _, p := range l.packages {
		for _, e := range p.TypeErrors {
			if strings.HasPrefix(e.Msg, "\t") {
				continue // it belongs to the one before
			}
			typed = append(typed, complaint{e.Fset.Position(e.Pos), e.Msg})
		}
		for _, e := range p.Errors {
			if e.Kind != packages.TypeError {
				text := e.Msg
				if e.Pos != "" && e.Pos != "-" {
					text = e.Pos + ": " + text
				}
				other = append(other, complaint{text: text})
			}
		}
	}
	if len(typed) > 0 {
		return sorted(typed)
	}
	return sorted(other)
}

// findings is the report on packages before the swap.
func (l loaded) findings() []complaint {
	var all []complaint
	for _, p := range l.packages {
		inspected := program{fset: p.Fset, info: p.TypesInfo, own: l.own()}
		for _, file := range p.Syntax {
			if l.rootOf(p.Fset.Position(file.Package).Filename) == "" {
				continue
			}
			for _, f := range inspected.inspect(file) {
				all = append(all, complaint{p.Fset.Position(f.pos), f.text + " (" + f.category + ")"})
			}
		}
	}
	return sorted(all)
}

// moduleRoot returns the folder of the module that dir is in.
func moduleRoot(dir string) (string, error) {
	mod, err := goCommand(dir, nil, "env", "GOMOD")
	if err != nil {
		return "", err
	}
	if mod == "" || mod == os.DevNull {
		return "", errors.New("there is no go.mod here or above: go mod init makes one")
	}
	return filepath.Dir(mod), nil
}
