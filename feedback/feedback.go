// Package feedback judges each action by what came of it, and turns the judgement into bounded, reversible corrections.
//
// [Judge] compares what was seen after an action with what was seen before and with what was to be expected without it. [Learn]
// folds the judgement into what is known of the dimension, [Latch] remembers that acting does not help a workload, and [RollBack]
// is the action that takes another back. All are pure: the time is an argument, and nothing is kept between calls.
package feedback

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Input is all that a judgement may depend on.
type Input struct {
	Now       time.Time
	Action    foreshock.Action
	Completed time.Time     // when it took effect
	LeadTime  time.Duration // that it took, from asking to having
	Length    time.Duration // of a step
	// The steps before it was decided, while it was under way, and since it took effect; each oldest first.
	Before, Meanwhile, After []Step
	Normal                   Normal
	MaxLatency               time.Duration // what people want; 0: only what is normal counts
	// Reversible names the dimensions that may be changed, and says whether that can be undone.
	Reversible map[foreshock.Dimension]bool
	// Forecasts are those of the demand that were known when it was decided.
	Forecasts map[foreshock.Dimension]*foreshock.Forecast
	// Controls are workloads that tell what would have happened without the action, the likest first.
	Controls []Control
}

// Step is one step of the workload.
type Step struct {
	Time     time.Time
	Values   foreshock.Values
	Demand   foreshock.Allocation // how much of each dimension would be used if nothing limited it
	Abnormal bool
}

// Normal is the latency that is normal, in seconds; zeros where it is not known.
type Normal struct {
	Level, Upper float64
}

const (
	settling = 2 // steps after an action that are not judged: queues drain, caches fill
	least    = 6 // steps that are needed for a judgement
	most     = 3 // times as long a judgement that is not clear may wait for more steps
)

// Due is when an action that took effect can be judged at the earliest.
func Due(completed time.Time, step time.Duration) time.Time {
	return completed.Add((settling + least) * step)
}

// latest is when it is judged whatever is known.
func latest(completed time.Time, step time.Duration) time.Time {
	return completed.Add(most * (settling + least) * step)
}

// Judge says what came of an action; ready is false while it is too early to tell, and then it is asked again a step later.
func Judge(in Input) (e foreshock.Evaluation, ready bool) {
	if in.Now.Before(Due(in.Completed, in.Length)) {
		return foreshock.Evaluation{}, false
	}
	f := gather(in)
	last := !in.Now.Before(latest(in.Completed, in.Length))
	if !last && f.unsettled() {
		return foreshock.Evaluation{}, false
	}
	v := rule(f)
	if !last && v.wait {
		return foreshock.Evaluation{}, false
	}
	return f.evaluation(v), true
}

// Superseded judges an action by what is known of it when another takes effect: what comes then is no longer its doing, and nothing is taken back.
func Superseded(in Input) foreshock.Evaluation {
	f := gather(in)
	v := rule(f)
	if v.wait || f.unsettled() {
		v = ruling{why: "another action took effect before it could be judged"}
	}
	v.rollBack = false
	return f.evaluation(v)
}

// RollBack is the action that takes another back: it asks for the amounts from before. It passes through decide like any wish, so that
// pauses, budgets and the freshness of the data count.
func RollBack(a foreshock.Action, e foreshock.Evaluation, now time.Time) foreshock.Action {
	undo := foreshock.Action{
		ID: rollBackID(a.ID), Workload: a.Workload, Policy: a.Policy, Target: a.Target, Resource: a.Resource,
		From: a.From.Over(a.To), Severity: a.Severity, Mode: a.Mode, LeadTime: a.LeadTime, Undoes: a.ID,
		Reasons:  []foreshock.Reason{{Code: "roll_back", Text: "takes action " + a.ID + " back: " + e.Text}},
		Evidence: now, Expires: now.Add(rollBackValid), Before: e.After,
	}
	for _, d := range a.To.Dimensions() {
		if x, known := a.From.Get(d); known {
			undo.To.Set(d, x)
		}
	}
	return undo
}

// rollBackValid is how long a roll-back may wait to be begun: until a change that is counted against the provider's budget of a day frees up.
const rollBackValid = 24 * time.Hour

// Moot says why a roll-back is not wanted any more, or "".
func (l Latch) Moot(rollBack *foreshock.Action, now time.Time) string {
	switch {
	case now.After(rollBack.Expires):
		return fmt.Sprintf("it could not be done within %s", rollBackValid)
	case rollBack.Reduces() && l.Closed(now) == "":
		return "the workload may be acted on again"
	}
	return ""
}
