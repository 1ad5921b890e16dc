package stl_test

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/stl"
)

func TestJudge(t *testing.T) {
	method, err := stl.New(stl.Config{Strength: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	origin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	normal := &foreshock.MetricProfile{}
	if _, ready := method.Judge(normal, detect.Reading{X: 1}); ready {
		t.Error("ready without a season")
	}
	normal.Season = foreshock.Season{
		Periods: []int{6}, Origin: origin, Length: time.Hour, Table: [][]float32{{0, 0, 0, 40, 0, 0}},
		Floor: 1, Strength: 0.9,
	}
	normal.Rest.Alpha, normal.Rest.Weight, normal.Rest.Mean, normal.Rest.Variance = 0.1, 1, 100, 25
	spread := normal.Rest.StdDev()
	f := func(hours, x, expected, deviation float64) {
		t.Helper()
		j, ready := method.Judge(normal, detect.Reading{X: x, Middle: origin.Add(time.Duration(hours * float64(time.Hour)))})
		if !ready || math.Abs(j.Expected-expected) > 1e-9 || math.Abs(j.Deviation-deviation) > 1e-9 {
			t.Errorf("at %g h %g: ready %v, %g expected, want %g; deviation %g, want %g", hours, x, ready, j.Expected, expected, j.Deviation, deviation)
		}
	}
	f(-0.5, 100, 100, 0)
	f(-0.5, 120, 100, 20/spread)
	f(2.5, 140, 140, 0)         // the peak
	f(2.5, 150, 140, 10/spread) // more than the peak
	f(2.5, 100, 140, 0)         // its edges may be sharp
	f(2.5, 80, 140, -20/spread) // less than about the peak
	f(8.5, 140, 140, 0)         // a period later
	f(3.9, 140, 100, 0)         // an edge that comes late
	normal.Season.Strength = 0.2
	if _, ready := method.Judge(normal, detect.Reading{X: 1}); ready {
		t.Error("ready with a season that explains little")
	}
	if _, err := stl.New(stl.Config{Strength: 2}); err == nil {
		t.Error("a strength of 2 was accepted")
	}
}
