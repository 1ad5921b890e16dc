package decide

import (
	"fmt"
	"slices"

	"github.com/foreshock-io/foreshock"
)

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
	ahead, first := 0, ""
	if c.Ahead > 0 && !undoes {
		ahead, first = c.Ahead, fmt.Sprintf(" and %s first", foreshock.Count(c.Ahead, "workload goes", "workloads go"))
	}
	if l.AtOnce > 0 && c.Open+ahead >= l.AtOnce {
		say(FleetAtOnce, "%s under way%s, at most %d may be", foreshock.Count(c.Open, "action is", "actions are"), first, l.AtOnce)
	}
	if most := l.perHour(c.FleetSize); most > 0 && c.LastHour+ahead >= most {
		say(FleetPerHour, "%s in the last hour%s, at most %d may be", begun(c.LastHour), first, most)
	}
	perDay := l.PerDay
	if kind == foreshock.Shrink && !undoes {
		perDay = (3*l.PerDay + 3) / 4 // the rest is left for growing
	}
	if l.PerDay > 0 && c.WorkloadLastDay >= perDay {
		say(WorkloadPerDay, "%s on this workload in the last day, at most %d may be before a %s", begun(c.WorkloadLastDay), perDay, noun(kind))
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
		say(StopAfter, "the last %s did not help: a person should look, then resume", actions(c.NotHelped))
	} else if doubtful := c.NotHelped > 0 || !c.PolicyHelped; l.StopAfter > 0 && doubtful && c.NotHelped+c.PolicyDue >= l.StopAfter {
		say(StopAfter, "%s did not help and %d of the policy's are not judged yet: at most %d may be for nothing", actions(c.NotHelped), c.PolicyDue, l.StopAfter)
	}
}

// inLine says whether only what goes on elsewhere holds what is wanted, and it would be done at once.
func (d *deliberation) inLine() bool {
	return d.policy.Mode == foreshock.Auto && !slices.ContainsFunc(d.holds, func(code string) bool { return code != FleetAtOnce && code != FleetPerHour })
}

// Urgency says how hard a workload presses for more: 0 not, 1 firmly, 2 hard.
func Urgency(s *State) int { return int(deliberate(*s).pressure()) }

func actions(n int) string { return foreshock.Count(n, "action", "actions") }

func begun(n int) string { return foreshock.Count(n, "action was begun", "actions were begun") }

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
