package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var missing = math.NaN()

func TestSummarize(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		want   Summary
	}{
		{"nothing", nil, Summary{}},
		{"nothing measured", []float64{missing, math.Inf(1)}, Summary{}},
		{"one", []float64{3}, Summary{1, 3, 3, 3, 3, 3}},
		{"odd, unsorted", []float64{5, 1, 4, 2, 3}, Summary{5, 3, 2, 4, 1, 5}},
		{"even interpolates", []float64{4, 1, 3, 2}, Summary{4, 2.5, 1.75, 3.25, 1, 4}},
		{"missing rounds do not count", []float64{missing, 2, missing, 1, 3}, Summary{3, 2, 1.5, 2.5, 1, 3}},
		{"an outlier moves the extreme alone", []float64{1, 1, 1, 1, 100}, Summary{5, 1, 1, 1, 1, 100}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := fmt.Sprint(test.values)
			if got := Summarize(test.values); got != test.want {
				t.Errorf("Summarize(%v) = %+v, want %+v", test.values, got, test.want)
			}
			if after := fmt.Sprint(test.values); after != before {
				t.Errorf("Summarize changed its argument from %v to %v", before, after)
			}
		})
	}
}

func TestRatiosPairRounds(t *testing.T) {
	for _, test := range []struct {
		name     string
		num, den []float64
		want     []float64
	}{
		{"drift of the machine cancels out", []float64{110, 220, 440}, []float64{100, 200, 400}, []float64{1.1, 1.1, 1.1}},
		{"a round without one side is left out", []float64{2, missing, 6, 8}, []float64{1, 2, missing, 4}, []float64{2, 2}},
		{"nothing over zero", []float64{1, 3}, []float64{0, 1}, []float64{3}},
		{"an unfinished run", []float64{4, 6}, []float64{2}, []float64{2}},
		{"nothing", nil, []float64{1}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Ratios(test.num, test.den)
			if !cmp.Equal(got, test.want, cmpopts.EquateApprox(1e-12, 0)) {
				t.Errorf("Ratios(%v, %v) = %v, want %v", test.num, test.den, got, test.want)
			}
		})
	}
}

func TestOrderIsBalanced(t *testing.T) {
	for n := 1; n <= 6; n++ {
		t.Run(fmt.Sprintf("n=%d", n), func(t *testing.T) {
			rounds := n
			if n%2 == 1 {
				rounds = 2 * n
			}
			type pair struct{ a, b int }
			places := make(map[pair]int)    // implementation, place
			followers := make(map[pair]int) // implementation, the next one
			for round := range rounds {
				order := Order(n, round)
				sorted := slices.Sorted(slices.Values(order))
				for i, v := range sorted {
					if v != i {
						t.Fatalf("Order(%d, %d) = %v, want each once", n, round, order)
					}
				}
				for place, impl := range order {
					places[pair{impl, place}]++
					if place > 0 {
						followers[pair{order[place-1], impl}]++
					}
				}
			}
			for at, got := range places {
				if want := rounds / n; got != want {
					t.Errorf("implementation %d has place %d in %d rounds, want %d", at.a, at.b, got, want)
				}
			}
			for at, got := range followers {
				if want := rounds / n; got != want {
					t.Errorf("implementation %d follows %d in %d rounds, want %d", at.b, at.a, got, want)
				}
			}
			if want := n * (n - 1); len(followers) != want {
				t.Errorf("%d pairs follow each other, want all %d", len(followers), want)
			}
		})
	}
}

// synthetic is a report of three rounds on a machine that gets faster and
// faster, with one cell that failed.
func synthetic() *Report {
	echo := Workload{ID: 1, Key: "echo", Doc: "echo", Kind: KindEcho, Targets: []Target{
		atLeast(Throughput, 1.05, "net"), atMost(CPU, 0.93, "net"), atMost(CPU, 1.08, "floor"), atMost(Allocs, 0, ""),
	}}
	calls := Workload{ID: 4, Key: "calls", Doc: "system calls", Kind: KindOnce, Counted: true, Targets: []Target{
		atMost(ConnCalls, 3, ""),
	}}
	return &Report{
		Rounds: 3, Seconds: 1, Impls: []string{"net", "net2", "floor"}, Counter: CountPerf,
		Workloads: []Result{
			{Workload: echo, Impls: []ImplResult{
				{Impl: "net", Samples: []Sample{
					{Throughput: 1000, CPU: 4000, P99: 50, Allocs: 0},
					{Throughput: 2000, CPU: 2000, P99: 40, Allocs: 0},
					{Throughput: 4000, CPU: 1000, P99: 30, Allocs: 0},
				}},
				{Impl: "net2", Samples: []Sample{
					{Throughput: 1100, CPU: 3600, P99: 50, Allocs: 0},
					nil,
					{Throughput: 4800, CPU: 900, P99: 45, Allocs: 0.001},
				}, Errors: []string{"round 2: it broke"}},
				{Impl: "floor", Samples: []Sample{{CPU: 3000}, {CPU: 1500}, {CPU: 750}}},
			}},
			{Workload: calls, Impls: []ImplResult{
				{Impl: "net", Counted: Sample{Syscalls: 13, ConnCalls: 10}, Calls: Counts{"accept4": 1, "read": 2, "rare": 0.001}},
				{Impl: "net2", Counted: Sample{Syscalls: 6, ConnCalls: 3.004}, Calls: Counts{"accept4": 1}},
				{Impl: "floor"},
			}},
		},
	}
}

func TestReportSummarizes(t *testing.T) {
	r := synthetic()
	r.summarize()
	approx := cmpopts.EquateApprox(1e-9, 0)

	net2 := r.Workloads[0].impl("net2")
	if got, want := net2.Values[Throughput], (Summary{2, 2950, 2025, 3875, 1100, 4800}); !cmp.Equal(got, want, approx) {
		t.Errorf("throughput of net2 = %+v, want %+v", got, want)
	}
	if got, want := net2.RatiosTo["net"][Throughput], (Summary{2, 1.15, 1.125, 1.175, 1.1, 1.2}); !cmp.Equal(got, want, approx) {
		t.Errorf("ratio of throughput to net = %+v, want %+v", got, want)
	}
	if got, want := net2.RatiosTo["net"][CPU], (Summary{2, 0.9, 0.9, 0.9, 0.9, 0.9}); !cmp.Equal(got, want, approx) {
		t.Errorf("ratio of CPU to net = %+v, want %+v", got, want)
	}
	if got, want := net2.RatiosTo["floor"][CPU].Median, 1.2; math.Abs(got-want) > 1e-9 {
		t.Errorf("ratio of CPU to the floor = %v, want %v", got, want)
	}
	if got := r.Workloads[0].impl("net").RatiosTo["net"]; got != nil {
		t.Errorf("ratio of net to itself = %v, want none", got)
	}

	var met []bool
	for _, s := range r.Standings() {
		met = append(met, s.Met)
	}
	// 0.001 allocations count as 0, and 3.004 calls as 3, as the tables print
	// them.
	if want := []bool{true, true, false, true, true}; !slices.Equal(met, want) {
		t.Errorf("targets met: %v, want %v", met, want)
	}
	if got, want := r.Failures(), []string{"echo on net2: round 2: it broke"}; !slices.Equal(got, want) {
		t.Errorf("Failures() = %q, want %q", got, want)
	}
}

func TestReportJSONRoundTrip(t *testing.T) {
	r := synthetic()
	r.summarize()
	var buf bytes.Buffer
	if err := r.WriteJSON(&buf); err != nil {
		t.Fatal(err)
	}
	got, err := ReadJSON(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a report that was written and read differs (-written +read):\n%s", diff)
	}
}

func TestReportTable(t *testing.T) {
	r := synthetic()
	r.summarize()
	var buf bytes.Buffer
	if err := r.WriteTable(&buf); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2,950", "1.15 [1.12–1.17]", "2.25µs [1.58µs–2.93µs]", "accept4 1.00", "read 2.00",
		"throughput ≥ 1.05 of net", "connection calls ≤ 3", "met", "missed",
		"echo on net2: round 2: it broke",
	} {
		if !strings.Contains(buf.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, buf.String())
		}
	}
	if cpu, rate := strings.Index(buf.String(), "CPU/op"), strings.Index(buf.String(), "op/s"); cpu > rate {
		t.Errorf("the throughput stands before the processor time:\n%s", buf.String())
	}
	if strings.Contains(buf.String(), "rare") {
		t.Errorf("the table has a call that hardly ever happened:\n%s", buf.String())
	}
}

func TestReportSVG(t *testing.T) {
	for _, test := range []struct {
		name   string
		report *Report
		dots   int // one for each implementation in a legend, one for each median
	}{{"measured", synthetic(), 4 + 4}, {"empty", new(Report), 0}} {
		t.Run(test.name, func(t *testing.T) {
			test.report.summarize()
			var buf bytes.Buffer
			if err := test.report.WriteSVG(&buf); err != nil {
				t.Fatal(err)
			}
			if got := countElements(t, &buf)["circle"]; got != test.dots {
				t.Errorf("the picture has %d dots, want %d", got, test.dots)
			}
		})
	}
}

// countElements counts the elements of a well-formed document by name.
func countElements(t *testing.T, r io.Reader) map[string]int {
	t.Helper()
	count := make(map[string]int)
	for dec := xml.NewDecoder(r); ; {
		token, err := dec.Token()
		if err == io.EOF {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
}

// A measurement stands in the chart where its ratio puts it, and far ratios
// stand at the chart's end.
func TestChartPlacesRatios(t *testing.T) {
	c := NewChart(synthetic().Workloads, Throughput)
	if len(c.Rows) != 0 || len(c.Series) != 0 {
		t.Errorf("before it is summarized, a report has %d rows and %d series, want none", len(c.Rows), len(c.Series))
	}
	r := synthetic()
	r.summarize()
	c = NewChart(r.Workloads, CPU)
	if len(c.Rows) != 1 || len(c.Series) != 2 || c.Series[0].Impl != "net2" || c.Series[1].Impl != "floor" {
		t.Errorf("the chart has the rows %v and the series %v, want one row, with net2 and floor", c.Rows, c.Series)
	}
	if half := (c.x(0) + c.x(farRatio)) / 2; math.Abs(c.x(farRatio/2)-half) > 1e-9 {
		t.Errorf("the ratio in the middle stands at %v, want %v", c.x(farRatio/2), half)
	}
	if c.x(farRatio) != chartWidth-chartMargin || c.x(2*farRatio) != c.x(farRatio) {
		t.Errorf("far ratios stand at %v and %v, want both at the end, %v", c.x(farRatio), c.x(2*farRatio), chartWidth-chartMargin)
	}
}

// However many implementations there are, the lines of each stand apart, and
// those of one workload within its row.
func TestChartSeparatesLines(t *testing.T) {
	for n := 1; n <= len(allSeries()); n++ {
		c := Chart{Series: allSeries()[:n], Rows: make([]Result, 3)}
		last := math.Inf(-1)
		for row := range c.Rows {
			for series := range c.Series {
				y := c.y(row, series)
				if y-last < lane-1e-9 {
					t.Errorf("%d implementations: line %d of row %d is %v below the one before, want at least %v", n, series, row, y-last, lane)
				}
				if y < float64(row)*c.rowHeight() || y > float64(row+1)*c.rowHeight() {
					t.Errorf("%d implementations: line %d of row %d leaves the row: %v", n, series, row, y)
				}
				last = y
			}
		}
		if last > c.Height()-axisHeight {
			t.Errorf("%d implementations: the last line stands at %v, below the axis at %v", n, last, c.Height()-axisHeight)
		}
	}
}

// A peer has no line where it was not measured, and a colour in the picture
// where it was.
func TestReportShowsPeers(t *testing.T) {
	r := synthetic()
	r.Impls = append(r.Impls, "gnet")
	r.Workloads[0].Impls = append(r.Workloads[0].Impls, ImplResult{Impl: "gnet", Samples: []Sample{{CPU: 3800}, {CPU: 1900}, {CPU: 950}}})
	r.summarize()
	if got := r.Workloads[0].impl("gnet").RatiosTo["net"][CPU]; math.Abs(got.Median-0.95) > 1e-9 || got.N != 3 {
		t.Errorf("the ratio of gnet's processor time to net's = %+v, want 0.95 of three rounds", got)
	}
	var table, picture bytes.Buffer
	if err := errors.Join(r.WriteTable(&table), r.WriteSVG(&picture)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(table.String(), "gnet"); got != 1 {
		t.Errorf("the table has %d lines of gnet, want that of the one workload:\n%s", got, table.String())
	}
	impl, _ := lookup("gnet")
	if got := strings.Count(picture.String(), `<circle`); got != 4+4+2 || !strings.Contains(picture.String(), impl.color) {
		t.Errorf("the picture has %d dots, want %d, two of them in gnet's colour", got, 4+4+2)
	}
}

// Memory has a place in the picture once idle connections were measured.
func TestPictureOfIdleConnections(t *testing.T) {
	r := &Report{Workloads: []Result{{
		Workload: Workload{Key: "idle", Kind: KindIdle, Targets: []Target{atMost(PerConn, 1, "net")}},
		Impls:    []ImplResult{{Impl: "net", Samples: []Sample{{PerConn: 4000}}}, {Impl: "net2", Samples: []Sample{{PerConn: 3000}}}},
	}}}
	r.summarize()
	var picture bytes.Buffer
	if err := r.WriteSVG(&picture); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(picture.String(), "memory for an idle connection") || strings.Contains(picture.String(), "throughput") {
		t.Errorf("the picture should show memory alone:\n%s", picture.String())
	}
	got := r.Standings()
	if len(got) != 1 || got[0].Measured() != "0.75" || got[0].Verdict() != "met" {
		t.Errorf("Standings() = %+v, want one target, met with 0.75", got)
	}
}

// Each workload with a rate or with latencies has the bounds for them.
func TestWorkloadsHaveBounds(t *testing.T) {
	for _, w := range Workloads() {
		throughput := slices.Contains(w.Targets, atLeast(Throughput, 0.97, "net"))
		if timed := !w.Counted && w.Kind != KindIdle; throughput != timed {
			t.Errorf("%s is timed: %t, and has a bound for its throughput: %t", w.Key, timed, throughput)
		}
		latency := slices.Contains(w.Targets, atMost(P99, 1.05, "net"))
		if has := !w.Counted && w.Kind != KindIdle && w.Kind != KindStream && w.Kind != KindSplice; latency != has {
			t.Errorf("%s has latencies: %t, and a bound for them: %t", w.Key, has, latency)
		}
	}
}

func TestStandingVerdict(t *testing.T) {
	for _, test := range []struct {
		standing          Standing
		measured, verdict string
	}{
		{Standing{Target: atMost(CPU, 0.92, "net")}, "–", "not measured"},
		{Standing{Target: atMost(CPU, 0.92, "net"), Got: Summary{N: 10, Median: 0.9, Q1: 0.88, Q3: 0.93}, Met: true}, "0.90 [0.88–0.93]", "met"},
		{Standing{Target: atMost(Allocs, 0, ""), Got: Summary{N: 10, Median: 1.5}}, "1.50", "missed"},
	} {
		if got := test.standing.Measured(); got != test.measured {
			t.Errorf("Measured() = %q, want %q", got, test.measured)
		}
		if got := test.standing.Verdict(); got != test.verdict {
			t.Errorf("Verdict() = %q, want %q", got, test.verdict)
		}
	}
}

func TestWorkloadsAreWellFormed(t *testing.T) {
	keys := make(map[string]bool)
	ids := make(map[int]bool)
	for _, w := range Workloads() {
		if keys[w.Key] {
			t.Errorf("two workloads have the key %q", w.Key)
		}
		keys[w.Key], ids[w.ID] = true, true
		if len(w.Targets) == 0 || w.Conns == 0 || w.Doc == "" {
			t.Errorf("workload %q lacks targets, connections or a description: %+v", w.Key, w)
		}
	}
	for id := 1; id <= 15; id++ {
		if !ids[id] {
			t.Errorf("no workload has the number %d", id)
		}
	}
}

func TestSelect(t *testing.T) {
	for _, test := range []struct {
		list string
		want string
	}{
		{"3", "once-64"},
		{"10, 3", "once-64 udp-64 udp-1200"},
		{"udp-64,10,12", "udp-64 udp-1200 accept dial"},
	} {
		ws, err := Select(test.list)
		var keys []string
		for _, w := range ws {
			keys = append(keys, w.Key)
		}
		if got := strings.Join(keys, " "); err != nil || got != test.want {
			t.Errorf("Select(%q) = %s, %v, want %s", test.list, got, err, test.want)
		}
	}
	if all, err := Select(""); err != nil || len(all) != len(Workloads()) {
		t.Errorf("Select(\"\") = %d workloads, %v, want all %d", len(all), err, len(Workloads()))
	}
	for _, list := range []string{"99", "echo", "3,"} {
		if ws, err := Select(list); err == nil {
			t.Errorf("Select(%q) = %d workloads, want an error", list, len(ws))
		}
	}
}

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		metric Metric
		value  float64
		want   string
	}{
		{Throughput, 1234567.4, "1,234,567"},
		{Throughput, 29.94, "29.9"},
		{CPU, 5341.7, "5.34µs"},
		{P99, 18_220_000, "18.22ms"},
		{P999, 312, "312ns"},
		{Resident, 12.5 * (1 << 20), "12.5 MiB"},
		{PerConn, 57, "57 B"},
		{Allocs, 7.966, "7.97"},
	} {
		if got := format(test.metric, test.value); got != test.want {
			t.Errorf("format(%s, %v) = %s, want %s", test.metric, test.value, got, test.want)
		}
	}
}
