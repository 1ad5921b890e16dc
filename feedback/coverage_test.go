package feedback

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// TestCoverage checks forecasts whose intervals are too narrow, right or too wide against demand that varies at random: as many are covered in the end as is stated.
func TestCoverage(t *testing.T) {
	const runs, checks = 20, 4000
	f := func(stated, width, low, high, least, most float64) {
		t.Helper()
		var covered, count, told float64
		q := 0.0
		for seed := range uint64(runs) {
			r := rand.New(rand.NewPCG(seed, 3))
			var l foreshock.Learned
			l, _ = LearnCoverage(l, foreshock.DimIOPS, "a", Coverage{Stated: stated, Covered: true})
			for i := range checks {
				hit := r.NormFloat64() < width*math.Sqrt2*math.Erfinv(2*l.Quantile-1)
				before := l
				var list []foreshock.Correction
				l, list = LearnCoverage(l, foreshock.DimIOPS, "a", Coverage{Stated: stated, Covered: hit})
				if math.Abs(l.Quantile-before.Quantile) > quantileRate || l.Quantile < math.Min(0.8, stated-0.1) || l.Quantile > math.Max(0.99, (1+stated)/2) {
					t.Fatalf("the quantile went from %g to %g", before.Quantile, l.Quantile)
				}
				for _, c := range list {
					if told++; c.From != before.QuantileTold || c.To != l.Quantile || c.What != "quantile/iops" {
						t.Fatalf("%+v", c)
					}
				}
				if i >= checks/2 {
					if count++; hit {
						covered++
					}
				}
			}
			q += l.Quantile / runs
			if math.Abs(l.Covered-covered/count) > 0.12 {
				t.Errorf("%g of the last are said to be covered, %g are", l.Covered, covered/count)
			}
		}
		share := covered / count
		t.Logf("stated %g, intervals %g times as wide as they should be: %.3f covered, without learning %.3f; the quantile is %.3f", stated, width, share,
			0.5*(1+math.Erf(width*math.Erfinv(2*stated-1))), q)
		if share < low || share > high || q < least || q > most {
			t.Errorf("%g stated, %g wide: %.3f are covered at %.3f", stated, width, share, q)
		}
	}
	f(0.95, 1, 0.945, 0.955, 0.93, 0.96)
	f(0.95, 0.8, 0.94, 0.955, 0.96, 0.99)
	f(0.95, 1.3, 0.945, 0.955, 0.87, 0.91)
	f(0.95, 0.4, 0.80, 0.84, 0.985, 0.99) // no quantile within the bounds would do
	f(0.95, 3, 0.985, 1, 0.8, 0.81)       // nor here
	f(0.7, 1, 0.69, 0.71, 0.68, 0.72)
	f(0.7, 2, 0.69, 0.74, 0.6, 0.64)
	f(0.999, 0.9, 0.99, 0.9995, 0.99, 0.9996)
}

// TestCoverageFixed: where an objective chooses, it is counted only; another quantile that is stated is learned anew.
func TestCoverageFixed(t *testing.T) {
	var l foreshock.Learned
	var told int
	for range 100 {
		var list []foreshock.Correction
		l, list = LearnCoverage(l, foreshock.DimIOPS, "a", Coverage{Stated: 0.95, Fixed: true})
		told += len(list)
	}
	if l.Quantile != 0.95 || told > 0 || l.Checks != 100 || l.Covered != 0 {
		t.Errorf("%+v, %d told", l, told)
	}
	l, _ = LearnCoverage(l, foreshock.DimIOPS, "a", Coverage{Stated: 0.9, Covered: true})
	if l.Checks != 1 || l.Covered != 1 || math.Abs(l.Quantile-0.9) > quantileRate {
		t.Errorf("%+v", l)
	}
	if same, _ := LearnCoverage(l, foreshock.DimIOPS, "a", Coverage{Stated: math.NaN()}); same != l {
		t.Errorf("%+v", same)
	}
}
