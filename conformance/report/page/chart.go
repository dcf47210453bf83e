package page

import (
	"fmt"
	"html/template"

	"go.parity/conformance/bench"
)

// A chart is a picture of one metric.
type chart struct {
	Title string
	Alt   string
	Impls []implementation // what the colours stand for
	SVG   template.HTML
}

var charted = []struct {
	metric bench.Metric
	title  string
}{
	{bench.CPU, "Processor time per operation, ratio to net: further left is better"},
	{bench.Throughput, "Throughput, ratio to net: further right is better"},
	{bench.P99, "99th percentile of the latency, ratio to net: further left is better"},
	{bench.PerConn, "Memory for an idle connection, ratio to net: further left is better"},
}

// An implementation is one of those that are compared with net.
type implementation struct {
	Name  string
	Color template.CSS
}

// drawCharts draws the ratios to net in each metric that was measured.
func drawCharts(r *bench.Report) []chart {
	if r == nil {
		return nil
	}
	var charts []chart
	for _, m := range charted {
		drawn := bench.NewChart(r.Workloads, m.metric)
		if len(drawn.Rows) == 0 {
			continue
		}
		c := chart{Title: m.title, Alt: altText(drawn.Rows, m.metric), SVG: template.HTML(drawn.SVG())}
		for _, s := range drawn.Series {
			c.Impls = append(c.Impls, implementation{s.Impl, template.CSS(s.Color)})
		}
		charts = append(charts, c)
	}
	return charts
}

// altText says what the chart shows of net2.
func altText(shown []bench.Result, m bench.Metric) string {
	s := "net2 compared with net"
	for _, res := range shown {
		if r := ratio(res, "net2", m); r.N > 0 {
			s += fmt.Sprintf("; %s %.2f", res.Workload.Key, r.Median)
		}
	}
	return s
}

func ratio(res bench.Result, impl string, m bench.Metric) bench.Summary {
	for _, i := range res.Impls {
		if i.Impl == impl {
			return i.RatiosTo["net"][m]
		}
	}
	return bench.Summary{}
}

// A benchRow is one line of the table under the charts.
type benchRow struct {
	Workload, Doc, Impl           string
	Time, Memory, Calls           string // as measured
	CPU, Throughput, P99, PerConn string // ratios to net
}

func benchRows(r *bench.Report) []benchRow {
	if r == nil {
		return nil
	}
	var rows []benchRow
	for _, res := range r.Workloads {
		for _, impl := range res.Impls {
			to, values := impl.RatiosTo["net"], impl.Values
			rows = append(rows, benchRow{
				Workload: res.Workload.Key, Doc: res.Workload.Doc, Impl: impl.Impl,
				Time: valueText(bench.CPU, values), Memory: valueText(bench.PerConn, values), Calls: valueText(bench.Syscalls, values),
				CPU: ratioText(to[bench.CPU]), Throughput: ratioText(to[bench.Throughput]),
				P99: ratioText(to[bench.P99]), PerConn: ratioText(to[bench.PerConn]),
			})
		}
	}
	return rows
}

// valueText writes what was measured of m, like bench's table.
func valueText(m bench.Metric, values map[bench.Metric]bench.Summary) string {
	if values[m].N == 0 {
		return ""
	}
	return bench.Value(m, values[m])
}

func ratioText(s bench.Summary) string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f [%.2f–%.2f]", s.Median, s.Q1, s.Q3)
}
