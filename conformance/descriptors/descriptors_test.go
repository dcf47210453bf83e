package descriptors

import (
	"os"
	"path/filepath"
	"testing"

	"go.parity/conformance/host"
)

func TestOpen(t *testing.T) {
	if lack := host.Lacking(host.Linux, host.Proc); lack != nil {
		t.Skip(lack)
	}
	before, count := opened(t), Count()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	fd := int(f.Fd())
	if got := opened(t)[fd]; got != f.Name() {
		t.Errorf("Open()[%d] = %q, want %q", fd, got, f.Name())
	}
	if got := Count(); got != count+1 {
		t.Errorf("Count() with one more = %d, want %d", got, count+1)
	}
	f.Close()
	if got := opened(t); len(got) != len(before) || got[fd] != before[fd] {
		t.Errorf("Open() after Close = %v, want %v", got, before)
	}
}

func opened(t *testing.T) map[int]string {
	t.Helper()
	open, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return open
}
