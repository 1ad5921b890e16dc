package simulate

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Score is what a run comes to, over the steps that count: those that were measured, after the warm-up.
type Score struct {
	Violated   float64 `json:"viol_pct"`    // share of steps with a latency above the objective, %
	Late       float64 `json:"late_io_pct"` // share of the I/O offered that arrived in such steps, %
	Lost       float64 `json:"lost_io_pct"` // share of the I/O offered that timed out, %
	Cost       float64 `json:"cost"`        // capacity paid for, units × steps
	FoM        float64 `json:"fom"`         // (cost + 20 × need in violated steps) / lower bound; lower is better
	P99        float64 `json:"p99_lat"`     // of the steps' latency, ms
	Actions    float64 `json:"actions_per_day"`
	Rejected   int     `json:"rejected"`
	Flaps      float64 `json:"flaps_per_day"` // changes of direction soon after the change before
	Surges     int     `json:"surges"`
	Ready      float64 `json:"surge_ready_pct"` // share of surges for which capacity was there; NaN without surges
	Lead       float64 `json:"lead_min_median"` // minutes since when it had been there; NaN where none was
	Lateness   float64 `json:"late_min_median"` // minutes until it was, of the others; NaN where none was missed
	Use        float64 `json:"util_pct"`        // demand in % of what was paid for
	Days       float64 `json:"days"`            // scored
	LowerBound float64 `json:"lower_bound"`     // of cost + 20 × need in violated steps, for any policy
	CostRatio  float64 `json:"cost_ratio"`      // cost / cost of the clairvoyant plan; 0 where that was not run
	Penalty    float64 `json:"penalty"`         // 20 × need in violated steps
}

// MarshalJSON writes null for what there is none of.
func (s Score) MarshalJSON() ([]byte, error) {
	type plain Score
	some := func(x float64) *float64 {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	return json.Marshal(struct {
		plain
		FoM      *float64 `json:"fom"`
		P99      *float64 `json:"p99_lat"`
		Ready    *float64 `json:"surge_ready_pct"`
		Lead     *float64 `json:"lead_min_median"`
		Lateness *float64 `json:"late_min_median"`
	}{plain(s), some(s.FoM), some(s.P99), some(s.Ready), some(s.Lead), some(s.Lateness)})
}

// Score scores a plant whose trace has ended; bound is [LowerBound] of the same trace and provider.
func (v *Plant) Score(bound float64) Score {
	s := Score{LowerBound: bound, Rejected: v.Rejected}
	var steps, violated, offered, late, lost float64
	var latencies []float64
	for i := range v.Steps {
		r := &v.Steps[i]
		if !v.Trace.Scored(i) {
			continue
		}
		steps++
		offered += r.Demand
		lost += r.Lost / stepSeconds
		s.Cost += r.Billed
		latencies = append(latencies, r.Latency)
		if r.Latency > Objective {
			violated++
			late += r.Demand
		}
	}
	s.Days = steps / (24 * 60)
	s.Violated, s.Late, s.Lost, s.Use = percent(violated, steps), percent(late, offered), percent(lost, offered), percent(offered, s.Cost)
	s.Penalty = LateWeight * Need(late)
	s.FoM = (s.Cost + s.Penalty) / bound
	s.P99 = robust.Quantile(latencies, 0.99)
	v.countActions(&s)
	v.countSurges(&s)
	return s
}

func percent(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * part / whole
}

// countActions counts the changes after the warm-up, and those that turn back soon.
func (v *Plant) countActions(s *Score) {
	soon := int64(max(30*time.Minute, 2*v.Provider.Cooldown) / time.Second)
	warm := v.Trace.Start + int64(v.Trace.Warmup)*stepSeconds
	var actions, flaps float64
	for k, c := range v.Accepted {
		if c.Time < warm {
			continue
		}
		actions++
		if k > 0 {
			before := v.Accepted[k-1]
			if (c.To > c.From) != (before.To > before.From) && c.Time-before.Time <= soon {
				flaps++
			}
		}
	}
	if s.Days > 0 {
		s.Actions, s.Flaps = actions/s.Days, flaps/s.Days
	}
}

const (
	surgeRise  = 1600 // I/O per second above the least need of the half-hour before
	surgeHolds = 5    // steps that capacity must be there
	surgeMost  = 360  // steps that leads and lateness are counted to
)

// Surges are the steps of a trace in which a surge arrives.
func (t *Trace) Surges() []int {
	var list []int
	last := -1 << 30
	for i := range t.Demand {
		if !t.Scored(i) || i-last <= 60 {
			continue
		}
		least := slices.Min(t.Demand[max(0, i-30) : i+1])
		most := slices.Max(t.Demand[max(0, i-60) : i+1])
		if Need(t.Demand[i])-Need(least) >= surgeRise && t.Demand[i] >= most {
			list = append(list, i)
			last = i
		}
	}
	return list
}

func (v *Plant) countSurges(s *Score) {
	var leads, late []float64
	surges := v.Trace.Surges()
	for _, i := range surges {
		if v.readyFor(i) {
			leads = append(leads, float64(v.lead(i)))
		} else {
			late = append(late, float64(v.lateness(i)))
		}
	}
	s.Surges = len(surges)
	s.Ready = math.NaN()
	if len(surges) > 0 {
		s.Ready = percent(float64(len(leads)), float64(len(surges)))
	}
	s.Lead, s.Lateness = robust.Median(leads), robust.Median(late)
}

func (v *Plant) readyFor(i int) bool {
	for j := i; j < min(i+surgeHolds, len(v.Steps)); j++ {
		if v.Steps[j].Effective < Need(v.Trace.Demand[j]) {
			return false
		}
	}
	return true
}

// lead counts the steps before i for which the capacity for its need had been there.
func (v *Plant) lead(i int) int {
	n := 0
	for n < min(i, surgeMost) && v.Steps[i-1-n].Effective >= Need(v.Trace.Demand[i]) {
		n++
	}
	return n
}

// lateness counts the steps from i on until capacity serves the need.
func (v *Plant) lateness(i int) int {
	n := 0
	for n < min(len(v.Steps)-i, surgeMost) && v.Steps[i+n].Effective < Need(v.Trace.Demand[i+n]) {
		n++
	}
	return n
}
