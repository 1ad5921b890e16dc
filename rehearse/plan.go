package rehearse

import "math"

// planned is a plan's first step, in units of need: what a change now should be to, and between which amounts to wait is better than to change.
type planned struct{ wish, from, to float64 }

const (
	planSlots  = 64   // of a plan; what comes after a change that is made now is more than half of it
	heldSlots  = 24   // that a change must last
	planLevels = 36   // amounts that a plan tells apart
	planRatio  = 1.12 // of an amount to the next lower one
	nearby     = 60   // minutes until what the last hour was has half of its weight
	mostShift  = 6    // rungs, about twice as much
	sinceWhen  = 120  // minutes that are compared with those of earlier days
)

// outlook is how a plan sees the future: as the same time on earlier days was.
type outlook struct {
	of    int  // which days: the last [lastDays], this day of the weeks before, or those that are alike
	today bool // to begin with as the last hour, and by half of how much today's demand differs from theirs
}

// lastDays are how many days outlooks are of; the other sets come after them.
var lastDays = [...]int{1, 3, 7}

const (
	thisWeekday = len(lastDays) + iota
	thoseAlike
	daySets
)

var outlooks = [...]outlook{
	{0, false}, {1, false}, {2, false}, {thisWeekday, false}, {thoseAlike, false}, {0, true}, {1, true}, {2, true}, {thisWeekday, true}, {thoseAlike, true},
}

func (o outlook) name() (name string) {
	switch o.of {
	case thisWeekday:
		name = "the plan for days as this day of earlier weeks"
	case thoseAlike:
		name = "the plan for days as those that began alike"
	default:
		name = "the plan for days as " + lately(lastDays[o.of])
	}
	if o.today {
		name += " and as today"
	}
	return name
}

// rung is the place of a need on the ladder of amounts, each [planRatio] times the one before it; rung 0 is 1.
func rung(need float64) int {
	if need <= 1 {
		return 0
	}
	return int(math.Ceil(math.Log(need)/math.Log(planRatio) - 1e-9))
}

func rungAmount(k int) float64 { return math.Pow(planRatio, float64(k)) }

// ladder has a number for each amount.
type ladder [planLevels]float64

// planner works out plans where changes are scarce.
type planner struct {
	amounts ladder
	lowest  int // rung of amounts[0]
	// days are, for each set of earlier days that outlooks are of, how much each of them counts, yesterday first.
	days [daySets][likeDays]float64
	// late is, for each of these sets and each slot, the mean need above each amount.
	late  [daySets][planSlots]ladder
	first int                   // minute of the first slot; 0: late is of none
	last  ladder                // the same of the last hour
	costs [planSlots + 1]ladder // expected in the slots before
	ahead [planSlots + 1]ladder // least cost from a slot on, with an amount that may be left
	plans [len(outlooks)]planned
}

// look reads the history.
func (p *planner) look(r *Rehearsal) {
	h, now := &r.past, r.past.n-1
	before := p.lowest
	p.lowest = rung(h.highest(now-7*day+1, now)) + mostShift - planLevels + 1
	for k := range p.amounts {
		p.amounts[k] = rungAmount(p.lowest + k)
	}
	p.last = ladder{}
	for j := max(0, now-59); j <= now; j++ {
		p.put(&p.last, rung(h.at(j)), 1/float64(min(60, now+1)))
	}
	p.last.above()
	slot := r.slot()
	first := now + 1 + minutes(r.terms.Delay)
	// Each slot is the next one of the time before, but for the last, and all are of minutes that are known then and now.
	goesOn := p.first > 0 && p.first+slot == first && p.lowest == before && first+planSlots*slot-day <= r.past.n
	p.first = first
	were := p.days
	p.weigh(h)
	for of := range p.late {
		k := 0
		if goesOn && p.days[of] == were[of] {
			copy(p.late[of][:], p.late[of][1:])
			k = planSlots - 1
		}
		for ; k < planSlots; k++ {
			p.lookBack(r, of, k)
		}
	}
}

// weigh says how much each day of each set counts. As long as no week is known, and no day can be compared, it is the last ones.
func (p *planner) weigh(h *history) {
	for of, days := range lastDays {
		for d := range days {
			p.days[of][d] = 1
		}
	}
	last := p.days[len(lastDays)-1]
	p.days[thisWeekday] = last
	if h.n >= 7*day {
		clear(p.days[thisWeekday][:])
		for d := 6; d < likeDays; d += 7 {
			p.days[thisWeekday][d] = 1
		}
	}
	var ok bool
	if p.days[thoseAlike], ok = h.alike(); !ok {
		p.days[thoseAlike] = last
	}
}

// lookBack fills a slot of a set of days with the minutes of the days.
func (p *planner) lookBack(r *Rehearsal, of, slot int) {
	l := &p.late[of][slot]
	*l = ladder{}
	first, after := p.first+slot*r.slot(), p.first+(slot+1)*r.slot()
	var sum float64
	for d, weight := range p.days[of] {
		if weight == 0 {
			continue
		}
		for j := first - (d+1)*day; j < after-(d+1)*day; j++ {
			at := j
			for at >= r.past.n { // what is further off than a day
				at -= day
			}
			if r.past.has(at) {
				p.put(l, rung(r.past.at(at)), weight)
				sum += weight
			}
		}
	}
	if sum == 0 {
		return
	}
	l.above()
	for k := range l {
		l[k] /= sum
	}
}

func (p *planner) put(l *ladder, rung int, weight float64) {
	k := min(max(rung-p.lowest, 0), planLevels-1)
	l[k] += weight * p.amounts[k]
}

// above makes each amount's number the sum of those above it.
func (l *ladder) above() {
	var sum float64
	for k := planLevels - 1; k >= 0; k-- {
		l[k], sum = sum, sum+l[k]
	}
}

// slot is the length of a plan's slot in minutes.
func (r *Rehearsal) slot() int { return max(1, minutes(r.terms.Spacing)/heldSlots) }

// renew makes the plans anew, by dynamic programming over slots and amounts: when it is best to change and to what, where a change lasts
// for [heldSlots]. That more will be known later is left out.
func (p *planner) renew(r *Rehearsal) {
	p.look(r)
	for i, o := range outlooks {
		p.expect(r, o)
		p.plans[i] = p.solve()
	}
}

func (p *planner) expect(r *Rehearsal, o outlook) {
	shift, slot := 0, r.slot()
	if o.today {
		shift = p.shift(r, o.of)
	}
	grown := math.Pow(planRatio, float64(shift))
	for s := range planSlots {
		share := 0.0
		if o.today {
			share = 0.5 * math.Exp2(-float64(s*slot)/nearby)
		}
		for k := range planLevels {
			late := p.late[o.of][s][min(max(k-shift, 0), planLevels-1)] * grown
			p.costs[s+1][k] = p.costs[s][k] + p.amounts[k] + r.terms.Late*(late+share*(p.last[k]-late))
		}
	}
}

// shift is by how many rungs the last hours' mean differs from that of the same hours on a set of days, halved.
func (p *planner) shift(r *Rehearsal, of int) int {
	now := r.past.n - 1
	var then, sum float64
	for d, weight := range p.days[of] {
		if end := now - (d+1)*day; weight > 0 && end >= 0 {
			then += weight * r.past.mean(end-sinceWhen+1, end)
			sum += weight
		}
	}
	today := r.past.mean(now-sinceWhen+1, now)
	if then <= 0 || today <= 0 {
		return 0
	}
	return max(-mostShift, min(int(math.Round(0.5*math.Log(today*sum/then)/math.Log(planRatio))), mostShift))
}

// solve goes back from the last slot to the first.
func (p *planner) solve() planned {
	var least float64
	var at int
	for s := planSlots - 1; s >= 0; s-- {
		end := min(s+heldSlots, planSlots)
		least = math.Inf(1)
		for k := range planLevels {
			if taken := p.costs[end][k] - p.costs[s][k] + p.ahead[end][k]; taken < least {
				least, at = taken, k
			}
			p.ahead[s][k] = p.costs[s+1][k] - p.costs[s][k] + p.ahead[s+1][k]
		}
		for k := 0; k < planLevels && s > 0; k++ {
			p.ahead[s][k] = min(p.ahead[s][k], least)
		}
	}
	from, to := at, at
	for from > 0 && p.ahead[0][from-1] <= least {
		from--
	}
	for to < planLevels-1 && p.ahead[0][to+1] <= least {
		to++
	}
	return planned{p.amounts[at], p.amounts[from], p.amounts[to]}
}
