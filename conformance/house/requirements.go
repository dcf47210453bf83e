package house

import (
	"fmt"
	"go/token"
	"slices"

	"golang.org/x/mod/modfile"
)

// Requirements finds what the library's go.mod holds besides the requirement of
// golang.org/x/sys. Anything else would reach the go.mod of everybody who uses
// the library, or would hold only for the library's own developers.
func (t *Tree) Requirements() []Finding {
	var found []Finding
	for _, mod := range t.modules {
		if mod.Module == nil || mod.Module.Mod.Path != module {
			continue
		}
		wrong := func(line *modfile.Line, what string) {
			pos := token.Position{Filename: mod.Syntax.Name, Line: line.Start.Line, Column: line.Start.LineRune}
			found = append(found, Finding{pos, fmt.Sprintf("the library must not %s", what)})
		}
		for _, r := range mod.Require {
			if !slices.Contains(sys, r.Mod.Path) {
				wrong(r.Syntax, "require "+r.Mod.Path)
			}
		}
		for _, r := range mod.Replace {
			wrong(r.Syntax, "replace "+r.Old.Path)
		}
		for _, x := range mod.Exclude {
			wrong(x.Syntax, "exclude "+x.Mod.Path)
		}
		for _, tool := range mod.Tool {
			wrong(tool.Syntax, "name the tool "+tool.Path)
		}
		if mod.Toolchain != nil {
			wrong(mod.Toolchain.Syntax, "ask for the toolchain "+mod.Toolchain.Name)
		}
	}
	return found
}
