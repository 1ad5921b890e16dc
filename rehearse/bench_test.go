package rehearse

import (
	"math"
	"testing"
	"time"
)

func BenchmarkObserve(b *testing.B) {
	r := New(Terms{Quantum: 500, Min: 500, Max: 16000, Delay: time.Minute, Late: 20})
	at := time.Unix(1700000000, 0).Truncate(time.Minute)
	i := 0
	step := func() {
		at = at.Add(time.Minute)
		need := 2000 + 1500*math.Sin(float64(i%day)/day*2*math.Pi) + 300*math.Sin(float64(i*i%977))
		i++
		r.Observe(Need{Time: at, Amount: need, Known: true})
		if r.GrowDue() {
			r.SetForest(r.Grow())
		}
		r.Advice()
	}
	for range 8 * day {
		step()
	}
	b.ResetTimer()
	for b.Loop() {
		step()
	}
}
