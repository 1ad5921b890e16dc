package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/prometheus/common/model"
)

// ownPolicy is the name of the program's own policy among those that are compared.
const ownPolicy = "foreshock"

// defaultPolicies are compared unless others are asked for.
var defaultPolicies = []string{ownPolicy, "seasonal-naive", "target-tracking", "hpa", "step", "static-peak", "static-history", "oracle"}

// whatIf is a trace under a provider, and what came of it under each policy.
type whatIf struct {
	trace    *simulate.Trace
	provider simulate.Provider
	price    float64 // of a unit of capacity for an hour; 0: not known
	runs     []whatIfRun
}

// whatIfRun is a policy's run.
type whatIfRun struct {
	Policy string         `json:"policy"`
	About  string         `json:"about"`
	Score  simulate.Score `json:"score"`
	Money  float64        `json:"money,omitempty"` // what the capacity would have cost over what is scored

	plant     *simulate.Plant
	anomalies []foreshock.Anomaly  // as they were last
	decisions []foreshock.Decision // that became an action
}

// compare runs each policy.
func (w *whatIf) compare(c config.Config, policies []string) error {
	progress := newBar()
	defer progress.end()
	length := int64(len(w.trace.Demand))
	bound := simulate.LowerBound(w.trace, w.provider)
	oracle, err := simulate.References()[0].Run(w.trace, w.provider)
	if err != nil {
		return err
	}
	ideal := oracle.Score(bound).Cost
	for i, name := range policies {
		r := whatIfRun{Policy: name}
		before, total := int64(i)*length, int64(len(policies))*length
		progress.at(before, total)
		if name == ownPolicy {
			err = r.own(c, w, func(steps int64) { progress.at(before+steps, total) })
		} else {
			err = r.reference(w)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Score = r.plant.Score(bound)
		if ideal > 0 {
			r.Score.CostRatio = r.Score.Cost / ideal
		}
		r.Money = w.price * r.Score.Cost * simulate.Step.Hours()
		w.runs = append(w.runs, r)
	}
	slices.SortStableFunc(w.runs, func(a, b whatIfRun) int { return cmp.Compare(a.Score.FoM, b.Score.FoM) })
	return nil
}

func (r *whatIfRun) reference(w *whatIf) error {
	reference, err := simulate.ReferenceNamed(r.Policy)
	if err != nil {
		return err
	}
	r.About = reference.About
	r.plant, err = reference.Run(w.trace, w.provider)
	return err
}

// tallied is a policy that tells after each answer how many it has given.
type tallied struct {
	simulate.Policy
	steps int64
	tell  func(steps int64)
}

// Answer implements [simulate.Policy].
func (c *tallied) Answer(s simulate.Sample) ([]float64, error) {
	c.steps++
	c.tell(c.steps)
	return c.Policy.Answer(s)
}

// own runs the program in a closed loop, and tells how many steps of it are done.
func (r *whatIfRun) own(c config.Config, w *whatIf, tell func(steps int64)) error {
	r.About = "this program, by its defaults"
	if len(c.Policies) > 0 {
		r.About = "this program, by the configuration given"
	}
	r.plant = simulate.NewPlant(w.trace, w.provider)
	byID := map[string]int{}
	loop, err := app.NewLoop(c, app.LoopOptions{Volume: r.plant.Volume("volume/simulated"), Event: func(e *foreshock.Event) {
		if a := e.Anomaly; a != nil {
			at, known := byID[a.ID]
			if !known {
				at = len(r.anomalies)
				byID[a.ID] = at
				r.anomalies = append(r.anomalies, *a)
			}
			r.anomalies[at] = *a
		}
		if d := e.Decision; d != nil && d.Action != nil {
			r.decisions = append(r.decisions, *d)
		}
	}})
	if err != nil {
		return err
	}
	return r.plant.Run(&tallied{Policy: loop, tell: tell})
}

// MarshalJSON writes what was simulated, and the runs, the cheapest by figure of merit first.
func (w *whatIf) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"trace": w.trace.Name, "from": w.time(0), "to": w.time(len(w.trace.Demand)), "warmup": w.time(w.trace.Warmup), "provider": w.provider, "runs": w.runs,
	})
}

func (w *whatIf) time(step int) time.Time {
	return time.Unix(w.trace.Start, 0).UTC().Add(time.Duration(step) * simulate.Step)
}

// table is a row per policy.
func (w *whatIf) table() table {
	t := table{head: []string{"policy", "merit", "latency too high", "late i/o", "iops paid for", "cost / ideal"}}
	if w.price > 0 {
		t.head = append(t.head, "money")
	}
	t.head = append(t.head, "surges ready", "changes/day", "turns/day")
	for i := range w.runs {
		r := &w.runs[i]
		s := &r.Score
		row := []string{
			r.Policy, fmt.Sprintf("%.2f", s.FoM), fmt.Sprintf("%.2f %%", s.Violated), fmt.Sprintf("%.2f %%", s.Late),
			fmt.Sprintf("%.0f", paid(s)), fmt.Sprintf("%.2f", s.CostRatio),
		}
		if w.price > 0 {
			row = append(row, fmt.Sprintf("%.2f", r.Money))
		}
		row = append(row, ready(s), fmt.Sprintf("%.1f", s.Actions), fmt.Sprintf("%.1f", s.Flaps))
		t.rows = append(t.rows, row)
	}
	return t
}

// paid is the capacity paid for, on average.
func paid(s *simulate.Score) float64 {
	return s.Cost / max(1, s.Days*float64(24*time.Hour/simulate.Step))
}

// ready is the share of surges for which capacity was there.
func ready(s *simulate.Score) string {
	if s.Surges == 0 {
		return "none came"
	}
	return fmt.Sprintf("%.0f %% of %d", s.Ready, s.Surges)
}

// about says what was simulated.
func (w *whatIf) about() string {
	p := w.provider
	var rules []string
	add := func(some bool, format string, args ...any) {
		if some {
			rules = append(rules, fmt.Sprintf(format, args...))
		}
	}
	iops := func(x float64) string { return foreshock.FormatAmount(foreshock.DimIOPS, x) }
	add(true, "%s to %s in steps of %g", iops(p.Min), iops(p.Max), p.Quantum)
	add(p.ApplyDelay > 0, "a rise works after %s", model.Duration(p.ApplyDelay))
	add(p.Cooldown > 0, "changes at least %s apart", model.Duration(p.Cooldown))
	add(p.Changes > 0, "at most %d changes in any %s", p.Changes, model.Duration(p.Window))
	const day = "2006-01-02 15:04"
	text := fmt.Sprintf("%s from %s to %s UTC, scored from %s on; %s: %s.", w.trace.Name, w.time(0).Format(day), w.time(len(w.trace.Demand)).Format(day),
		w.time(w.trace.Warmup).Format(day), p.Name, strings.Join(rules, ", "))
	missing := 0
	for _, m := range w.trace.Missing {
		if m {
			missing++
		}
	}
	if missing > 0 {
		text += fmt.Sprintf(" %.2g %% of it was not measured, and is not scored.", 100*float64(missing)/float64(len(w.trace.Missing)))
	}
	if peak := w.trace.Peak(); peak > p.Max {
		text += fmt.Sprintf(" At its highest it needs %s, more than %s gives: then latency is too high under every policy.", iops(peak), p.Name)
	}
	return text
}
