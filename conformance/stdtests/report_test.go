package stdtests

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyVerdict has a test for each verdict on the default build.
func everyVerdict() *Report {
	test := func(name string, net, net2 Outcome) *Test {
		return &Test{Package: "net", Name: name, Ours: true, Net: net, Net2: map[string]Outcome{DefaultBuild: net2}}
	}
	passed := Outcome{Status: Passed}
	return &Report{
		GoVersion: "go1.26.0", Root: true, Short: true, Builds: []string{DefaultBuild},
		Tests: []*Test{
			test("TestPassed", passed, passed),
			test("TestUnsteady", passed, Outcome{Status: Passed, Unsteady: true, Detail: "too slow"}),
			test("TestFailed", passed, Outcome{Status: Failed, Detail: "want 1\ngot 2"}),
			test("TestSkippedForNet2", passed, Outcome{Status: Skipped, Detail: "not here"}),
			test("TestSkipped", Outcome{Status: Skipped}, Outcome{Status: Skipped, Detail: "not here"}),
			test("TestFailsForNet", Outcome{Status: Failed, Detail: "no network"}, Outcome{}),
			{Package: "net", Name: "TestNetOnly", LeftOut: &LeftOut{Names: []string{"parsePort"}, NetOnly: true}},
			{Package: "net", Name: "TestLeftOut", LeftOut: &LeftOut{Names: []string{"netFD.x", "netFD.y"}}},
			{Package: "net", Name: "TestNotRun"},
			test("TestMain", passed, passed),
		},
	}
}

func TestWriteText(t *testing.T) {
	const want = `The standard library's tests, go1.26.0, as root, -short

net2
  net  9 tests: 2 passed, 2 failed, 1 skipped, 1 not counted, 2 left out, 1 not run, 1 of the passed failed at first, 2 of the passed reach net2's own code
passed       net.TestPassed
passed       net.TestUnsteady: it failed at first, and passed when it ran again: too slow
failed       net.TestFailed
             want 1
             got 2
failed       net.TestSkippedForNet2
             it skips itself for net2 only: not here
skipped      net.TestSkipped: not here
not counted  net.TestFailsForNet: no network
left out     net.TestNetOnly: it tests nothing but net's own parsePort
left out     net.TestLeftOut: it needs netFD.x, netFD.y
not run      net.TestNotRun
passed       net.TestMain
`
	var got bytes.Buffer
	if err := everyVerdict().WriteText(&got, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("WriteText (-want +got):\n%s", diff)
	}
}

func TestReportSurvivesJSON(t *testing.T) {
	want := everyVerdict()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got := new(Report)
	if err := json.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after JSON (-want +got):\n%s", diff)
	}
}

func TestLeftOutCountsReasons(t *testing.T) {
	r := everyVerdict()
	r.Tests = append(r.Tests, &Test{Package: "net", Name: "TestToo", LeftOut: &LeftOut{Names: []string{"netFD.y"}}})
	want := []Reason{{"netFD.y", 2}, {"netFD.x", 1}, {"parsePort", 1}}
	if diff := cmp.Diff(want, r.LeftOut()); diff != "" {
		t.Errorf("LeftOut (-want +got):\n%s", diff)
	}
}
