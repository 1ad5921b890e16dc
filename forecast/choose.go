package forecast

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Yardstick is the name of the model that the others must beat. A Chooser needs it among its models.
const Yardstick = "naive"

// Chooser chooses among models, for each history anew. It is safe for concurrent use.
type Chooser struct {
	config Config
	models []Model // the yardstick first, so that it is there when time runs out
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
	return &Chooser{config, list}, nil
}

// Unhurried is the same without a bound on time, for virtual time.
func (c *Chooser) Unhurried() *Chooser {
	config := c.config
	config.Deadline = math.MaxInt64
	return &Chooser{config, c.models}
}

// Every is how often a workload's models are to be fitted anew.
func (c *Chooser) Every() time.Duration { return c.config.Every }

// Choose chooses for a horizon and levels that are those of the settings.
func (c *Chooser) Choose(ctx context.Context, h History) *Chosen {
	return c.ChooseFor(ctx, h, max(1, int((c.config.Horizon+h.Length-1)/h.Length)), c.config.Levels)
}

// candidate is a model and what it did in the back-test.
type candidate struct {
	model      Model
	paths      paths
	correction *correction
	loss       float64
	err        error
}

// ChooseFor back-tests the models on h and fits those that are to be used, to forecast `steps` steps and the quantiles at levels (0–1, ascending). It is done when the
// deadline is near, with what it has by then. The answer is never nil; when nothing can be forecast, its Reason says why.
func (c *Chooser) ChooseFor(ctx context.Context, h History, steps int, levels []float64) *Chosen {
	chosen := &Chosen{steps: steps, told: foreshock.Forecast{
		Workload: h.Workload, Dimension: h.Dimension, Fitted: h.End(), At: h.End(), Length: h.Length, Levels: levels,
	}}
	if steps < 1 || !validLevels(levels) {
		chosen.told.Reason = fmt.Sprintf("%d steps and the levels %v were asked for; at least one step, and levels between 0 and 1, are needed", steps, levels)
		return chosen
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Deadline)
	defer cancel()
	s, scale := c.series(h)
	chosen.scale = scale
	if n := len(known(s.Values)); n < c.config.Steps {
		chosen.told.Reason = fmt.Sprintf("%d of %d steps of %s are known; it takes more history", n, c.config.Steps, h.Length)
		return chosen
	}
	t, err := newTest(s, steps, c.config.Origins)
	if err != nil {
		chosen.told.Reason = err.Error()
		return chosen
	}
	candidates := c.try(ctx, t, levels, scale)
	chosen.settle(ctx, t, candidates)
	return chosen
}

// series puts a history on a scale, without missing steps at the beginning.
func (c *Chooser) series(h History) (Series, Scale) {
	from := 0
	for from < len(h.Values) && math.IsNaN(h.Values[from]) {
		from++
	}
	scale := ScaleOf(h.Values, h.Signed)
	n := len(h.Values) - from
	s := Series{Values: make([]float64, n), Anomaly: make([]float64, n), Periods: seenTwice(h.Periods, n)}
	for i := range n {
		s.Values[i], s.Anomaly[i] = scale.To(h.Values[from+i]), math.NaN()
		if from+i < len(h.Anomaly) {
			s.Anomaly[i] = h.Anomaly[from+i]
		}
	}
	return s, scale
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

// try back-tests the models.
func (c *Chooser) try(ctx context.Context, t *test, levels []float64, scale Scale) []candidate {
	list := make([]candidate, len(c.models))
	for i, m := range c.models {
		x := candidate{model: m}
		if x.paths, x.err = t.run(ctx, m); x.err == nil {
			x.correction = newCorrection(t, x.paths, levels)
			x.loss = t.loss(x.paths, x.correction, levels, scale)
		}
		list[i] = x
	}
	return list
}
