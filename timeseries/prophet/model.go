package prophet

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Model is a fitted model. It is plain data; its methods do not change it and may be called concurrently.
type Model struct {
	Config        Config        // as given, with defaults filled in
	Seasonalities []Seasonality // those in use
	Standards     []Standard    // of the regressors, in the order of Config.Regressors

	Start, End   time.Time     // of the history; scaled time is (t - Start)/(End - Start)
	Last         time.Time     // last reading: End, or later after an update
	Step         time.Duration // of the history: the median one
	Scale        float64       // largest |value - floor|; scaled values are (value - floor)/Scale
	Changepoints []float64     // scaled times; none with flat growth
	Cap, Floor   float64       // of the last reading, with logistic growth

	Params          Params
	MaxLogPosterior float64 // of Params, up to a constant
	Readings        int     // that were fitted

	// Moments is what [Model.Update] needs. It may be set to nil to save its (2 + columns + changepoints)² numbers.
	Moments *Moments `json:",omitempty"`
}

// Params are the parameters, for scaled times and values.
type Params struct {
	K, M  float64   // growth rate at the start; level at the start, or with logistic growth the time of the midpoint
	Delta []float64 // changes of the rate at the changepoints
	Beta  []float64 // coefficients of seasonalities, regressors and holidays, in this order
	Sigma float64   // standard deviation of the noise
}

// Fit fits the values of past rows. NaN is a missing value; rows may be in any order. There must be readings at two different times.
func Fit(rows Rows, values []float64, cfg Config) (*Model, error) {
	cfg = cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	use, err := rows.readings(values)
	if err != nil {
		return nil, err
	}
	if len(use) < 2 || rows.Times[use[0]].Equal(rows.Times[use[len(use)-1]]) {
		return nil, fmt.Errorf("prophet: %w: %d of %d rows have a value", ErrShort, len(use), len(values))
	}
	m := &Model{Config: cfg, Start: rows.Times[use[0]], End: rows.Times[use[len(use)-1]]}
	m.Last = m.End
	shortest, median := rows.steps(use)
	m.Step = median
	m.Seasonalities = cfg.seasonalities(m.End.Sub(m.Start), shortest)
	if err := rows.check(cfg, m.Seasonalities, use); err != nil {
		return nil, err
	}
	for _, r := range cfg.Regressors {
		m.Standards = append(m.Standards, standard(r, rows.Regressors[r.Name], use))
	}
	m.Scale = m.scale(rows, values, use)
	if cfg.Growth == Logistic {
		m.Cap, m.Floor = rows.bounds(use[len(use)-1])
	}
	if err := m.place(rows, use); err != nil {
		return nil, err
	}
	p, err := m.problem(rows, values, use)
	if err != nil {
		return nil, err
	}
	m.Readings = len(use)
	m.Params, m.Moments, m.MaxLogPosterior = p.maximise()
	return m, nil
}

// scale is the largest |value - floor|, 1 when all are 0.
func (m *Model) scale(rows Rows, values []float64, use []int) float64 {
	size := 0.0
	for _, i := range use {
		size = max(size, math.Abs(values[i]-m.floor(rows, i)))
	}
	if size == 0 {
		return 1
	}
	return size
}

// floor is 0 unless growth is logistic.
func (m *Model) floor(rows Rows, i int) float64 {
	if m.Config.Growth != Logistic {
		return 0
	}
	_, floor := rows.bounds(i)
	return floor
}

// place sets the changepoints.
func (m *Model) place(rows Rows, use []int) error {
	if m.Config.Growth == Flat {
		return nil
	}
	if m.Config.Changepoints == nil {
		t := make([]float64, len(use))
		for i, row := range use {
			t[i] = m.scaled(rows.Times[row])
		}
		m.Changepoints = changepoints(m.Config.ChangepointCount, m.Config.ChangepointRange, t)
		return nil
	}
	for _, c := range m.Config.Changepoints {
		s := m.scaled(c)
		if s < 0 || s > 1 {
			return fmt.Errorf("prophet: %w: changepoint %v is outside the history; leave it out", ErrConfig, c)
		}
		m.Changepoints = append(m.Changepoints, s)
	}
	slices.Sort(m.Changepoints)
	return nil
}

func (m *Model) scaled(t time.Time) float64 { return seconds(m.Start, t) / seconds(m.Start, m.End) }

// problem brings the rows in use, which are in order of time, into the model's units.
func (m *Model) problem(rows Rows, values []float64, use []int) (*problem, error) {
	list, _, columns := m.components()
	p := &problem{growth: m.Config.Growth, knots: m.Changepoints, x: m.design(rows, use), tau: m.Config.ChangepointScale}
	p.precision, p.multiplicative = make([]float64, columns), make([]bool, columns)
	for _, c := range list {
		for j := c.first; j < c.first+c.count; j++ {
			p.precision[j], p.multiplicative[j] = 1/(c.scale*c.scale), c.mode == Multiplicative
			p.anyProduct = p.anyProduct || p.multiplicative[j]
		}
	}
	n := len(use)
	p.t, p.y = make([]float64, n), make([]float64, n)
	p.trend, p.weight, p.residual = make([]float64, n), make([]float64, n), make([]float64, n)
	if p.growth == Logistic {
		p.ceiling, p.bend = make([]float64, n), make([]float64, n)
	}
	for i, row := range use {
		p.t[i] = m.scaled(rows.Times[row])
		p.y[i] = (values[row] - m.floor(rows, row)) / m.Scale
		if p.growth == Logistic {
			ceiling, floor := rows.bounds(row)
			if p.ceiling[i] = (ceiling - floor) / m.Scale; p.ceiling[i] > limit {
				return nil, fmt.Errorf("prophet: %w: row %d: the cap, %g, is too far above the values; use linear growth", ErrRows, row, ceiling)
			}
		}
	}
	p.from = make([]int, len(p.knots))
	for j, s := range p.knots {
		p.from[j], _ = slices.BinarySearch(p.t, s)
	}
	return p, nil
}
