package zscore_test

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/zscore"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

func TestJudge(t *testing.T) {
	z, err := zscore.New(zscore.Config{Steps: 20})
	if err != nil {
		t.Fatal(err)
	}
	normal := &foreshock.MetricProfile{Window: quantile.NewWindow(100), Level: foreshock.Level{Scale: 10, Mean: math.Log(11), Spread: 0.5}}
	f := func(x, deviation float64) {
		t.Helper()
		j, ready := z.Judge(normal, detect.Reading{Middle: time.Now(), X: x, Y: normal.Level.On(x)})
		if !ready || math.Abs(j.Deviation-deviation) > 1e-9 {
			t.Errorf("%g: ready %v, deviation %g, want %g", x, ready, j.Deviation, deviation)
		}
		if back := j.Scale.Value(j.Upper + j.Deviation*j.Spread); math.Abs(back-x) > 1e-9*(1+x) {
			t.Errorf("the deviation of %g is that of %g", x, back)
		}
	}
	for range 19 {
		normal.Window.Add(100)
	}
	if _, ready := z.Judge(normal, detect.Reading{X: 100}); ready {
		t.Error("ready after 19 readings")
	}
	normal.Window.Add(100)
	f(100, 0)
	f(10*(11*math.Exp(0.5)-1), 1)
	f(10*(11*math.Exp(2)-1), 4)
	f(0, -math.Log(11)/0.5)
	if _, err := zscore.New(zscore.Config{Steps: 1}); err == nil {
		t.Error("a window of one reading was accepted")
	}
}
