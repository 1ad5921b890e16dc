// Package promote follows what a policy in mode observe would have done, and says from that whether it should be let do it. It is pure: a
// [Trial] is told of would-be actions and of demand and gives a [foreshock.FollowUp] when one is over; a [Report] is made of these.
//
// What would have been done changes nothing, so each would-be action is judged by itself, against the capacity that there was, for as
// long as its decision looked ahead.
package promote

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Would is an action that would have been taken.
type Would struct {
	Workload  foreshock.ID
	Policy    string
	Kind      foreshock.Kind // Grow or Shrink
	Dimension foreshock.Dimension
	From, To  float64 // in the dimension's unit
	At        time.Time
	LeadTime  time.Duration // until it would have been in effect
	Over      time.Duration // from then on it is followed
	Headroom  float64       // that the policy keeps above demand, relative
}

// Reading is the demand of a step.
type Reading struct {
	Time   time.Time // the end of the step
	Length time.Duration
	Demand float64 // in the dimension's unit
	Have   float64 // what there is
	Known  bool    // Demand is
}

// Late says whether more is demanded than there is: where nothing is followed, only such a reading is of any interest to a Trial.
func (r *Reading) Late() bool { return r.Known && r.Demand > r.Have*(1+1e-9) }

// Trial follows one dimension of one workload. It is kept in the workload's profile.
type Trial foreshock.Trial

// longest is how long anything is followed at the most.
const longest = 24 * time.Hour

// Begin follows an action. One in the same direction that is being followed goes on: growth that is wanted again is followed for longer, up to a day,
// since it would not have been taken back. One in the other direction ends, and is given.
func (t *Trial) Begin(w *Would) (ended *foreshock.FollowUp) {
	if t.open() && t.Action.Kind == w.Kind {
		if w.Kind == foreshock.Grow {
			t.renew(w)
		}
		return nil
	}
	if t.open() {
		ended = t.end(w.At)
	}
	works := w.At.Add(w.LeadTime)
	t.Action = foreshock.FollowUp{
		Workload: w.Workload, Policy: w.Policy, Kind: w.Kind, Dimension: w.Dimension, From: w.From, To: w.To, Begun: w.At, Works: works,
	}
	t.Until, t.Headroom = works.Add(min(w.Over, longest)), w.Headroom
	return ended
}

func (t *Trial) renew(w *Would) {
	t.Action.To = max(t.Action.To, w.To)
	t.Until = w.At.Add(w.LeadTime + w.Over)
	if last := t.Action.Works.Add(longest); t.Until.After(last) {
		t.Until = last
	}
}

// Follows says whether anything is followed.
func (t *Trial) Follows() bool { return t.open() || !t.Surge.Begun.IsZero() }

func (t *Trial) open() bool { return !t.Action.Begun.IsZero() }

// Observe takes a step in. about names the workload, the policy and the dimension of a surge, and over how long it is followed. It gives what is over with this step.
func (t *Trial) Observe(r Reading, about *Would) (ended []*foreshock.FollowUp) {
	covered := t.open() && r.Time.Add(-r.Length).Compare(t.Action.Works) >= 0
	if covered && r.Known {
		t.Action.WatchedS += r.Length.Seconds()
		add(&t.Action, r)
	}
	if r.Late() && (!covered || t.Action.Kind != foreshock.Grow) {
		t.missed(r, about)
	}
	if t.open() && !r.Time.Before(t.Until) {
		ended = append(ended, t.end(r.Time))
	}
	if !t.Surge.Begun.IsZero() && !r.Time.Before(t.Ends) {
		s := t.Surge
		t.Surge, s.Ended = foreshock.FollowUp{}, r.Time
		s.Text = fmt.Sprintf("demand for %s rose to %s, above the %s that there were, for %s, and no growth would have been in effect",
			s.Dimension, foreshock.FormatAmount(s.Dimension, s.Peak), foreshock.FormatAmount(s.Dimension, s.From), seconds(s.LateS))
		ended = append(ended, &s)
	}
	return ended
}

// add counts a step.
func add(f *foreshock.FollowUp, r Reading) {
	f.Peak = max(f.Peak, r.Demand)
	if r.Demand > f.From {
		f.LateS += r.Length.Seconds()
	}
	if r.Demand > f.To {
		f.ThenLateS += r.Length.Seconds()
	}
}

// missed counts a late step that no growth would have covered.
func (t *Trial) missed(r Reading, about *Would) {
	if t.Surge.Begun.IsZero() {
		begun := r.Time.Add(-r.Length)
		t.Surge = foreshock.FollowUp{
			Workload: about.Workload, Policy: about.Policy, Kind: foreshock.Nothing, Dimension: about.Dimension, From: r.Have, Begun: begun, Works: begun,
		}
	}
	t.Ends = r.Time.Add(about.Over) // it goes on while it comes again, for a day at the most
	if last := t.Surge.Begun.Add(longest); t.Ends.After(last) {
		t.Ends = last
	}
	t.Surge.Peak = max(t.Surge.Peak, r.Demand)
	t.Surge.WatchedS += r.Length.Seconds()
	t.Surge.LateS += r.Length.Seconds()
	t.Surge.ThenLateS = t.Surge.LateS
}

// end judges the action that is followed.
func (t *Trial) end(now time.Time) *foreshock.FollowUp {
	f := t.Action
	t.Action = foreshock.FollowUp{}
	f.Ended = now
	came := f.Peak*(1+t.Headroom) > (f.From+f.To)/2
	amount := func(x float64) string { return foreshock.FormatAmount(f.Dimension, x) }
	what := fmt.Sprintf("would have changed %s from %s to %s", f.Dimension, amount(f.From), amount(f.To))
	switch {
	case f.WatchedS < t.Until.Sub(f.Works).Seconds()/2:
		f.Verdict, f.Text = foreshock.Unclear, what+"; what came then was watched for "+seconds(f.WatchedS)+" only"
	case f.Kind == foreshock.Shrink && f.ThenLateS > f.LateS:
		f.Verdict, f.Text = foreshock.TooMuch, fmt.Sprintf("%s; demand rose to %s: it would have been short for %s", what, amount(f.Peak), seconds(f.ThenLateS))
	case f.Kind == foreshock.Shrink:
		f.Verdict, f.Text = foreshock.Helped, fmt.Sprintf("%s; demand stayed at most %s", what, amount(f.Peak))
	case !came:
		f.Verdict, f.Text = foreshock.TooMuch, fmt.Sprintf("%s; demand rose to %s only", what, amount(f.Peak))
	case f.ThenLateS > 0:
		f.Verdict, f.Text = foreshock.TooLittle, fmt.Sprintf("%s; demand rose to %s: short for %s instead of %s", what, amount(f.Peak), seconds(f.ThenLateS), seconds(f.LateS))
	default:
		f.Verdict, f.Text = foreshock.Helped, fmt.Sprintf("%s; demand rose to %s: %s in which it was short would have been spared", what, amount(f.Peak), seconds(f.LateS))
	}
	return &f
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}
