package rehearse

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestDaysAlike: on some days, drawn at random, a job runs at two and demand is eight times higher at noon. By nine the plan for days that began alike knows
// which kind of day it is; the last days cannot tell.
func TestDaysAlike(t *testing.T) {
	const low, high = 1000.0, 8000.0
	draw := rand.New(rand.NewPCG(5, 7))
	r := New(someTerms["scarce"])
	var busy bool
	kinds := map[bool]int{}
	for i := range 21 * day {
		if i%day == 0 {
			busy = draw.IntN(2) == 0
		}
		need, minute := low*(0.95+0.1*draw.Float64()), i%day
		switch {
		case busy && minute >= 2*60 && minute < 4*60:
			need *= 2
		case busy && minute >= 12*60 && minute < 14*60:
			need = high
		}
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: need, Known: true})
		if i < 9*day || minute != 9*60 {
			continue
		}
		kinds[busy]++
		r.planner.look(r)
		noon := &r.planner.late[thoseAlike][4*3-1] // three hours on
		var above float64
		for k, amount := range r.planner.amounts {
			if amount > 2*low {
				above = noon[k]
				break
			}
		}
		if busy != (above > high/2) {
			t.Errorf("day %d, a job ran: %v: at noon %.0f are expected above twice the usual", i/day, busy, above)
		}
	}
	if kinds[true] < 3 || kinds[false] < 3 {
		t.Errorf("of both kinds of days are %v", kinds)
	}
}

// TestAlikeNeedsDays: one day, or less, is compared with nothing.
func TestAlikeNeedsDays(t *testing.T) {
	var h history
	for i := range 2*day + 60 {
		if _, ok := h.alike(); ok != (h.n >= 2*day) {
			t.Fatalf("minute %d: %v", i, ok)
		}
		h.add(minute{need: 1, known: true})
	}
}
