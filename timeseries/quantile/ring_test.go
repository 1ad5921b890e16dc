package quantile

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestRing(t *testing.T) {
	nan := math.NaN()
	f := func(capacity int, xs, want []float64) {
		t.Helper()
		r := NewRing(capacity)
		for _, x := range xs {
			r.Add(x)
		}
		if diff := cmp.Diff(want, r.Values(nil), cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmpopts.EquateApprox(RelativeError, 0)); diff != "" {
			t.Errorf("%v in a ring of %d: %s", xs, capacity, diff)
		}
		if err := r.Valid(); err != nil {
			t.Error(err)
		}
	}
	f(3, nil, []float64{})
	f(3, []float64{1, 0}, []float64{1, 0})
	f(3, []float64{1, 2, 3, 4}, []float64{2, 3, 4})
	f(3, []float64{1, nan, 3, -4}, []float64{nan, 3, nan})
	f(1, []float64{1, 2}, []float64{2})
}

func TestRingLast(t *testing.T) {
	r := NewRing(2)
	if !math.IsNaN(r.Last()) {
		t.Error("an empty ring has a last reading")
	}
	for _, x := range []float64{0, MaxValue, 0, MaxValue, 0} {
		if r.Add(x); r.Last() != x && math.Abs(r.Last()/x-1) > 1e-12 {
			t.Errorf("last is %g, want %g", r.Last(), x)
		}
	}
	if r.AddMissing(); !math.IsNaN(r.Last()) || r.Len() != 2 {
		t.Errorf("after a gap last is %g of %d", r.Last(), r.Len())
	}
}

func TestRingGrows(t *testing.T) {
	r := NewRing(100)
	for i := range 300 {
		r.Add(1)
		if n := min(i+1, 100); cap(r.Codes) > max(leastStorage, 2*n) || cap(r.Codes) > 100 {
			t.Fatalf("room for %d codes to hold %d of at most 100", cap(r.Codes), n)
		}
	}
}

func TestRingResize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewRing(rapid.IntRange(1, 20).Draw(t, "capacity"))
		for range rapid.IntRange(0, 50).Draw(t, "n") {
			r.Add(rapid.Float64Range(0, 10).Draw(t, "x"))
		}
		before := r.Values(nil)
		to := rapid.IntRange(1, 20).Draw(t, "to")
		r.Resize(to)
		want := before[max(0, len(before)-to):]
		if diff := cmp.Diff(want, r.Values(nil), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		r.Add(5)
		if err := r.Valid(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRingInvalid(t *testing.T) {
	f := func(r Ring) {
		t.Helper()
		if r.Valid() == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
	f(Ring{})
	f(Ring{Capacity: MaxCapacity + 1})
	f(Ring{Capacity: 2, Codes: make(Codes, 3)})
	f(Ring{Capacity: 3, Codes: make(Codes, 2), Head: 1})
	f(Ring{Capacity: 3, Codes: make(Codes, 3), Head: 3})
	f(Ring{Capacity: 3, Codes: make(Codes, 3), Head: math.MaxUint32})
}
