package bench

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// A Series is an implementation as charts show it.
type Series struct {
	Impl  string
	Color string // as CSS writes it
}

// allSeries returns the implementations in the order in which charts show them.
func allSeries() []Series {
	var all []Series
	for _, impl := range implementations {
		if impl.color != "" {
			all = append(all, Series{impl.name, impl.color})
		}
	}
	return all
}

// A Chart is a picture of the ratios to net in one metric. It has a row for
// each workload; every other row is shaded. In the row each implementation has its median as a dot, its
// quartiles as a thick line and its extremes as a thin line. Dashes mark the
// targets of net2.
type Chart struct {
	Series []Series // the implementations that were measured
	Rows   []Result // the workloads, from the top

	metric Metric
	names  float64 // how wide the names of the workloads are
}

// NewChart makes a chart of the workloads that compare some implementation with
// net.
func NewChart(workloads []Result, m Metric) Chart {
	c := Chart{metric: m}
	c.Rows = slices.DeleteFunc(slices.Clone(workloads), func(res Result) bool {
		return !slices.ContainsFunc(allSeries(), func(s Series) bool { return c.ratio(res, s.Impl).N > 0 })
	})
	c.Series = slices.DeleteFunc(allSeries(), func(s Series) bool {
		return !slices.ContainsFunc(c.Rows, func(res Result) bool { return c.ratio(res, s.Impl).N > 0 })
	})
	for _, res := range c.Rows {
		c.names = max(c.names, letterWidth*float64(len(res.Workload.Key)))
	}
	return c
}

func (c Chart) ratio(res Result, impl string) Summary {
	if i := res.impl(impl); i != nil {
		return i.RatiosTo["net"][c.metric]
	}
	return Summary{}
}

// Lengths in a chart, in pixels.
const (
	chartWidth  = 480.0
	lane        = 5.0  // from one implementation's line to the next one's
	rowGap      = 12.0 // from the last line of a row to the first of the next, at least
	axisHeight  = 24.0
	chartMargin = 16.0 // half the number at the end of the axis
	letterWidth = 6.4  // the width of an average letter, rounded up
	fontSize    = 11
)

// farRatio is the highest ratio in a chart; higher ratios are drawn there.
const farRatio = 2.0

// Height is the height of the picture. All pictures have the same width.
func (c Chart) Height() float64 { return c.rowHeight()*float64(len(c.Rows)) + axisHeight }

// rowHeight leaves room for the name of the workload and for a line for each
// implementation.
func (c Chart) rowHeight() float64 { return max(2*fontSize, lane*float64(len(c.Series)-1)+rowGap) }

// y is the vertical position of an implementation's line in a row.
func (c Chart) y(row, series int) float64 {
	return c.middle(row) + lane*(float64(series)-float64(len(c.Series)-1)/2)
}

func (c Chart) middle(row int) float64 { return c.rowHeight() * (float64(row) + 0.5) }

// SVG returns the picture as an element of a page. The picture takes its font
// and the colour of its text from the page.
func (c Chart) SVG() string {
	var d drawing
	fmt.Fprintf(&d, `<svg role="img" viewBox="0 0 %.1f %.1f" font-size="%d">`, chartWidth, c.Height(), fontSize)
	c.draw(&d)
	d.WriteString("</svg>")
	return d.String()
}

func (c Chart) draw(d *drawing) {
	for i := 1; i < len(c.Rows); i += 2 {
		d.band(c.rowHeight()*float64(i), c.rowHeight())
	}
	c.axis(d)
	for i, res := range c.Rows {
		middle := c.middle(i)
		d.text(c.names, middle+0.35*fontSize, "end", res.Workload.Key)
		for k, s := range c.Series {
			c.mark(d, c.ratio(res, s.Impl), c.y(i, k), s.Color)
		}
		for _, target := range res.Workload.Targets {
			if target.Metric == c.metric && target.Of == "net" {
				x := c.x(target.Value)
				d.line(x, middle-0.4*c.rowHeight(), x, middle+0.4*c.rowHeight(), `stroke="#d1242f" stroke-dasharray="3 2"`)
			}
		}
	}
}

// x is the horizontal position of a ratio.
func (c Chart) x(ratio float64) float64 {
	left := c.names + chartMargin
	return left + min(ratio, farRatio)/farRatio*(chartWidth-chartMargin-left)
}

// axis draws the lines for the ratios, their numbers at the bottom.
func (c Chart) axis(d *drawing) {
	bottom := c.Height() - axisHeight
	for ratio := 0.0; ratio <= farRatio; ratio += 0.5 {
		x, look := c.x(ratio), `stroke="currentColor" stroke-opacity="0.2"`
		if ratio == 1 {
			look = `stroke="currentColor"`
		}
		d.line(x, 0, x, bottom, look)
		label := strconv.FormatFloat(ratio, 'f', 1, 64)
		if ratio == farRatio {
			label = "≥ " + label
		}
		d.text(x, bottom+1.4*fontSize, "middle", label)
	}
}

// mark draws the measurements of one implementation in one workload.
func (c Chart) mark(d *drawing, s Summary, y float64, color string) {
	if s.N == 0 {
		return
	}
	stroke := `stroke="` + color + `" stroke-width="`
	d.line(c.x(s.Min), y, c.x(s.Max), y, stroke+`1"`)
	d.line(c.x(s.Q1), y, c.x(s.Q3), y, stroke+`2.5"`)
	d.dot(c.x(s.Median), y, color)
}

// A drawing is the text of a picture.
type drawing struct{ strings.Builder }

func (d *drawing) line(x1, y1, x2, y2 float64, look string) {
	fmt.Fprintf(d, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`, x1, y1, x2, y2, look)
}

// band shades a chart across its whole width.
func (d *drawing) band(y, height float64) {
	fmt.Fprintf(d, `<rect x="0" y="%.1f" width="%.1f" height="%.1f" fill="currentColor" fill-opacity="0.06"/>`, y, chartWidth, height)
}

func (d *drawing) dot(x, y float64, color string) {
	fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x, y, color)
}

func (d *drawing) text(x, y float64, anchor, s string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="currentColor">%s</text>`, x, y, anchor, html.EscapeString(s))
}
