package rehearse

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock/timeseries/forest"
)

// forests know what is needed next: one the amount, the other how many times what is needed now, by its logarithm. Amounts are better where demand has levels and
// limits of its own, ratios where it has come to a level that was not there before.
type forests struct{ amount, ratio *forest.Forest }

// expectation is a distribution of what is needed next, the amount that is best for it, and what that is expected to cost.
type expectation struct {
	best, cost float64
	points     []forest.Point // none while there are no forests
}

func (r *Rehearsal) expectationOf(points []forest.Point) expectation {
	best := r.best(points)
	return expectation{best, r.costs(best, points), points}
}

// forestNames are those of what [Rehearsal.expected] gives.
var forestNames = [...]string{"the forest of amounts", "the forest of ratios", "both forests"}

// expected is what each forest expects, and both: until there are any, half more than the highest of the last half-hour.
func (r *Rehearsal) expected() (list [len(forestNames)]expectation) {
	if r.forests == nil {
		for k := range list {
			list[k].best = 1.5 * r.past.highest(r.past.n-30, r.past.n-1)
		}
		return list
	}
	var room [mostFeatures]float64
	row, i := room[:r.signals.features()], r.past.n-1
	r.describe(&r.past, i, row)
	r.points = r.forests.amount.Distribution(row, r.points[:0])
	amounts := len(r.points)
	r.points = r.forests.ratio.Distribution(row, r.points)
	now := r.ratioOf(&r.past, i)
	for k := amounts; k < len(r.points); k++ {
		r.points[k].Value = now * math.Exp(r.points[k].Value)
	}
	for k, points := range [len(list)][]forest.Point{r.points[:amounts], r.points[amounts:], r.points} {
		list[k] = r.expectationOf(points)
	}
	return list
}

// ratioOf is the amount that the ratios of minute i are of.
func (r *Rehearsal) ratioOf(h memory, i int) float64 { return max(h.at(i), r.terms.Min/4, leastNeed) }

// worths are the shares that a change must be worth for the rules that keep what they have while it is nearly the best; the first of one that keeps nothing.
var worths = [...]float64{0, 0.05, 0.1, 0.2, 0.4}

// viewNames are those of the rules that look at a forest.
func (s *signals) viewNames(forest string) (names []string) {
	wish := "what " + forest + " expects"
	if s.scarce {
		return []string{wish, wish + ", falling by 3 % a minute", forest + " and the last 5 min"}
	}
	names = []string{wish}
	for _, worth := range worths[1:] {
		names = append(names, fmt.Sprintf("%s, kept while another amount saves less than %.0f %%", wish, 100*worth))
	}
	return names
}

// views appends what the rules that look at forests wish, in the order of their names.
func (s *signals) views(r *Rehearsal, out []float64) []float64 {
	for _, e := range r.expected() {
		if s.scarce {
			falling := r.trials[len(out)+1].wish * heldFade
			out = append(out, e.best, max(e.best, falling), max(e.best, r.past.few(r.past.n-1)))
			continue
		}
		for _, worth := range worths {
			out = append(out, r.keep(r.trials[len(out)].wish, worth, &e))
		}
	}
	return out
}

// heldFade is by how much a held expectation falls in a minute.
const heldFade = 0.97

// keep is amount, where the best one is not expected to cost less by a share, else the best one.
func (r *Rehearsal) keep(amount, worth float64, e *expectation) float64 {
	if worth > 0 && amount > 0 && e.points != nil && r.costs(amount, e.points) <= (1+worth)*e.cost {
		return amount
	}
	return e.best
}

// costs is what an amount is expected to cost in a minute.
func (r *Rehearsal) costs(amount float64, d []forest.Point) float64 {
	amount = r.terms.fit(amount)
	var weight, above float64
	for _, p := range d {
		weight += p.Weight
		if p.Value > amount {
			above += p.Weight * p.Value
		}
	}
	return amount + r.terms.Late*above/weight
}
