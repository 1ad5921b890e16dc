package forecast

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/stl"
)

// Yardstick is the name of the model that the others must beat. A Chooser needs it among its models.
const Yardstick = "naive"

// Combination is what a forecast names as its model when it is made of several.
const Combination = "combination"

// Chooser chooses among models, for each history anew. It is safe for concurrent use.
type Chooser struct {
	config Config
	models []Model // the yardstick first, so that it is there when time runs out
	only   string  // the model to use whatever its skill; "": the best
}

// New makes a Chooser. The order of the models is the order in which they get their time.
func New(config Config, models []Model) (*Chooser, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(models, func(m Model) bool { return m.Name() == Yardstick })
	if at < 0 {
		return nil, fmt.Errorf("the models lack %s, the yardstick that the others must beat", Yardstick)
	}
	list := []Model{models[at]}
	list = append(append(list, models[:at]...), models[at+1:]...)
	return &Chooser{config: config, models: list}, nil
}

// Unhurried is the same without a bound on time, for virtual time.
func (c *Chooser) Unhurried() *Chooser {
	config := c.config
	config.Deadline = math.MaxInt64
	return &Chooser{config, c.models, c.only}
}

// Only is a Chooser that uses the model of that name whatever its skill.
func (c *Chooser) Only(model string) *Chooser { return &Chooser{c.config, c.models, model} }

// seldom is how many times as long as the settings say models may be used once the history is long: what an hour adds to weeks changes
// little, and between fits the models take in each step.
const seldom = 4

// Every is how often a workload's models are to be fitted anew when its history is as long as that: each time an eighth of it is new.
func (c *Chooser) Every(history time.Duration) time.Duration {
	return min(max(c.config.Every, history/8), seldom*c.config.Every)
}

// Choose chooses for a horizon and levels that are those of the settings.
func (c *Chooser) Choose(ctx context.Context, h History) *Chosen {
	return c.ChooseFor(ctx, h, max(1, int((c.config.Horizon+h.Length-1)/h.Length)), c.config.Levels)
}

// ChooseFor back-tests the models on h and fits those that are to be used, to forecast `steps` steps and the quantiles at levels (0–1, ascending). When the deadline
// comes, it is done with what it has by then. The answer is never nil; when nothing can be forecast, its Reason says why.
func (c *Chooser) ChooseFor(ctx context.Context, h History, steps int, levels []float64) *Chosen {
	chosen := &Chosen{steps: steps, told: foreshock.Forecast{
		Workload: h.Workload, Dimension: h.Dimension, Fitted: h.End(), At: h.End(), Length: h.Length, Levels: levels,
	}}
	ctx, cancel := context.WithTimeout(ctx, c.config.Deadline)
	defer cancel()
	if err := c.settle(ctx, chosen, h); err != nil {
		chosen.told.Reason = err.Error()
	}
	return chosen
}

// candidate is a model, what it did in the back-test, and the model fitted to the whole history.
type candidate struct {
	name       string
	fitted     Fitted
	paths      paths
	correction *correction
	loss       float64 // pinball, mean over levels, origins and steps
	weight     float64
	err        error
}

func (c *Chooser) settle(ctx context.Context, chosen *Chosen, h History) error {
	f := &chosen.told
	if chosen.steps < 1 || !validLevels(f.Levels) {
		return fmt.Errorf("%d steps and the levels %v were asked for; at least one step, and ascending levels between 0 and 1, are needed", chosen.steps, f.Levels)
	}
	s, scale := seriesOf(h)
	if n := len(known(s.Values)); n < c.config.Steps {
		return fmt.Errorf("%d steps are known; it takes %d of history", n, c.config.Steps)
	}
	t, err := newTest(s, chosen.steps, c.config.Origins)
	if err != nil {
		return err
	}
	list := c.try(ctx, t, f.Levels, scale)
	combined := c.weigh(t, list, f.Levels, scale)
	for _, x := range list {
		score := foreshock.ModelScore{Model: x.name, Pinball: x.loss, Weight: x.weight}
		if x.err != nil {
			score.Err = x.err.Error()
		}
		f.Choice = append(f.Choice, score)
		if x.weight > 0 {
			f.Model = x.name
			chosen.members = append(chosen.members, member{x.fitted, x.weight})
		}
	}
	if combined.err != nil {
		return combined.err
	}
	chosen.scale, chosen.correction = scale, combined.correction
	f.Reason = "least loss in the back-test"
	switch {
	case len(chosen.members) > 1:
		f.Model = Combination
	case f.Model == Yardstick:
		f.Reason = "no model beats " + Yardstick
	}
	if naive := list[0]; naive.err == nil && naive.loss > 0 {
		f.Skill = 1 - combined.loss/naive.loss
	}
	f.Origins = len(t.origins)
	f.Coverage = t.below(combined.paths, combined.correction, len(f.Levels)-1)
	return nil
}

// try back-tests the models and fits them to the whole series, one after the other while there is time.
func (c *Chooser) try(ctx context.Context, t *test, levels []float64, scale Scale) []*candidate {
	var list []*candidate
	for _, m := range c.models {
		if c.only != "" && m.Name() != c.only && m.Name() != Yardstick {
			continue
		}
		for _, v := range variants(m, t.series.Periods) {
			list = append(list, t.candidate(ctx, v, levels, scale))
		}
	}
	return list
}

// candidate takes a model through the test, and fits it to all of the series.
func (t *test) candidate(ctx context.Context, m Model, levels []float64, scale Scale) *candidate {
	x := &candidate{name: m.Name()}
	if x.paths, x.err = t.run(ctx, m); x.err != nil {
		return x
	}
	if x.fitted, x.err = m.Fit(ctx, t.series); x.err != nil {
		return x
	}
	x.correction = newCorrection(t, x.paths, levels)
	x.loss = t.loss(x.paths, x.correction, levels, scale)
	return x
}

// weigh gives the candidates their weights. A combination that does not beat the yardstick in pinball loss is not used.
func (c *Chooser) weigh(t *test, list []*candidate, levels []float64, scale Scale) (combined candidate) {
	var able []*candidate
	for _, x := range list {
		if x.err == nil && (c.only == "" || c.only == Yardstick || x.name != Yardstick) {
			able = append(able, x)
		}
	}
	if able == nil {
		return candidate{err: fmt.Errorf("no model could be tried; %s: %w", list[0].name, list[0].err)}
	}
	combined.paths = t.newPaths()
	for i, w := range newBallot(t, scale, able).weights() {
		able[i].weight = w
		combined.paths.add(able[i].paths, w)
	}
	combined.correction = newCorrection(t, combined.paths, levels)
	combined.loss = t.loss(combined.paths, combined.correction, levels, scale)
	if yardstick := able[0]; yardstick.name == Yardstick && combined.loss > yardstick.loss {
		for _, x := range able {
			x.weight = 0
		}
		yardstick.weight = 1
		return *yardstick
	}
	return combined
}

// seriesOf puts a history on a scale, without missing steps at the beginning.
func seriesOf(h History) (Series, Scale) {
	from := 0
	for from < len(h.Values) && math.IsNaN(h.Values[from]) {
		from++
	}
	scale := ScaleOf(h.Values, h.Signed)
	n := len(h.Values) - from
	s := Series{Values: make([]float64, n), Anomaly: make([]float64, n)}
	for i := range n {
		s.Values[i], s.Anomaly[i] = scale.To(h.Values[from+i]), math.NaN()
		if from+i < len(h.Anomaly) {
			s.Anomaly[i] = h.Anomaly[from+i]
		}
	}
	s.Periods = seenTwice(withWeek(h.Periods, s.Values), n)
	return s, scale
}

// withWeek adds a season of seven seasons when the series has one: what repeats daily often repeats weekly.
func withWeek(periods []int, x []float64) []int {
	if len(periods) != 1 || periods[0] < 2 || len(x) < 14*periods[0] {
		return periods
	}
	week := 7 * periods[0]
	if found := stl.FindPeriod(x, periods[0], week); len(found) > 0 && found[len(found)-1].Period == week {
		return []int{periods[0], week}
	}
	return periods
}

// seenTwice is the periods that a series of n steps has seen twice.
func seenTwice(periods []int, n int) []int {
	var seen []int
	for _, p := range periods {
		if p > 1 && 2*p <= n {
			seen = append(seen, p)
		}
	}
	return seen
}
