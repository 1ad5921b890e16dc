package detect

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock"
)

func TestBuckets(t *testing.T) {
	for i := 1; i < len(edges); i++ {
		below, at := math.Nextafter(edges[i], 0), edges[i]
		if bucketOf(below) != i-1 || bucketOf(at) != i {
			t.Errorf("edge %d at %g: buckets %d and %d", i, at, bucketOf(below), bucketOf(at))
		}
	}
	for _, x := range []float64{math.Inf(1), math.MaxFloat64, 1e6} {
		if bucketOf(x) != len(edges)-1 {
			t.Errorf("%g is in bucket %d", x, bucketOf(x))
		}
	}
	for _, x := range []float64{math.NaN(), -5, 0, 0.99} {
		if bucketOf(x) != 0 {
			t.Errorf("%g is in bucket %d", x, bucketOf(x))
		}
	}
}

// The boundary must be where a deviation has about the probability asked for, whatever the distribution, and never far below:
// the table says by how much the true probability at the boundary is off.
func TestBoundaryHasItsProbability(t *testing.T) {
	const p0 = 1e-4
	normal := func(d float64) float64 { return math.Erfc(d / math.Sqrt2) }
	cases := []struct {
		name  string
		draw  func(rng *rand.Rand) float64
		above func(d float64) float64 // the true P(|D| > d)
		most  [3]float64              // times p0 allowed, by size of the record
	}{
		{"normal", func(rng *rand.Rand) float64 { return rng.NormFloat64() }, normal, [3]float64{8, 4, 2}},
		{"exponential", func(rng *rand.Rand) float64 { return rng.ExpFloat64() }, func(d float64) float64 { return math.Exp(-d) }, [3]float64{12, 5, 3}},
		{"Pareto 3", func(rng *rand.Rand) float64 { return math.Pow(rng.Float64(), -1.0/3) - 1 }, func(d float64) float64 { return math.Pow(d+1, -3) }, [3]float64{50, 10, 4}},
		{"wide normal", func(rng *rand.Rand) float64 { return 3 * rng.NormFloat64() }, func(d float64) float64 { return normal(d / 3) }, [3]float64{8, 4, 3}},
	}
	t.Logf("%-12s %8s %10s %14s", "deviations", "record", "boundary", "times budget")
	for _, c := range cases {
		for k, n := range []int{200, 2000, 50000} {
			rng := rand.New(rand.NewPCG(uint64(n), 3))
			boundary, chance := 0.0, 0.0
			const runs = 40
			for range runs {
				var tail foreshock.Tail
				for range n {
					record(&tail, math.Abs(c.draw(rng)), 1, 1<<20, p0)
				}
				fit(&tail, p0)
				boundary += float64(tail.Boundary) / runs
				chance += c.above(float64(tail.Boundary)) / runs
			}
			t.Logf("%-12s %8d %10.2f %14.2f", c.name, n, boundary, chance/p0)
			if chance > c.most[k]*p0 {
				t.Errorf("%s, %d recorded: the boundary %.2f is exceeded with %.1e, %.1f times the budget", c.name, n, boundary, chance, chance/p0)
			}
			if n == 50000 && chance < p0/30 {
				t.Errorf("%s: after %d the boundary %.2f is far too cautious: %.1e", c.name, n, boundary, chance)
			}
		}
	}
}

func TestScoreRises(t *testing.T) {
	f := func(tail foreshock.Tail) {
		t.Helper()
		last := score(&tail, 0)
		if last != 0 {
			t.Errorf("no deviation scores %g", last)
		}
		for d := 0.01; d < 300; d *= 1.003 {
			s := score(&tail, d)
			if s < last-1e-6 || s > last*1.02+0.02 {
				t.Fatalf("at %g the score goes from %g to %g with %+v", d, last, s, tail)
			}
			if (s >= 1) != (d >= float64(tail.Boundary)) && math.Abs(d-float64(tail.Boundary)) > 1e-3*d {
				t.Fatalf("at %g the score is %g, the boundary is %g", d, s, tail.Boundary)
			}
			last = s
		}
	}
	f(prior(1e-4))
	f(prior(1e-3))
	rng := rand.New(rand.NewPCG(1, 1))
	for _, draw := range []func() float64{rng.NormFloat64, rng.ExpFloat64, func() float64 { return 0 }} {
		var tail foreshock.Tail
		for i := range 3000 {
			record(&tail, math.Abs(draw()), 1, 1<<20, 1e-4)
			if i%500 == 100 {
				f(tail)
			}
		}
	}
}

func TestRecordIsBoundedAndForgets(t *testing.T) {
	var tail foreshock.Tail
	for range 5000 {
		record(&tail, 30, 1, 4096, 1e-4)
	}
	high := tail.Boundary
	for range 60000 {
		record(&tail, 0.5, 1, 4096, 1e-4)
	}
	if tail.Total > 4096 || tail.Boundary >= high/3 {
		t.Errorf("total %g, boundary from %g to %g", tail.Total, high, tail.Boundary)
	}
	sum := float32(0)
	for _, n := range tail.Counts {
		sum += n
	}
	if math.Abs(float64(sum-tail.Total)) > 1e-2 {
		t.Errorf("counts sum to %g, not %g", sum, tail.Total)
	}
}
