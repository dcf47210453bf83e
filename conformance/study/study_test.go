package study

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// runMain runs "parity study args" in a terminal of so many columns.
func runMain(t *testing.T, columns string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("COLUMNS", columns)
	var out, errs bytes.Buffer
	code = run(t.Context(), recordOnce, args, &out, &errs)
	return code, out.String(), errs.String()
}

// recordOnce spares the tests a second recording of a scenario.
func recordOnce(ctx context.Context, s trace.Scenario) (onNet, onNet2 *trace.Recording, err error) {
	if r, ok := recorded[s.Name]; ok {
		return r[0], r[1], nil
	}
	onNet, onNet2, err = trace.RecordBoth(ctx, s)
	if err == nil {
		recorded[s.Name] = [2]*trace.Recording{onNet, onNet2}
	}
	return onNet, onNet2, err
}

var recorded = map[string][2]*trace.Recording{}

func TestMainWithoutStepListsThem(t *testing.T) {
	code, out, errs := runMain(t, "100")
	if code != 0 || errs != "" {
		t.Errorf("Main() = %d, stderr %q", code, errs)
	}
	for _, s := range Steps() {
		if !strings.Contains(out, "parity study "+s) {
			t.Errorf("step %s is not listed in\n%s", s, out)
		}
		if title(s) == "" {
			t.Errorf("step %s has no title", s)
		}
	}
}

func TestMainRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown step", []string{"acept"}, `unknown step "acept"`},
		{"too many steps", []string{"accept", "dial"}, "too many arguments"},
		{"bad duration", []string{"poller", "soon"}, `"soon" is no duration`},
		{"negative duration", []string{"poller", "-1s"}, `"-1s" is no duration`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := runMain(t, "100", tt.args...)
			if code != 2 || out != "" || !strings.Contains(errs, tt.want) || strings.Count(errs, "\n") != 1 {
				t.Errorf("Main(%q) = %d, stdout %q, stderr %q, want 2 and one line with %q", tt.args, code, out, errs, tt.want)
			}
		})
	}
}

// Every step fits the terminal, shows its path and its recordings.
func TestMainPrintsEachStepWithinTheWidth(t *testing.T) {
	for _, step := range trace.Steps {
		t.Run(step, func(t *testing.T) {
			columns := map[string]int{"100": 100}
			if step == "accept" {
				columns = map[string]int{"100": 100, "60": 60, "140": 140}
			}
			for text, width := range columns {
				code, out, errs := runMain(t, text, step)
				if code != 0 || errs != "" {
					t.Fatalf("Main(%q) = %d, stderr %q", step, code, errs)
				}
				for l := range strings.Lines(out) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > width {
						t.Errorf("%d columns in a terminal of %d: %q", n, width, l)
					}
				}
				wantPath(t, step, out)
			}
		})
	}
}

func wantPath(t *testing.T, step, out string) {
	t.Helper()
	if p, ok := way.Lookup(step); ok {
		for _, s := range p.Steps {
			if !strings.Contains(out, s.Ours.Name) {
				t.Errorf("%s is not printed", s.Ours.Name)
			}
		}
	}
	if strings.Contains(out, "Not recorded") {
		return
	}
	for _, s := range trace.Scenarios() {
		if s.Step == step && !strings.Contains(out, "\n"+s.Name+"\n") {
			t.Errorf("scenario %s is not printed", s.Name)
		}
	}
}

func TestMainShowsThePollerUnderLoad(t *testing.T) {
	if why := pollerIsSilent(); why != "" {
		t.Skip(why)
	}
	code, out, errs := runMain(t, "100", poller, "500ms")
	if code != 0 || errs != "" {
		t.Fatalf("Main(poller) = %d, stderr %q", code, errs)
	}
	_, rows, ok := strings.Cut(out, "per poll  batches/s")
	if !ok || strings.Count(rows, "\n") < 5 {
		t.Errorf("no table in\n%s", out)
	}
}

func TestPollerLoadLeavesNothingBehind(t *testing.T) {
	if why := pollerIsSilent(); why != "" {
		t.Skip(why)
	}
	before := readPoller()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	stop, err := usualLoad.start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	stop()
	if after := readPoller(); after.open != before.open {
		t.Errorf("%d descriptors in the poller before the load, %d after", before.open, after.open)
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    string
		width int
		want  []string
	}{
		{"nothing", "", 10, nil},
		{"fits", "one two", 10, []string{"one two"}},
		{"fits exactly", "one two", 7, []string{"one two"}},
		{"at a space", "one two three", 8, []string{"one two", "three"}},
		{"at a flag", "AAAA|BBBB|CCCC", 10, []string{"AAAA|BBBB|", "CCCC"}},
		{"anywhere", "abcdefgh", 4, []string{"abcd", "efgh"}},
		{"a call", "read(conn, 16) = 5", 12, []string{"read(conn,", "    16) = 5"}},
		{"runes", "ÄÖÜ äöü", 3, []string{"ÄÖÜ", "äöü"}},
		{"indented", "  ab cd", 5, []string{"  ab", "  cd"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := wrap(tt.in, tt.width)
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("wrap(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
			}
		})
	}
}

func TestColumnsKeepTheirWidthInColor(t *testing.T) {
	var out bytes.Buffer
	p := &printer{w: &out, width: 80, color: true}
	p.columns("", p.bold("left"), "-", p.dim("right"))
	plain := escape.ReplaceAllString(out.String(), "")
	if want := indent + "left" + strings.Repeat(" ", 33) + " - right\n"; plain != want {
		t.Errorf("columns printed %q, want %q", plain, want)
	}
}
