package stdtests

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// compiled compiles the tests of testdata/binary.txt.
func compiled(t *testing.T) *binary {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	if testing.Short() {
		t.Skip("it compiles packages")
	}
	ar, err := txtar.ParseFile("testdata/binary.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range ar.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tc, err := findToolchain(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := tc.compile(t.Context(), place{goroot: tc.goroot, workdir: dir}, "tests", "")
	if err != nil {
		t.Fatal(err)
	}
	b.dir = dir
	t.Setenv("STDTESTS_ONCE", filepath.Join(dir, "once"))
	return b
}

// TestRunLosesNoTest runs tests that fail, hang and crash, and looks for the
// outcome of each.
func TestRunLosesNoTest(t *testing.T) {
	b := compiled(t)
	type outcome struct {
		status, detail string // detail: what it contains
		unsteady       bool
	}
	tests := map[string]outcome{
		"TestPass":          {status: Passed},
		"TestFail":          {status: Failed, detail: "wrong"},
		"TestSkip":          {status: Skipped, detail: "not here"},
		"TestCrash":         {status: Failed, detail: "panic: crash"},
		"TestAfterCrash":    {status: Passed},
		"TestHang":          {status: Failed, detail: "it hung for"},
		"TestParallelA":     {status: Passed},
		"TestParallelCrash": {status: Failed, detail: "panic: crash beside others"},
		"TestParallelB":     {status: Passed},
		"TestExit":          {status: Failed},
		"TestOnce":          {status: Passed, detail: "the first time", unsteady: true},
		"TestOrphan":        {status: Passed},
		"TestMissing":       {status: Failed, detail: "it did not run"},
	}
	benchmarks := map[string]outcome{
		"BenchmarkPass": {status: Passed},
		"BenchmarkFail": {status: Failed, detail: "no"},
		"BenchmarkSub":  {status: Passed},
		"BenchmarkSkip": {status: Skipped, detail: "not here"},
	}
	for _, set := range []map[string]outcome{tests, benchmarks} {
		got := make(map[string]Outcome)
		o := runOptions{timeout: 500 * time.Millisecond, retries: 1}
		err := b.run(t.Context(), slices.Sorted(maps.Keys(set)), o, func(name string, out Outcome) {
			if _, ok := got[name]; ok {
				t.Errorf("%s has two outcomes", name)
			}
			got[name] = out
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range set {
			out := got[name]
			if out.Status != want.status || !strings.Contains(out.Detail, want.detail) || out.Unsteady != want.unsteady {
				t.Errorf("%s: got %+v, want %+v", name, out, want)
			}
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	b := compiled(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := b.run(ctx, []string{"TestHang"}, runOptions{timeout: time.Minute}, func(name string, out Outcome) {
		t.Errorf("%s has an outcome: %+v", name, out)
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run = %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestTailKeepsBothEnds(t *testing.T) {
	var tl tail
	tl.add("first")
	for range 10000 {
		tl.add("0123456789")
	}
	tl.add("last")
	got := tl.String()
	if !strings.HasPrefix(got, "first") || !strings.HasSuffix(got, "last") || len(got) > 3*tailSize {
		t.Errorf("String() is %d bytes, from %.10q to %q", len(got), got, got[len(got)-10:])
	}
}

// The build alone decides on the poller, whatever the user has chosen.
func TestEnvironmentChoosesThePoller(t *testing.T) {
	t.Setenv("NET2_POLLER", "other")
	for build, want := range map[string][]string{
		DefaultBuild: nil,
		EpollBuild:   {"NET2_POLLER=epoll"},
	} {
		var got []string
		for _, kv := range environ(t.TempDir(), environOf(build)...) {
			if strings.HasPrefix(kv, "NET2_POLLER=") {
				got = append(got, kv)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the environment of the build %s has %q, want %q", build, got, want)
		}
	}
}
