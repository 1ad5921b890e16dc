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
		isNear(t, &h, 2000, 1344, rng, factor, most)
	}
	f(1.2, RelativeError) // each code has its level
	f(2, 0.0014+2*RelativeError)
	f(10, 0.0046+2*RelativeError)
	f(1000, 0.014+2*RelativeError)
}

type holder interface {
	Add(x float64)
	Values(dst []float64) []float64
}

// isNear adds so many readings that differ by a factor, and checks how many of them are held, and the greatest relative error with which these come out.
func isNear(t *testing.T, h holder, readings, holds int, rng *rand.Rand, factor, most float64) {
	t.Helper()
	all := make([]float64, readings)
	for i := range all {
		all[i] = 1000 * math.Pow(factor, rng.Float64())
		h.Add(all[i])
	}
	worst, held := 0.0, h.Values(nil)
	if len(held) != holds {
		t.Fatalf("%d readings are held, not %d", len(held), holds)
	}
	for i, x := range held {
		worst = max(worst, math.Abs(x/all[readings-holds+i]-1))
	}
	if worst > most {
		t.Errorf("readings that differ by a factor of %g are told with an error of %.4f, above %.4f", factor, worst, most)
	}
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
