package prophet

// Forecast is what a model says of rows, past or future: a value for each, in the units of the series unless said otherwise.
type Forecast struct {
	Mean           []float64 // Prophet's yhat: Trend·(1 + Multiplicative) + Additive
	Trend          []float64
	Additive       []float64 // sum of the additive components
	Multiplicative []float64 // sum of the multiplicative components, as a share of the trend
	Components     []Component

	Quantiles      [][]float64 // of the values, for each quantile asked for
	TrendQuantiles [][]float64 // of the trend
}

// Component is the part of one seasonality, regressor or holiday: in units of the series when additive, a share of the trend when multiplicative.
type Component struct {
	Name   string
	Mode   Mode
	Values []float64
}

// Ahead is n rows after the last reading, at the step of the history, with the cap and floor of its last reading.
func (m *Model) Ahead(n int) Rows {
	rows := Every(m.Last.Add(m.Step), m.Step, n)
	if m.Config.Growth == Logistic {
		rows.Cap, rows.Floor = []float64{m.Cap}, []float64{m.Floor}
	}
	return rows
}

// Predict computes the forecast of rows, which must have what the configuration needs, and quantiles when the simulation has any.
func (m *Model) Predict(rows Rows, s Simulation) (*Forecast, error) {
	if err := m.Valid(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	use := rows.all()
	if err := m.check(rows, use); err != nil {
		return nil, err
	}
	x := m.design(rows, use)
	n := len(use)
	f := &Forecast{
		Mean: make([]float64, n), Trend: make([]float64, n),
		Additive: make([]float64, n), Multiplicative: make([]float64, n),
	}
	list, _, _ := m.components()
	for _, c := range list {
		values := x.part(c, m.Params.Beta)
		sum := f.Multiplicative
		if c.mode == Additive {
			sum = f.Additive
			for i := range values {
				values[i] *= m.Scale
			}
		}
		for i, v := range values {
			sum[i] += v
		}
		f.Components = append(f.Components, Component{c.name, c.mode, values})
	}
	curve := m.curve(rows)
	for i := range use {
		f.Trend[i] = curve.at(i, 0)
		f.Mean[i] = f.value(i, f.Trend[i], curve.floor(i))
	}
	if len(s.Quantiles) > 0 {
		if err := m.quantiles(f, curve, s); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// value is what is expected of a row with the given trend. Shares are of the trend above the floor, as in the fit.
func (f *Forecast) value(i int, trend, floor float64) float64 {
	return trend + (trend-floor)*f.Multiplicative[i] + f.Additive[i]
}

// part is the product of a component's columns and coefficients.
func (d *design) part(c component, beta []float64) []float64 {
	values := make([]float64, d.rows)
	for i := range values {
		if c.first < d.width {
			for j, x := range d.row(i)[c.first : c.first+c.count] {
				values[i] += x * beta[c.first+j]
			}
			continue
		}
		for _, e := range d.eventsOf(i) {
			if j := int(e); j >= c.first && j < c.first+c.count {
				values[i] += beta[j]
			}
		}
	}
	return values
}

// curve is the trend at rows, with z moved by what a simulation adds.
type curve struct {
	m    *Model
	rows Rows
	t, z []float64
}

func (m *Model) curve(rows Rows) curve {
	c := curve{m: m, rows: rows, t: make([]float64, len(rows.Times)), z: make([]float64, len(rows.Times))}
	path := m.Params.path(m.Config.Growth, m.Changepoints)
	for i, at := range rows.Times {
		c.t[i] = m.scaled(at)
		c.z[i] = path.at(c.t[i], path.segment(c.t[i]))
	}
	return c
}

func (c curve) floor(i int) float64 { return c.m.floor(c.rows, i) }

func (c curve) at(i int, moved float64) float64 {
	if c.m.Config.Growth != Logistic {
		return (c.z[i] + moved) * c.m.Scale
	}
	ceiling, floor := c.rows.bounds(i)
	return floor + (ceiling-floor)*logistic(c.z[i]+moved)
}
