package pipeline

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// An outlook counts when its time is over, unless a part of the demand is missing or all of it was quiet.
func TestOutlooks(t *testing.T) {
	const d, length = foreshock.DimIOPS, 5 * time.Minute
	end := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	policy := decide.Default()
	policy.LeadTime = 8 * time.Minute // with a margin, three coarse steps
	f := func(checks int32, covered, peak float64, demand ...float64) {
		t.Helper()
		o := &owner{Pipeline: &Pipeline{}}
		w := &workload{id: "a", profile: profile.New("a", "s", time.Minute), policy: &policy}
		w.profile.Coarse.Length = length
		w.profile.History = quantile.NewHistories(100)
		for _, x := range append([]float64{1000}, demand...) {
			row := quantile.NoRow()
			row[foreshock.DemandColumn+int(d)] = quantile.Encode(x)
			w.profile.History.Add(&row)
		}
		level := []float64{peak, peak, peak, 9 * peak}
		x := outlookOf(w, &foreshock.Forecast{Dimension: d, At: end, Length: length, Mean: level, Levels: []float64{0.95}, Quantiles: [][]float64{level}}, end)
		if !x.from.Equal(end) || !x.to.Equal(end.Add(3*length)) || x.peak != peak {
			t.Fatalf("%+v", x)
		}
		o.covered(w, d, &x, end, end.Add(time.Duration(len(demand))*length))
		if l := w.profile.LearnedOf(d); l.Checks != checks || l.Covered != covered {
			t.Errorf("%d checks, %g covered; want %d, %g", l.Checks, l.Covered, checks, covered)
		}
	}
	f(1, 1, 800, 700, 790, 600)
	f(1, 0, 800, 700, 810, 600)
	f(1, 1, 800, 700, 790, 600, 900)        // what came later is not its business
	f(1, 1, 800, 1, 1, 1)                   // it was said to come
	f(1, 0, 100, 1, 1, 900)                 // it came, and nobody had said so
	f(0, 0, 100, 120, 1, 1)                 // all was quiet
	f(0, 0, 800, 700, math.NaN(), 600)      // a part is missing
	f(0, 0, 800, math.NaN(), math.NaN(), 1) // most is
}
