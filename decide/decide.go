// Package decide turns all that is known of a workload into one decision, with reasons. It is pure: what it may depend on is in
// a [State], the time included, and equal states give equal decisions to the byte.
//
// [Decide] asks its questions in order, and the first that settles the decision ends it. What is wanted then passes the
// constraints, each of which may change the amounts, hold the wish back, or ask for a person; each that binds is a reason.
package decide

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// State is all that a decision may depend on.
type State struct {
	Now     time.Time
	Late    time.Duration     // by how much the clock is later than Now, which the data say; resources are read by the clock
	Step    foreshock.Step    // the last one
	Finding Finding           // of detection, on that step
	Stage   foreshock.Stage   // of the profile
	Quality foreshock.Quality // of the data, now

	Policy   *Policy // nil: no policy names this workload
	Resource *foreshock.Resource
	// ResourceErr says why Resource is nil though the policy has a target.
	ResourceErr string
	// Demand is how much of each dimension would be used if nothing limited it, now; Saturated names the dimensions that limit.
	Demand    foreshock.Allocation
	Saturated map[foreshock.Dimension]bool
	// RecentPeak is the highest demand per dimension over the policy's Reduce.After; absent while the workload was not watched that long.
	RecentPeak foreshock.Allocation
	// Forecasts are of the workload's own demand; Others is what is asked now, beside it, by those who share what it has.
	Forecasts map[foreshock.Dimension]*foreshock.Forecast
	Others    foreshock.Allocation
	Learned   [foreshock.NumDimensions]foreshock.Learned
	// Advice is what costs least, per dimension, under a policy that states costs; absent where too little is known.
	Advice map[foreshock.Dimension]foreshock.Advice

	Open     *foreshock.Action // an action on the same resource that is not terminal
	Last     *Past             // the last action on the same resource that took effect
	Undo     *foreshock.Action // a roll-back that feedback asks for; it passes the constraints like a wish
	Latched  string            // why feedback stopped acting on this workload, or ""
	NoReduce string            // why feedback stopped reductions of this workload, or ""
	Paused   Pauses
	Counts   Counts
	// Planner says that capacity must be granted before it grows.
	Planner  bool
	Grant    *Grant // the planner's answer to the last decision that asked for capacity; nil: not asked
	Sequence uint64 // of decisions on this workload; goes into the action's ID
}

// Pauses say why each direction is paused, or "".
type Pauses struct{ Grow, Shrink string }

// Finding is what decide needs of detection.
type Finding struct {
	Score, Threshold float64
	Severity         foreshock.Severity
	Anomaly          *foreshock.Anomaly // that lasts, or nil
}

// Past is an action that took effect.
type Past struct {
	ID      string
	Time    time.Time // when the provider had done it
	Grew    bool
	Verdict string // "" until judged
	Due     bool   // it is not judged yet
	// Effective is when it works; where that is after Time, the provider may be asked again before.
	Effective time.Time
}

// Counts is what was done lately, counted from the journal. Each counts actions that were begun.
type Counts struct {
	Open            int  // fleet-wide, not terminal
	Ahead           int  // that wait for the same limits and go first
	LastHour        int  // fleet-wide
	PolicyResources int  // distinct resources of the policy changed in the last hour
	PolicyMine      bool // this resource is one of them
	PolicySize      int  // resources under the policy
	PolicySilent    int  // of them, those whose data are not fresh
	PolicyJudged    int  // actions of the policy that were ever judged
	PolicyDue       int  // actions of the policy, on other resources, that are under way or not judged yet
	PolicyHelped    bool // an action of the policy was ever judged to be good for something
	NotHelped       int  // in a row, fleet-wide
	WorkloadLastDay int
	FleetSize       int     // resources under all policies
	Spend           float64 // what the growth begun in the last hour adds to the cost of an hour, fleet-wide
	PolicySpend     float64 // of it, the policy's
}

// Grant is a planner's answer.
type Grant struct {
	ID      string
	For     foreshock.Allocation // what was asked
	Granted foreshock.Allocation
	Expires time.Time
	Reason  string
}

// questions are asked in this order.
var questions = []func(*deliberation) bool{
	unnamed,    // may anything be changed at all?
	notFresh,   // are the data worth a decision?
	untrusted,  // is enough known of what is normal?
	unreadable, // is it known what there is?
	undo,       // is something to be taken back?
	scheduled,  // is something to be ready by the calendar, where costs are stated?
	advised,    // what costs least, where it is said what that is?
	more,       // is more wanted?
	less,       // would less do?
	leave,      // then it stays as it is
}

// Decide gives the decision on a state. It reads the state only.
func Decide(s State) foreshock.Decision {
	d := deliberate(s)
	d.see()
	for _, settles := range questions {
		if settles(d) {
			break
		}
	}
	d.weigh()
	return d.out
}

// unnamed settles for workloads for which nothing may be changed: what was seen is told all the same.
func unnamed(d *deliberation) bool {
	switch {
	case d.State.Policy == nil:
		d.because(NoPolicy, "no policy names this workload")
	case d.policy.Target == "":
		d.because(NoTarget, "the policy has no target: nothing to change")
	case len(d.policy.Bounds) == 0:
		d.because(NoDimension, "the policy names no dimension that may be changed: nothing to change")
	default:
		return false
	}
	return d.rest()
}

// notFresh settles when the data are not worth a decision: missing is not zero.
func notFresh(d *deliberation) bool {
	quality := d.quality()
	if quality == foreshock.Fresh {
		return false
	}
	if ahead := d.Step.Time.Sub(d.Now); quality == foreshock.Stale && ahead > 0 {
		d.because(NotFresh, "the data are of %s, %s after now: nothing is changed while clocks disagree", clock(d.Step.Time), span(ahead))
	} else {
		d.because(NotFresh, "the data are %s: nothing is changed on them", quality)
	}
	d.bind(foreshock.Hold, NotFresh)
	return true
}

// untrusted settles while too little is known of what is normal.
func untrusted(d *deliberation) bool {
	if d.Stage == foreshock.Trusted {
		return false
	}
	d.because(NotTrusted, "the profile is at stage %q: nothing is changed before it is trusted", d.Stage)
	return d.rest()
}

// unreadable settles when it is not known what there is, or none of it can be changed.
func unreadable(d *deliberation) bool {
	r := d.Resource
	switch {
	case r == nil && d.ResourceErr != "":
		d.because(NoResource, "the target %s cannot read the resource: %s", d.policy.Target, d.ResourceErr)
	case r == nil:
		d.because(NoResource, "the target %s has not read the resource yet", d.policy.Target)
	case !r.At.IsZero() && d.stale(r.At, d.clock()) && r.At.After(d.clock()):
		d.because(ResourceStale, "%s was last read at %s, before the clock was put back: what is allocated now is not known", r.Name, clock(r.At))
	case !r.At.IsZero() && d.stale(r.At, d.clock()):
		d.because(ResourceStale, "%s was last read %s ago: what is allocated now is not known", r.Name, span(d.clock().Sub(r.At)))
	default:
		d.survey()
		if len(d.dims) > 0 {
			return false
		}
	}
	if d.pressure() == easy && d.Undo == nil {
		return d.rest()
	}
	d.bind(foreshock.Hold, d.out.Reasons[len(d.out.Reasons)-1].Code)
	return true
}

// leave settles what is left: nothing is to be changed.
func leave(d *deliberation) bool { return d.rest() }
