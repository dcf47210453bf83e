package api

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"

	"golang.org/x/tools/go/packages"
)

// A Platform is an operating system and an architecture, as Go names them.
type Platform struct{ OS, Arch string }

// Platforms lists where the API is checked.
var Platforms = []Platform{
	{"linux", "amd64"},
	{"darwin", "amd64"},
	{"windows", "amd64"},
}

// String returns the name of the operating system, with the architecture
// where that is not amd64.
func (p Platform) String() string {
	if p.Arch == "amd64" {
		return p.OS
	}
	return p.OS + "-" + p.Arch
}

const (
	stdPath = "net"
	ownPath = "go.parity/net2"
)

// load type-checks net and net2 for a platform in one go, so that both see the
// same types of the packages below them. The overlay replaces files, or adds
// some.
func load(ctx context.Context, p Platform, overlay map[string][]byte) (std, own *source, err error) {
	cfg := &packages.Config{
		Context: ctx,
		Mode:    packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
		Env:     append(os.Environ(), "GOOS="+p.OS, "GOARCH="+p.Arch, "CGO_ENABLED=0"),
		Overlay: overlay,
	}
	roots, err := packages.Load(cfg, stdPath, ownPath)
	if ctx.Err() != nil {
		return nil, nil, ctx.Err() // err may not mention that
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list for %s: %w", p, err)
	}
	if err := listErrors(roots); err != nil {
		return nil, nil, fmt.Errorf("list for %s: %w", p, err)
	}
	c := checker{
		fset:    token.NewFileSet(),
		sizes:   types.SizesFor("gc", p.Arch),
		overlay: overlay,
		checked: make(map[*packages.Package]*source),
	}
	for _, pkg := range roots {
		src, err := c.check(pkg)
		if err != nil {
			return nil, nil, fmt.Errorf("check for %s: %w", p, err)
		}
		switch pkg.PkgPath {
		case stdPath:
			std = src
		case ownPath:
			own = src
		}
	}
	return std, own, nil
}

// listErrors returns the errors that the go command reported about the packages and
// their dependencies.
func listErrors(roots []*packages.Package) error {
	var errs []error
	packages.Visit(roots, nil, func(pkg *packages.Package) {
		for _, err := range pkg.Errors {
			errs = append(errs, err)
		}
	})
	return errors.Join(errs...)
}

// A checker type-checks packages from source, each once. To be fast, it skips the
// bodies of functions in all packages except net2.
type checker struct {
	fset    *token.FileSet
	sizes   types.Sizes
	overlay map[string][]byte
	checked map[*packages.Package]*source
}

func (c *checker) check(pkg *packages.Package) (*source, error) {
	if src, ok := c.checked[pkg]; ok {
		return src, nil
	}
	if pkg.PkgPath == "unsafe" {
		return &source{types: types.Unsafe}, nil
	}
	files, err := c.parse(pkg.CompiledGoFiles)
	if err != nil {
		return nil, err
	}
	src := &source{files: files}
	conf := types.Config{
		Importer:         importer{c, pkg},
		IgnoreFuncBodies: pkg.PkgPath != ownPath,
		Sizes:            c.sizes,
	}
	if pkg.PkgPath == ownPath {
		src.info = &types.Info{Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object)}
	}
	if pkg.Module != nil && pkg.Module.GoVersion != "" {
		conf.GoVersion = "go" + pkg.Module.GoVersion
	}
	if src.types, err = conf.Check(pkg.PkgPath, c.fset, files, src.info); err != nil {
		return nil, err
	}
	c.checked[pkg] = src
	return src, nil
}

func (c *checker) parse(names []string) ([]*ast.File, error) {
	files := make([]*ast.File, len(names))
	for i, name := range names {
		var text any // if it is nil, the parser reads the file
		if overlaid, ok := c.overlay[name]; ok {
			text = overlaid
		}
		file, err := parser.ParseFile(c.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files[i] = file
	}
	return files, nil
}

// An importer finds what the files of a package import.
type importer struct {
	*checker
	pkg *packages.Package
}

func (i importer) Import(path string) (*types.Package, error) {
	dep, ok := i.pkg.Imports[path]
	if !ok {
		return nil, fmt.Errorf("the go command lists no %s for %s", path, i.pkg.PkgPath)
	}
	src, err := i.check(dep)
	if err != nil {
		return nil, err
	}
	return src.types, nil
}
