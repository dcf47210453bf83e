package page

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"go.parity/conformance"
	"go.parity/conformance/api"
	"go.parity/conformance/bench"
	"go.parity/conformance/fault"
	"go.parity/conformance/programs"
	"go.parity/conformance/report"
	"go.parity/conformance/scenario"
	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// sample is a run in which a little of everything came up.
func sample() Data {
	observed := func(values ...any) *scenario.Recording {
		return &scenario.Recording{Observations: []scenario.Observation{{Name: "Close", Values: values}}}
	}
	call := func(name, result string, args ...string) *trace.Call {
		return &trace.Call{Name: name, Args: args, Result: result}
	}
	return Data{
		Report: &report.Report{
			Programs: samplePrograms(),
			Host:     report.Host{Kernel: "6.18", Go: "go1.26", Platform: "linux/amd64", CPUs: 2, Pollers: []string{"runtime", "epoll"}, User: "someone", Date: time.Unix(1e9, 0)},
			Parts: []report.Part{
				{Name: "api", Doc: "names", Counts: report.Counts{Checks: 2, Same: 1, Missing: 1}, Checks: []conformance.Check{
					{Name: "func Dial", Status: conformance.Same}, {Name: "func Other", Status: conformance.Missing},
				}},
				{Name: "stdtests", Doc: "net's tests", Counts: report.Counts{Checks: 2, Same: 1, Skipped: 1}, Checks: []conformance.Check{
					{Name: "TestDial", Status: conformance.Same},
					{Name: "TestInside", Status: conformance.Skipped, Detail: "reaches into <unexported> names"},
				}},
				{Name: "traffic", Poller: "epoll", Doc: "HTTP", Error: "no <evidence>"},
			},
			Verdict: report.Verdict{Result: report.Different, Text: "different: 1 of 4 checks differs",
				NotChecked: []report.NotChecked{{Reason: "needs root", Count: 3}}},
		},
		API: []api.Row{
			{Platform: "linux/amd64", Kind: api.Func, Name: "Dial", How: api.Ours, Status: conformance.Same},
			{Platform: "linux/amd64", Kind: api.Func, Name: "Other", Status: conformance.Missing, Detail: "is missing"},
			{Platform: "darwin/arm64", Kind: api.Func, Name: "Dial", How: api.Forward, Status: conformance.Same},
			{Platform: "darwin/arm64", Kind: api.Type, Name: "OnlyHere", How: api.Alias, Status: conformance.Same},
		},
		Scenarios: []scenario.Comparison{
			{Name: "tcp/close", Doc: "Close twice.", Outcome: scenario.Same, Net: observed("nil"), Net2: observed("nil")},
			{Name: "tcp/reset", Doc: "Reset.", Outcome: scenario.Differs, Detail: "-net +net2", Net: observed("EOF"), Net2: observed("ECONNRESET", int64(1))},
			{Name: "ip/raw", Doc: "Raw.", Outcome: scenario.Skipped, Skip: "needs root"},
		},
		Traces: []*trace.Diff{{
			Scenario: "accept", Step: "accept", Doc: "Accept.", Entries: []string{"local-addr-on-demand"}, NetCalls: 3, Net2Calls: 2,
			Rows: []trace.Row{
				{Net: call("accept4", "-1 EAGAIN", "listener"), Net2: call("accept4", "-1 EAGAIN", "listener"), Loop: trace.Loop{Calls: 1, Turns: 2}},
				{Net2: &trace.Call{Name: "epoll_pwait", Args: []string{"epoll"}, Result: "1", Poll: true}},
				{Net: call("getsockname", "0", "conn"), NetEntry: "local-addr-on-demand"},
				{Net2: call("close", "0", "conn <odd>")},
			},
		}},
		Faults: []fault.Row{{Operation: "read", Call: "read-1", Errnos: 140, Same: 139, Differs: 1}},
		Bench:  sampleBench(),
		Study:  "<!DOCTYPE html><p>the study</p>",
	}
}

func samplePrograms() *programs.Report {
	return &programs.Report{Date: time.Unix(1e9, 0), Go: "go1.26", Rows: []programs.Row{
		{Program: "example.com/dns", Version: "v1.2.3", Before: 77, Ways: []programs.Outcome{
			{Way: programs.Whole, Passed: 76, Regressions: []string{"dns.TestLost"}},
			{Way: programs.Rewritten, Note: "does not <compile>"},
		}},
		{Program: "example.com/gone", Version: "v1.0.0", Error: "cannot be fetched"},
	}}
}

func sampleBench() *bench.Report {
	result := func(key string, ratio float64) bench.Result {
		s := bench.Summary{N: 10, Median: ratio, Q1: ratio - .05, Q3: ratio + .05, Min: ratio - .1, Max: ratio + .2}
		to := map[bench.Metric]bench.Summary{bench.Throughput: s, bench.CPU: s, bench.P99: s, bench.PerConn: s}
		return bench.Result{
			Workload: bench.Workload{Key: key, Doc: "about " + key, Targets: []bench.Target{{Metric: bench.Throughput, Value: 0.95, Of: "net"}}},
			Impls: []bench.ImplResult{
				{Impl: "net"},
				{Impl: "net2", RatiosTo: map[string]map[bench.Metric]bench.Summary{"net": to}, Values: map[bench.Metric]bench.Summary{
					bench.Syscalls: {N: 1, Median: 3}, bench.CPU: {N: 10, Median: 5210, Q1: 5100, Q3: 5400}, bench.PerConn: {N: 10, Median: 3072},
				}},
				{Impl: "floor", RatiosTo: map[string]map[bench.Metric]bench.Summary{"net": to}},
				{Impl: "gnet", RatiosTo: map[string]map[bench.Metric]bench.Summary{"net": to}},
			},
		}
	}
	return &bench.Report{
		Date: time.Unix(1e9, 0), Rounds: 10, Command: []string{"bench"}, Impls: []string{"net", "net2", "floor", "gnet"},
		Notes:     []string{"peers: example.com/gnet@v1.0.0"},
		Machine:   bench.Machine{Kernel: "6.18", Processor: "a processor", Processors: 2, Go: "go1.26"},
		Workloads: []bench.Result{result("echo", 1.04), result("accept & close", 1.4), result("far", 3)},
	}
}

func write(t *testing.T, data Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// nodes returns the elements of a page, having parsed it as a browser does.
func nodes(t *testing.T, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// The page must not ask the network for anything, and its links must lead
// somewhere.
func TestPageIsSelfContained(t *testing.T) {
	page := write(t, sample())
	ids := map[string]bool{}
	all := nodes(t, page)
	for _, n := range all {
		id := attr(n, "id")
		if id != "" && ids[id] {
			t.Errorf("id %s is there twice", id)
		}
		ids[id] = true
	}
	for _, n := range all {
		for _, key := range []string{"src", "href", "srcset", "action", "data"} {
			v := attr(n, key)
			switch target, local := strings.CutPrefix(v, "#"); {
			case v == "" || strings.HasPrefix(v, "data:"):
			case !local:
				t.Errorf("<%s %s=%q> leads out of the page", n.Data, key, v)
			case !ids[target]:
				t.Errorf("<%s %s=%q> leads nowhere", n.Data, key, v)
			}
		}
	}
	for _, bad := range []string{"@import", "url(http", "ZgotmplZ", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
}

func TestPageHasAllParts(t *testing.T) {
	page := write(t, sample())
	for _, want := range []string{
		"different: 1 of 4 checks differs", "needs root", "6.18", // head
		"no &lt;evidence&gt;",                                 // a part that failed
		"TestInside", "reaches into &lt;unexported&gt; names", // standard tests
		"OnlyHere", `data-how="ours forward"`, "is missing", // API
		"tcp/reset", "&#34;ECONNRESET&#34;, 1", // scenario values
		"conn &lt;odd&gt;", "not a listed deviation", "#dev-local-addr-on-demand", "the goroutine parks", "this call 2 times", // traces
		"read-1", `<td data-label="differs" class="number differs">1</td>`, // faults
		"Throughput, ratio to net", "<svg", "1.04 [0.99–1.09]", "accept &amp; close", // benchmarks
		"Processor time per operation", "Memory for an idle connection", "5.21µs [5.1µs–5.4µs]", "3.0 KiB", "peers: example.com/gnet@v1.0.0",
		`<td data-label="net2 command" class="number">76</td>`, "dns.TestLost", "does not &lt;compile&gt;", "cannot be fetched", // programs
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %s", want)
		}
	}
	for _, d := range conformance.Deviations {
		if !strings.Contains(page, `id="dev-`+d.Name+`"`) {
			t.Errorf("deviation %s is not on the page", d.Name)
		}
	}
	for _, p := range way.Paths() {
		if !strings.Contains(page, `id="way-`+p.Name+`"`) {
			t.Errorf("path %s is not on the page", p.Name)
		}
	}
}

// What was not run is said to be so, and the rest of the page is there.
func TestPageSaysWhatWasNotRun(t *testing.T) {
	page := write(t, Data{})
	for _, want := range []string{
		"Nothing was run.", "The API was not compared.", "The scenarios were not run.", "These tests were not run.",
		"The system calls were not recorded.", "No call was made to fail.", "There is no run of the benchmarks to show.", "There is no run of other people's programs to show.", `id="way-accept"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the empty page does not contain %s", want)
		}
	}
}

func TestWriteReturnsTheErrorOfItsWriter(t *testing.T) {
	if err := Write(fullWriter{}, sample()); err != io.ErrShortWrite {
		t.Errorf("Write = %v, want %v", err, io.ErrShortWrite)
	}
}

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestObjectsJoinsPlatformsWithTheWorstFirst(t *testing.T) {
	list := objects(sample().API)
	var names []string
	for _, o := range list {
		names = append(names, o.Name)
	}
	if got, want := strings.Join(names, " "), "Other Dial OnlyHere"; got != want {
		t.Errorf("objects = %s, want %s", got, want)
	}
	if list[1].Hows != "ours forward" || len(list[1].On) != 2 {
		t.Errorf("Dial = %+v, want both platforms", list[1])
	}
}
