package app_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/pipeline"
)

var began = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func newStream(t *testing.T, metrics int) *pipeline.Stream {
	t.Helper()
	s, err := app.NewStream(config.Default(), time.Minute, metrics)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A level that trebles on one of three columns leads, and before enough was read nothing is scored.
func TestStream(t *testing.T) {
	s := newStream(t, 3)
	row := []float64{0, 0, math.NaN()}
	for i := range 1000 {
		row[0], row[1] = 10+math.Sin(float64(i)), 50+math.Cos(float64(7*i))
		v := s.Observe(began.Add(time.Duration(i)*time.Minute), row)
		if score := v.AnomalyScore(); !(score >= 0 && score < 0.5) || i < 20 && score != 0 {
			t.Fatalf("row %d: %g", i, score)
		}
	}
	row[1] = 150
	v := s.Observe(began.Add(1000*time.Minute), row)
	if v.Lead != 1 || v.AnomalyScore() < 0.5 || !v.Began {
		t.Errorf("%+v", v)
	}
	if v := s.Observe(began.Add(940*time.Minute), row); v.Severity < foreshock.Medium || v.Began {
		t.Errorf("a row after clocks were put back: %+v", v)
	}
	if _, err := app.NewStream(config.Default(), 0, 1); err == nil {
		t.Error("a step of 0 was taken")
	}
}

// An incident of hours is one anomaly: it becomes more than low, at most its first rows are above the boundary, and it ends.
func TestStreamIncident(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := newStream(t, 1)
	anomalies, told := 0, 0
	var worst, last foreshock.Severity
	for i := range 4400 {
		x := 1000 + 30*rng.NormFloat64()
		if i >= 4000 && i < 4180 {
			x *= 4
		}
		v := s.Observe(began.Add(time.Duration(i)*time.Minute), []float64{x})
		if i < 120 && v.Severity > foreshock.Low {
			t.Errorf("row %d is %s", i, v.Severity)
		}
		if i < 4000 {
			continue
		}
		if v.Began {
			anomalies++
		}
		if v.AnomalyScore() >= 0.5 {
			told++
		}
		worst, last = max(worst, v.Severity), v.Severity
	}
	if anomalies != 1 || told < 1 || told > 5 || worst < foreshock.Medium || last != foreshock.None {
		t.Errorf("%d anomalies, %d rows above the boundary, worst %s, at the end %s", anomalies, told, worst, last)
	}
}
