package trace

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"go.parity/conformance"
	"go.parity/conformance/descriptors"
	"go.parity/conformance/host"
)

// calls makes calls from their text; a ~ before the text makes an annotation.
func calls(texts ...string) []Call {
	var calls []Call
	for _, text := range texts {
		text, poll := strings.CutPrefix(text, "~")
		name, rest, _ := strings.Cut(text, "(")
		args, result, _ := strings.Cut(rest, ") = ")
		calls = append(calls, Call{Name: name, Args: strings.Split(args, ", "), Result: result, Poll: poll})
	}
	return calls
}

// sides writes rows as "net | net2".
func sides(rows []Row) []string {
	var lines []string
	for _, r := range rows {
		var l, m string
		if r.Net != nil {
			l = r.Net.String()
		}
		if r.Net2 != nil {
			m = r.Net2.String()
		}
		lines = append(lines, l+" | "+m)
	}
	return lines
}

func TestAlign(t *testing.T) {
	for _, tt := range []struct {
		name      string
		net, net2 []Call
		want      []string
	}{
		{name: "nothing at all"},
		{
			name: "the same",
			net:  calls("a(1) = 0", "b(1) = 0"),
			net2: calls("a(1) = 0", "b(1) = 0"),
			want: []string{"a(1) = 0 | a(1) = 0", "b(1) = 0 | b(1) = 0"},
		},
		{
			name: "calls left out",
			net:  calls("a(1) = 0", "b(1) = 0", "c(1) = 0"),
			net2: calls("a(1) = 0", "c(1) = 0"),
			want: []string{"a(1) = 0 | a(1) = 0", "b(1) = 0 | ", "c(1) = 0 | c(1) = 0"},
		},
		{
			name: "a call moved to the end",
			net:  calls("b(1) = 0", "a(1) = 0", "c(1) = 0"),
			net2: calls("a(1) = 0", "c(1) = 0", "b(1) = 0"),
			want: []string{"b(1) = 0 | ", "a(1) = 0 | a(1) = 0", "c(1) = 0 | c(1) = 0", " | b(1) = 0"},
		},
		{
			name: "an argument changed",
			net:  calls("a(1) = 0", "b(1) = 0"),
			net2: calls("a(2) = 0", "b(1) = 0"),
			want: []string{"a(1) = 0 | a(2) = 0", "b(1) = 0 | b(1) = 0"},
		},
		{
			name: "annotations beside each other",
			net:  calls("a(1) = 0", "~poll(1) = 1", "b(1) = 0"),
			net2: calls("a(1) = 0", "~poll(1) = 1", "~wait(1) = 1", "b(1) = 0", "~wait(1) = 2"),
			want: []string{
				"a(1) = 0 | a(1) = 0", "poll(1) = 1 | poll(1) = 1", " | wait(1) = 1",
				"b(1) = 0 | b(1) = 0", " | wait(1) = 2",
			},
		},
		{
			name: "one side empty",
			net:  calls("a(1) = 0"),
			want: []string{"a(1) = 0 | "},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, sides(align(tt.net, tt.net2))); d != "" {
				t.Errorf("align: -want +got\n%s", d)
			}
		})
	}
}

func TestCollapse(t *testing.T) {
	write, full, poll := "write(c) = …", "write(c) = -1 EAGAIN", "~epoll_pwait(e) = 1"
	got := collapse(calls(write, full, poll, write, full, poll, poll, write, full, write, "close(c) = 0"))
	want := calls(write, full, poll, write, "close(c) = 0")
	want[3].Loop = Loop{Calls: 2, Turns: 3}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("collapse: -want +got\n%s", d)
	}
}

func TestCompareFoldsWhatBothRepeat(t *testing.T) {
	wait, read := "read(conn) = -1 EAGAIN", "read(conn) = 5"
	d := compareTexts("read-often",
		calls(wait, read, wait, "~poll(e) = 1", read, wait, read, wait, read),
		calls(wait, read, wait, read, wait, "setsockopt(conn) = 0", read, "~poll(e) = 1", wait, read))
	want := []string{
		wait + " | " + wait, read + " | " + read,
		wait + " | " + wait, " | setsockopt(conn) = 0", read + " | " + read,
		" | poll(e) = 1", wait + " | " + wait, read + " | " + read,
	}
	got := sides(d.Rows)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows: -want +got\n%s", diff)
	}
	if d.Rows[1].Loop != (Loop{Calls: 2, Turns: 2}) {
		t.Errorf("loop = %+v, want two calls two times", d.Rows[1].Loop)
	}
	if d.NetCalls != 8 || d.Net2Calls != 9 {
		t.Errorf("calls = %d, %d, want 8 and 9", d.NetCalls, d.Net2Calls)
	}
}

var testRules = map[string]rule{
	"inherited": {net: []string{"setsockopt(conn*, SOL_TCP, *) = 0"}},
	"lazy":      {net: []string{"getsockname(conn*) = 0"}, net2: []string{"getsockname(conn*) = 0"}},
	"nested":    {polls: []string{"epoll_wait(*"}},
	"elsewhere": {scenarios: []string{"other"}, net: []string{"close(conn) = 0"}},
	"host":      {any: true, net: []string{"uname() = 0", "close(socket) = 0"}},
	"unseen":    {none: "it allocates less, which no system call shows"},
}

func compareTexts(scenario string, net, net2 []Call) *Diff {
	return compare(Scenario{Name: scenario}, &Recording{Calls: net}, &Recording{Calls: net2}, testRules)
}

func TestCompareNamesTheEntryOfEachDifference(t *testing.T) {
	d := compareTexts("accept",
		calls("accept4(listener) = conn", "getsockname(conn, own) = 0", "setsockopt(conn, SOL_TCP, TCP_NODELAY, 1) = 0"),
		calls("accept4(listener) = conn", "~epoll_wait(epoll) = 1"))
	if got := d.Unlisted(); got != nil {
		t.Errorf("Unlisted() = %v, want none", sides(got))
	}
	if got, want := d.Entries, []string{"inherited", "lazy", "nested"}; !slices.Equal(got, want) {
		t.Errorf("Entries = %q, want %q", got, want)
	}
	if got, want := d.Summary(), "3 system calls on net, 1 on net2; inherited, lazy, nested"; got != want {
		t.Errorf("Summary() = %q, want %q", got, want)
	}
}

func TestCompareKeepsWhatNoEntryClaims(t *testing.T) {
	d := compareTexts("close",
		calls("epoll_ctl(epoll, EPOLL_CTL_DEL, conn) = 0", "close(conn) = 0"),
		calls("shutdown(conn) = 0"))
	want := []string{"epoll_ctl(epoll, EPOLL_CTL_DEL, conn) = 0 | ", "close(conn) = 0 | ", " | shutdown(conn) = 0"}
	if diff := cmp.Diff(want, sides(d.Unlisted())); diff != "" {
		t.Errorf("Unlisted: -want +got\n%s", diff)
	}
	status, detail := verdict(d)
	if status != conformance.Differs || !strings.Contains(detail, "+net2 shutdown(conn) = 0") {
		t.Errorf("verdict = %s, %q", status, detail)
	}
}

// A rule that claims only one side of a changed call leaves the other side
// unlisted.
func TestCompareWantsBothSidesOfAChangeClaimed(t *testing.T) {
	d := compareTexts("dial", calls("getsockname(conn, own) = 0"), calls("getsockname(dup, own) = 0"))
	if got := d.Unlisted(); len(got) != 1 || got[0].NetEntry != "lazy" || got[0].Net2Entry != "" {
		t.Errorf("Unlisted() = %+v, want the one row with net's side claimed", got)
	}
}

func TestStale(t *testing.T) {
	shows := []*Diff{
		compareTexts("accept",
			calls("getsockname(conn, own) = 0", "setsockopt(conn, SOL_TCP, TCP_NODELAY, 1) = 0"),
			calls("~epoll_wait(epoll) = 1")),
		compareTexts("local-addr", nil, calls("getsockname(conn, own) = 0")),
		compareTexts("other", calls("close(conn) = 0"), nil),
	}
	all := []string{"inherited", "lazy", "nested", "elsewhere", "unseen", "host"}
	shows = append(shows, compareTexts("listen-first", calls("uname() = 0"), nil))
	for _, tt := range []struct {
		name  string
		list  []string
		diffs []*Diff
		want  []string
	}{
		{name: "everything shows", list: all, diffs: shows},
		{
			name: "one does not show", list: all, diffs: slices.Concat(shows[:2], shows[3:]),
			want: []string{"deviation elsewhere: no scenario shows close(conn) = 0"},
		},
		{
			name: "one half of one does not show", list: all, diffs: slices.Concat(shows[:1], shows[2:]),
			want: []string{"deviation lazy: no scenario shows getsockname(conn*) = 0"},
		},
		{
			name: "no rule", list: slices.Concat(all, []string{"new"}), diffs: shows,
			want: []string{"deviation new: no rule says which system calls it changes"},
		},
		{
			name: "no entry", list: all[1:], diffs: shows,
			want: []string{"rule inherited: no such deviation is listed"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, stale(tt.list, testRules, tt.diffs)); d != "" {
				t.Errorf("stale: -want +got\n%s", d)
			}
		})
	}
}

func TestRulesForAnotherPollerDoNotHold(t *testing.T) {
	rules := rulesFor("portable", []conformance.Deviation{{Name: "own", Pollers: []string{"epoll"}}, {Name: "all"}}, map[string]rule{
		"own": {net: []string{"a(1) = 0"}},
		"all": {net: []string{"b(1) = 0"}},
	})
	d := compare(Scenario{}, &Recording{Calls: calls("a(1) = 0", "b(1) = 0")}, &Recording{}, rules)
	if got := d.Unlisted(); len(got) != 1 || got[0].Net.Name != "a" {
		t.Errorf("Unlisted() = %v, want a, which another poller leaves out", sides(got))
	}
	if wrong := stale([]string{"all", "own"}, rules, []*Diff{d}); wrong != nil {
		t.Errorf("stale = %q, want nothing", wrong)
	}
}

func TestPartWithoutPtraceSkipsOneCheck(t *testing.T) {
	before := canRecord
	defer func() { canRecord = before }()
	canRecord = func() error { return fmt.Errorf("%w:\noperation not permitted", ErrForbidden) }
	p := Part()
	names, err := p.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []conformance.Check
	err = p.Run(t.Context(), func(string) bool { return true }, func(c conformance.Check) { got = append(got, c) })
	if err != nil {
		t.Fatal(err)
	}
	want := []conformance.Check{{Name: "ptrace", Status: conformance.Skipped, Needs: host.Ptrace, Detail: "needs ptrace: ptrace is forbidden here: operation not permitted"}}
	if lack := host.Lacking(host.Ptrace); lack != nil {
		want[0].Needs, want[0].Detail = lack.Need, lack.Error()
	} else if runtime.GOOS != "linux" {
		want[0].Detail = got[0].Detail
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("checks: -want +got\n%s", d)
	}
	if len(names) != 1 || names[0] != got[0].Name {
		t.Errorf("Names = %q, want those of the checks", names)
	}
}

func TestScenariosAreNamedOnceAndBelongToAStep(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] {
			t.Errorf("scenario %s is there twice", s.Name)
		}
		seen[s.Name] = true
		if !slices.Contains(Steps, s.Step) {
			t.Errorf("scenario %s: step %q is none of %q", s.Name, s.Step, Steps)
		}
		if s.Doc == "" {
			t.Errorf("scenario %s says nothing", s.Name)
		}
	}
	for _, step := range Steps {
		if len(scenarios) > 0 && !slices.ContainsFunc(scenarios, func(s Scenario) bool { return s.Step == step }) {
			t.Errorf("step %s has no scenario", step)
		}
	}
}

// TestMain checks that the recordings leave no descriptor open.
func TestMain(m *testing.M) {
	// The runtime opens its poller's descriptors at the first use.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	before := descriptors.Count()
	code := m.Run()
	if after := descriptors.Count(); code == 0 && after > before {
		fmt.Fprintf(os.Stderr, "%d descriptors open before the tests, %d after\n", before, after)
		code = 1
	}
	os.Exit(code)
}
