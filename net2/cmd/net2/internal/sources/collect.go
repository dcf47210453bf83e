package sources

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.parity/net2/cmd/net2/internal/constraint"
)

// Collect reads the files that a build for Linux may use, on any architecture,
// from the folders where the go command finds the packages when it runs in dir.
func Collect(dir string) (Files, error) {
	files := make(Files)
	for _, pkg := range Packages {
		folder, err := folderOf(dir, pkg)
		if err != nil {
			return nil, err
		}
		if err := files.collect(pkg, folder); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func folderOf(dir, pkg string) (string, error) {
	cmd := exec.Command("go", "list", "-f", "{{.Dir}}", pkg)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go list %s: %w", pkg, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (f Files) collect(pkg, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, "_test.go") || !isSource(name) || !constraint.NameOnLinux(name) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if constraint.OnLinux(content) {
			f[pkg+"/"+name] = content
		}
	}
	return nil
}

func isSource(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".s", ".h":
		return true
	}
	return false
}
