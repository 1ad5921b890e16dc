package promote

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Report is what a policy would have done while it observed, what came after it, and whether it should be let. It is folded from the journal with
// Take, then Conclude; the zero value with a Policy is ready.
type Report struct {
	Policy   string     `json:"policy"`
	Mode     string     `json:"mode,omitempty"`         // as the journal has it last
	Changed  time.Time  `json:"rules_changed,omitzero"` // what came before says nothing of the policy as it is
	From     time.Time  `json:"from,omitzero"`          // the first decision of the policy, as it is
	To       time.Time  `json:"to,omitzero"`
	Days     float64    `json:"days"`
	Grow     Direction  `json:"grow"`
	Shrink   Direction  `json:"shrink"`
	Unclear  int        `json:"unclear"` // of both: not watched for long enough
	Surges   int        `json:"surges_missed"`
	SparedS  float64    `json:"late_seconds_spared"`
	MissedS  float64    `json:"late_seconds_missed"` // in surges, and where growth would have been too little
	CausedS  float64    `json:"late_seconds_caused"` // by reductions
	Capacity []Capacity `json:"capacity"`            // more that would have been paid for, less what would have been given back
	Money    float64    `json:"money,omitempty"`     // for all of it, at the policy's prices
	Flaps    int        `json:"flaps"`               // changes of direction within an hour
	PerDay   float64    `json:"flaps_per_day"`
	Right    Share      `json:"right"`  // of all that is judged
	Recall   float64    `json:"recall"` // late seconds spared, of those that were late
	Approve  Advice     `json:"approve"`
	Auto     Advice     `json:"auto"`

	rules string
	held  [foreshock.NumDimensions]float64 // units for an hour
	last  map[place]*foreshock.FollowUp
}

type place struct {
	id  foreshock.ID
	dim foreshock.Dimension
}

// Capacity is how much more of a dimension would have been paid for.
type Capacity struct {
	Dimension foreshock.Dimension `json:"dimension"`
	UnitHours float64             `json:"unit_hours"` // in the dimension's unit, times hours
	Price     float64             `json:"price_of_unit_hour,omitempty"`
	Money     float64             `json:"money,omitempty"` // at the price
}

func (c Capacity) String() string {
	sign := "+"
	if c.UnitHours < 0 {
		sign = "-"
	}
	s := sign + foreshock.FormatAmount(c.Dimension, math.Abs(c.UnitHours)) + "·h"
	if c.Price > 0 {
		s += fmt.Sprintf(", %+.2f at %g for a unit", c.Money, c.Price)
	}
	return s
}

// Direction counts the would-be actions of one direction.
type Direction struct {
	Actions int   `json:"actions"`
	Right   Share `json:"right"` // growth that the demand came for, reductions that would have left enough
}

// Share is a part of a number with its 95 % interval (Wilson 1927).
type Share struct {
	Of    int     `json:"of"`
	Yes   int     `json:"yes"`
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// Advice is whether a mode should be given.
type Advice struct {
	Give   bool    `json:"give"`
	Enough bool    `json:"enough"` // there is evidence to say so
	WaitS  float64 `json:"wait_seconds,omitempty"`
	Why    string  `json:"why"`
}

// demands are what a mode asks for: people look at each action in mode approve, so that less is enough.
type demands struct {
	days    float64
	actions int
	right   float64 // that the lower end of the interval must reach
}

var (
	forApprove = demands{days: 1, actions: 10, right: 0.5}
	forAuto    = demands{days: 7, actions: 30, right: 0.75}
)

const (
	flapWithin   = time.Hour
	flapsAllowed = 4    // a day, in mode auto
	z            = 1.96 // 95 %
)

// Take takes an event of the journal in.
func (r *Report) Take(e *foreshock.Event) {
	if e.Rules != nil && e.Rules.Policy == r.Policy {
		r.ruled(e.Rules, e.Time)
	}
	if e.Decision != nil && e.Decision.Policy == r.Policy && r.From.IsZero() {
		r.From = e.Time
	}
	if !r.From.IsZero() && e.Time.After(r.To) {
		r.To = e.Time
	}
	f := e.FollowUp
	if f == nil || f.Policy != r.Policy || f.Begun.Before(r.Changed) {
		return
	}
	switch f.Kind {
	case foreshock.Grow:
		r.grew(f)
	case foreshock.Shrink:
		r.shrank(f)
	default:
		r.Surges++
		r.MissedS += f.LateS
		return
	}
	r.held[f.Dimension] += (f.To - f.From) * max(0, f.Ended.Sub(f.Works).Hours())
	r.flap(f)
}

// ruled begins anew where the policy's rules are others than before.
func (r *Report) ruled(rules *foreshock.Rules, at time.Time) {
	if r.rules != "" && r.rules != rules.Hash {
		*r = Report{Policy: r.Policy, Changed: at}
	}
	r.rules, r.Mode = rules.Hash, rules.Mode.String()
}

func (r *Report) grew(f *foreshock.FollowUp) {
	r.Grow.Actions++
	r.SparedS += f.LateS - f.ThenLateS
	r.MissedS += f.ThenLateS
	r.judge(&r.Grow, f, f.Verdict == foreshock.Helped || f.Verdict == foreshock.TooLittle)
}

func (r *Report) shrank(f *foreshock.FollowUp) {
	r.Shrink.Actions++
	r.CausedS += f.ThenLateS - f.LateS
	r.judge(&r.Shrink, f, f.Verdict == foreshock.Helped)
}

func (r *Report) judge(d *Direction, f *foreshock.FollowUp, right bool) {
	if f.Verdict == foreshock.Unclear {
		r.Unclear++
		return
	}
	for _, s := range []*Share{&d.Right, &r.Right} {
		s.Of++
		if right {
			s.Yes++
		}
	}
}

func (r *Report) flap(f *foreshock.FollowUp) {
	if r.last == nil {
		r.last = map[place]*foreshock.FollowUp{}
	}
	at := place{f.Workload, f.Dimension}
	if was := r.last[at]; was != nil && was.Kind != f.Kind && f.Begun.Sub(was.Begun) < flapWithin {
		r.Flaps++
	}
	r.last[at] = f
}

// Conclude works out the shares and the advice. price is what a unit of a dimension costs for an hour; 0: it is not stated.
func (r *Report) Conclude(price func(foreshock.Dimension) float64) {
	r.Days = r.To.Sub(r.From).Hours() / 24
	if r.Days > 0 {
		r.PerDay = float64(r.Flaps) / r.Days
	}
	r.Capacity, r.Money = []Capacity{}, 0
	for d, held := range r.held {
		if held == 0 {
			continue
		}
		c := Capacity{Dimension: foreshock.Dimension(d), UnitHours: held, Price: price(foreshock.Dimension(d))}
		c.Money = c.Price * held
		r.Capacity, r.Money = append(r.Capacity, c), r.Money+c.Money
	}
	for _, s := range []*Share{&r.Grow.Right, &r.Shrink.Right, &r.Right} {
		s.bound()
	}
	if late := r.SparedS + r.MissedS; late > 0 {
		r.Recall = r.SparedS / late
	}
	r.Approve, r.Auto = r.advise(forApprove), r.advise(forAuto)
	if r.Auto.Give {
		r.Auto = r.unattended()
	}
}

func (s *Share) bound() {
	if s.Of == 0 {
		s.Lower, s.Upper = 0, 1
		return
	}
	n, p := float64(s.Of), float64(s.Yes)/float64(s.Of)
	middle, spread := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	s.Lower, s.Upper = max(0, (middle-spread)/(1+z*z/n)), min(1, (middle+spread)/(1+z*z/n))
}

// advise weighs the share that was right against what a mode asks for. That something is wrong may be clear before there is enough to say that it is right.
func (r *Report) advise(d demands) Advice {
	told := fmt.Sprintf("%s right", &r.Right)
	for _, s := range []struct {
		name string
		*Share
	}{{"growth", &r.Grow.Right}, {"reductions", &r.Shrink.Right}} { // the one does not make up for the other
		if s.Of > 0 && (s.Upper < d.right || s.Of >= d.actions && s.Lower < d.right) {
			return Advice{Enough: true, Why: fmt.Sprintf("of %s %s right; it must be sure that %.0f %% are", s.name, s.Share, 100*d.right)}
		}
	}
	switch {
	case r.Right.Of < d.actions || r.Days < d.days:
		return r.wait(d)
	case r.Right.Lower < d.right:
		return Advice{Enough: true, Why: fmt.Sprintf("%s: it is not sure that at least %.0f %% are", told, 100*d.right)}
	case r.CausedS > r.SparedS:
		return Advice{Enough: true, Why: fmt.Sprintf("reductions would have caused %s of shortage, growth spared %s", seconds(r.CausedS), seconds(r.SparedS))}
	}
	return Advice{Give: true, Enough: true, Why: fmt.Sprintf("%s, at least %.0f %% are asked for; %s of shortage spared", told, 100*d.right, seconds(r.SparedS))}
}

// unattended is what mode auto asks for beyond being right.
func (r *Report) unattended() Advice {
	if r.PerDay > flapsAllowed {
		return Advice{Enough: true, Why: fmt.Sprintf("it would have changed direction within an hour %.1f times a day; at most %d are allowed", r.PerDay, flapsAllowed)}
	}
	return r.Auto
}

// wait says how long it takes until there is enough, at the rate of until now.
func (r *Report) wait(d demands) Advice {
	if r.Right.Of == 0 && r.Days >= d.days {
		return Advice{Why: fmt.Sprintf("nothing would have been done in %.1f days that could be judged: there is no telling how long to wait", r.Days)}
	}
	days := d.days - r.Days
	if r.Right.Of > 0 {
		days = max(days, float64(d.actions-r.Right.Of)*r.Days/float64(r.Right.Of))
	}
	return Advice{WaitS: days * 24 * 3600, Why: fmt.Sprintf("too little is known: %d would-be actions are judged, in %.1f days; %d in %g days are asked for. Wait %.1f days more",
		r.Right.Of, r.Days, d.actions, d.days, days)}
}

func (s *Share) String() string {
	if s.Of == 0 {
		return "none judged"
	}
	return fmt.Sprintf("%d of %d (%.0f %%, interval %.0f to %.0f %%)", s.Yes, s.Of, 100*float64(s.Yes)/float64(s.Of), 100*s.Lower, 100*s.Upper)
}

// Text is the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if !r.Changed.IsZero() {
		line("The rules of policy %s were changed at %s: what came before says nothing of them.", r.Policy, r.Changed.UTC().Format(time.RFC3339))
	}
	if r.From.IsZero() {
		line("Policy %s: the journal has no decision of it.", r.Policy)
		return b.String()
	}
	if r.Mode != "" && r.Mode != foreshock.Observe.String() {
		line("Its mode is %s: only what it would do in mode observe is followed.", r.Mode)
	}
	line("Policy %s, observed for %.1f days, %s to %s", r.Policy, r.Days, r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339))
	line("  would have grown %d times; the demand came: %s", r.Grow.Actions, &r.Grow.Right)
	line("  would have reduced %d times; enough was left: %s", r.Shrink.Actions, &r.Shrink.Right)
	if r.Unclear > 0 {
		line("  %d of them were not watched for long enough to be judged", r.Unclear)
	}
	line("  shortage: %s spared, %s missed (recall %.0f %%), %s caused by reductions; %d surges with no growth in effect",
		seconds(r.SparedS), seconds(r.MissedS), 100*r.Recall, seconds(r.CausedS), r.Surges)
	for _, c := range r.Capacity {
		line("  capacity: %s", c.String())
	}
	line("  changes of direction within an hour: %.1f a day", r.PerDay)
	for _, m := range []struct {
		mode foreshock.Mode
		Advice
	}{{foreshock.Approve, r.Approve}, {foreshock.Auto, r.Auto}} {
		advice := "not advised"
		switch {
		case m.Give:
			advice = "advised"
		case !m.Enough:
			advice = "not yet"
		}
		line("  mode %s: %s: %s.", m.mode, advice, m.Why)
	}
	return b.String()
}
