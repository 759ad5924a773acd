// Package draw makes pictures of curves, as SVG on a white card so that they can be
// read on pages of any colour.
package draw

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Picture is a chart of several curves over a logarithmic axis.
type Picture struct {
	Title string
	X, Y  string // what the axes show, with units
	LogY  bool
	Ticks []float64 // of the horizontal axis; nil for decades

	Curves []Curve
}

// Curve is a line through points. Their spread is drawn as a band, or as bars where
// there is no line.
type Curve struct {
	Name   string
	Points []Point
	// Dashed is for what was not measured, Dots for points without a line.
	Dashed, Dots bool
	Color        int // index into the palette
}

// Point is a point with the least and most of its rounds; both may be Y.
type Point struct{ X, Y, Least, Most float64 }

// palette is Okabe and Ito's, for all kinds of eyes.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
}

var (
	ink  = color.NRGBA{0x24, 0x29, 0x2f, 0xff}
	grid = color.NRGBA{0xd8, 0xde, 0xe4, 0xff}
)

const (
	width  = 16 * vg.Centimeter
	height = 9 * vg.Centimeter
)

// Write draws the picture into a file.
func (p *Picture) Write(file string) error {
	chart := plot.New()
	chart.BackgroundColor = nil // the card is filled to its edge
	chart.Title.Text = p.Title
	chart.X.Label.Text, chart.Y.Label.Text = p.X, p.Y
	chart.X.Tick.Marker, chart.Y.Tick.Marker = decades{}, plain{}
	if p.Ticks != nil {
		chart.X.Tick.Marker = chosen(p.Ticks)
	}
	if p.LogY {
		chart.Y.Tick.Marker = decades{}
	}
	style(chart)
	lines := plotter.NewGrid()
	lines.Vertical.Color, lines.Horizontal.Color = grid, grid
	chart.Add(lines)
	for i := range p.Curves {
		if err := p.add(chart, &p.Curves[i]); err != nil {
			return fmt.Errorf("%s: curve %s: %w", file, p.Curves[i].Name, err)
		}
	}
	if p.LogY {
		chart.Y.Min, chart.Y.Max = chart.Y.Min-0.1, chart.Y.Max+0.2
	} else {
		chart.Y.Min, chart.Y.Max = 0, chart.Y.Max*1.25
	}
	return write(chart, file)
}

func style(chart *plot.Plot) {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, f := range []struct {
		font *font.Font
		size vg.Length
	}{
		{&chart.Title.TextStyle.Font, 12}, {&chart.X.Label.TextStyle.Font, 10}, {&chart.Y.Label.TextStyle.Font, 10},
		{&chart.X.Tick.Label.Font, 9}, {&chart.Y.Tick.Label.Font, 9}, {&chart.Legend.TextStyle.Font, 9},
	} {
		*f.font = sans
		f.font.Size = f.size
	}
	for _, c := range []*color.Color{
		&chart.Title.TextStyle.Color, &chart.X.Color, &chart.Y.Color, &chart.X.Label.TextStyle.Color,
		&chart.Y.Label.TextStyle.Color, &chart.X.Tick.Color, &chart.Y.Tick.Color, &chart.X.Tick.Label.Color,
		&chart.Y.Tick.Label.Color, &chart.Legend.TextStyle.Color,
	} {
		*c = ink
	}
	chart.Title.Padding = 6
	chart.X.Padding, chart.Y.Padding = 4, 4
	chart.Legend.Top, chart.Legend.Left = true, true
	chart.Legend.XOffs, chart.Legend.YOffs, chart.Legend.Padding = 8, -4, 2
}

// at returns where on the chart a point is. Logarithms are taken here, and undone by
// the ticks: the plotter's own logarithmic scale misplaces the labels of its axes.
func (p *Picture) at(x, y float64) plotter.XY {
	if p.LogY {
		y = math.Log10(y)
	}
	return plotter.XY{X: math.Log10(x), Y: y}
}

// add draws a curve: its band, then its line, then its points.
func (p *Picture) add(chart *plot.Plot, c *Curve) error {
	stroke := palette[c.Color%len(palette)]
	var middle, outline plotter.XYs
	for _, at := range c.Points {
		middle = append(middle, p.at(at.X, at.Y))
		outline = append(outline, p.at(at.X, at.Most))
	}
	for _, at := range slices.Backward(c.Points) {
		outline = append(outline, p.at(at.X, at.Least))
	}
	line, points, err := plotter.NewLinePoints(middle)
	if err != nil {
		return err
	}
	line.Color, line.Width = stroke, vg.Points(1.6)
	points.Color, points.Radius, points.Shape = stroke, vg.Points(2.4), draw.CircleGlyph{}
	var entry []plot.Thumbnailer
	if c.Dots {
		if err := p.addBars(chart, c, stroke); err != nil {
			return err
		}
	} else {
		band, err := plotter.NewPolygon(outline)
		if err != nil {
			return err
		}
		tint := stroke
		tint.A = 0x30
		band.Color, band.LineStyle.Width = tint, 0
		chart.Add(band)
	}
	if c.Dashed {
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	if !c.Dots {
		chart.Add(line)
		entry = append(entry, line)
	}
	if !c.Dashed {
		chart.Add(points)
		entry = append(entry, points)
	}
	chart.Legend.Add(c.Name, entry...)
	return nil
}

// addBars draws the spread of points as vertical bars.
func (p *Picture) addBars(chart *plot.Plot, c *Curve, stroke color.Color) error {
	var bars struct {
		plotter.XYs
		plotter.YErrors
	}
	for _, at := range c.Points {
		middle := p.at(at.X, at.Y)
		low, high := p.at(at.X, at.Least).Y, p.at(at.X, at.Most).Y
		bars.XYs = append(bars.XYs, middle)
		bars.YErrors = append(bars.YErrors, struct{ Low, High float64 }{middle.Y - low, high - middle.Y})
	}
	drawn, err := plotter.NewYErrorBars(bars)
	if err != nil {
		return err
	}
	drawn.Color, drawn.LineStyle.Width = stroke, vg.Points(1.2)
	chart.Add(drawn)
	return nil
}

func write(chart *plot.Plot, file string) error {
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	const margin = 3 * vg.Millimeter
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	chart.Draw(draw.Crop(whole, margin, -margin, margin, -margin))
	var text bytes.Buffer
	if _, err := canvas.WriteTo(&text); err != nil {
		return err
	}
	// Who has not the font shall see another one without serifs.
	svg := bytes.ReplaceAll(text.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
	return os.WriteFile(file, svg, 0o666)
}

// decades are ticks of an axis of decimal logarithms, at 1, 2 and 5, or at all digits
// if it is shorter than a decade, labelled where there is room, with numbers as people
// write them.
type decades struct{}

// Ticks is as plot.Ticker says.
func (decades) Ticks(least, most float64) (ticks []plot.Tick) {
	const slack = 1e-3
	few := most-least < 2.8
	digits := []float64{1, 2, 5}
	if most-least < 1 {
		digits = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for exponent := math.Floor(least); exponent <= math.Ceil(most); exponent++ {
		for _, digit := range digits {
			at, v := exponent+math.Log10(digit), digit*math.Pow(10, exponent)
			if at < least-slack || at > most+slack {
				continue
			}
			label := ""
			if digit == 1 || few {
				label = Number(v)
			}
			ticks = append(ticks, plot.Tick{Value: at, Label: label})
		}
	}
	return ticks
}

// chosen returns ticks at the given values of an axis of decimal logarithms.
func chosen(values []float64) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, v := range values {
		ticks = append(ticks, plot.Tick{Value: math.Log10(v), Label: Number(v)})
	}
	return ticks
}

// plain are the plotter's ticks of a linear axis, without their zeros after the point.
type plain struct{}

// Ticks is as plot.Ticker says.
func (plain) Ticks(least, most float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(least, most)
	for i := range ticks {
		if !ticks[i].IsMinor() {
			ticks[i].Label = fmt.Sprintf("%g", ticks[i].Value)
		}
	}
	return ticks
}

// Number writes 2000 as 2k and 3000000 as 3M.
func Number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", round(v/1e6))
	case v >= 1e3:
		return fmt.Sprintf("%gk", round(v/1e3))
	}
	return fmt.Sprintf("%g", round(v))
}

// round keeps four digits.
func round(v float64) float64 {
	scale := math.Pow(10, 3-math.Floor(math.Log10(v)))
	return math.Round(v*scale) / scale
}
