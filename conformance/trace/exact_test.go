package trace

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"go.parity/conformance"
)

var (
	update     = flag.Bool("update", false, "record the system calls anew, in testdata")
	newVariant = flag.String("variant", "", "with -update: `name` of the kernel or release on which these are the calls")
)

// Every scenario makes the calls that were recorded, line by line, with each of
// the pollers of this build.
func TestExactRecordings(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			if *update {
				writeNew(t, s)
				return
			}
			for _, poller := range conformance.Pollers() {
				d := recordDiff(t, poller, s)
				if status, detail := judge(exactFiles, poller, s, d); status != conformance.Same {
					t.Errorf("with %s: %s", poller, detail)
				}
			}
		})
	}
}

func recordDiff(t *testing.T, poller string, s Scenario) *Diff {
	t.Helper()
	var recordings [2]*Recording
	for i, stack := range []string{Net, Net2} {
		r, err := RecordWith(t.Context(), poller, s, stack)
		if errors.Is(err, ErrForbidden) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		recordings[i] = r
	}
	return CompareWith(poller, s, recordings[0], recordings[1])
}

func writeNew(t *testing.T, s Scenario) {
	t.Helper()
	name := s.Name + ".txt"
	if *newVariant != "" {
		name = s.Name + "." + *newVariant + ".txt"
	}
	file := filepath.Join("testdata", name)
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	text, err := renew(t.Context(), s, parseExact(string(old)), conformance.Pollers())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Writing the sections of a file gives the file again: the comparison skips
// nothing in it, and nobody has changed it by hand.
func TestExactFilesReadAsTheyAreWritten(t *testing.T) {
	names, err := fs.Glob(exactFiles, "testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("testdata has %d recordings, %v", len(names), err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(exactFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		scenario, _, _ := strings.Cut(filepath.Base(name), ".")
		s, ok := lookup(scenario)
		if !ok && len(Scenarios()) > 0 {
			t.Errorf("%s belongs to no scenario", name)
			continue
		}
		if got := writeExact(s, parseExact(string(text))); ok && got != string(text) {
			t.Errorf("%s reads as\n%s", name, got)
		}
	}
}

func TestJudgeIsExact(t *testing.T) {
	s := Scenario{Name: "accept", Doc: "Accept."}
	usual := compareTexts("accept",
		calls("accept4(listener) = conn", "getsockname(conn, own) = 0"),
		calls("accept4(listener) = conn"))
	files := func(variants map[string]*Diff) fs.FS {
		all := fstest.MapFS{}
		for name, d := range variants {
			all["testdata/"+name] = &fstest.MapFile{Data: []byte(writeExact(s, []section{{[]string{"epoll"}, heading(s, d), exactText(s, d)}}))}
		}
		return all
	}
	recorded := files(map[string]*Diff{"accept.txt": usual})
	// A rule explains each of its calls, yet it is not what was recorded.
	more := compareTexts("accept",
		calls("accept4(listener) = conn", "getsockname(conn, own) = 0"),
		calls("accept4(listener) = conn", "getsockname(conn2, own) = 0"))
	// A kernel on which net makes other calls.
	elsewhere := compareTexts("accept",
		calls("accept4(listener) = conn", "fcntl(conn) = 0", "getsockname(conn, own) = 0"),
		calls("accept4(listener) = conn", "fcntl(conn) = 0"))
	for _, tt := range []struct {
		name   string
		files  fs.FS
		got    *Diff
		want   conformance.Status
		detail string
	}{
		{"as recorded", recorded, usual, conformance.Same, "2 system calls on net, 1 on net2; lazy"},
		{"a call more, which a rule explains", recorded, more, conformance.Differs, "now       + getsockname(conn2, own) = 0"},
		{"another kernel", recorded, elsewhere, conformance.Same, "by the rules alone"},
		{"another kernel, recorded", files(map[string]*Diff{"accept.txt": usual, "accept.old-kernel.txt": elsewhere}), elsewhere, conformance.Same, "old-kernel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, detail := judge(tt.files, "epoll", s, tt.got)
			if status != tt.want || !strings.Contains(detail, tt.detail) {
				t.Errorf("judge() = %s, %q, want %s with %q", status, detail, tt.want, tt.detail)
			}
		})
	}
}
