package merge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A folder of the standard library takes each package below net2. Every
// supported Go has these, and they hold no package of their own. The folder
// must exist on disk, because the assembler and vet change to it.
var folders = map[string]string{
	"go.parity/poll":          "net/internal",
	"go.parity/socket":        "internal/syscall",
	"go.parity/runtime_hooks": "internal/runtime",
	linkedPath:                Linked,
	"golang.org/x/sys/unix":   "vendor/golang.org/x/sys",
}

// linkedPath is the package that links to the runtime. Its path tells what to
// do if a Go refuses that; once moved, as Linked, it does not.
const linkedPath = "go.parity/runtime_hooks/if_refused_build_with_tags_net2_portable"

// Linked is the new import path of the package that links to the runtime.
const Linked = "internal/runtime/pprof"

// lower lists the packages below net2, each before those that it imports.
var lower = []string{"go.parity/poll", "go.parity/socket", "go.parity/runtime_hooks", linkedPath, "golang.org/x/sys/unix"}

// packageNames are the names of packages whose import path ends differently.
var packageNames = map[string]string{
	"go.parity/runtime_hooks": "runtimehooks",
	linkedPath:                "linked",
	"math/rand/v2":            "rand",
}

// newPath is the import path of a moved package: its folder without vendor/.
func newPath(importPath string) (string, bool) {
	folder, ok := folders[importPath]
	return strings.TrimPrefix(folder, "vendor/"), ok
}

// checkFolders refuses a Go whose folders are not as we expect.
func checkFolders(src string) error {
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(src, filepath.FromSlash(folder)))
		if err != nil {
			return fmt.Errorf("this Go lacks a folder that net2 goes into: %w", err)
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".go") {
				return fmt.Errorf("this Go has a package %s, where net2 would go", folder)
			}
		}
	}
	return nil
}
