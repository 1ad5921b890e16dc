package app_test

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
)

// A level that doubles on one of three columns leads, and before enough was read nothing is scored.
func TestStream(t *testing.T) {
	s, err := app.NewStream(config.Default(), time.Minute, 3)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	row := []float64{0, 0, math.NaN()}
	for i := range 1000 {
		row[0], row[1] = 10+math.Sin(float64(i)), 50+math.Cos(float64(7*i))
		at = at.Add(time.Minute)
		v := s.Observe(at, row)
		if score := v.AnomalyScore(); !(score >= 0 && score < 0.5) || i == 0 && score != 0 {
			t.Fatalf("row %d: %g", i, score)
		}
	}
	row[1] = 150
	v := s.Observe(at.Add(time.Minute), row)
	if v.Lead != 1 || v.AnomalyScore() < 0.5 || !v.Began {
		t.Errorf("%+v", v)
	}
	if _, err := app.NewStream(config.Default(), 0, 1); err == nil {
		t.Error("a step of 0 was taken")
	}
}
