package simulate

import "math"

// LowerBound is the least cost + 20 × need in violated steps that any policy can reach: the optimum of a dynamic programme
// over levels of capacity that knows the future and leaves out what waits from step to step. Where changes are scarce it leaves out the delay as well.
// Of a budget of changes in a window it heeds only their least distance: it stays a bound, and a loose one.
func LowerBound(t *Trace, p Provider) float64 {
	_, least := clairvoyant(t, p, int(p.Cooldown/Step), false)
	return least
}

// Clairvoyant is the plan behind the lower bound as requests: what to have provisioned in each step, rises asked for the
// delay ahead. Where changes are scarce it is planned with a time between changes that is longer by the delay,
// and a budget of changes in a window is spread evenly.
func Clairvoyant(t *Trace, p Provider) []float64 {
	apart := int(spacing(p) / Step)
	if apart > 0 {
		apart += delaySteps(p)
	}
	plan, _ := clairvoyant(t, p, apart, true)
	ask := make([]float64, len(plan))
	for i := range plan {
		for _, level := range plan[i:min(len(plan), i+delaySteps(p)+1)] {
			ask[i] = max(ask[i], level)
		}
	}
	return ask
}

const (
	// mostLevels is into how many amounts one is divided whose provider has no multiples.
	mostLevels = 10000
	// mostCells bounds what is kept for a plan, of two bytes for each step and level: a long trace under fine multiples has a coarser plan, but the same bound.
	mostCells = 100_000_000
)

// programme is the dynamic programme over the levels first, first + quantum, ….
type programme struct {
	trace  *Trace
	levels []float64
	delay  int
	// from is the level before each step and level, where the plan is wanted; changed where the level began spacing steps ago.
	from [][]int16
}

// clairvoyant gives the best levels, where they are wanted, and what they cost.
func clairvoyant(t *Trace, p Provider, spacing int, wanted bool) (plan []float64, least float64) {
	g := programme{trace: t, delay: delaySteps(p), levels: levels(t, p, wanted)}
	if wanted {
		g.from = make([][]int16, len(t.Demand))
		for i := range g.from {
			g.from[i] = make([]int16, len(g.levels))
		}
	}
	if spacing > 0 {
		return g.scarce(spacing)
	}
	return g.free()
}

// levels are the amounts that may be had.
func levels(t *Trace, p Provider, wanted bool) (list []float64) {
	top := p.Fit(t.Peak() + p.Quantum)
	apart := max(p.Quantum, top/mostLevels)
	if wanted {
		apart = max(apart, top*float64(len(t.Demand))/mostCells)
	}
	for v := p.Fit(p.Min); ; v = p.Fit(v + apart) {
		if list = append(list, v); v >= top {
			return list
		}
	}
}

// cost is what a level costs in a step.
func (g *programme) cost(i, level int) float64 {
	if !g.trace.Scored(i) {
		return 0
	}
	v, need := g.levels[level], Need(g.trace.Demand[i])
	if v < need {
		return v + LateWeight*need
	}
	return v
}

// free is the programme where the level may change at every step: falling is free, a rise is billed from the delay before.
func (g *programme) free() ([]float64, float64) {
	n := len(g.levels)
	best, next := make([]float64, n), make([]float64, n)
	above := make([]int16, n) // the cheapest level at or above
	billed := 0               // scored steps among the delay's last
	for i := range g.trace.Demand {
		if i > 0 && g.trace.Scored(i-1) {
			billed++
		}
		if j := i - 1 - g.delay; j >= 0 && g.trace.Scored(j) {
			billed--
		}
		for v := n - 1; v >= 0; v-- {
			above[v] = int16(v)
			if v+1 < n && best[above[v+1]] < best[v] {
				above[v] = above[v+1]
			}
		}
		k := float64(billed)
		below := 0 // the cheapest level below, each with the rise from the lowest
		for v := range n {
			from := int(above[v])
			if i > 0 && best[below]+k*(g.levels[v]-g.levels[below]) < best[from] {
				from = below
			}
			next[v] = best[from] + g.cost(i, v)
			if from < v {
				next[v] += k * (g.levels[v] - g.levels[from])
			}
			if g.from != nil {
				g.from[i][v] = int16(from)
			}
			if best[v]-k*g.levels[v] < best[below]-k*g.levels[below] {
				below = v
			}
		}
		best, next = next, best
	}
	end := argmin(best)
	if g.from == nil {
		return nil, best[end]
	}
	plan := make([]float64, len(g.trace.Demand))
	for i, v := len(plan)-1, end; i >= 0; i-- {
		plan[i] = g.levels[v]
		v = int(g.from[i][v])
	}
	return plan, best[end]
}

// changed marks, in from, a level that began spacing steps ago.
const changed = -1

// scarce is the programme where a level, once taken, is kept for at least spacing steps.
func (g *programme) scarce(spacing int) ([]float64, float64) {
	n, steps := len(g.levels), len(g.trace.Demand)
	sums := make([][]float64, steps+1) // of a level's cost up to a step; only the last spacing+1 are kept
	sums[0] = make([]float64, n)
	settled := make([]float64, n)     // least cost with a level that may be left
	least := make([]float64, steps+1) // over the levels, before each step
	leaves := make([]int16, steps+1)  // the level of it
	for i := range steps {
		sums[i+1] = make([]float64, n)
		start := i + 1 - spacing // of a level that was taken spacing steps ago
		for v := range n {
			c := g.cost(i, v)
			sums[i+1][v] = sums[i][v] + c
			settled[v] += c
			if start < 0 {
				continue
			}
			took := least[start] + sums[i+1][v] - sums[start][v]
			if g.from != nil {
				g.from[i][v] = int16(v)
			}
			if took < settled[v] {
				settled[v] = took
				if g.from != nil {
					g.from[i][v] = changed
				}
			}
		}
		if start > 0 {
			sums[start-1] = nil
		}
		at := argmin(settled)
		least[i+1], leaves[i+1] = settled[at], int16(at)
	}
	end, level, total := steps, int(leaves[steps]), least[steps]
	if g.from == nil {
		return nil, total
	}
	return g.traceBack(spacing, end, level, leaves), total
}

// traceBack reads the plan from its end: the level is held from end on.
func (g *programme) traceBack(spacing, end, level int, leaves []int16) []float64 {
	plan := make([]float64, len(g.trace.Demand))
	for i := end; i < len(plan); i++ {
		plan[i] = g.levels[level]
	}
	if end < len(plan) {
		level = int(leaves[end])
	}
	for i := end - 1; i >= 0; {
		if g.from[i][level] != changed {
			plan[i] = g.levels[level]
			i--
			continue
		}
		start := i + 1 - spacing
		for ; i >= start; i-- {
			plan[i] = g.levels[level]
		}
		level = int(leaves[start])
	}
	return plan
}

func argmin(x []float64) int {
	at := 0
	for i := range x {
		if x[i] < x[at] || math.IsNaN(x[at]) {
			at = i
		}
	}
	return at
}
