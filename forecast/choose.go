package forecast

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/metrics"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Config is the forecast block of a configuration file.
type Config struct {
	Horizon  time.Duration `yaml:"horizon"`  // how far ahead; default 24h
	Every    time.Duration `yaml:"every"`    // a workload is forecast anew; default 6h
	Levels   []float64     `yaml:"levels"`   // quantiles, ascending; default 0.5, 0.9, 0.95, 0.99
	Steps    int           `yaml:"steps"`    // coarse steps of history that are needed; default 24
	Origins  int           `yaml:"origins"`  // of the back-test; default 4
	Deadline time.Duration `yaml:"deadline"` // bound on the back-test of one workload and dimension; default 5s
}

// Default is the forecast block that nobody wrote.
func Default() Config {
	return Config{
		Horizon: 24 * time.Hour, Every: 6 * time.Hour, Levels: []float64{0.5, 0.9, 0.95, 0.99},
		Steps: 24, Origins: 4, Deadline: 5 * time.Second,
	}
}

// Check says everything that is wrong with the settings.
func (c Config) Check() error {
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(c.Horizon < time.Minute, "horizon: %s is too short; at least 1m", c.Horizon)
	fault(c.Every < time.Minute, "every: %s is too often; at least 1m", c.Every)
	fault(len(c.Levels) == 0 || !sort.Float64sAreSorted(c.Levels) || c.Levels[0] <= 0 || c.Levels[len(c.Levels)-1] >= 1,
		"levels: %v; quantiles between 0 and 1 in ascending order are expected, for example [0.5, 0.95]", c.Levels)
	fault(c.Steps < 4, "steps: %d is too few; at least 4", c.Steps)
	fault(c.Origins < 1 || c.Origins > 100, "origins: %d is out of range; between 1 and 100", c.Origins)
	fault(c.Deadline <= 0, "deadline: %s is no time", c.Deadline)
	return errors.Join(errs...)
}

// Yardstick is the name of the model that the others must beat. A Chooser needs it among its models.
const Yardstick = "naive"

// Chooser chooses among models, for each history anew.
type Chooser struct {
	config Config
	models []Model
}

// New makes a Chooser. The order of the models breaks ties.
func New(config Config, models []Model) (*Chooser, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(models, func(m Model) bool { return m.Name() == Yardstick }) {
		return nil, fmt.Errorf("the models lack %s, the yardstick that the others must beat", Yardstick)
	}
	return &Chooser{config, models}, nil
}

// Unhurried is the same without a bound on time, for virtual time.
func (c *Chooser) Unhurried() *Chooser {
	config := c.config
	config.Deadline = math.MaxInt64
	return &Chooser{config, c.models}
}

// Every is how often a workload is to be forecast anew.
func (c *Chooser) Every() time.Duration { return c.config.Every }

// trial is what a model did in the back-test.
type trial struct {
	loss    float64     // mean pinball loss over levels, origins and steps
	misses  [][]float64 // per level: actual minus quantile, over the history's spread
	covered int         // values at or below the highest level
	values  int
	origins int
	err     error
}

// Choose back-tests the models on h by rolling origin, takes the one with the least pinball loss, corrects its quantiles by the coverage that was
// measured, and forecasts. A model that does not beat the yardstick is not used. When nothing can be forecast, the Reason says why.
func (c *Chooser) Choose(ctx context.Context, h History) foreshock.Forecast {
	f := foreshock.Forecast{Workload: h.Workload, Dimension: h.Dimension, At: h.End(), Length: h.Length, Levels: c.config.Levels}
	h = trimmed(h)
	if known := count(h.Values); known < c.config.Steps {
		f.Reason = fmt.Sprintf("%d of %d steps of %s are known; it takes more history", known, c.config.Steps, h.Length)
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Deadline)
	defer cancel()
	ahead := max(1, int((c.config.Horizon+h.Length-1)/h.Length))
	trials := make([]trial, len(c.models))
	best, yardstick := -1, -1
	for i, m := range c.models {
		if m.Name() == Yardstick {
			yardstick = i
		}
	}
	for _, i := range c.order(yardstick) {
		trials[i] = c.try(ctx, c.models[i], h, ahead)
		f.Choice = append(f.Choice, score(c.models[i].Name(), trials[i]))
		if trials[i].err == nil && (best < 0 || trials[i].loss < trials[best].loss) {
			best = i
		}
	}
	if best < 0 {
		f.Reason = fmt.Sprintf("no model could be tried: %s", trials[yardstick].err)
		return f
	}
	for {
		err := c.predict(ctx, &f, c.models[best], trials[best], h, ahead)
		if err == nil {
			break
		}
		if best == yardstick || trials[yardstick].err != nil {
			f.Reason = fmt.Sprintf("%s: %s", c.models[best].Name(), err)
			return f
		}
		best = yardstick
	}
	f.Reason = "least pinball loss in the back-test"
	if naive := trials[yardstick]; naive.err == nil && naive.loss > 0 {
		f.Skill = 1 - trials[best].loss/naive.loss
	}
	if best == yardstick {
		f.Reason = "no model beats " + Yardstick
	}
	return f
}

// order puts the yardstick first, so that it is there when time runs out.
func (c *Chooser) order(yardstick int) []int {
	list := []int{yardstick}
	for i := range c.models {
		if i != yardstick {
			list = append(list, i)
		}
	}
	return list
}

func score(name string, t trial) foreshock.ModelScore {
	s := foreshock.ModelScore{Model: name, Pinball: t.loss}
	if t.err != nil {
		s.Err, s.Pinball = t.err.Error(), 0
	}
	return s
}

// predict forecasts with the model that was chosen, its quantiles shifted by what the back-test missed.
func (c *Chooser) predict(ctx context.Context, f *foreshock.Forecast, m Model, t trial, h History, ahead int) error {
	mean, quantiles, err := m.Predict(ctx, h, ahead, c.config.Levels)
	if err != nil {
		return err
	}
	if err := finite(mean, quantiles); err != nil {
		return err
	}
	spread := spreadOf(h.Values)
	most := beyond * highest(h.Values)
	for k := range mean {
		mean[k] = min(mean[k], most)
	}
	for i, level := range c.config.Levels {
		shift := 0.0
		if n := len(t.misses[i]); float64(n)*(1-level) >= 2 { // else the tail is too thin to say
			shift = robust.Quantile(t.misses[i], level) * spread
		}
		for k := range quantiles[i] {
			quantiles[i][k] = min(most, max(0, quantiles[i][k]+shift))
			if i > 0 {
				quantiles[i][k] = max(quantiles[i][k], quantiles[i-1][k])
			}
		}
	}
	f.Model, f.Mean, f.Quantiles, f.Origins = m.Name(), mean, quantiles, t.origins
	f.Coverage = float64(t.covered) / float64(max(1, t.values))
	return nil
}

// beyond is how far above the highest demand of the history a forecast may go.
const beyond = 1.5

func highest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		if v > top {
			top = v
		}
	}
	return top
}

// try back-tests one model: from each origin it forecasts what came next, knowing nothing of it.
func (c *Chooser) try(ctx context.Context, m Model, h History, ahead int) trial {
	t := trial{misses: make([][]float64, len(c.config.Levels))}
	n := len(h.Values)
	// Origins are spread over the last half; the first one leaves enough to fit.
	reach := min(ahead, max(1, n/4))
	spread := spreadOf(h.Values)
	var loss, terms float64
	for k := range c.config.Origins {
		origin := n - reach - k*max(1, reach/2)
		if count(h.Values[:max(origin, 0)]) < max(4, c.config.Steps/2) {
			break
		}
		past := h
		past.Values = h.Values[:origin:origin]
		past.Anomaly = h.Anomaly[:min(origin, len(h.Anomaly)):min(origin, len(h.Anomaly))]
		_, quantiles, err := m.Predict(ctx, past, reach, c.config.Levels)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = finite(nil, quantiles)
		}
		if err != nil {
			t.err = err
			return t
		}
		t.origins++
		for i, level := range c.config.Levels {
			for j, actual := range h.Values[origin : origin+reach] {
				if math.IsNaN(actual) {
					continue
				}
				q := quantiles[i][j]
				loss += metrics.Pinball([]float64{actual}, []float64{q}, level)
				terms++
				t.misses[i] = append(t.misses[i], (actual-q)/spread)
				if i == len(c.config.Levels)-1 {
					t.values++
					if actual <= q {
						t.covered++
					}
				}
			}
		}
	}
	if terms == 0 {
		t.err = errors.New("too little history for a back-test")
		return t
	}
	t.loss = loss / terms
	return t
}

// finite refuses forecasts that are no numbers.
func finite(mean []float64, quantiles [][]float64) error {
	for _, list := range append([][]float64{mean}, quantiles...) {
		for _, x := range list {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return errors.New("the forecast is not finite")
			}
		}
	}
	return nil
}

// trimmed drops missing steps at the beginning.
func trimmed(h History) History {
	for len(h.Values) > 0 && math.IsNaN(h.Values[0]) {
		h.Values, h.Start = h.Values[1:], h.Start.Add(h.Length)
		if len(h.Anomaly) > 0 {
			h.Anomaly = h.Anomaly[1:]
		}
	}
	return h
}

func count(x []float64) (n int) {
	for _, v := range x {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// spreadOf is a robust spread of the values, never 0.
func spreadOf(x []float64) float64 {
	var known []float64
	for _, v := range x {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if s := robust.MAD(known); s > 0 {
		return s
	}
	return 1
}
