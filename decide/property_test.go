package decide

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
)

// TestMain draws more cases than usual, unless the caller says how many.
func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("2000"); err != nil {
			panic(err) // the flag is an int
		}
	}
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // testdata is for scenarios
		panic(err) // the flag is a bool
	}
	os.Exit(m.Run())
}

// anything draws a state from all that may come, the absurd included.
func anything(t *rapid.T) State {
	g := drawer{t}
	s := State{
		Now:     noon,
		Step:    foreshock.Step{ID: "disk/a", Time: noon.Add(-g.span("step age", 0, 0, 0, 5*time.Minute)), Length: g.span("step", 10*time.Second, 10*time.Second, 10*time.Second, time.Second, time.Hour)},
		Finding: Finding{Score: g.number("score"), Threshold: 1, Severity: rapid.Custom(severity).Draw(t, "severity")},
		Stage:   pick(g, "stage", foreshock.Trusted, foreshock.Trusted, foreshock.Trusted, foreshock.Provisional, foreshock.NoData),
		Quality: quality(g, "quality"), Policy: g.policy(), Resource: g.resource(),
		Demand: g.allocation("demand"), RecentPeak: g.allocation("peak"),
		Saturated: map[foreshock.Dimension]bool{}, Forecasts: map[foreshock.Dimension]*foreshock.Forecast{},
		Sequence: uint64(g.int("sequence", 0, 9)), Planner: g.odds("planner", 3),
	}
	s.Step.Quality = quality(g, "step quality")
	s.Step.Values.Set(foreshock.Latency, g.number("latency")/1e5)
	s.Step.Values.Set(foreshock.IOPS, g.number("iops"))
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if g.odds("saturated", 4) {
			s.Saturated[d] = true
		}
		if g.odds("forecast", 2) {
			s.Forecasts[d] = g.forecast(d)
		}
		s.Learned[d] = foreshock.Learned{LeadTime: g.span("lead time", 0, time.Second, 20*time.Minute), Bias: g.number("bias") / 1e3}
		s.Learned[d].Actions = int32(g.int("actions", 0, 6))
		s.Learned[d].Helped = int32(g.int("helped", 0, int(s.Learned[d].Actions)))
		if g.odds("quantile", 4) {
			s.Learned[d].Quantile, s.Learned[d].Stated = pick(g, "of", 0.5, 0.99, 7, math.NaN()), 0.95
		}
	}
	if g.odds("open", 8) {
		s.Open = &foreshock.Action{ID: "open"}
	}
	if g.odds("last", 4) {
		s.Last = &Past{ID: "last", Time: noon.Add(-g.span("last", 0, 5*time.Second, 2*time.Minute, 20*time.Minute, time.Hour)), Due: g.odds("due", 4)}
		s.Last.Effective = s.Last.Time.Add(g.span("works", 0, 0, time.Minute, 10*time.Minute))
	}
	if g.odds("undo", 8) && s.Resource != nil {
		s.Undo = &foreshock.Action{Undoes: "last", From: s.Resource.Allocated, To: g.allocation("undo")}
		if g.odds("undo ends", 3) {
			s.Undo.Expires = noon.Add(g.span("undo's end", -time.Minute, time.Minute))
		}
	}
	s.Latched, s.NoReduce = g.word("latched"), g.word("no reduce")
	s.Paused = Pauses{Grow: g.word("growth paused"), Shrink: g.word("reductions paused")}
	s.Counts = Counts{
		Open: g.rarely("open", 5), LastHour: g.rarely("hour", 61), WorkloadLastDay: g.rarely("day", 25), PolicyResources: g.rarely("resources", 6),
		PolicySize: 10, PolicySilent: g.rarely("silent", 4), PolicyJudged: 1 - g.rarely("judged", 1), PolicyDue: g.int("due", 0, 6), PolicyHelped: g.odds("helped", 2), NotHelped: g.rarely("not helped", 6),
		PolicyMine: g.odds("mine", 8), FleetSize: g.int("fleet", 0, 200), Spend: float64(g.rarely("spend", 40)), PolicySpend: float64(g.rarely("policy spend", 30)),
	}
	if g.odds("grant", 2) {
		s.Grant = &Grant{ID: "grant", For: g.allocation("for"), Granted: g.allocation("granted"), Expires: noon.Add(g.span("expires", -time.Second, time.Minute))}
	}
	if s.Policy != nil && g.odds("objective", 2) {
		s.Policy.Objective = Costs{UnitHour: 1, LateSecond: 0.0056, Utilisation: 0.9}
		s.Advice = map[foreshock.Dimension]foreshock.Advice{}
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if !g.odds("no advice", 6) {
				s.Advice[d] = foreshock.Advice{Amount: g.number("advice"), Upper: g.number("kept"), Scarce: g.odds("scarce", 2)}
			}
			if a := s.Advice[d]; g.odds("kept from", 2) {
				a.Lower, a.Rule, a.Cost, a.Over = g.number("lower"), g.number("rule"), g.number("cost"), time.Hour
				s.Advice[d] = a
			}
		}
	}
	g.controls(&s)
	switch g.int("mood", 0, 3) {
	case 0, 1:
		g.calm(&s)
	case 2:
		g.pressed(&s)
	}
	if !g.odds("hindered", 3) {
		s.unhinder()
	}
	if g.odds("clock", 12) { // it was put back or forward, or the machine slept
		s.Now = s.Now.Add(g.span("by", -365*24*time.Hour, -time.Hour, -3*time.Minute, -time.Second, time.Second, 3*time.Minute, time.Hour, 365*24*time.Hour))
	}
	g.elsewhen(&s)
	return s
}

// unhinder takes away what keeps a wish back whatever it is for, so that amounts are looked at more often.
func (s *State) unhinder() {
	s.Open, s.Last, s.Latched, s.NoReduce, s.Paused = nil, nil, "", "", Pauses{}
	s.Counts = Counts{PolicySize: 10, PolicyJudged: 1, Spend: s.Counts.Spend, PolicySpend: s.Counts.PolicySpend}
	if r := s.Resource; r != nil {
		r.Busy, r.Owner, r.At = false, "", noon
	}
	if p := s.Policy; p != nil {
		p.Mode, p.Target = max(p.Mode, foreshock.Approve), "t"
	}
}

// elsewhen moves a state to another time: ends of months and years, changes to and from summer time, the beginning of time.
func (g drawer) elsewhen(s *State) {
	to := pick(g, "when", noon, noon, time.Date(2026, 3, 29, 0, 59, 55, 0, time.UTC), time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
		time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), time.Unix(0, 0).UTC())
	by := to.Sub(noon)
	move := func(list ...*time.Time) {
		for _, t := range list {
			if !t.IsZero() {
				*t = t.Add(by)
			}
		}
	}
	move(&s.Now, &s.Step.Time)
	if r := s.Resource; r != nil {
		move(&r.At, &r.Budget.NextFree)
		for d, rule := range r.Rules {
			move(&rule.NotBefore)
			r.Rules[d] = rule
		}
	}
	if s.Last != nil {
		move(&s.Last.Time, &s.Last.Effective)
	}
	if s.Undo != nil {
		move(&s.Undo.Expires)
	}
	if s.Grant != nil {
		move(&s.Grant.Expires)
	}
	for _, f := range s.Forecasts {
		move(&f.At)
	}
}

// zone is one of which clocks are put forward and back, mostly.
func (g drawer) zone() (z Zone) {
	if err := z.UnmarshalText([]byte(pick(g, "zone", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"))); err != nil {
		panic(err) // the zones come with the program
	}
	return z
}

// controls draws what people allow and forbid.
func (g drawer) controls(s *State) {
	if s.Policy == nil {
		return
	}
	p := s.Policy
	if g.odds("window", 4) {
		for range g.int("windows", 1, 2) {
			w := Window{
				Name: "w", From: TimeOfDay(g.int("from", 0, 1440)), To: TimeOfDay(g.int("to", 0, 1440)), Zone: g.zone(),
				Inside: Allow(g.int("inside", 0, 3)), Outside: Allow(g.int("outside", 0, 3)),
			}
			if g.odds("days", 2) {
				w.Days = []Weekday{Weekday(g.int("weekday", 0, 6)), Weekday(g.int("weekday", 0, 6))}
			}
			p.Windows = append(p.Windows, w)
		}
	}
	if g.odds("calendar", 4) {
		for range g.int("occasions", 1, 2) {
			o := Occasion{
				Name: "o", Dates: []Date{{Month: pick(g, "month", 0, 0, 3, 12), Day: g.int("day", 0, 31)}, {Day: g.int("day", 1, 3)}}, From: TimeOfDay(g.int("begins", 0, 1440)), Zone: g.zone(),
				Lead: g.span("lead", 0, 13*time.Hour, 31*24*time.Hour), Lasts: g.span("lasts", 0, time.Hour, 30*24*time.Hour), Factor: g.number("factor"), Min: map[foreshock.Dimension]float64{},
			}
			for d := range foreshock.Dimension(foreshock.NumDimensions) {
				if g.odds("ready", 3) {
					o.Min[d] = g.number("min")
				}
			}
			p.Calendar = append(p.Calendar, o)
		}
	}
	if g.odds("spend", 3) {
		p.Limits.Spend, p.Limits.FleetSpend = g.number("most"), g.number("fleet's most")
		for d := range foreshock.Dimension(foreshock.NumDimensions) { // in their order, so that a case can be drawn again
			if b, stated := p.Bounds[d]; stated {
				b.Price = pick(g, "price", 0, 0.001, 0.07, 3)
				p.Bounds[d] = b
			}
		}
	}
	p.Limits.Share, p.Limits.StopAfter = pick(g, "share", 0, 0.1, 0.35, 1), g.int("stop after", -1, 4)
}

// pressed makes a state of one in which more is wanted, as far as the rest of it lets it.
func (g drawer) pressed(s *State) {
	s.Finding = Finding{Score: 3, Threshold: 1, Severity: pick(g, "pressed", foreshock.Medium, foreshock.High)}
	s.Quality, s.Step.Quality, s.Stage, s.Step.Time = foreshock.Fresh, foreshock.Fresh, foreshock.Trusted, noon
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		s.Saturated[d] = true
	}
}

// calm makes a state of one in which less could do, as far as the rest of it lets it.
func (g drawer) calm(s *State) {
	s.Finding = Finding{Score: 0.3, Threshold: 1}
	s.Quality, s.Step.Quality, s.Stage, s.Step.Time = foreshock.Fresh, foreshock.Fresh, foreshock.Trusted, noon
	s.Step.Values.Set(foreshock.Latency, 0.0003)
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		low := rapid.Float64Range(0, 2000).Draw(g.t, "low")
		s.Demand.Set(d, low)
		s.RecentPeak.Set(d, low)
		s.Forecasts[d] = flat(low, 2000)
		if !g.odds("limited", 3) {
			delete(s.Saturated, d)
		}
	}
}

type drawer struct{ t *rapid.T }

func pick[T any](g drawer, name string, from ...T) T { return rapid.SampledFrom(from).Draw(g.t, name) }

func (g drawer) int(name string, low, high int) int { return rapid.IntRange(low, high).Draw(g.t, name) }

// rarely is mostly 0, else up to high.
func (g drawer) rarely(name string, high int) int {
	if !g.odds(name+" at all", 8) {
		return 0
	}
	return g.int(name, 0, high)
}

// odds is true once in n.
func (g drawer) odds(name string, n int) bool { return g.int(name, 1, n) == n }

func (g drawer) span(name string, from ...time.Duration) time.Duration { return pick(g, name, from...) }

func (g drawer) word(name string) string {
	return pick(g, name, append(make([]string, 15), "a reason")...)
}

// number is mostly one of a volume, sometimes absurd.
func (g drawer) number(name string) float64 {
	if g.odds(name+" absurd", 20) {
		return pick(g, name, math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 1e308, 5e-324, math.Copysign(0, -1))
	}
	return rapid.Float64Range(0, 20000).Draw(g.t, name)
}

func quality(g drawer, name string) foreshock.Quality {
	return pick(g, name, foreshock.Fresh, foreshock.Fresh, foreshock.Fresh, foreshock.Fresh, foreshock.Fresh, foreshock.Late, foreshock.Stale, foreshock.Absent, foreshock.Implausible)
}

func severity(t *rapid.T) foreshock.Severity {
	return pick(drawer{t}, "of", foreshock.None, foreshock.None, foreshock.Low, foreshock.Medium, foreshock.High)
}

func (g drawer) allocation(name string) foreshock.Allocation {
	var a foreshock.Allocation
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if !g.odds(name+" absent", 5) {
			a.Set(d, g.number(name))
		}
	}
	return a
}

func (g drawer) policy() *Policy {
	if g.odds("no policy", 20) {
		return nil
	}
	p := &Policy{
		Name: "p", Mode: pick(g, "mode", foreshock.Auto, foreshock.Auto, foreshock.Approve, foreshock.Observe), Target: pick(g, "target", "t", "t", "t", "t", ""),
		Bounds: map[foreshock.Dimension]Bounds{}, Headroom: pick(g, "headroom", 0, 0, 0.25, 1, math.NaN(), -3), Forecast: g.odds("ahead", 2), Consent: g.odds("consent", 2),
		MaxLatency: g.span("max latency", 0, 0, 10*time.Millisecond), Above: pick(g, "above", 0, 0.8), LeadTime: g.span("stated lead time", 0, time.Hour), Quantile: pick(g, "stated quantile", 0, 0.5, 0.999),
		Cooldown: g.span("cooldown", 0, time.Second, time.Hour), Validity: g.span("validity", 0, 0, time.Second, 10*time.Minute), Patience: g.span("patience", 0, time.Minute),
		Reduce: Reduce{Allowed: !g.odds("no reduce", 4), Below: pick(g, "below", 0, 0.9, 5), Blind: g.odds("blind", 2), After: g.span("after", 0, time.Hour), Cooldown: g.span("between reductions", 0, time.Second)},
		Limits: Limits{GrowthRatio: pick(g, "ratio", 0, 1.5, -1), Share: pick(g, "share", 0.0, -1), BudgetKept: g.int("kept", -1, 3)},
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if g.odds("bounds", 2) {
			p.Bounds[d] = Bounds{
				Min: pick(g, "min", 0, 0, 100, 300.5), Max: pick(g, "max", 0, 0, 100, 2500, 9999.5), Step: pick(g, "step", 0, 0.1, 3, math.NaN()), Quantum: pick(g, "quantum", 0, 0, 1, 250, 0.1),
			}
		}
	}
	return p
}

func (g drawer) resource() *foreshock.Resource {
	if g.odds("no resource", 20) {
		return nil
	}
	r := &foreshock.Resource{
		Name: "r", At: noon.Add(-g.span("read", 0, 0, 10*time.Second, 3*time.Minute)), Allocated: g.allocation("allocated"), Rules: map[foreshock.Dimension]foreshock.Rule{},
		Busy: g.odds("busy", 10), Owner: g.word("owner"),
		Budget: foreshock.Budget{Limited: g.odds("limited", 3), Left: g.int("left", 0, 4), Total: pick(g, "total", 0, 1, 4), Window: 24 * time.Hour},
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if !g.odds("no rule", 4) {
			r.Rules[d] = foreshock.Rule{
				Min: pick(g, "rule min", 0.0, 1, 500), Max: pick(g, "rule max", 0.0, 0, 700, 16000), Quantum: pick(g, "rule quantum", 0, 1, 100, 300, 0.25), Down: !g.odds("only up", 4),
			}
			if rule := r.Rules[d]; g.odds("changed lately", 6) {
				rule.NotBefore = noon.Add(g.span("frees", -time.Hour, 0, time.Hour))
				r.Rules[d] = rule
			}
		}
	}
	return r
}

func (g drawer) forecast(d foreshock.Dimension) *foreshock.Forecast {
	f := flat(g.number("level"), g.int("reach", 0, 200))
	f.At, f.Length = f.At.Add(g.span("known to", 0, 0, -time.Hour, time.Minute)), g.span("forecast's step", time.Minute, time.Minute, time.Second, time.Hour)
	f.Dimension, f.Skill, f.Origins = d, pick(g, "skill", 0.3, 0.3, -0.1, math.NaN()), pick(g, "origins", 20, 0)
	if g.odds("cut", 20) {
		f.Quantiles = nil
	}
	return f
}

// TestProperties: whatever comes, no action breaks a promise.
func TestProperties(t *testing.T) {
	raised, lowered := 0, 0
	defer func() {
		if few := testing.Short(); !t.Failed() && !few && (raised == 0 || lowered == 0) {
			t.Errorf("%d growths and %d reductions were drawn; nothing was tested", raised, lowered)
		}
		t.Logf("raised=%d lowered=%d", raised, lowered)
	}()
	rapid.Check(t, func(t *rapid.T) {
		s := anything(t)
		before, _ := json.Marshal(printable(s))
		d := Decide(s)
		if after, _ := json.Marshal(printable(s)); string(before) != string(after) {
			t.Fatalf("the state was changed: %s, before %s", after, before)
		}
		again, twin := encode(t, Decide(s)), encode(t, d)
		if again != twin {
			t.Fatalf("not the same twice:\n%s\n%s", again, twin)
		}
		if len(d.Reasons) == 0 {
			t.Fatalf("no reason: %+v", d)
		}
		if d.Bound != "" && !slices.ContainsFunc(d.Reasons, func(r foreshock.Reason) bool { return r.Code == d.Bound }) {
			t.Fatalf("bound by %s, which is no reason:\n%s", d.Bound, render(&d))
		}
		if d.Action == nil {
			return
		}
		if d.Action.Reduces() {
			lowered++
		} else {
			raised++
		}
		for _, broken := range breaches(&s, d.Action) {
			t.Errorf("%s\n%s", broken, render(&d))
		}
	})
}

func encode(t *rapid.T, d foreshock.Decision) string {
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatalf("a decision that cannot be written: %v", err)
	}
	return string(data)
}

// printable gives the parts of a state that Decide could change through a pointer or a map.
func printable(s State) []any {
	var list []any
	if s.Policy != nil {
		list = append(list, cmp.Diff(Policy{}, *s.Policy))
	}
	if s.Resource != nil {
		list = append(list, s.Resource.Allocated.String(), len(s.Resource.Rules), s.Resource.Budget)
	}
	return append(list, len(s.Forecasts), len(s.Saturated), s.Demand.String())
}

// breaches lists the promises that an action breaks.
func breaches(s *State, a *foreshock.Action) (list []string) {
	never := func(wrong bool, what string) {
		if wrong {
			list = append(list, what)
		}
	}
	undo := a.Undoes != ""
	never(s.Policy == nil || s.Policy.Target == "" || s.Policy.Mode == foreshock.Observe, "an action without leave to act")
	never(s.Policy.Mode == foreshock.Approve && a.Mode != foreshock.Approve, "an action that nobody approved")
	never(s.Quality != foreshock.Fresh || s.Step.Quality != foreshock.Fresh, "an action on data that are not fresh")
	never(s.Stage != foreshock.Trusted, "an action on a profile that is not trusted")
	never(s.Paused.Grow != "" && !a.Reduces() || s.Paused.Shrink != "" && a.Reduces(), "an action in a pause")
	never(s.Latched != "" && !undo, "an action behind the latch")
	never(s.Open != nil, "two actions on one resource")
	never(s.Resource.Busy || s.Resource.Owner != "", "an action on what is busy or another's")
	never(s.Last != nil && (s.Last.Due && !s.proven(a) || s.Step.Time.Add(-s.Step.Length).Before(s.Last.Time) || s.Resource.At.Before(s.Last.Time)), "an action before the last is verified")
	never(s.Last != nil && a.Reduces() && s.Step.Time.Add(-s.Step.Length).Before(s.Last.Effective), "a reduction before the last action works")
	never(s.Resource.Budget.Limited && s.Resource.Budget.Left < 1, "an action without budget")
	never(s.Counts.Open >= 4 || s.Counts.LastHour >= max(60, s.Counts.FleetSize*s.Policy.WithDefaults().Limits.PerDay/24) || s.Counts.WorkloadLastDay >= s.Policy.WithDefaults().Limits.PerDay, "an action above the fleet's limits")
	list = append(list, s.brokenControls(a)...)
	never(a.To.Empty(), "an action that changes nothing")
	p := s.Policy.WithDefaults()
	never(a.Mode == foreshock.Auto && !a.Expires.Equal(s.Now.Add(p.Validity)), "an action that outlives its evidence")
	never(a.Expires.After(s.Now.Add(p.Patience)) && a.Mode == foreshock.Approve || len(a.ID) != 32, "an action without end or name")
	never(s.Now.Sub(s.Step.Time).Abs() > p.Validity+s.Step.Length, "an action upon data of another time")
	never(!s.Resource.At.IsZero() && s.Now.Sub(s.Resource.At).Abs() > p.Validity+s.Step.Length, "an action upon what was allocated at another time")
	never(undo && !s.Undo.Expires.IsZero() && s.Now.After(s.Undo.Expires), "a roll-back that is out of time")
	cooldown := p.Cooldown
	if a.Reduces() {
		cooldown = p.Reduce.Cooldown
	}
	never(s.Last != nil && !a.Emergency && s.Now.Before(s.Last.Time.Add(cooldown)), "an action before the cooldown is over")
	never(a.Grant != "" && a.Expires.After(s.Grant.Expires.Add(p.Validity)), "a proposal that outlives its reservation")
	for _, d := range a.To.Dimensions() {
		list = append(list, s.breaches(d, a)...)
	}
	return list
}

// brokenControls lists what people have forbidden and an action does all the same.
func (s *State) brokenControls(a *foreshock.Action) (list []string) {
	never := func(wrong bool, what string) {
		if wrong {
			list = append(list, what)
		}
	}
	undo, c, l := a.Undoes != "", s.Counts, s.Policy.WithDefaults().Limits
	never(!c.PolicyMine && l.Share > 0 && c.PolicyResources > 0 && float64(c.PolicyResources+1) > l.Share*float64(c.PolicySize), "a larger share of the policy's resources than may change")
	never(!undo && c.PolicyJudged == 0 && c.PolicyDue > 0, "an action beside the first that is not judged")
	never(!undo && l.StopAfter > 0 && c.NotHelped >= l.StopAfter, "an action after too many that did not help")
	never(!undo && l.StopAfter > 0 && (c.NotHelped > 0 || !c.PolicyHelped) && c.NotHelped+c.PolicyDue >= l.StopAfter, "one of too many that may be for nothing")
	never(a.Reduces() && 10*(c.PolicySize-c.PolicySilent) < 8*c.PolicySize, "a reduction while the group is silent")
	never(s.forbidden(a), "an action that no window allows")
	added := 0.0
	for _, d := range a.To.Dimensions() {
		to, _ := a.To.Get(d)
		from, _ := a.From.Get(d)
		added += max(0, to-from) * s.Policy.Price(d)
	}
	never(math.Abs(added-a.Spend) > 1e-9*added, "an action that does not say what it adds to the cost")
	never(added > 0 && l.Spend > 0 && c.PolicySpend+added > l.Spend*(1+1e-9), "more spent than the policy may")
	never(added > 0 && l.FleetSpend > 0 && c.Spend+added > l.FleetSpend*(1+1e-9), "more spent than the fleet may")
	return list
}

// forbidden says whether the policy's windows forbid an action.
func (s *State) forbidden(a *foreshock.Action) bool {
	strictest, outside, anyOpen := AllowAll, AllowAll, false
	for _, w := range s.Policy.Windows {
		local := s.Now.In(w.Zone.location())
		now, today := TimeOfDay(local.Hour()*60+local.Minute()), Weekday(local.Weekday())
		on := func(day Weekday) bool { return w.Days == nil || slices.Contains(w.Days, day) }
		open := on(today) && w.From <= now && (now < w.To || w.To <= w.From)
		if w.To <= w.From { // since yesterday
			open = open || on((today+6)%7) && now < w.To
		}
		if open {
			strictest = max(strictest, w.Inside)
		}
		anyOpen = anyOpen || open && w.Outside != AllowAll
		outside = max(outside, w.Outside)
	}
	if !anyOpen {
		strictest = max(strictest, outside)
	}
	return strictest == AllowNothing || strictest == AllowEmergencies && (!a.Emergency || a.Reduces()) || strictest != AllowAll && a.Reduces()
}

// proven says whether each dimension of an action has helped in at least two of three cases, and three at least.
func (s *State) proven(a *foreshock.Action) bool {
	for _, d := range a.To.Dimensions() {
		if l := s.Learned[d]; l.Actions < 3 || 3*l.Helped < 2*l.Actions {
			return false
		}
	}
	return true
}

func (s *State) breaches(d foreshock.Dimension, a *foreshock.Action) (list []string) {
	never := func(wrong bool, what string) {
		if wrong {
			list = append(list, d.String()+": "+what)
		}
	}
	to, _ := a.To.Get(d)
	from, known := a.From.Get(d)
	b, allowed := s.Policy.Bounds[d]
	r, possible := s.Resource.Rules[d]
	never(!known || !finite(from) || from <= 0, "a change of what is not known")
	never(!finite(to) || to <= 0 || to == from, "an amount that is none")
	never(!allowed || !possible, "a dimension that may not be changed")
	never(b.Max > 0 && to > b.Max, "above the policy's max")
	never(r.Max > 0 && to > r.Max || to < r.Min, "outside the provider's rules")
	never(r.NotBefore.After(s.Now), "before the provider allows another change of it")
	never(r.Quantum > 0 && math.Abs(to/r.Quantum-math.Round(to/r.Quantum)) > 1e-6, "not a multiple")
	ratio := s.Policy.WithDefaults().Limits.GrowthRatio
	never(ratio > 0 && a.Undoes == "" && (to > from*ratio*(1+1e-9) || to < from/ratio*(1-1e-9)), "further than one action may go")
	if to > from {
		never(a.Mode == foreshock.Auto && !s.Policy.Consent && !r.Down, "without consent to what cannot be undone")
		granted, _ := s.grantedFor(d)
		never(s.Planner && to > granted*(1+1e-9), "more than was granted")
		return list
	}
	for i := range s.Policy.Calendar {
		o := s.Policy.WithDefaults().Calendar[i]
		_, near := o.near(s.Now)
		least := math.Min(o.Min[d], from)
		reachable := (b.Max <= 0 || least <= b.Max) && (r.Max <= 0 || least <= r.Max)
		never(near && (o.Factor > 1 || to < least*(1-1e-9) && reachable), "a reduction while an occasion is near")
	}
	demand, watched := s.Demand.Get(d)
	never(!watched || to < demand, "below demand")
	never(to < b.Min, "a reduction below the policy's min")
	never(s.Saturated[d], "a reduction of what is saturated")
	never(!r.Down && a.Undoes == "", "a reduction of what cannot be reduced")
	latency, read := s.Step.Values.Get(foreshock.Latency)
	borne := s.Policy.Objective.Stated() && s.Finding.Severity == foreshock.Low && read && s.Policy.MaxLatency > 0 && latency <= s.Policy.MaxLatency.Seconds()
	never(a.Undoes == "" && (s.Finding.Severity > foreshock.None && !borne || !s.RecentPeak.Has(d) || !s.Policy.Reduce.Allowed || s.NoReduce != ""), "a reduction without every sign")
	return list
}

func (s *State) grantedFor(d foreshock.Dimension) (float64, bool) {
	if s.Grant == nil {
		return 0, false
	}
	return s.Grant.Granted.Get(d)
}

// TestNews: a decision is news when it says what a person would want to know, and else it is not.
func TestNews(t *testing.T) {
	f := func(a, b string, same bool) {
		t.Helper()
		x, y := base(), base()
		change(t, &x, a)
		change(t, &y, b)
		var told Told
		first, then := Decide(x), Decide(y)
		if !told.News(&first) || told.News(&then) == same {
			t.Errorf("%q and %q: the same is %v", a, b, !same)
		}
	}
	f("severity low score=1.1", "severity low score=1.2", true)
	f("severity low", "severity high", false)
	f("severity high", "quality late", false)
	f("forecast iops peaks=3600x20", "forecast iops peaks=1600x20", false)
	f("forecast iops peaks=3600x20", "forecast iops peaks=3601x20", true)
	f("forecast iops peaks=3600x20", "forecast iops peaks=3590x20", true) // to two digits, 4500 and 4487 are two amounts
}

// TestIdentity: an ID names workload, target, resource, amounts and sequence, and nothing else.
func TestIdentity(t *testing.T) {
	of := func(edit func(*foreshock.Action)) string {
		a := foreshock.Action{Workload: "w", Target: "t", Resource: "r"}
		a.From.Set(foreshock.DimIOPS, 500)
		a.To.Set(foreshock.DimIOPS, 700)
		edit(&a)
		return ActionID(&a, 1)
	}
	same := of(func(*foreshock.Action) {})
	f := func(equal bool, edit func(*foreshock.Action)) {
		t.Helper()
		if got := of(edit) == same; got != equal {
			t.Errorf("equal %v, expected %v", got, equal)
		}
	}
	f(true, func(a *foreshock.Action) { a.Severity, a.Evidence = foreshock.High, noon })
	f(false, func(a *foreshock.Action) { a.Workload = "v" })
	f(false, func(a *foreshock.Action) { a.Target, a.Resource = "tr", "" })
	f(false, func(a *foreshock.Action) { a.From.Set(foreshock.DimIOPS, 501) })
	f(false, func(a *foreshock.Action) { a.To.Set(foreshock.DimThroughput, 1) })
	if want := "a771610b38f56b1f19e171089fe12879"; same != want { // journals and providers have such IDs
		t.Errorf("the ID is %s, it was %s", same, want)
	}
	a := foreshock.Action{Workload: "w"}
	if ActionID(&a, 1) == ActionID(&a, 2) {
		t.Error("two sequences have one ID")
	}
	d := foreshock.Decision{Workload: "w", Policy: "p", To: a.To}
	again := d
	if RequestID(d, 1) != RequestID(again, 1) || RequestID(d, 1) == RequestID(d, 2) {
		t.Error("a request's ID does not follow its decision")
	}
}

func TestMultiples(t *testing.T) {
	f := func(provider, policy, want float64) {
		t.Helper()
		w := wish{measure: measure{Dimension: foreshock.DimIOPS, rule: foreshock.Rule{Quantum: provider}, bounds: Bounds{Quantum: policy}}}
		if got := w.quantum(); got != want {
			t.Errorf("multiples of %g and %g are multiples of %g, expected %g", provider, policy, got, want)
		}
	}
	f(0, 0, 1)
	f(100, 0, 100)
	f(0, 250, 250)
	f(100, 300, 300)
	f(300, 100, 300)
	f(100, 250, 500)
	f(4, 6, 12)
	f(0.3, 0.7, 0.3)       // the provider's rule counts
	f(1<<40, 3<<39, 1<<40) // too large to be multiplied
	f(math.NaN(), -1, 1)   // neither is a multiple

	g := func(x, q, down, up float64) {
		t.Helper()
		if floor(x, q) != down || ceil(x, q) != up {
			t.Errorf("%g by %g: %g to %g, expected %g to %g", x, q, floor(x, q), ceil(x, q), down, up)
		}
	}
	g(1250, 100, 1200, 1300)
	g(1200, 100, 1200, 1200)
	g(0.29, 0.01, 0.29, 0.29)
	g(0.57, 0.01, 0.57, 0.57)
	g(0.571, 0.01, 0.57, 0.58)
	g(3, 0.75, 3, 3)
	g(0.8, 0.3, 0.6, 0.8999999999999999)
	g(1200.0000000001, 100, 1200, 1200) // a rounding error is no demand
}
