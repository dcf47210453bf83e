package rewrite

import "golang.org/x/tools/go/analysis"

// Analyzer reports what else changes, besides the connections, when somebody
// swaps the imports of this module. It changes nothing itself.
var Analyzer = &analysis.Analyzer{
	Name: "net2rewrite",
	Doc: `report what changes when this module's import of net becomes go.parity/net2

Reported are type assertions and switches on a concrete type of net, unless
their value comes from net itself; Buffers that are handed to code of other
modules; and uses of functions, fields and variables of other modules that ask
for a concrete type of net, which does not compile after the swap.`,
	Run: run,
}

func run(pass *analysis.Pass) (any, error) {
	own := ownPackages{pass.Pkg.Path()}
	if pass.Module != nil && pass.Module.Path != "" {
		own = ownPackages{pass.Module.Path}
	}
	p := program{fset: pass.Fset, info: pass.TypesInfo, own: own}
	for _, file := range pass.Files {
		for _, f := range p.inspect(file) {
			pass.Report(analysis.Diagnostic{Pos: f.pos, Category: f.category, Message: f.text})
		}
	}
	return nil, nil
}
