//go:build linux

package linked_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// If a Go takes a function back, the linker refuses the build in one line,
// which says what to do.
func TestRefusedLinkNamesTheTag(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	source, err := filepath.Abs("linked_unsafe.go")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{
		"no longer given to others": "runtime.goschedImpl",
		"gone":                      "runtime.goneFromHere",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			changed := strings.Replace(string(content), "goyield runtime.goyield", "goyield "+other, 1)
			overlay := map[string]map[string]string{"Replace": {source: write(t, dir, "linked.go", changed)}}
			text, err := json.Marshal(overlay)
			if err != nil {
				t.Fatal(err)
			}
			overlayFile := write(t, dir, "overlay.json", string(text))
			build := func(tags string) (said string, err error) {
				cmd := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "program"), "-overlay", overlayFile, "-tags", tags, "go.parity/runtime_hooks")
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			out, err := build("")
			if err == nil {
				t.Fatal("it builds")
			}
			var said []string
			for line := range strings.Lines(out) {
				if !strings.HasPrefix(line, "#") { // the go command's, which names what it builds
					said = append(said, line)
				}
			}
			if len(said) != 1 || !strings.Contains(said[0], other) || !strings.Contains(said[0], "build_with_tags_net2_portable") {
				t.Errorf("the linker says\n%s", out)
			}

			if out, err := build("net2_portable"); err != nil {
				t.Errorf("with the tag: %v\n%s", err, out)
			}
		})
	}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
