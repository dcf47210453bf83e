package merge

import (
	"embed"
	"fmt"
)

// Files that stand in the changed library beside net2's. They are kept as they
// will be, in a folder that no build here looks into.
//
//go:embed _std/*.go
var added embed.FS

// addFile adds one of them, for Linux, under a name that ends in it.
func (m *merger) addFile(folder, name string) error {
	content, err := added.ReadFile("_std/" + name)
	if err != nil {
		return err
	}
	target := folder + "/zz_net2_" + name[:len(name)-len(".go")] + "_linux.go"
	if _, taken := m.out.Src[target]; taken {
		return fmt.Errorf("two files want to be %s", target)
	}
	m.out.Src[target] = content
	return nil
}
