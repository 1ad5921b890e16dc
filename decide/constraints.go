package decide

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// amounts are the constraints on how much, in order. Each may change a wish; ok is false when no amount is left.
var amounts = []func(d *deliberation, kind foreshock.Kind, w *wish) (ok bool){
	withinPolicy,   // the policy's min and max
	withinCalendar, // what is to be ready
	withinTime,     // when the provider allows the next change of the amount
	withinProvider, // the provider's min, max and multiples, the instance's ceiling among them
	withinRatio,    // how far one action may go
	withinSpend,    // what growth may cost
	different,      // an amount that is there already is no change
}

// permissions are the constraints on whether, in order. All are asked, so that a person sees everything that stands in the way.
var permissions = []func(d *deliberation, kind foreshock.Kind){
	owner,      // does another controller own it?
	busy,       // is a change under way at the provider?
	openAction, // is an action of ours not settled?
	verified,   // is the last action judged, and are all figures newer than it?
	budget,     // does the provider allow another change?
	cooldown,   // was the last action long enough ago?
	window,     // is it a time for it?
	fleet,      // is enough going on elsewhere?
	reporting,  // does enough of the policy's group report for a reduction?
	paused,     // did a person pause actions?
	latched,    // did feedback stop them?
	granted,    // is there capacity to be had?
}

// settle takes what is wanted through the constraints; it does not settle when nothing is wanted.
func (d *deliberation) settle(kind foreshock.Kind) bool {
	if len(d.wishes) == 0 {
		return false
	}
	d.out.Kind = kind
	d.out.Want = allocation(d.wishes)
	if d.trim(kind); len(d.wishes) == 0 {
		d.out.Kind = foreshock.Hold
		return true
	}
	for _, permitted := range permissions {
		permitted(d, kind)
	}
	d.out.To = allocation(d.wishes)
	switch {
	case d.held:
		d.out.Kind = foreshock.Hold
	case !d.out.Reserve:
		d.act(kind)
	}
	return true
}

// trim takes each wish through the constraints on amounts, and drops those of which nothing is left.
func (d *deliberation) trim(kind foreshock.Kind) {
	kept := d.wishes[:0]
	for _, w := range d.wishes {
		ok := true
		w.need = w.to
		for _, fits := range amounts {
			if ok = fits(d, kind, &w); !ok {
				break
			}
		}
		if ok {
			d.spent += d.cost(&w)
			kept = append(kept, w)
		}
	}
	d.wishes = kept
}

func allocation(wishes []wish) foreshock.Allocation {
	var a foreshock.Allocation
	for _, w := range wishes {
		a.Set(w.Dimension, w.to)
	}
	return a
}

// limit tells that a constraint changed a wish.
func (d *deliberation) limit(w *wish, to float64, code, format string, args ...any) {
	d.because(code, format, args...)
	d.out.Bound = code
	d.trimmed = append(d.trimmed, binding{w.Dimension, code})
	w.to = to
}

func withinPolicy(d *deliberation, _ foreshock.Kind, w *wish) bool {
	b := w.bounds
	if b.Max > 0 && w.to > b.Max {
		d.limit(w, b.Max, PolicyMax, "%s of %s is wanted, the policy allows at most %s", w.text(w.to), w.Dimension, w.text(b.Max))
	}
	if w.to < b.Min {
		d.limit(w, b.Min, PolicyMin, "%s of %s would do, the policy asks for at least %s", w.text(w.to), w.Dimension, w.text(b.Min))
	}
	return true
}

// withinTime drops a wish for an amount that was changed too short a time ago; the resource's other amounts may be changed meanwhile.
func withinTime(d *deliberation, _ foreshock.Kind, w *wish) bool {
	if !w.rule.NotBefore.After(d.Now) {
		return true
	}
	d.limit(w, w.have, Budget, "%s of %s is wanted, the provider allows its next change at %s", w.text(w.to), w.Dimension, clock(w.rule.NotBefore))
	return false
}

// withinProvider rounds up, so that what is needed is there, unless that is above a maximum.
func withinProvider(d *deliberation, kind foreshock.Kind, w *wish) bool {
	q := w.quantum()
	rounded := ceil(w.to, q)
	if stated := math.Max(w.rule.Quantum, w.bounds.Quantum); stated > 0 && rounded > w.to*(1+1e-9) {
		d.because(Rounded, "%s is rounded up to %s, a multiple of %s", w.text(w.to), w.text(rounded), w.text(q))
	}
	w.to = rounded
	if w.rule.Min > 0 && w.to < w.rule.Min {
		d.limit(w, ceil(w.rule.Min, q), ProviderMin, "%s of %s would do, the provider asks for at least %s", w.text(w.to), w.Dimension, w.text(w.rule.Min))
	}
	if w.rule.Max > 0 && w.to > w.rule.Max {
		d.limit(w, floor(w.rule.Max, q), ProviderMax, "%s of %s is wanted, the provider allows at most %s", w.text(w.to), w.Dimension, w.text(w.rule.Max))
	}
	if w.bounds.Max > 0 && w.to > w.bounds.Max {
		d.limit(w, floor(w.bounds.Max, q), PolicyMax, "%s of %s is wanted, the policy allows at most %s", w.text(w.to), w.Dimension, w.text(w.bounds.Max))
	}
	return d.lawful(kind, w)
}

// withinRatio keeps one action from going too far.
func withinRatio(d *deliberation, kind foreshock.Kind, w *wish) bool {
	ratio := d.policy.Limits.GrowthRatio
	if ratio <= 0 || d.undoes {
		return true
	}
	q := w.quantum()
	if most := w.have * ratio; kind == foreshock.Grow && w.to > most {
		d.limit(w, floor(most, q), Ratio, "%s of %s is wanted, one action may raise it to at most %g times %s", w.text(w.to), w.Dimension, ratio, w.text(w.have))
	}
	if least := w.have / ratio; kind == foreshock.Shrink && w.to < least {
		d.limit(w, ceil(least, q), Ratio, "%s of %s would do, one action may lower it to at least 1/%g of %s", w.text(w.to), w.Dimension, ratio, w.text(w.have))
	}
	return d.lawful(kind, w)
}

// lawful says whether the amount keeps all the rules at once. A growth that is on its way to the policy's min may stay below it;
// a reduction never goes below what is needed.
func (d *deliberation) lawful(kind foreshock.Kind, w *wish) bool {
	most := func(limit float64) bool { return limit <= 0 || w.to <= limit }
	least := kind == foreshock.Grow || w.to >= w.bounds.Min && w.to >= w.need*(1-1e-9)
	if finite(w.to) && w.to > 0 && w.to >= w.rule.Min && least && most(w.rule.Max) && most(w.bounds.Max) {
		return true
	}
	d.because(NoAmount, "no amount of %s keeps all the rules: it stays at %s", w.Dimension, w.text(w.have))
	d.out.Bound = NoAmount
	d.trimmed = append(d.trimmed, binding{w.Dimension, NoAmount})
	return false
}

func different(d *deliberation, kind foreshock.Kind, w *wish) bool {
	if kind == foreshock.Grow && w.to > w.have*(1+1e-9) || kind == foreshock.Shrink && w.to < w.have*(1-1e-9) {
		return true
	}
	if d.out.Bound == "" {
		d.out.Bound = AlreadyThere
	}
	d.trimmed = append(d.trimmed, binding{w.Dimension, AlreadyThere})
	d.because(AlreadyThere, "%s is at %s already: nothing to change", w.Dimension, w.text(w.have))
	return false
}

func owner(d *deliberation, _ foreshock.Kind) {
	if who := d.Resource.Owner; who != "" {
		d.hold(Owner, "%s is owned by %s, which is left to it", d.Resource.Name, who)
	}
}

func busy(d *deliberation, _ foreshock.Kind) {
	if d.Resource.Busy {
		d.hold(Busy, "a change of %s is under way at the provider", d.Resource.Name)
	}
}

func openAction(d *deliberation, _ foreshock.Kind) {
	if d.Open != nil {
		d.hold(OpenAction, "action %s on %s is not settled yet", d.Open.ID, d.Resource.Name)
	}
}

// verified holds even an emergency: what is decided upon must have been read after the provider had done the last action. Once acting has helped
// often enough, or capacity is plainly lacking still, the verdict on the last action need not be waited for. What was asked for and does not work yet counts as there, so
// that demand above it is reason to grow on, but not to reduce.
func verified(d *deliberation, kind foreshock.Kind) {
	last := d.Last
	switch {
	case last == nil:
	case last.Due && !d.proven() && !(kind == foreshock.Grow && last.Grew && d.lacking()):
		d.hold(NotVerified, "action %s, in effect since %s, is not judged yet", last.ID, clock(last.Time))
	case d.Step.Time.Add(-d.Step.Length).Before(last.Time):
		d.hold(NotVerified, "the data are older than action %s, in effect since %s", last.ID, clock(last.Time))
	case d.Resource.At.Before(last.Time):
		d.hold(NotVerified, "%s was not read since action %s took effect at %s", d.Resource.Name, last.ID, clock(last.Time))
	case kind == foreshock.Shrink && d.coming():
		d.hold(NotVerified, "the data are older than what action %s brings, which works from %s on", last.ID, clock(last.Effective))
	}
}

const (
	provenActions = 3      // that were judged clearly
	provenShare   = 2. / 3 // of them that helped
	lackingSteps  = 3      // after which growth that works and is plainly too little is added to
)

// lacking says whether what is wished is saturated still, and it presses hard, although the last action has worked for some steps: a verdict could only say too little.
// Where changes are scarce, or actions were judged and it is not proven that they help, the verdict is waited for all the same.
func (d *deliberation) lacking() bool {
	works := d.Last.Time
	if d.Last.Effective.After(works) {
		works = d.Last.Effective
	}
	if d.pressure() != hard || d.Resource.Budget.Limited || d.Step.Time.Before(works.Add(lackingSteps*d.Step.Length)) {
		return false
	}
	for _, w := range d.wishes {
		if !w.saturated || !w.known || w.demand <= w.have || d.Learned[w.Dimension].Actions >= provenActions {
			return false
		}
	}
	return true
}

// proven says whether acting has helped often enough in all that is wished.
func (d *deliberation) proven() bool {
	for _, w := range d.wishes {
		l := d.Learned[w.Dimension]
		if l.Actions < provenActions || float64(l.Helped) < provenShare*float64(l.Actions) {
			return false
		}
	}
	return true
}

// coming says whether the last action brings what the last step did not have yet.
func (d *deliberation) coming() bool {
	return d.Last != nil && d.Step.Time.Add(-d.Step.Length).Before(d.Last.Effective)
}

// budget keeps some of the provider's changes for emergencies, and one more for the growth after a reduction.
func budget(d *deliberation, kind foreshock.Kind) {
	b := d.Resource.Budget
	if !b.Limited {
		return
	}
	kept := d.kept()
	if kind == foreshock.Shrink && (b.Total == 0 || b.Total > kept+1) {
		kept++
	}
	switch {
	case b.Left <= 0:
		d.hold(Budget, "the provider allows no more changes of %s within %s%s", d.Resource.Name, span(b.Window), d.frees())
	case b.Left <= kept && !d.emergency:
		d.hold(BudgetKept, "the %d changes of %s that the provider still allows within %s are kept for emergencies%s", b.Left, d.Resource.Name, span(b.Window), d.frees())
	}
}

func (d *deliberation) frees() string {
	free := d.Resource.Budget.NextFree
	if free.IsZero() {
		return ""
	}
	return "; the next one frees up at " + clock(free)
}

// cooldown lets an emergency through: a reduction that is taken back is one.
func cooldown(d *deliberation, kind foreshock.Kind) {
	wait := d.policy.Cooldown
	if kind == foreshock.Shrink {
		wait = d.policy.Reduce.Cooldown
	}
	if d.Last == nil || d.emergency {
		return
	}
	if over := d.Last.Time.Add(wait); d.Now.Before(over) {
		d.hold(Cooldown, "the last action took effect at %s: the next %s may come at %s", clock(d.Last.Time), noun(kind), clock(over))
	}
}

func noun(kind foreshock.Kind) string {
	if kind == foreshock.Shrink {
		return "reduction"
	}
	return "growth"
}

// leastPerHour is how many actions a fleet of any size may begin in an hour, where the policy does not say.
const leastPerHour = 60

// perHour is how many actions may be begun in an hour: as stated, else as many as use up the day's of all resources evenly.
func (l *Limits) perHour(fleet int) int {
	if l.PerHour != 0 {
		return l.PerHour
	}
	return max(leastPerHour, fleet*max(0, l.PerDay)/24)
}

// fleet bounds the harm of a mistake. Emergencies are bound like all.
func fleet(d *deliberation, kind foreshock.Kind) {
	d.policy.Limits.Exceeded(&d.Counts, kind, d.undoes, d.hold)
}

// Exceeded says which limits keep an action back that would follow upon what is counted: it is asked for each decision, and again before the provider is.
func (l *Limits) Exceeded(c *Counts, kind foreshock.Kind, undoes bool, say func(code, format string, args ...any)) {
	if l.AtOnce > 0 && c.Open >= l.AtOnce {
		say(FleetAtOnce, "%d actions are under way, at most %d may be", c.Open, l.AtOnce)
	}
	if most := l.perHour(c.FleetSize); most > 0 && c.LastHour >= most {
		say(FleetPerHour, "%d actions were begun in the last hour, at most %d may be", c.LastHour, most)
	}
	perDay := l.PerDay
	if kind == foreshock.Shrink && !undoes {
		perDay = (3*l.PerDay + 3) / 4 // the rest is left for growing
	}
	if l.PerDay > 0 && c.WorkloadLastDay >= perDay {
		say(WorkloadPerDay, "%d actions were begun on this workload in the last day, at most %d may be before a %s", c.WorkloadLastDay, perDay, noun(kind))
	}
	if most := max(1, int(l.Share*float64(c.PolicySize))); l.Share > 0 && !c.PolicyMine && c.PolicyResources >= most {
		say(FleetShare, "%d of the policy's %d resources were changed in the last hour, at most %d may be", c.PolicyResources, c.PolicySize, most)
	}
	if undoes {
		return
	}
	if c.PolicyJudged == 0 && c.PolicyDue > 0 {
		say(Canary, "the policy's first action is not judged yet: one resource is tried before the others")
	}
	if l.StopAfter > 0 && c.NotHelped >= l.StopAfter {
		say(StopAfter, "the last %d actions did not help: a person should look, then resume", c.NotHelped)
	}
}

// leastReporting is the share of a policy's resources that must report before any of them is reduced.
const leastReporting = 0.8

func reporting(d *deliberation, kind foreshock.Kind) {
	c := d.Counts
	if kind != foreshock.Shrink {
		return
	}
	if c.PolicySize > 0 && float64(c.PolicySize-c.PolicySilent) < leastReporting*float64(c.PolicySize) {
		d.hold(GroupSilent, "%d of the policy's %d resources do not report: nothing is reduced", c.PolicySilent, c.PolicySize)
	}
	if d.NoReduce != "" && !d.undoes {
		d.hold(ReductionsOff, "reductions of this workload are off: %s", d.NoReduce)
	}
}

func paused(d *deliberation, kind foreshock.Kind) {
	by := d.Paused.Grow
	if kind == foreshock.Shrink {
		by = d.Paused.Shrink
	}
	if by != "" {
		d.hold(Paused, "actions are paused: %s", by)
	}
}

func latched(d *deliberation, _ foreshock.Kind) {
	if d.Latched != "" && !d.undoes {
		d.hold(Latched, "actions on this workload were stopped: %s", d.Latched)
	}
}

// granted asks the planner for what grows, when nothing else stands in the way and it would be done.
func granted(d *deliberation, kind foreshock.Kind) {
	if !d.Planner || kind != foreshock.Grow || d.held || d.policy.Mode == foreshock.Observe {
		return
	}
	g := d.Grant
	if g == nil || !g.Expires.After(d.Now) || !g.For.Covers(stated(g.For, d.wishes)) {
		d.because(GrantNeeded, "the capacity planner is asked for it first")
		d.out.Bound, d.out.Reserve = GrantNeeded, true
		return
	}
	d.grant = g.ID
	d.cap(g)
	if len(d.wishes) == 0 {
		d.hold(GrantRefused, "no capacity was granted%s", why(g.Reason))
	}
}

// stated gives a's own amounts for what is wished; a dimension that was not asked for is one that a does not cover.
func stated(a foreshock.Allocation, wishes []wish) foreshock.Allocation {
	var asked foreshock.Allocation
	for _, w := range wishes {
		x, _ := a.Get(w.Dimension)
		asked.Set(w.Dimension, x)
	}
	return asked
}

// cap lowers the wishes to what was granted.
func (d *deliberation) cap(g *Grant) {
	kept := d.wishes[:0]
	for _, w := range d.wishes {
		most, known := g.Granted.Get(w.Dimension)
		if !known || !finite(most) {
			most = 0
		}
		if w.to <= most*(1+1e-9) {
			kept = append(kept, w)
			continue
		}
		part := floor(most, w.quantum())
		if part <= w.have*(1+1e-9) || part < w.rule.Min {
			continue
		}
		d.limit(&w, part, GrantPartial, "%s of %s is wanted, %s was granted%s", w.text(w.to), w.Dimension, w.text(most), why(g.Reason))
		kept = append(kept, w)
	}
	d.wishes = kept
}

func why(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// natural are the least differences that mean something, where no rule states a multiple.
var natural = [foreshock.NumDimensions]float64{
	foreshock.DimIOPS: 1, foreshock.DimThroughput: 1, foreshock.DimSize: 1, foreshock.DimVCPU: 0.01, foreshock.DimMemory: 1, foreshock.DimReplicas: 1,
}

// quantum is what amounts are multiples of: the provider's and the policy's where one is a multiple of the other or both are whole numbers, else
// the provider's.
func (w *wish) quantum() float64 {
	a, b := w.rule.Quantum, w.bounds.Quantum
	switch {
	case !(a > 0) && !(b > 0):
		return natural[w.Dimension]
	case !(a > 0):
		return b
	case !(b > 0) || integer(a/b):
		return a
	case integer(b / a):
		return b
	case integer(a) && integer(b) && a < 1<<31 && b < 1<<31:
		return a / float64(divisor(int64(a), int64(b))) * b
	}
	return a
}

func integer(x float64) bool { return x >= 1 && math.Abs(x-math.Round(x)) < 1e-9*x }

func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// ceil is the least multiple of q that is not below x, but for rounding errors.
func ceil(x, q float64) float64 { return multiple(math.Ceil(x/q-1e-9), q) }

// floor is the greatest multiple of q that is not above x, but for rounding errors.
func floor(x, q float64) float64 { return multiple(math.Floor(x/q+1e-9), q) }

// multiple is n times q, without the rounding error of fractions such as 0.01.
func multiple(n, q float64) float64 {
	if inverse := math.Round(1 / q); q < 1 && math.Abs(inverse*q-1) < 1e-12 {
		return n / inverse
	}
	return n * q
}

// longest is the longest lead time among the wishes.
func (d *deliberation) longest() time.Duration {
	var lead time.Duration
	for _, w := range d.wishes {
		lead = max(lead, d.leadTime(w.Dimension))
	}
	return lead
}
