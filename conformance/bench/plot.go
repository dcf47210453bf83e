package bench

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// panels are the parts of the picture, from the top.
var panels = []struct {
	metric Metric
	title  string
}{
	{Throughput, "throughput, ratio to net (higher is better)"},
	{CPU, "server CPU per operation, ratio to net (lower is better)"},
	{P99, "p99 latency, ratio to net (lower is better)"},
}

// farRatio is the highest ratio drawn; higher ones stand at it.
const farRatio = 2.0

var implColors = map[string]color.Color{
	"net2":          color.RGBA{R: 0x00, G: 0x5f, B: 0xb8, A: 0xff},
	"net2-epoll":    color.RGBA{R: 0xe0, G: 0x7b, B: 0x00, A: 0xff},
	"net2-portable": color.RGBA{R: 0x8e, G: 0x44, B: 0xad, A: 0xff},
	"floor":         color.RGBA{R: 0x77, G: 0x77, B: 0x77, A: 0xff},
}

// WriteSVG draws the ratios to net: the median as a dot, the quartiles as a
// thick and the extremes as a thin line, and net2's targets as a dash.
func (r *Report) WriteSVG(w io.Writer) error {
	var shown []Result
	for _, res := range r.Workloads {
		if !res.Workload.Counted && res.Workload.Kind != KindIdle {
			shown = append(shown, res)
		}
	}
	plots := make([][]*plot.Plot, len(panels))
	for i, panel := range panels {
		p, err := r.panel(shown, panel.metric)
		if err != nil {
			return err
		}
		p.Y.Label.Text = panel.title
		if i == 0 {
			p.Title.Text = fmt.Sprintf("net2 and net on loopback · %s · %s, %d processors · Linux %s · %s · %d rounds",
				r.Date.Format("2006-01-02"), r.Machine.Processor, r.Machine.Processors, r.Machine.Kernel, r.Machine.Go, r.Rounds)
		}
		plots[i] = []*plot.Plot{p}
	}
	width := vg.Points(260 + 34*float64(max(len(shown), 12)))
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, vg.Points(300*float64(len(panels)))))
	whole := draw.New(canvas)
	tiles := draw.Tiles{
		Rows: len(panels), Cols: 1,
		PadX: vg.Points(10), PadY: vg.Points(14),
		PadTop: vg.Points(8), PadBottom: vg.Points(8), PadLeft: vg.Points(8), PadRight: vg.Points(8),
	}
	for i, row := range plot.Align(plots, tiles, whole) {
		plots[i][0].Draw(row[0])
	}
	_, err := canvas.WriteTo(w)
	return err
}

// points are places with two lengths of an error bar.
type points struct {
	plotter.XYs
	plotter.YErrors
}

// panel draws one metric of the workloads.
func (r *Report) panel(shown []Result, m Metric) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.TextStyle.Font.Size = vg.Points(8)
	p.X.Tick.Label.Rotation = math.Pi / 4
	p.X.Tick.Label.XAlign = draw.XRight
	p.X.Tick.Label.YAlign = draw.YTop
	p.Legend.Top = true
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	p.Add(grid)
	one := plotter.NewFunction(func(float64) float64 { return 1 })
	one.Color = color.Black
	p.Add(one)

	var impls []string
	for _, impl := range r.Impls {
		if impl != "net" {
			impls = append(impls, impl)
		}
	}
	names := make([]string, len(shown))
	for i, res := range shown {
		names[i] = res.Workload.Key
	}
	const spread = 0.2
	for k, impl := range impls {
		var quarters, extremes points
		for i := range shown {
			res := shown[i].impl(impl)
			if res == nil {
				continue
			}
			s := res.RatiosTo["net"][m]
			if s.N == 0 {
				continue
			}
			x := float64(i) + spread*(float64(k)-float64(len(impls)-1)/2)
			at := plotter.XY{X: x, Y: min(s.Median, farRatio)}
			bar := func(low, high float64) struct{ Low, High float64 } {
				return struct{ Low, High float64 }{at.Y - min(low, farRatio), min(high, farRatio) - at.Y}
			}
			quarters.XYs = append(quarters.XYs, at)
			quarters.YErrors = append(quarters.YErrors, bar(s.Q1, s.Q3))
			extremes.XYs = append(extremes.XYs, at)
			extremes.YErrors = append(extremes.YErrors, bar(s.Min, s.Max))
		}
		if len(quarters.XYs) == 0 {
			continue
		}
		hue := implColors[impl]
		if hue == nil {
			hue = color.Black
		}
		for _, bars := range []struct {
			points
			width vg.Length
		}{{extremes, 0.6}, {quarters, 2.4}} {
			b, err := plotter.NewYErrorBars(bars.points)
			if err != nil {
				return nil, err
			}
			b.Color, b.Width, b.CapWidth = hue, bars.width, 0
			p.Add(b)
		}
		dots, err := plotter.NewScatter(quarters.XYs)
		if err != nil {
			return nil, err
		}
		dots.Color, dots.Shape, dots.Radius = hue, draw.CircleGlyph{}, vg.Points(2.8)
		p.Add(dots)
		p.Legend.Add(impl, dots)
	}
	for i, res := range shown {
		for _, t := range res.Workload.Targets {
			if t.Metric != m || t.Of != "net" {
				continue
			}
			dash, err := plotter.NewLine(plotter.XYs{{X: float64(i) - 0.4, Y: t.Value}, {X: float64(i) + 0.4, Y: t.Value}})
			if err != nil {
				return nil, err
			}
			dash.Color, dash.Width = color.RGBA{R: 0xb0, A: 0xff}, vg.Points(1)
			dash.Dashes = []vg.Length{3, 2}
			p.Add(dash)
		}
	}
	if len(names) > 0 {
		p.NominalX(names...)
	}
	const legend = 3.5 // room on the right
	p.X.Min, p.X.Max = -0.6, float64(len(shown))-0.4+legend
	p.Y.Min, p.Y.Max = 0, farRatio
	var ticks []plot.Tick
	for v := 0.0; v <= farRatio; v += 0.25 {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', 2, 64)})
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	return p, nil
}
