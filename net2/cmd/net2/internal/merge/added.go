package merge

import (
	"embed"
	"strings"
)

// Files that stand in the changed library beside net2's. We keep them in their
// final form, in a folder that no build of this module reads.
//
//go:embed _std/*.go
var added embed.FS

// addFile adds one of them, for Linux, under a name that ends in it.
func (m *merger) addFile(folder, name string) error {
	content, err := added.ReadFile("_std/" + name)
	if err != nil {
		return err
	}
	target := folder + "/zz_net2_" + strings.TrimSuffix(name, ".go") + "_linux.go"
	m.addOurs("added", target, name, content, content)
	return nil
}
