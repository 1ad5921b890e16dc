package rehearse

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestIsReadyForWhatIsAnnounced: surges at times that nothing in the demand gives away are served where something unusual goes before them, or a forecast tells of them.
func TestIsReadyForWhatIsAnnounced(t *testing.T) {
	const days, before = 3, 4
	terms := Terms{Quantum: 100, Min: 100, Max: 16000, Delay: 2 * time.Minute, Late: 20}
	surge := make([]bool, days*day+before)
	draw := rand.New(rand.NewPCG(3, 4))
	for i := 100; i < len(surge)-10; i += 60 + draw.IntN(200) {
		for j := range 8 {
			surge[i+j] = true
		}
	}
	run := func(told func(n *Need, soon bool)) (paid, late float64) {
		r, v := New(terms), volume{terms: terms, had: []float64{1000}}
		for i := range days * day {
			n := Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: 1000, Known: true}
			if surge[i] {
				n.Amount = 6000
			}
			told(&n, surge[i+before] || surge[i+before-1])
			r.Observe(n)
			if r.GrowDue() {
				r.SetForest(r.Grow())
			}
			v.step(n.Amount, r, i >= (days-1)*day)
		}
		return v.paid, v.late
	}
	paid, late := run(func(*Need, bool) {})
	always := 6000.0 * day
	for name, told := range map[string]func(n *Need, soon bool){
		"an anomaly": func(n *Need, soon bool) {
			if soon {
				n.Score = 3
			}
		},
		"requests that are larger, which is not rare": func(n *Need, soon bool) {
			if soon {
				n.Size = 0.5
			}
		},
		"a forecast": func(n *Need, soon bool) {
			if n.Expected = 1000; soon {
				n.Expected = 6000
			}
		},
	} {
		if p, l := run(told); l > late/4 || p > always/3 || p+20*l > (paid+20*late)/2 {
			t.Errorf("%s: %.0f paid and %.0f late; without %.0f and %.0f", name, p, l, paid, late)
		}
	}
}
