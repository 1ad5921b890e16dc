package ewma_test

import (
	"math"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	charts "github.com/foreshock-io/foreshock/timeseries/ewma"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// What the method says must be what the chart says, and its bounds where the chart would be at that deviation.
func TestJudgeIsTheChart(t *testing.T) {
	method, err := ewma.New(ewma.Config{Steps: 2})
	if err != nil {
		t.Fatal(err)
	}
	normal := &foreshock.MetricProfile{
		Window: quantile.NewWindow(10), Chart: charts.NewChart(0.2),
		Level: foreshock.Level{Scale: 25, Mean: 1.6, Spread: 0.3},
	}
	for _, x := range []float64{100, 100} {
		normal.Window.Add(x)
	}
	for _, x := range []float64{100, 300, 80, 0, 1e4, 120, 130, 140} {
		r := detect.Reading{X: x, Y: normal.Level.On(x)}
		e := (r.Y - normal.Level.Mean) / normal.Level.Spread
		j, ready := method.Judge(normal, r)
		if want := normal.Chart.Deviation(e); !ready || math.Abs(j.Deviation-want) > 1e-9 {
			t.Errorf("%g: ready %v, deviation %g, the chart's is %g", x, ready, j.Deviation, want)
		}
		if back := j.Upper + j.Deviation*j.Spread; math.Abs(back-r.Y) > 1e-9 {
			t.Errorf("the deviation of %g is that of %g", r.Y, back)
		}
		normal.Chart.Update(e)
	}
	normal.Level.Spread = 0
	if _, ready := method.Judge(normal, detect.Reading{X: 1}); ready {
		t.Error("ready without a spread")
	}
}
