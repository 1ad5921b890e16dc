package decide

import (
	"encoding"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/foreshock-io/foreshock"
)

// noon is the time of every scenario.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// base is a volume of 1000 IOPS of which 400 are used, calmly, under a policy that may act.
func base() State {
	s := State{
		Now:     noon,
		Step:    foreshock.Step{ID: "disk/vol-1", Time: noon, Length: 10 * time.Second, Quality: foreshock.Fresh},
		Finding: Finding{Score: 0.4, Threshold: 1},
		Stage:   foreshock.Trusted, Quality: foreshock.Fresh,
		Policy: &Policy{
			Name: "volumes", Match: []string{"disk/*"}, Mode: foreshock.Auto, Target: "cloud", Forecast: true,
			Bounds: map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {}},
		},
		Resource: &foreshock.Resource{
			Target: "cloud", Name: "vol-1", At: noon,
			Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 16000, Quantum: 100, Down: true}},
		},
		Saturated: map[foreshock.Dimension]bool{},
		Forecasts: map[foreshock.Dimension]*foreshock.Forecast{},
		Counts:    Counts{PolicySize: 10, PolicyJudged: 3},
		Sequence:  7,
	}
	s.Step.Values.Set(foreshock.Latency, 0.0003)
	s.Step.Values.Set(foreshock.IOPS, 400)
	s.Resource.Allocated.Set(foreshock.DimIOPS, 1000)
	s.Demand.Set(foreshock.DimIOPS, 400)
	return s
}

// TestScenarios takes states as text to decisions with their reasons. Each line of a scenario changes the base state.
func TestScenarios(t *testing.T) {
	seen := map[string]bool{}
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, c *datadriven.TestData) string {
			s := base()
			for _, line := range strings.Split(c.Input, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					change(t, &s, line)
				}
			}
			d := Decide(s)
			for _, r := range d.Reasons {
				seen[r.Code] = true
			}
			for _, candidate := range d.Candidates {
				for _, code := range candidate.Bounds {
					seen[code] = true
				}
			}
			return render(&d)
		})
	})
	for _, code := range codes(t) {
		if !seen[code] && !t.Failed() && len(seen) > 0 {
			t.Errorf("no scenario shows the reason %q", code)
		}
	}
}

func render(d *foreshock.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", d.Kind)
	if d.Bound != "" {
		fmt.Fprintf(&b, " bound=%s", d.Bound)
	}
	if !d.Want.Empty() {
		fmt.Fprintf(&b, " want(%s)", d.Want)
	}
	if !d.To.Empty() {
		fmt.Fprintf(&b, " to(%s)", d.To)
	}
	if d.Reserve {
		b.WriteString(" reserve")
	}
	if d.Waits {
		b.WriteString(" waits")
	}
	b.WriteByte('\n')
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "  %s: %s\n", r.Code, r.Text)
	}
	if a := d.Action; a != nil {
		fmt.Fprintf(&b, "action %s to(%s) mode=%s lead=%s expires=%s", a.Resource, a.To, a.Mode, a.LeadTime, a.Expires.Sub(noon))
		if a.Emergency {
			b.WriteString(" emergency")
		}
		if a.Grant != "" {
			b.WriteString(" grant=" + a.Grant)
		}
		if a.Undoes != "" {
			b.WriteString(" undoes=" + a.Undoes)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// change applies one line of a scenario.
func change(t *testing.T, s *State, line string) {
	t.Helper()
	words := strings.Fields(line)
	rest := strings.TrimSpace(strings.TrimPrefix(line, words[0]))
	f, ok := changes[words[0]]
	if !ok {
		t.Fatalf("no change is called %q; there is: %s", words[0], slices.Sorted(maps.Keys(changes)))
	}
	f(s, rest, args(words[1:]))
}

// args reads words of the form name=value; other words have the value "".
func args(words []string) map[string]string {
	m := map[string]string{}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		m[name] = value
	}
	return m
}

func number(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err) // a mistake in a scenario
	}
	return x
}

func duration(text string) time.Duration {
	x, err := time.ParseDuration(text)
	if err != nil {
		panic(err) // a mistake in a scenario
	}
	return x
}

func dimensionOf(name string) foreshock.Dimension {
	var d foreshock.Dimension
	if err := d.UnmarshalText([]byte(name)); err != nil {
		panic(err) // a mistake in a scenario
	}
	return d
}

func setNumber(text map[string]string, name string, to *float64) {
	if v, ok := text[name]; ok {
		*to = number(v)
	}
}

func setDuration(text map[string]string, name string, to *time.Duration) {
	if v, ok := text[name]; ok {
		*to = duration(v)
	}
}

func setInt(text map[string]string, name string, to *int) {
	if v, ok := text[name]; ok {
		*to = int(number(v))
	}
}

func must(err error) {
	if err != nil {
		panic(err) // a mistake in a scenario
	}
}

func has(text map[string]string, name string) bool { _, ok := text[name]; return ok }

func amountsOf(a map[string]string) (out foreshock.Allocation) {
	for name, v := range a {
		out.Set(dimensionOf(name), number(v))
	}
	return out
}

// first is the first word.
func first(text string) string { name, _, _ := strings.Cut(text, " "); return name }

var changes = map[string]func(s *State, rest string, a map[string]string){
	"policy": func(s *State, rest string, a map[string]string) {
		if rest == "none" {
			s.Policy = nil
			return
		}
		if v, ok := a["mode"]; ok {
			if err := s.Policy.Mode.UnmarshalText([]byte(v)); err != nil {
				panic(err) // a mistake in a scenario
			}
		}
		if v, ok := a["target"]; ok {
			s.Policy.Target = v
		}
		setNumber(a, "headroom", &s.Policy.Headroom)
		setNumber(a, "quantile", &s.Policy.Quantile)
		setNumber(a, "above", &s.Policy.Above)
		setDuration(a, "cooldown", &s.Policy.Cooldown)
		setDuration(a, "lead_time", &s.Policy.LeadTime)
		setDuration(a, "max_latency", &s.Policy.MaxLatency)
		s.Policy.Consent = s.Policy.Consent || has(a, "consent")
		s.Policy.Forecast = s.Policy.Forecast && !has(a, "no_forecast")
	},
	"reduce": func(s *State, _ string, a map[string]string) {
		r := &s.Policy.Reduce
		r.Allowed = true
		setDuration(a, "after", &r.After)
		setDuration(a, "cooldown", &r.Cooldown)
		setNumber(a, "below", &r.Below)
		r.Blind = has(a, "blind")
	},
	"limits": func(s *State, _ string, a map[string]string) {
		l := &s.Policy.Limits
		setInt(a, "at_once", &l.AtOnce)
		setInt(a, "per_hour", &l.PerHour)
		setInt(a, "per_day", &l.PerDay)
		setInt(a, "stop_after", &l.StopAfter)
		setInt(a, "budget_kept", &l.BudgetKept)
		setNumber(a, "share", &l.Share)
		setNumber(a, "ratio", &l.GrowthRatio)
		setNumber(a, "spend", &l.Spend)
		setNumber(a, "fleet_spend", &l.FleetSpend)
	},
	"bounds": func(s *State, rest string, a map[string]string) {
		if rest == "none" {
			s.Policy.Bounds = nil
			return
		}
		d := dimensionOf(first(rest))
		b := s.Policy.Bounds[d]
		setNumber(a, "min", &b.Min)
		setNumber(a, "max", &b.Max)
		setNumber(a, "step", &b.Step)
		setNumber(a, "quantum", &b.Quantum)
		setNumber(a, "price", &b.Price)
		s.Policy.Bounds[d] = b
	},
	"rule": func(s *State, rest string, a map[string]string) {
		d := dimensionOf(first(rest))
		if has(a, "none") {
			delete(s.Resource.Rules, d)
			return
		}
		r := s.Resource.Rules[d]
		r.Down = !has(a, "only_up")
		setNumber(a, "min", &r.Min)
		setNumber(a, "max", &r.Max)
		setNumber(a, "quantum", &r.Quantum)
		if v, ok := a["frees"]; ok {
			r.NotBefore = noon.Add(duration(v))
		}
		s.Resource.Rules[d] = r
	},
	"budget": func(s *State, _ string, a map[string]string) {
		b := &s.Resource.Budget
		b.Limited, b.Window = true, 24*time.Hour
		setInt(a, "left", &b.Left)
		setInt(a, "total", &b.Total)
		setDuration(a, "window", &b.Window)
		if v, ok := a["frees"]; ok {
			b.NextFree = noon.Add(duration(v))
		}
	},
	"resource": func(s *State, rest string, a map[string]string) {
		if first(rest) == "none" {
			s.Resource, s.ResourceErr = nil, strings.TrimSpace(strings.TrimPrefix(rest, "none"))
			return
		}
		s.Resource.Busy = has(a, "busy")
		s.Resource.Owner = a["owner"]
		if v, ok := a["read"]; ok {
			s.Resource.At = noon.Add(duration(v))
		}
	},
	"allocated": func(s *State, rest string, a map[string]string) {
		if rest == "unknown" {
			s.Resource.Allocated = foreshock.Allocation{}
			return
		}
		s.Resource.Allocated = s.Resource.Allocated.Over(amountsOf(a))
	},
	"others": func(s *State, _ string, a map[string]string) { s.Others = amountsOf(a) },
	"demand": func(s *State, rest string, a map[string]string) {
		if rest == "unknown" {
			s.Demand = foreshock.Allocation{}
			return
		}
		s.Demand = s.Demand.Over(amountsOf(a))
	},
	"objective": func(s *State, _ string, a map[string]string) {
		o := &s.Policy.Objective
		setNumber(a, "unit_hour", &o.UnitHour)
		setNumber(a, "late_second", &o.LateSecond)
		setNumber(a, "utilisation", &o.Utilisation)
	},
	"advice": func(s *State, rest string, a map[string]string) {
		advice := foreshock.Advice{Signal: "the highest of the last 12 min", Multiple: 1.17, Over: 48 * time.Hour, Scarce: has(a, "scarce")}
		setNumber(a, "amount", &advice.Amount)
		advice.Rule = advice.Amount
		setNumber(a, "rule", &advice.Rule)
		setNumber(a, "cost", &advice.Cost)
		setNumber(a, "lower", &advice.Lower)
		setNumber(a, "upper", &advice.Upper)
		if s.Advice == nil {
			s.Advice = map[foreshock.Dimension]foreshock.Advice{}
		}
		s.Advice[dimensionOf(first(rest))] = advice
	},
	"peak":      func(s *State, _ string, a map[string]string) { s.RecentPeak = amountsOf(a) },
	"saturated": func(s *State, rest string, _ map[string]string) { s.Saturated[dimensionOf(rest)] = true },
	"latency": func(s *State, rest string, _ map[string]string) {
		if rest == "unknown" {
			s.Step.Values.Set(foreshock.Latency, number("NaN"))
			return
		}
		s.Step.Values.Set(foreshock.Latency, duration(rest).Seconds())
	},
	"iops": func(s *State, rest string, _ map[string]string) { s.Step.Values.Set(foreshock.IOPS, number(rest)) },
	"step": func(s *State, _ string, a map[string]string) {
		if v, ok := a["age"]; ok {
			s.Step.Time = noon.Add(-duration(v))
		}
		if v, ok := a["quality"]; ok {
			must(s.Step.Quality.UnmarshalText([]byte(v)))
		}
	},
	"quality": func(s *State, rest string, _ map[string]string) {
		if err := s.Quality.UnmarshalText([]byte(rest)); err != nil {
			panic(err) // a mistake in a scenario
		}
	},
	"stage": func(s *State, rest string, _ map[string]string) {
		if err := s.Stage.UnmarshalText([]byte(rest)); err != nil {
			panic(err) // a mistake in a scenario
		}
	},
	"severity": func(s *State, rest string, a map[string]string) {
		if err := s.Finding.Severity.UnmarshalText([]byte(first(rest))); err != nil {
			panic(err) // a mistake in a scenario
		}
		s.Finding.Score = 2.3
		setNumber(a, "score", &s.Finding.Score)
		an := &foreshock.Anomaly{Metric: foreshock.Latency, Observed: 0.0159, Expected: 0.0003, Lower: 0.0001, Upper: 0.0005}
		if v, ok := a["metric"]; ok {
			if err := an.Metric.UnmarshalText([]byte(v)); err != nil {
				panic(err) // a mistake in a scenario
			}
		}
		setNumber(a, "observed", &an.Observed)
		setNumber(a, "expected", &an.Expected)
		setNumber(a, "lower", &an.Lower)
		setNumber(a, "upper", &an.Upper)
		s.Finding.Anomaly = an
		if an.Metric == foreshock.Latency {
			s.Step.Values.Set(foreshock.Latency, an.Observed)
		}
	},
	"lasting": func(s *State, _ string, _ map[string]string) {
		s.Finding.Anomaly = &foreshock.Anomaly{Metric: foreshock.Latency}
	},
	"finding": func(s *State, rest string, _ map[string]string) { // without an anomaly that lasts
		if err := s.Finding.Severity.UnmarshalText([]byte(rest)); err != nil {
			panic(err) // a mistake in a scenario
		}
	},
	"forecast": func(s *State, rest string, a map[string]string) {
		d := dimensionOf(first(rest))
		f := &foreshock.Forecast{Dimension: d, At: noon, Length: time.Minute, Model: "arima", Levels: []float64{0.5, 0.95}, Skill: 0.31, Origins: 20}
		setNumber(a, "skill", &f.Skill)
		setInt(a, "origins", &f.Origins)
		setDuration(a, "length", &f.Length)
		var values []float64
		for _, v := range strings.Split(a["peaks"], ",") {
			value, times, many := strings.Cut(v, "x")
			n := 1
			if many {
				n = int(number(times))
			}
			values = append(values, slices.Repeat([]float64{number(value)}, n)...)
		}
		f.Mean, f.Quantiles = values, [][]float64{values, values}
		s.Forecasts[d] = f
	},
	"learned": func(s *State, rest string, a map[string]string) {
		l := &s.Learned[dimensionOf(first(rest))]
		setDuration(a, "lead_time", &l.LeadTime)
		setNumber(a, "bias", &l.Bias)
		if v, ok := a["helped"]; ok { // 4/6
			helped, actions, _ := strings.Cut(v, "/")
			l.Helped, l.Actions = int32(number(helped)), int32(number(actions))
		}
	},
	"open": func(s *State, rest string, _ map[string]string) { s.Open = &foreshock.Action{ID: rest} },
	"last": func(s *State, _ string, a map[string]string) {
		s.Last = &Past{ID: "a1", Time: noon.Add(-duration(a["ago"])), Grew: !has(a, "shrank"), Due: has(a, "due")}
		s.Last.Verdict = strings.ReplaceAll(a["verdict"], "_", " ")
		s.Last.Effective = s.Last.Time
		if v, ok := a["works"]; ok {
			s.Last.Effective = noon.Add(duration(v))
		}
	},
	"undo": func(s *State, _ string, a map[string]string) {
		s.Undo = &foreshock.Action{Undoes: "a1", Expires: noon.Add(time.Minute)}
		if v, ok := a["age"]; ok {
			s.Undo.Expires = noon.Add(-duration(v))
		}
		s.Undo.From.Set(foreshock.DimIOPS, number(a["from"]))
		s.Undo.To.Set(foreshock.DimIOPS, number(a["to"]))
	},
	"late":          func(s *State, rest string, _ map[string]string) { s.Late = duration(rest) },
	"latched":       func(s *State, rest string, _ map[string]string) { s.Latched = rest },
	"no_reduce":     func(s *State, rest string, _ map[string]string) { s.NoReduce = rest },
	"paused":        func(s *State, rest string, _ map[string]string) { s.Paused = Pauses{rest, rest} },
	"paused_grow":   func(s *State, rest string, _ map[string]string) { s.Paused.Grow = rest },
	"paused_shrink": func(s *State, rest string, _ map[string]string) { s.Paused.Shrink = rest },
	"counts": func(s *State, _ string, a map[string]string) {
		c := &s.Counts
		setInt(a, "open", &c.Open)
		setInt(a, "ahead", &c.Ahead)
		setInt(a, "last_hour", &c.LastHour)
		setInt(a, "workload_last_day", &c.WorkloadLastDay)
		setInt(a, "policy_resources", &c.PolicyResources)
		setInt(a, "policy_silent", &c.PolicySilent)
		setInt(a, "policy_judged", &c.PolicyJudged)
		setInt(a, "policy_due", &c.PolicyDue)
		setInt(a, "not_helped", &c.NotHelped)
		setInt(a, "fleet_size", &c.FleetSize)
		setNumber(a, "spend", &c.Spend)
		setNumber(a, "policy_spend", &c.PolicySpend)
		c.PolicyMine, c.PolicyHelped = has(a, "mine"), has(a, "helped")
	},
	"now": func(s *State, rest string, _ map[string]string) { // all is as fresh as at noon
		now, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			panic(err) // a mistake in a scenario
		}
		s.Now, s.Step.Time, s.Resource.At = now, now, now
	},
	"window": func(s *State, _ string, a map[string]string) {
		w := Window{Name: a["name"]}
		read := func(name string, to encoding.TextUnmarshaler) {
			if v, ok := a[name]; ok {
				must(to.UnmarshalText([]byte(v)))
			}
		}
		for _, day := range strings.FieldsFunc(a["days"], func(r rune) bool { return r == ',' }) {
			var d Weekday
			must(d.UnmarshalText([]byte(day)))
			w.Days = append(w.Days, d)
		}
		read("from", &w.From)
		read("to", &w.To)
		read("zone", &w.Zone)
		read("inside", &w.Inside)
		read("outside", &w.Outside)
		s.Policy.Windows = append(s.Policy.Windows, w)
	},
	"occasion": func(s *State, _ string, a map[string]string) {
		o := Occasion{Name: a["name"]}
		for _, date := range strings.Split(a["dates"], ",") {
			var d Date
			must(d.UnmarshalText([]byte(date)))
			o.Dates = append(o.Dates, d)
		}
		if v, ok := a["zone"]; ok {
			must(o.Zone.UnmarshalText([]byte(v)))
		}
		setNumber(a, "factor", &o.Factor)
		setDuration(a, "lead", &o.Lead)
		setDuration(a, "lasts", &o.Lasts)
		if v, ok := a["iops"]; ok {
			o.Min = map[foreshock.Dimension]float64{foreshock.DimIOPS: number(v)}
		}
		s.Policy.Calendar = append(s.Policy.Calendar, o)
	},
	"planner": func(s *State, _ string, _ map[string]string) { s.Planner = true },
	"grant": func(s *State, _ string, a map[string]string) {
		s.Grant = &Grant{ID: "g1", Expires: noon.Add(time.Minute), Reason: strings.ReplaceAll(a["reason"], "_", " ")}
		if v, ok := a["expires"]; ok {
			s.Grant.Expires = noon.Add(duration(v))
		}
		s.Grant.For.Set(foreshock.DimIOPS, number(a["for"]))
		s.Grant.Granted.Set(foreshock.DimIOPS, number(a["granted"]))
	},
}

// TestScenarioFiles keeps the scenarios readable: each states what it is about.
func TestScenarioFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(data), "# ") {
			t.Errorf("%s: begin with a comment that says what the scenarios are about", file)
		}
	}
}
