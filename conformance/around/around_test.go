//go:build linux

package around

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.parity/conformance"
)

// newTestPrograms returns programs whose second stack is an edited copy of the
// first.
func newTestPrograms(t *testing.T, edit func(source string) string) *programs {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command:", err)
	}
	p, err := newPrograms(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.remove(); err != nil {
			t.Error(err)
		}
	})
	p.edit = func(stack, source string) string {
		if stack == stackNet2 {
			return edit(source)
		}
		return source
	}
	return p
}

// runAll makes all checks that net2's poller allows and returns them by name.
func runAll(t *testing.T, p *programs) map[string]conformance.Check {
	t.Helper()
	done := make(map[string]conformance.Check)
	err := p.run(t.Context(), checks(), func(string) bool { return true }, func(c conformance.Check) {
		if _, ok := done[c.Name]; ok {
			t.Errorf("%s was reported twice", c.Name)
		}
		done[c.Name] = c
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		if _, ok := done[c.name]; !ok {
			t.Errorf("%s was not reported", c.name)
		}
	}
	return done
}

// With net as both stacks, nothing may differ.
func TestNetIsLikeNet(t *testing.T) {
	for name, c := range runAll(t, newTestPrograms(t, func(source string) string { return source })) {
		switch c.Status {
		case conformance.Same:
		case conformance.Skipped:
			t.Logf("%s: skipped: %s", name, c.Detail)
		default:
			t.Errorf("%s: %s, want same:\n%s", name, c.Status, c.Detail)
		}
	}
}

// broken turns net into a stack that does everything wrong that the checks look
// at: it keeps a goroutine, makes a call of its own, orders what is unordered,
// loses the order of what is ordered, and its programs end where they should
// wait.
func broken(source string) string {
	return strings.NewReplacer(
		"	run()\n", "	go func() { time.Sleep(time.Hour) }()\n	run()\n",
		"		<-make(chan int)\n", "		panic(\"waits no more\")\n",
		"	synctest.Wait()\n", "	panic(\"waits no more\")\n",
		"goroutines beyond those that wait:", "as many goroutines:",
		"			confine(list)\n", "			confine(list)\n			os.Getppid()\n",
		"early.Load()", "early.Load()+1",
		"the bubble ended", "the bubble burst",
		"func(*testing.T) { f() }", "func(*testing.T) { panic(\"no bubble\") }",
		"shared++", "func() { order <- true; shared++; <-order }()",
		"var shared int", "var shared int\n\nvar order = make(chan bool, 1)",
		"func set() { shared = 42 }", "func set() {}",
		"shared == 1", "shared == 0",
		"	for range 100 {\n		roundTrip(c)\n", "	for range 100 {\n		use()\n		roundTrip(c)\n",
	).Replace(source)
}

func TestEveryCheckCanDiffer(t *testing.T) {
	// The tests below check what goroutines begin with.
	exempt := []string{"profile/cpu", "profile/trace"}
	p := newTestPrograms(t, broken)
	p.again = 0
	for name, c := range runAll(t, p) {
		switch {
		case c.Status == conformance.Differs && c.Detail != "":
		case c.Status == conformance.Skipped:
			t.Logf("%s: skipped: %s", name, c.Detail)
		case slices.Contains(exempt, name):
		default:
			t.Errorf("%s: %s, want it to differ", name, c.Status)
		}
	}
}

// A stack that does not compile is different, whatever net answers.
func TestProgramThatDoesNotBuildDiffers(t *testing.T) {
	p := newTestPrograms(t, func(source string) string { return source + "\nvar _ = nothing\n" })
	c := p.judge(t.Context(), &checks()[0])
	if c.Status != conformance.Differs || !strings.Contains(c.Detail, "undefined: nothing") {
		t.Errorf("check = %+v, want it to differ for what the compiler says", c)
	}
}

func TestChecksAreTheModesOfTheProgram(t *testing.T) {
	p := newTestPrograms(t, func(source string) string { return source })
	path, err := p.binary(t.Context(), plain, stackNet)
	if err != nil {
		t.Fatal(err)
	}
	r, err := runProgram(t.Context(), path, "list", hold)
	if err != nil || r.exit != "" {
		t.Fatalf("list = %+v, %v", r, err)
	}
	modes := strings.Fields(r.stdout)
	var checked []string
	for _, c := range checks() {
		checked = append(checked, c.mode)
		if !slices.Contains(modes, c.mode) {
			t.Errorf("the program has no mode %s", c.mode)
		}
	}
	for _, mode := range modes {
		if !slices.Contains(checked, mode) {
			t.Errorf("no check of mode %s", mode)
		}
	}
}

// Without these answers of net the comparison would be worth nothing.
func TestAnswersOfNet(t *testing.T) {
	p := newTestPrograms(t, func(source string) string { return source })
	want := map[string]string{
		"goroutines/while-read-waits":  "2 in IO wait, with internal/poll.runtime_pollWait on top\nNumGoroutine 3",
		"goleak/listener-waits":        "leak in IO wait, with internal/poll.runtime_pollWait on top",
		"deadlock/used-and-closed":     "exit status 2 fatal error: all goroutines are asleep - deadlock!",
		"deadlock/accept-waits":        waitsForEver,
		"race/racy/handlers":           raceSometimes,
		"race/ordered/conn":            raceNever,
		"rawconn/read-waits":           "0 of 400 came back before anything was readable",
		"profile/trace":                "no goroutine began with a function of the stack",
		"race-cover/racy/udp-handlers": raceSometimes,
	}
	for _, c := range checks() {
		if want[c.name] == "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			got, err := c.ask(t.Context(), p, &c, stackNet, effort{runs: harder.runs, held: hold})
			if err != nil {
				t.Skip("net cannot be asked:", err)
			}
			if got != want[c.name] {
				t.Errorf("net answers %q, want %q", got, want[c.name])
			}
		})
	}
}

// compared runs a check with made-up answers. Each stack gives its answers one
// after the other, and then repeats the last.
func compared(t *testing.T, answers map[string][]string, weak func(string) bool) conformance.Check {
	t.Helper()
	c := &check{name: "made/up", weak: weak}
	c.ask = func(_ context.Context, _ *programs, _ *check, stack string, _ effort) (string, error) {
		list := answers[stack]
		if len(list) == 0 {
			return "", &cannotError{"no answer"}
		}
		if len(list) > 1 {
			answers[stack] = list[1:]
		}
		return list[0], nil
	}
	p := &programs{again: 3}
	return p.judge(t.Context(), c)
}

func TestCompare(t *testing.T) {
	tests := []struct {
		name      string
		net, net2 []string
		weak      func(string) bool
		want      conformance.Status
	}{
		{"equal", []string{"a"}, []string{"a"}, always, conformance.Same},
		{"not equal", []string{"a"}, []string{"b"}, always, conformance.Differs},
		{"not equal, once", []string{"a"}, []string{"b", "a"}, always, conformance.Differs},
		{"net does it too", []string{"a", "a", "b"}, []string{"b"}, always, conformance.Same},
		{"weak, otherwise with more effort", []string{"a"}, []string{raceNever, "a"}, noRace, conformance.Same},
		{"weak, and stays so", []string{"a"}, []string{raceNever}, noRace, conformance.Differs},
		{"net cannot", nil, []string{"a"}, always, conformance.Skipped},
		{"net2 cannot", []string{"a"}, nil, always, conformance.Differs},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := compared(t, map[string][]string{stackNet: tt.net, stackNet2: tt.net2}, tt.weak)
			if c.Status != tt.want || (c.Status == conformance.Same) != (c.Detail == "") {
				t.Errorf("check = %+v, want %s", c, tt.want)
			}
		})
	}
}

func TestSampled(t *testing.T) {
	const out = `File: net2
-----------+-------------------------------------------------------
      10ms   syscall.Syscall
             main.echo (inline)
-----------+-------------------------------------------------------
      10ms   go.parity/runtime_hooks.poller
-----------+-------------------------------------------------------
`
	got := sampled(out)
	if want := []string{"main.echo", "go.parity/runtime_hooks.poller"}; !slices.Equal(got, want) {
		t.Errorf("sampled = %q, want %q", got, want)
	}
}

func TestBegan(t *testing.T) {
	const out = `M=1 P=0 G=1 StateTransition Time=1 GoID=6 NotExist->Runnable Reason=""
TransitionStack=
	go.parity/runtime_hooks.poller @ 0x47a540
		/a.go:44

M=1 P=0 G=1 StateTransition Time=1 GoID=6 Runnable->Running Reason=""
M=1 P=0 G=1 StateTransition Time=1 GoID=7 NotExist->Runnable Reason=""
TransitionStack=
	main.main.func1 @ 0x47a540
`
	got := began(out)
	if want := []string{"go.parity/runtime_hooks.poller", "main.main.func1"}; !slices.Equal(got, want) {
		t.Errorf("began = %q, want %q", got, want)
	}
	if got, want := beginnings(got), "goroutines began with go.parity/runtime_hooks.poller"; got != want {
		t.Errorf("beginnings = %q, want %q", got, want)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	p := &programs{again: 3}
	ctx, cancel := context.WithCancel(t.Context())
	c := check{name: "a", weak: always, ask: func(ctx context.Context, _ *programs, _ *check, _ string, _ effort) (string, error) {
		cancel()
		<-ctx.Done()
		return "", ctx.Err()
	}}
	reported := 0
	err := p.run(ctx, slices.Repeat([]check{c}, 20), func(string) bool { return true }, func(conformance.Check) { reported++ })
	if err == nil || reported > 0 {
		t.Errorf("run = %v with %d checks reported, want an error and none", err, reported)
	}
}
