package page

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.parity/conformance/way"
)

// A Source has the files of a stack, none where they are not at hand. It is read
// when the page is written.
type Source struct {
	files   fs.FS
	Version string // the Go release, "" of ours
}

// Folder is the source below a folder.
func Folder(dir string) Source { return Source{files: os.DirFS(dir)} }

// Declaration returns the text that declares f, with its comment, or "" where
// that cannot be read.
func (s Source) Declaration(f way.Func) string {
	if s.files == nil || f.File == "" {
		return ""
	}
	text, err := f.Declaration(s.files)
	if err != nil {
		return ""
	}
	return text
}

// Sources are the sources of both stacks: the standard library's where the go
// command has it, and ours from the checkout that the go command runs in, which
// may have been changed, or else from the archive.
func Sources(ctx context.Context) (std, ours Source) {
	if root := goSays(ctx, "env", "GOROOT"); root != "" {
		std = Folder(filepath.Join(root, "src"))
		std.Version = goSays(ctx, "env", "GOVERSION")
	}
	if root := goSays(ctx, "list", "-f", "{{with .Module}}{{if .Main}}{{.Dir}}{{end}}{{end}}", "go.parity/net2"); root != "" {
		return std, Folder(root)
	}
	return std, archived()
}

// goSays is what the go command answers, "" where it cannot: the page then
// goes without that source.
func goSays(ctx context.Context, args ...string) string {
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
