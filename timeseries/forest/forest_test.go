package forest

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// drawn has a target that is uniform up to 1, 10 where the first feature is above 0.5; the second feature says nothing.
func drawn(n int) (rows, targets [][]float64, guide []float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for range n {
		x, y := r.Float64(), r.Float64()
		if x > 0.5 {
			y *= 10
		}
		rows, targets, guide = append(rows, []float64{x, r.Float64()}), append(targets, []float64{y}), append(guide, y)
	}
	return rows, targets, guide
}

func TestDistributionDependsOnWhatMatters(t *testing.T) {
	rows, targets, guide := drawn(4000)
	f := Grow(rows, targets, guide, Config{Leaf: 100, Try: 2})
	for _, c := range []struct{ x, mean float64 }{{0.2, 0.5}, {0.8, 5}} {
		var mean, weight float64
		for _, p := range f.Distribution([]float64{c.x, 0.5}, nil) {
			mean += p.Weight * p.Value
			weight += p.Weight
		}
		if math.Abs(weight-1) > 1e-6 || math.Abs(mean/c.mean-1) > 0.15 {
			t.Errorf("at %g the mean is %g with weight %g, want %g", c.x, mean, weight, c.mean)
		}
	}
}

func TestEqualSeedsGrowEqualForests(t *testing.T) {
	rows, targets, guide := drawn(500)
	a, b := Grow(rows, targets, guide, Config{Seed: 5}), Grow(rows, targets, guide, Config{Seed: 5})
	if !reflect.DeepEqual(a, b) {
		t.Error("they differ")
	}
	if reflect.DeepEqual(a, Grow(rows, targets, guide, Config{Seed: 6})) {
		t.Error("the seed changes nothing")
	}
}

func TestOfNothingOrTheSame(t *testing.T) {
	if Grow(nil, nil, nil, Config{}) != nil {
		t.Error("a forest of nothing")
	}
	f := Grow([][]float64{{1}, {1}}, [][]float64{{2}, {2}}, []float64{2, 2}, Config{})
	for _, p := range f.Distribution([]float64{7}, nil) {
		if p.Value != 2 {
			t.Errorf("a value of %g", p.Value)
		}
	}
}

// Drawn rows are told apart by how often they were drawn: a forest of one tree and one leaf has the distribution of what it drew.
func TestOneLeafHasWhatWasDrawn(t *testing.T) {
	rows, targets, guide := drawn(1000)
	f := Grow(rows, targets, guide, Config{Trees: 1, Leaf: 1000, Width: 0.5})
	points := f.Distribution(rows[0], nil)
	if len(points) != 20 {
		t.Fatalf("%d points of targets up to 10 in intervals of 0.5", len(points))
	}
	var small, want float64
	for _, y := range guide {
		if y <= 1 {
			want += 1 / float64(len(guide))
		}
	}
	for k, p := range points {
		if lower := 0.5 * float64(k); p.Value <= lower || p.Value > lower+0.5 {
			t.Errorf("point %d is of %g", k, p.Value)
		}
		if p.Value < 1 {
			small += p.Weight
		}
	}
	if math.Abs(small-want) > 0.05 {
		t.Errorf("%g of what was drawn is below 1, of all %g is", small, want)
	}
}

func BenchmarkGrow(b *testing.B) {
	for _, n := range []int{2000, 20000} {
		rows, targets, guide := drawn(n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Grow(rows, targets, guide, Config{Try: 2})
			}
		})
	}
}

func TestTargetsThatDifferByRoundingOnly(t *testing.T) {
	f := func(values ...float64) {
		t.Helper()
		var rows, targets [][]float64
		for k, y := range values {
			rows, targets = append(rows, []float64{float64(k)}), append(targets, []float64{y})
		}
		for _, p := range Grow(rows, targets, values, Config{Leaf: 1}).Distribution([]float64{0}, nil) {
			if !(p.Value >= float64(float32(slices.Min(values))) && p.Value <= float64(float32(slices.Max(values)))) {
				t.Errorf("%g of %g", p.Value, values)
			}
		}
	}
	tenth, fifth := 0.1, 0.2
	f(0.3, tenth+fifth, 0.3)
	f(1e15, 1e15+1, 1e15+0.5)
	f(-1e15, -1e15-1, -1e15-0.5)
	f(1e15, math.Nextafter(1e15, 2e15))
	f(math.MaxFloat32, 0)
	f(5e-324, 0)
}

func TestGrowPanicsOnWhatItCannotTake(t *testing.T) {
	f := func(rows, targets [][]float64, guide []float64) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("a forest of %d rows, %d targets, %d guides", len(rows), len(targets), len(guide))
			}
		}()
		Grow(rows, targets, guide, Config{})
	}
	one := [][]float64{{1}}
	f(one, nil, []float64{1})
	f(one, one, nil)
	f(one, one, []float64{1, 2})
	f([][]float64{make([]float64, 65)}, one, []float64{1})
	many := make([][]float64, 1<<20+1)
	f(many, many, make([]float64, len(many)))
}

// Nothing is known of a row where there were none to grow on.
func TestNilForestHasNoDistribution(t *testing.T) {
	before := []Point{{1, 1}}
	if got := Grow(nil, nil, nil, Config{}).Distribution([]float64{1}, before); len(got) != 1 || got[0] != before[0] {
		t.Errorf("%v", got)
	}
}
