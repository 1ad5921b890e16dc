package arima

// conditionalSum sums the squares of the innovations given that those before the first
// step are 0 (Box, Jenkins 1976, §7.1.2): ε_t = w_t - Σ φ w_(t-i) - Σ θ ε_(t-j) from the
// first step that has all its φ w.
type conditionalSum struct {
	errors [][]float64 // of each column
	filled [][]float64 // room for them, or for what gaps are filled with
}

// run adds the products of the innovations of complete, differenced columns.
func (c *conditionalSum) run(ar, ma lagged, from int, columns [][]float64, sums *moments) {
	m, reach := len(columns[0])-from, ma.degree()
	c.errors, c.filled = rows(c.errors, len(columns)), rows(c.filled, len(columns))
	for k, column := range columns {
		c.filled[k] = resize(c.filled[k], reach+m) // zeros before the first step
		all := c.filled[k]
		clear(all[:reach])
		c.errors[k] = all[reach:]
		copy(c.errors[k], column[from:])
		autoregress(c.errors[k], column, from, ar)
		moving(all, reach, ma)
	}
	sums.addAll(c.errors[:len(columns)], 1)
}

// rows has at least n slices.
func rows(s [][]float64, n int) [][]float64 {
	for len(s) < n {
		s = append(s, nil)
	}
	return s
}

// autoregress takes Σ φ w_(t-i) off e, whose first step is step from of w.
func autoregress(e, w []float64, from int, ar lagged) {
	for _, t := range ar {
		past := w[from-t.lag:][:len(e)]
		for i, v := range past {
			e[i] -= t.c * v
		}
	}
}

// moving takes Σ θ e_(t-j) off e in place, from a step on.
func moving(e []float64, from int, ma lagged) {
	switch len(ma) {
	case 0:
	case 1:
		lag, c := ma[0].lag, ma[0].c
		for t := from; t < len(e); t++ {
			e[t] -= c * e[t-lag]
		}
	case 3:
		// One term of each and their product, the commonest seasonal moving average.
		i, j, k := ma[0], ma[1], ma[2]
		for t := from; t < len(e); t++ {
			e[t] -= i.c*e[t-i.lag] + j.c*e[t-j.lag] + k.c*e[t-k.lag]
		}
	default:
		for t := from; t < len(e); t++ {
			sum := e[t]
			for _, b := range ma {
				sum -= b.c * e[t-b.lag]
			}
			e[t] = sum
		}
	}
}

// runGaps is run for columns that are not differenced and have gaps: a missing reading
// is taken to be as expected.
func (c *conditionalSum) runGaps(m model, from int, columns [][]float64, sums *moments) {
	n := len(columns[0])
	c.errors, c.filled = rows(c.errors, len(columns)), rows(c.filled, len(columns))
	series := columns[0]
	for k, column := range columns {
		c.errors[k], c.filled[k] = resize(c.errors[k], n), resize(c.filled[k], 2*n)
		e, y, w := c.errors[k], c.filled[k][:n], c.filled[k][n:]
		for t := range n {
			past, mean := 0.0, 0.0
			if t >= m.slots {
				for _, d := range m.diff {
					past += d.c * y[t-d.lag]
				}
				for _, a := range m.ar {
					if t-a.lag >= m.slots {
						mean += a.c * w[t-a.lag]
					}
				}
				for _, b := range m.ma {
					if t-b.lag >= m.slots {
						mean += b.c * e[t-b.lag]
					}
				}
			} else if t > 0 {
				past = y[t-1]
			}
			e[t] = 0
			if series[t] != series[t] {
				y[t], w[t] = past+mean, mean
				continue
			}
			y[t] = column[t]
			w[t] = y[t] - past
			if t >= from {
				e[t] = w[t] - mean
			}
		}
	}
	for t := from; t < n; t++ {
		if series[t] == series[t] {
			for k := range columns {
				sums.now[k] = c.errors[k][t]
			}
			sums.add(1, 1)
		}
	}
}
