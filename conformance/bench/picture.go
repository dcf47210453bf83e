package bench

import (
	"fmt"
	"io"
)

// panels are the parts of the picture, from the top.
var panels = []struct {
	metric Metric
	title  string
}{
	{CPU, "server CPU per operation, ratio to net (lower is better)"},
	{Throughput, "throughput, ratio to net (higher is better)"},
	{P99, "p99 latency, ratio to net (lower is better)"},
	{PerConn, "memory for an idle connection, ratio to net (lower is better)"},
}

// WriteSVG draws the ratios to net as a file: a [Chart] for each metric, and
// above them what was measured and on which machine.
func (r *Report) WriteSVG(w io.Writer) error {
	const (
		margin = 12.0
		line   = 1.6 * fontSize
	)
	var d drawing
	y := margin + fontSize
	for _, s := range []string{
		"compared with net on loopback · " + r.Date.Format("2006-01-02"),
		fmt.Sprintf("%s, %d processors", r.Machine.Processor, r.Machine.Processors),
		fmt.Sprintf("Linux %s · %s · %d rounds", r.Machine.Kernel, r.Machine.Go, r.Rounds),
	} {
		d.text(margin, y, "start", s)
		y += line
	}
	for _, panel := range panels {
		c := NewChart(r.Workloads, panel.metric)
		if len(c.Rows) == 0 {
			continue
		}
		y += line
		d.text(margin, y, "start", panel.title)
		y += line
		d.legend(c.Series, margin, y)
		y += line / 2
		fmt.Fprintf(&d, `<g transform="translate(%.1f %.1f)">`, margin, y)
		c.draw(&d)
		d.WriteString("</g>")
		y += c.Height()
	}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %.1f" width="%[1]f" height="%[2]f" font-family="sans-serif" font-size="%[3]d">`+
		`<rect width="100%%" height="100%%" fill="white"/>%s</svg>`+"\n", chartWidth+2*margin, y+margin, fontSize, d.String())
	return err
}

// legend says in a line what the colours stand for.
func (d *drawing) legend(series []Series, x, y float64) {
	for _, s := range series {
		d.dot(x+3, y-0.35*fontSize, s.Color)
		d.text(x+10, y, "start", s.Impl)
		x += 26 + letterWidth*float64(len(s.Impl))
	}
}
