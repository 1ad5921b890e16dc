package main

import (
	"math"
	"path/filepath"
	"testing"
)

// The scores are those of forecast_score.py, the independent scorer beside the data, on a small case with gaps, zeros, padding, a constant and missing bounds:
//
//	forecast_score.py --m 4 --json --test testdata/test.csv testdata/forecasts.csv
func TestScoresAreThoseOfTheIndependentScorer(t *testing.T) {
	list, err := load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	said, err := long(filepath.Join("testdata", "forecasts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	got := score(list, said, 4)
	if got.series != 6 {
		t.Errorf("%d series", got.series)
	}
	f := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-12*want) {
			t.Errorf("%s is %v, not %v", what, got, want)
		}
	}
	f("sMAPE", got.smape, 22.274522776339836)
	f("MASE", got.mase, 1.2584665711497043)
	f("median MASE", got.medMASE, 0.9729560180657386)
	f("OWA*", got.owa, 0.8056826507469417)
	f("coverage", got.coverage, 0.9333333333333332)
	f("share above", got.above, 0.06666666666666667)
	f("MSIS", got.msis, 30.888221838439684)
	f("width", got.width, 4.2215551717730175)
}

// Series that were not forecast to the end are left out.
func TestPartial(t *testing.T) {
	list, err := load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	said := forecasts{"s0": make([]step, 6), "s1": make([]step, 5), "s2": {5: {mean: math.NaN()}}}
	if got := score(list, said, 4).series; got != 1 {
		t.Errorf("%d series were scored", got)
	}
}

// A part of the series, and each as it was some horizons ago.
func TestPart(t *testing.T) {
	list := []series{{id: "a", train: make([]float64, 100), test: make([]float64, 10)}, {id: "b", train: make([]float64, 30), test: make([]float64, 10)}}
	if kept := part(list, 1, 0); len(kept) != 1 || kept[0].id != "a" {
		t.Errorf("odd rows: %v", kept)
	}
	kept := part(list, 0, 2)
	if len(kept) != 1 || len(kept[0].train) != 80 || len(kept[0].test) != 10 {
		t.Errorf("two horizons back: %d series", len(kept))
	}
}
