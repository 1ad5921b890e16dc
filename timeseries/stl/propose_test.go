package stl

import (
	"math"
	"testing"
)

// What proposes periods must not forget below what a period is nothing: octaves begin at powers of two, which may be periods as well.
func TestProposingForgetsNothing(t *testing.T) {
	s := search{rest: make([]float64, 400), least: map[int]float64{}}
	for i := range s.rest {
		s.rest[i] = math.Sin(2*math.Pi*float64(i)/16) + math.Sin(2*math.Pi*float64(i)/11)
	}
	s.admit([]int{16, 11})
	before := s.least[16]
	if s.propose(); s.least[16] != before || len(s.least) != 2 {
		t.Errorf("%v, of 16 it was %g", s.least, before)
	}
}

func TestMultiRefusesPeriodsBelowTwo(t *testing.T) {
	for _, p := range []int{1, 0, -7} {
		if r, err := DecomposeMulti(make([]float64, 100), MultiConfig{Periods: []int{p, 7}}); err == nil {
			t.Errorf("period %d: %v", p, r.Periods)
		}
	}
}

func TestFindPeriodBesideAGiant(t *testing.T) {
	for _, giant := range []float64{1e6, 1e20, 1e300, math.Inf(1), math.Inf(-1)} {
		x := make([]float64, 120)
		for i := range x {
			x[i] = 10 + 5*math.Sin(2*math.Pi*float64(i)/12) + math.Sin(float64(i*i))
		}
		x[30] = giant
		if found := FindPeriod(x, 12, 17); len(found) != 1 || found[0].Period != 12 {
			t.Errorf("beside %g: %v", giant, found)
		}
	}
}
