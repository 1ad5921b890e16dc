package quantile

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// A history holds what was added last, each reading as near as it says, and nothing that is damaged makes it panic.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := NewHistory(rapid.IntRange(1, 200).Draw(t, "capacity"))
		reading := rapid.OneOf(rapid.Float64Range(1, 100), rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), 1e-12, 3e14}))
		var all []float64
		for range rapid.IntRange(0, 500).Draw(t, "readings") {
			x := reading.Draw(t, "x")
			h.Add(x)
			all = append(all, Decode(Encode(x)))
			if last := h.Last(); last != all[len(all)-1] && !(math.IsNaN(last) && math.IsNaN(all[len(all)-1])) {
				t.Fatalf("%g is the last, not %g", last, all[len(all)-1])
			}
		}
		if err := h.Valid(); err != nil {
			t.Fatal(err)
		}
		want := all[max(0, len(all)-int(h.Capacity)):]
		got := h.Values(nil)
		if len(got) != len(want) || h.Len() != len(want) {
			t.Fatalf("%d values of %d, want %d", len(got), h.Len(), len(want))
		}
		for i, x := range want {
			if math.IsNaN(x) != math.IsNaN(got[i]) || x == 0 != (got[i] == 0) || math.Abs(math.Log(got[i]/x)) > math.Log(MaxValue/MinValue)/500 {
				t.Fatalf("value %d is %g, want %g", i, got[i], x)
			}
		}
	})
}

func TestHistoryIsNearWhereReadingsAreAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	f := func(factor, most float64) {
		t.Helper()
		h := NewHistory(1344)
		var all []float64
		for range 2000 {
			x := 1000 * math.Pow(factor, rng.Float64())
			all = append(all, x)
			h.Add(x)
		}
		worst := 0.0
		for i, x := range h.Values(nil) {
			worst = max(worst, math.Abs(x/all[2000-1344+i]-1))
		}
		if worst > most {
			t.Errorf("readings that differ by a factor of %g are told with an error of %.4f, above %.4f", factor, worst, most)
		}
	}
	f(1.2, RelativeError) // each code has its level
	f(2, 0.0014+2*RelativeError)
	f(10, 0.0046+2*RelativeError)
	f(1000, 0.014+2*RelativeError)
}

func TestHistoryTakesAByteForEach(t *testing.T) {
	h := NewHistory(1344)
	for range 5000 {
		h.Add(1)
	}
	if bytes := cap(h.Packed) + 2*cap(h.Recent); bytes > 1600 {
		t.Errorf("%d bytes for 1344 readings", bytes)
	}
	few := NewHistory(1344)
	for range 12 {
		few.Add(1)
	}
	if bytes := cap(few.Packed) + 2*cap(few.Recent); bytes > 32 {
		t.Errorf("%d bytes for 12 readings", bytes)
	}
}

func TestDamagedHistoryIsRefused(t *testing.T) {
	f := func(name string, damage func(h *History)) {
		t.Helper()
		h := NewHistory(100)
		for i := range 300 {
			h.Add(float64(i))
		}
		if err := h.Valid(); err != nil {
			t.Fatal(err)
		}
		if damage(&h); h.Valid() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	f("no capacity", func(h *History) { h.Capacity = 0 })
	f("a capacity that blocks exceed", func(h *History) { h.Capacity = 50 })
	f("half a block", func(h *History) { h.Packed = h.Packed[:50] })
	f("a head beyond the blocks", func(h *History) { h.Head = 4 })
	f("a head in a history that is not full", func(h *History) { h.Head, h.Packed = 1, h.Packed[:2*blockBytes] })
	f("too many recent", func(h *History) { h.Recent = append(h.Recent, make(Codes, 40)...) })
	f("blocks without anything recent", func(h *History) { h.Recent = nil })
}
