package page

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"regexp"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

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
	{bench.Throughput, "Throughput, ratio to net: further right is better"},
	{bench.CPU, "Processor time per operation, ratio to net: further left is better"},
	{bench.P99, "99th percentile of the latency, ratio to net: further left is better"},
}

// An implementation is one of those that are compared with net.
type implementation struct {
	Name  string
	color color.RGBA
}

// Color is the colour for the page.
func (i implementation) Color() template.CSS {
	return template.CSS(fmt.Sprintf("#%02x%02x%02x", i.color.R, i.color.G, i.color.B))
}

// impls are the implementations in the order and with the colours of the
// charts. The colours stand out from white as from black.
var impls = []implementation{
	{"net2", color.RGBA{0x2f, 0x81, 0xf7, 0xff}},
	{"net2-epoll", color.RGBA{0xd9, 0x82, 0x2b, 0xff}},
	{"net2-portable", color.RGBA{0xa3, 0x71, 0xf7, 0xff}},
	{"floor", color.RGBA{0x85, 0x8d, 0x96, 0xff}},
}

// implsOf returns those of them that the workloads have.
func implsOf(shown []bench.Result, m bench.Metric) []implementation {
	return slices.DeleteFunc(slices.Clone(impls), func(impl implementation) bool {
		return !slices.ContainsFunc(shown, func(res bench.Result) bool { return ratio(res, impl.Name, m).N > 0 })
	})
}

// farRatio is the highest ratio drawn; higher ones stand at it.
const farRatio = 2.0

// drawCharts draws the ratios to net, a line for each workload: the median as
// a dot, the spread over all rounds as a bar.
func drawCharts(r *bench.Report) ([]chart, error) {
	if r == nil {
		return nil, nil
	}
	var charts []chart
	for _, m := range charted {
		shown := slices.DeleteFunc(slices.Clone(r.Workloads), func(res bench.Result) bool { return !hasRatio(res, m.metric) })
		if len(shown) == 0 {
			continue
		}
		svg, err := drawRatios(shown, m.metric)
		if err != nil {
			return nil, err
		}
		charts = append(charts, chart{Title: m.title, Alt: altText(shown, m.metric), Impls: implsOf(shown, m.metric), SVG: svg})
	}
	return charts, nil
}

func hasRatio(res bench.Result, m bench.Metric) bool {
	return slices.ContainsFunc(res.Impls, func(i bench.ImplResult) bool { return i.RatiosTo["net"][m].N > 0 })
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

// spread is a set of dots with bars to the left and right.
type spread struct {
	plotter.XYs
	plotter.XErrors
}

func drawRatios(shown []bench.Result, m bench.Metric) (template.HTML, error) {
	p := plot.New()
	p.BackgroundColor = nil
	grid := plotter.NewGrid()
	grid.Horizontal.Color = nil
	p.Add(grid)
	one, err := plotter.NewLine(plotter.XYs{{X: 1, Y: -1}, {X: 1, Y: float64(len(shown))}})
	if err != nil {
		return "", err
	}
	p.Add(one)

	names := make([]string, len(shown))
	for i := range shown {
		names[i] = shown[len(shown)-1-i].Workload.Key // the first one on top
	}
	drawn := implsOf(shown, m)
	for k, impl := range drawn {
		var s spread
		for i := range shown {
			r := ratio(shown[len(shown)-1-i], impl.Name, m)
			if r.N == 0 {
				continue
			}
			const lane = 0.22
			x := min(r.Median, farRatio)
			s.XYs = append(s.XYs, plotter.XY{X: x, Y: float64(i) + lane*(float64(len(drawn)-1)/2-float64(k))})
			s.XErrors = append(s.XErrors, struct{ Low, High float64 }{x - min(r.Min, farRatio), min(r.Max, farRatio) - x})
		}
		bars, err := plotter.NewXErrorBars(s)
		if err != nil {
			return "", err
		}
		bars.Color, bars.Width, bars.CapWidth = impl.color, vg.Points(1.5), 0
		dots, err := plotter.NewScatter(s.XYs)
		if err != nil {
			return "", err
		}
		dots.Color, dots.Shape, dots.Radius = impl.color, draw.CircleGlyph{}, vg.Points(3)
		p.Add(bars, dots)
	}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(shown))-0.4
	p.X.Min, p.X.Max = 0, farRatio
	var ticks []plot.Tick
	for v := 0.0; v <= farRatio; v += 0.5 {
		label := strconv.FormatFloat(v, 'f', 1, 64)
		if v == farRatio {
			label = "≥ " + label
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label})
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font.Variant = "Sans" // the page has a font of the same widths
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(vg.Points(460), vg.Points(40+20*float64(len(shown)))))
	const room = 14 // right of the axis, for half of its last number
	p.Draw(draw.Crop(draw.New(canvas), 0, -room, 0, 0))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	return inline(b.String()), nil
}

var (
	prolog  = regexp.MustCompile(`(?s)^.*?(<svg )`)
	size    = regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	fontSet = regexp.MustCompile(`font-family:[^;"]*;`)
	black   = regexp.MustCompile(`#000000`)
)

// inline makes an SVG file a part of the page: as wide as there is room, in
// the page's font, and black where the page's text is black.
func inline(svg string) template.HTML {
	svg = prolog.ReplaceAllString(svg, "$1")
	svg = size.ReplaceAllString(svg, `<svg role="img"`)
	svg = fontSet.ReplaceAllString(svg, "")
	svg = black.ReplaceAllString(svg, "currentColor")
	return template.HTML(svg)
}

// A benchRow is one line of the table under the charts.
type benchRow struct {
	Workload, Doc, Impl         string
	Throughput, CPU, P99, Calls string
}

func benchRows(r *bench.Report) []benchRow {
	if r == nil {
		return nil
	}
	var rows []benchRow
	for _, res := range r.Workloads {
		for _, impl := range res.Impls {
			if impl.Impl == "net" {
				continue
			}
			to := impl.RatiosTo["net"]
			row := benchRow{
				Workload: res.Workload.Key, Doc: res.Workload.Doc, Impl: impl.Impl,
				Throughput: ratioText(to[bench.Throughput]), CPU: ratioText(to[bench.CPU]), P99: ratioText(to[bench.P99]),
			}
			if calls := impl.Values[bench.Syscalls]; calls.N > 0 {
				row.Calls = fmt.Sprintf("%.2f", calls.Median)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func ratioText(s bench.Summary) string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Q1, s.Q3)
}
