package rehearse

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Of a history that is young, that fills its rings and that has gone round, features by windows are to the bit those by the history.
func TestWindowsSayWhatTheHistorySays(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	r := New(Terms{Quantum: 1, Max: 1000, Delay: 3 * time.Minute, Late: 20})
	for _, n := range []int{100, 2 * day, kept, kept + 1, kept + 17*block + 7} {
		for r.past.n < n {
			r.past.add(minute{need: float64(draw.IntN(500)) / 7, score: draw.Float64(), known: draw.IntN(9) > 0, apart: deviations{int8(draw.IntN(255) - 127), int8(draw.IntN(9))}})
		}
		w := r.past.windows()
		var by, want [mostFeatures]float64
		for i := max(60, n-kept); i < n; i += 1 + draw.IntN(40) {
			r.describe(w, i, by[:])
			if r.describe(&r.past, i, want[:]); by != want {
				t.Fatalf("of minute %d of %d they are\n%v, not\n%v", i, n, by, want)
			}
		}
	}
}
