package quantile

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// It holds the newest readings in their order, whatever they are, and nothing that is damaged makes it panic.
func TestCompact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 50).Draw(t, "capacity")
		h := NewCompact(capacity)
		reading := rapid.OneOf(rapid.Float64Range(1, 100), rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), 1e-12, 3e14}))
		var all []float64
		for range rapid.IntRange(0, 200).Draw(t, "readings") {
			x := reading.Draw(t, "x")
			h.Add(x)
			if x >= 0 {
				all = append(all, Decode(Encode(x)))
			}
		}
		if err := h.Valid(); err != nil {
			t.Fatal(err)
		}
		want, got := all[max(0, len(all)-capacity):], h.Values(nil)
		if len(got) != len(want) || h.Len() != len(want) {
			t.Fatalf("%d values of %d, want %d", len(got), h.Len(), len(want))
		}
		for i, x := range want {
			if x == 0 != (got[i] == 0) || math.Abs(math.Log(got[i]/x)) > math.Log(MaxValue/MinValue)/50 {
				t.Fatalf("value %d is %g, want %g", i, got[i], x)
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		h := Compact{
			Size:  rapid.Uint8Range(0, MostReadings+1).Draw(t, "size"),
			Next:  rapid.Uint8Range(0, MostReadings+1).Draw(t, "next"),
			Scale: Scale{Code(rapid.Uint16().Draw(t, "low")), rapid.Uint16().Draw(t, "step")},
		}
		copy(h.Bytes[:], rapid.SliceOfN(rapid.Byte(), 0, MostReadings).Draw(t, "bytes"))
		if h.Valid() == nil {
			for range 100 {
				h.Add(rapid.Float64Range(0, 1e6).Draw(t, "x"))
			}
			h.Values(nil)
		}
	})
}

// A reading far above the others makes the scale wide for as long as it is held, and not longer.
func TestCompactIsNearWhereReadingsAreAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	f := func(factor, spike, most float64) {
		t.Helper()
		h := NewCompact(MostReadings)
		h.Add(1000 * spike)
		isNear(t, &h, 1000, MostReadings, rng, factor, most)
	}
	f(1.02, 1, RelativeError)
	f(2, 1, 0.003)
	f(10, 1, 0.007)
	f(10, 1e6, 0.007)
}
