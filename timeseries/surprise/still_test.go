package surprise

import (
	"math/rand/v2"
	"testing"
)

// A reading that stays the same where none did is told of within the hour, at any height that is usual; one that stays the same as often as others did is not, nor one that never was another.
func TestStillReadings(t *testing.T) {
	f := func(name string, still bool, reading func(i int, rng *rand.Rand) float64) {
		t.Helper()
		s := NewStream(300, 1)
		rng := rand.New(rand.NewPCG(4, 4))
		const begin, rows = 3000, 3012
		most := 0.0
		for i := range rows {
			x := reading(min(i, begin), rng)
			if v := s.Observe(int64(i)*300, []float64{x}); i > begin {
				most = max(most, v.Surprise)
			}
		}
		if found := most >= 1.9; found != still {
			t.Errorf("%s: a surprise of %.2f", name, most)
		}
	}
	var last float64
	f("a sensor that hangs", true, func(i int, rng *rand.Rand) float64 {
		if i < 3000 {
			last = 40 + rng.NormFloat64()
		} else {
			last = 40.25
		}
		return last
	})
	f("noise", false, func(_ int, rng *rand.Rand) float64 { return 40 + rng.NormFloat64() })
	f("a constant", false, func(int, *rand.Rand) float64 { return 40 })
	f("one of two values, each for a while", false, func(i int, rng *rand.Rand) float64 {
		if i < 3000 && rng.Float64() < 0.05 {
			last = 40 + float64(rng.IntN(2))
		}
		return last
	})
	f("idle", false, func(i int, rng *rand.Rand) float64 {
		if i < 3000 && rng.Float64() < 0.5 {
			return rng.ExpFloat64()
		}
		return 0
	})
}

// Who hangs a second time is told of as well: the first is forgotten by half in as many readings as tails remember.
func TestStillFades(t *testing.T) {
	var s Still
	for i := range 3000 {
		s.learn(float64(i))
	}
	for range 30 {
		s.learn(1)
	}
	surprised := func(readings int) bool {
		t.Helper()
		for i := range readings {
			s.learn(float64(i))
		}
		last := 0.0
		for range 30 {
			last = s.judge(2, 1000)
			s.learn(2)
		}
		return last > 2
	}
	if surprised(100) {
		t.Error("a run as long as the one before it is told of at once")
	}
	if !surprised(3 * memory) {
		t.Error("it is never told of again")
	}
}
