package rehearse

import (
	"math"
	"testing"
	"time"
)

// eightDays gives a rehearsal of eight days, and what makes another minute of it.
func eightDays() (r *Rehearsal, step func()) {
	r = New(Terms{Quantum: 500, Min: 500, Max: 16000, Delay: time.Minute, Late: 20})
	at := time.Unix(1700000000, 0).Truncate(time.Minute)
	i := 0
	step = func() {
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
	return r, step
}

func BenchmarkObserve(b *testing.B) {
	_, step := eightDays()
	for b.Loop() {
		step()
	}
}

// A week after its last minute the next one comes.
func BenchmarkReturn(b *testing.B) {
	r, _ := eightDays()
	for b.Loop() {
		r.Clone().Observe(Need{Time: r.End().Add(7 * 24 * time.Hour), Amount: 2000, Known: true})
	}
}
