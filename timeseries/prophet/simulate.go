package prophet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Simulation says which quantiles are wanted. The same seed gives the same ones.
type Simulation struct {
	Quantiles []float64 // from 0 to 1; none by default
	Draws     int       // futures that are drawn; default 1000
	Seed      uint64
}

func (s Simulation) check() error {
	if s.Draws < 0 {
		return fmt.Errorf("prophet: %w: %d draws", ErrConfig, s.Draws)
	}
	for _, q := range s.Quantiles {
		if !(q >= 0 && q <= 1) {
			return fmt.Errorf("prophet: %w: a quantile is from 0 to 1, not %g", ErrConfig, q)
		}
	}
	return nil
}

// future is one way in which the trend may go on after the history: changes come at the rate at which the history had changepoints, as
// a Poisson process, with Laplace sizes.
type future struct {
	source      rand.PCG
	next        float64 // scaled time of the next change
	from        float64 // of the last one
	level, rate float64 // what is added to z: level + rate·(t - from)
}

// changes draws sizes and times. It is used for many futures in turn.
type changes struct {
	start   float64 // scaled time of the last reading
	density float64 // changes in a unit of scaled time
	size    float64 // mean |change|
	random  *rand.Rand
	source  current
}

// current is the source of the future that is drawn now.
type current struct{ *rand.PCG }

func (m *Model) changes() *changes {
	c := &changes{start: m.scaled(m.Last)}
	if m.Config.Growth != Flat && len(m.Params.Delta) > 0 {
		c.density = float64(len(m.Params.Delta))
		for _, d := range m.Params.Delta {
			c.size += math.Abs(d) / c.density
		}
	}
	c.random = rand.New(&c.source)
	return c
}

// maxChanges is how many changes of the trend a simulated future may be expected to have.
const maxChanges = 1e5

// reach returns an error when a row is too far ahead to be simulated.
func (c *changes) reach(t []float64) error {
	for i, at := range t {
		if !c.certain(at) && !(c.density*(at-c.start) <= maxChanges) {
			return fmt.Errorf("prophet: %w: row %d is %.3g times the length of the history ahead; too far for quantiles", ErrRows, i, at-c.start)
		}
	}
	return nil
}

// certain tells that the trend at t cannot have changed.
func (c *changes) certain(t float64) bool { return c.size == 0 || t <= c.start }

func (c *changes) futures(n int, seed uint64) []future {
	all := make([]future, n)
	for i := range all {
		f := &all[i]
		f.source.Seed(seed, uint64(i))
		c.source.PCG = &f.source
		f.next, f.from = c.start+c.random.ExpFloat64()/c.density, c.start
	}
	return all
}

// added is what the future adds to z at t. Calls must be in order of time; what is drawn does not depend on the times asked for.
func (c *changes) added(f *future, t float64) float64 {
	for f.next <= t {
		c.source.PCG = &f.source
		f.level += f.rate * (f.next - f.from)
		change := c.size * c.random.ExpFloat64()
		if c.random.Uint64()&1 == 0 {
			change = -change
		}
		f.rate += change
		f.from = f.next
		f.next += c.random.ExpFloat64() / c.density
	}
	return f.level + f.rate*(t-f.from)
}

// quantiles fills in the quantiles of a forecast. Within the history the trend is known, and the noise is normal. After it, futures are drawn;
// the noise of draw d of n is the normal quantile (d+½)/n, which errs less than a random one: draws are independent of one another, so that which has
// which noise does not matter.
func (m *Model) quantiles(f *Forecast, c curve, s Simulation) error {
	changes := m.changes()
	if err := changes.reach(c.t); err != nil {
		return err
	}
	f.Quantiles, f.TrendQuantiles = make([][]float64, len(s.Quantiles)), make([][]float64, len(s.Quantiles))
	for i := range s.Quantiles {
		f.Quantiles[i], f.TrendQuantiles[i] = make([]float64, len(f.Mean)), make([]float64, len(f.Mean))
	}
	sigma := m.Params.Sigma * m.Scale
	fill(&s.Draws, 1000)
	var futures []future
	var noise, trend, value []float64
	for _, i := range byTime(c.t) {
		if changes.certain(c.t[i]) {
			for j, q := range s.Quantiles {
				f.TrendQuantiles[j][i], f.Quantiles[j][i] = f.Trend[i], f.Mean[i]
				if z := normalQuantile(bounded(q, s.Draws)); z != 0 && sigma > 0 {
					f.Quantiles[j][i] += z * sigma
				}
			}
			continue
		}
		if futures == nil {
			futures = changes.futures(s.Draws, s.Seed)
			trend, value, noise = make([]float64, s.Draws), make([]float64, s.Draws), make([]float64, s.Draws)
			for d := range noise {
				noise[d] = sigma * normalQuantile((float64(d)+0.5)/float64(s.Draws))
			}
		}
		floor := c.floor(i)
		for d := range futures {
			trend[d] = c.at(i, changes.added(&futures[d], c.t[i]))
			value[d] = f.value(i, trend[d], floor) + noise[d]
		}
		for j, q := range s.Quantiles {
			f.TrendQuantiles[j][i], f.Quantiles[j][i] = quantile(trend, q), quantile(value, q)
		}
	}
	return nil
}

// bounded keeps quantiles at 0 and 1, which a normal distribution does not have, at what as many draws would show.
func bounded(q float64, draws int) float64 {
	least := 0.5 / float64(draws)
	return min(max(q, least), 1-least)
}

// Simulate draws values of rows, one slice for each draw, with the noise of each row independent. The trend of a draw depends
// on the seed only, not on the rows.
func (m *Model) Simulate(rows Rows, draws int, seed uint64) ([][]float64, error) {
	f, err := m.Predict(rows, Simulation{Draws: draws})
	if err != nil {
		return nil, err
	}
	c, changes := m.curve(rows), m.changes()
	if err := changes.reach(c.t); err != nil {
		return nil, err
	}
	futures := changes.futures(draws, seed)
	sigma, order := m.Params.Sigma*m.Scale, byTime(c.t)
	all := make([][]float64, draws)
	for d := range all {
		noise := rand.New(rand.NewPCG(^seed, uint64(d)))
		all[d] = slices.Clone(f.Mean)
		for _, i := range order {
			if !changes.certain(c.t[i]) {
				all[d][i] = f.value(i, c.at(i, changes.added(&futures[d], c.t[i])), c.floor(i))
			}
			all[d][i] += sigma * noise.NormFloat64()
		}
	}
	return all, nil
}

// normalQuantile is the inverse of the standard normal distribution function.
func normalQuantile(q float64) float64 { return math.Sqrt2 * math.Erfinv(2*q-1) }

// quantile is R's type 7. It reorders x.
func quantile(x []float64, q float64) float64 {
	position := q * float64(len(x)-1)
	k := int(position)
	lower, fraction := robust.Select(x, k), position-float64(k)
	if fraction == 0 {
		return lower
	}
	return lower + fraction*(slices.Min(x[k+1:])-lower)
}
