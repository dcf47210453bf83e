package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// A Machine describes the machine on which a report was measured.
type Machine struct {
	Kernel     string `json:"kernel"`
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Go         string `json:"go"`
	Arch       string `json:"arch"`
}

// A Report is the result of a run.
type Report struct {
	Date      time.Time `json:"date"`
	Command   []string  `json:"command,omitempty"`
	Machine   Machine   `json:"machine"`
	Rounds    int       `json:"rounds"`
	Seconds   float64   `json:"seconds"` // for each cell
	Impls     []string  `json:"impls"`
	Counter   string    `json:"counter"` // how system calls were counted
	Notes     []string  `json:"notes,omitempty"`
	Workloads []Result  `json:"workloads"`
}

// A Result holds the measurements of one workload.
type Result struct {
	Workload Workload     `json:"workload"`
	Impls    []ImplResult `json:"impls"`
}

// An ImplResult holds the measurements of one implementation.
type ImplResult struct {
	Impl     string                        `json:"impl"`
	Samples  []Sample                      `json:"samples"`         // by round; nil if the cell failed
	Calls    map[string]float64            `json:"calls,omitempty"` // system calls per operation, by name
	Counted  Sample                        `json:"counted,omitempty"`
	Errors   []string                      `json:"errors,omitempty"`
	Values   map[Metric]Summary            `json:"values,omitempty"`
	RatiosTo map[string]map[Metric]Summary `json:"ratios_to,omitempty"` // by the other implementation
}

// A Sample is what one cell measured.
type Sample map[Metric]float64

// metrics lists the metrics in the order of the tables.
var metrics = []Metric{
	CPU, Throughput, P50, P99, P999, Syscalls, ConnCalls, Allocs, AllocBytes, Resident, PerConn, Beside, LoadCPU,
}

// series lists a metric round by round, with NaN where it was not measured.
func (r *ImplResult) series(m Metric) []float64 {
	s := make([]float64, len(r.Samples))
	for i, sample := range r.Samples {
		v, ok := sample[m]
		if !ok {
			v = math.NaN()
		}
		s[i] = v
	}
	return s
}

func (r *Result) impl(name string) *ImplResult {
	for i := range r.Impls {
		if r.Impls[i].Impl == name {
			return &r.Impls[i]
		}
	}
	return nil
}

// bases are the implementations that others are compared with.
var bases = []string{"net", "floor"}

// summarize fills in what follows from the samples.
func (r *Report) summarize() {
	for i := range r.Workloads {
		res := &r.Workloads[i]
		for k := range res.Impls {
			impl := &res.Impls[k]
			impl.Values = make(map[Metric]Summary)
			impl.RatiosTo = make(map[string]map[Metric]Summary)
			for _, m := range metrics {
				if s := Summarize(impl.series(m)); s.N > 0 {
					impl.Values[m] = s
				} else if v, ok := impl.Counted[m]; ok {
					impl.Values[m] = Summarize([]float64{v})
				}
			}
			for _, name := range bases {
				base := res.impl(name)
				if base == nil || base == impl {
					continue
				}
				to := make(map[Metric]Summary)
				for _, m := range metrics {
					if s := Summarize(Ratios(impl.series(m), base.series(m))); s.N > 0 {
						to[m] = s
					}
				}
				if len(to) > 0 {
					impl.RatiosTo[name] = to
				}
			}
		}
	}
}

// Failures lists the cells that failed.
func (r *Report) Failures() []string {
	var list []string
	for _, res := range r.Workloads {
		for _, impl := range res.Impls {
			for _, err := range impl.Errors {
				list = append(list, res.Workload.Key+" on "+impl.Impl+": "+err)
			}
		}
	}
	return list
}

// WriteJSON writes the report so that [ReadJSON] reads it.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// ReadJSON reads a report.
func ReadJSON(r io.Reader) (*Report, error) {
	var report Report
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return nil, err
	}
	return &report, nil
}

// target is the implementation for which the targets are set.
const target = "net2"

// A Standing is a target with the measurement, and says whether net2 met it.
type Standing struct {
	Workload Workload
	Target   Target
	Got      Summary // N is 0 if nothing was measured
	Met      bool
}

// Measured is what net2 has where the target asks for something.
func (s Standing) Measured() string {
	if s.Target.Of == "" && s.Got.N > 0 {
		return format(s.Target.Metric, s.Got.Median)
	}
	return ratio(s.Got)
}

// Verdict says in words whether net2 met the target.
func (s Standing) Verdict() string {
	switch {
	case s.Got.N == 0:
		return "not measured"
	case s.Met:
		return "met"
	}
	return "missed"
}

// Standings lists the targets, and says of each whether net2 with the default poller met
// it.
func (r *Report) Standings() []Standing {
	var list []Standing
	for _, res := range r.Workloads {
		for _, t := range res.Workload.Targets {
			s := Standing{Workload: res.Workload, Target: t}
			if impl := res.impl(target); impl != nil {
				if t.Of == "" {
					s.Got = impl.Values[t.Metric]
				} else {
					s.Got = impl.RatiosTo[t.Of][t.Metric]
				}
			}
			s.Met = s.Got.N > 0 && t.Met(s.Got.Median)
			list = append(list, s)
		}
	}
	return list
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	p := &printer{w: w}
	p.printf("%s · %s, %d processors · Linux %s · %s %s\n",
		r.Date.Format(time.DateTime), r.Machine.Processor, r.Machine.Processors, r.Machine.Kernel, r.Machine.Go, r.Machine.Arch)
	p.printf("%d rounds of %v a cell; ratios to net pair by pair: median [quartiles]; system calls counted by %s\n",
		r.Rounds, time.Duration(r.Seconds*float64(time.Second)), r.Counter)
	for _, note := range r.Notes {
		p.printf("note: %s\n", note)
	}
	for _, res := range r.Workloads {
		p.workload(res)
	}
	p.standings(r.Standings())
	if failures := r.Failures(); len(failures) > 0 {
		p.printf("\nfailed\n")
		for _, f := range failures {
			p.printf("  %s\n", f)
		}
	}
	return p.err
}

// A printer keeps the first error of its writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// table writes lines of cells as columns.
func (p *printer) table(lines [][]string) {
	tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, cells := range lines {
		if p.err == nil {
			_, p.err = fmt.Fprintln(tw, "  "+strings.Join(cells, "\t"))
		}
	}
	if err := tw.Flush(); p.err == nil {
		p.err = err
	}
}

func (p *printer) workload(res Result) {
	w := res.Workload
	p.printf("\n%d  %s  (%s)\n", w.ID, w.Doc, w.Key)
	var shown []Metric
	for _, m := range metrics {
		for i := range res.Impls {
			if res.Impls[i].Values[m].N > 0 {
				shown = append(shown, m)
				break
			}
		}
	}
	head := []string{""}
	for _, m := range shown {
		head = append(head, heads[m])
		if ratioShown(m) {
			head = append(head, "×net")
		}
	}
	lines := [][]string{head}
	for _, impl := range res.Impls {
		line := []string{impl.Impl}
		for _, m := range shown {
			line = append(line, Value(m, impl.Values[m]))
			if ratioShown(m) {
				line = append(line, ratio(impl.RatiosTo["net"][m]))
			}
		}
		lines = append(lines, line)
	}
	p.table(lines)
	for _, impl := range res.Impls {
		if len(impl.Calls) > 0 {
			p.printf("  %-*s  %s\n", 12, impl.Impl, Counts(impl.Calls))
		}
	}
}

func (p *printer) standings(list []Standing) {
	p.printf("\ntargets of %s\n", target)
	lines := [][]string{{"", "workload", "target", "measured", ""}}
	for _, s := range list {
		lines = append(lines, []string{strconv.Itoa(s.Workload.ID), s.Workload.Key, s.Target.String(), s.Measured(), s.Verdict()})
	}
	p.table(lines)
}

var heads = map[Metric]string{
	Throughput: "op/s",
	CPU:        "CPU/op",
	P50:        "p50",
	P99:        "p99",
	P999:       "p99.9",
	Syscalls:   "calls/op",
	ConnCalls:  "conn calls",
	Allocs:     "allocs/op",
	AllocBytes: "B/op",
	Resident:   "resident",
	PerConn:    "per conn",
	Beside:     "beside/s",
	LoadCPU:    "load CPUs",
}

// ratioShown reports whether the tables have a column for m's ratio to net.
func ratioShown(m Metric) bool {
	switch m {
	case Throughput, CPU, P50, P99, P999, PerConn, Beside:
		return true
	}
	return false
}

// format writes a value of m with its unit.
func format(m Metric, v float64) string {
	switch m {
	case Throughput, Beside:
		if v < 1000 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return thousands(int64(v + 0.5))
	case CPU, P50, P99, P999:
		return shortDuration(time.Duration(v))
	case Resident, PerConn:
		return bytesOf(v)
	case AllocBytes:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// Value writes the measurements of m. Only that of the processor time, which is
// the first to look at, has its quartiles; those of the others would fill a
// second screen, and their ratios have them.
func Value(m Metric, s Summary) string {
	switch {
	case s.N == 0:
		return "–"
	case m != CPU || s.N == 1:
		return format(m, s.Median)
	}
	return fmt.Sprintf("%s [%s–%s]", format(m, s.Median), format(m, s.Q1), format(m, s.Q3))
}

func ratio(s Summary) string {
	switch s.N {
	case 0:
		return "–"
	case 1:
		return strconv.FormatFloat(s.Median, 'f', 2, 64)
	}
	return fmt.Sprintf("%.2f [%.2f–%.2f]", s.Median, s.Q1, s.Q3)
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func shortDuration(d time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= unit {
			return d.Round(unit / 100).String()
		}
	}
	return d.String()
}

func bytesOf(v float64) string {
	const units = "KMG"
	if math.Abs(v) < 1<<10 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " B"
	}
	i := -1
	for math.Abs(v) >= 1<<10 && i+1 < utf8.RuneCountInString(units) {
		v /= 1 << 10
		i++
	}
	return fmt.Sprintf("%.1f %ciB", v, units[i])
}
