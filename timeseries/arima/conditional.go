package arima

// conditionalSum sums the squares of the innovations given that those before the first
// step are 0 (Box, Jenkins 1976, §7.1.2): ε_t = w_t - Σ φ w_(t-i) - Σ θ ε_(t-j) from the
// first step that has all its φ w.
type conditionalSum struct {
	errors [][]float64
	filled [][]float64
}

// run adds the products of the innovations of complete, differenced columns.
func (c *conditionalSum) run(ar, ma lagged, from int, columns [][]float64, sums *moments) {
	n := len(columns[0])
	for len(c.errors) < len(columns) {
		c.errors = append(c.errors, nil)
	}
	for k, column := range columns {
		c.errors[k] = resize(c.errors[k], n)
		e := c.errors[k]
		clear(e[:from])
		copy(e[from:], column[from:])
		for _, t := range ar {
			past := column[from-t.lag:]
			for i := range e[from:] {
				e[from+i] -= t.c * past[i]
			}
		}
		moving(e, ma, from)
	}
	for t := from; t < n; t++ {
		for k := range columns {
			sums.now[k] = c.errors[k][t]
		}
		sums.add(1)
	}
}

// moving takes the moving average off e in place, from a step on.
func moving(e []float64, ma lagged, from int) {
	if len(ma) == 0 {
		return
	}
	whole := min(len(e), from+ma.degree())
	for t := from; t < whole; t++ {
		for _, b := range ma {
			if b.lag > t-from {
				break
			}
			e[t] -= b.c * e[t-b.lag]
		}
	}
	for t := whole; t < len(e); t++ {
		sum := e[t]
		for _, b := range ma {
			sum -= b.c * e[t-b.lag]
		}
		e[t] = sum
	}
}

// runGaps is run for columns that are not differenced and have gaps: a missing reading
// is taken to be as expected.
func (c *conditionalSum) runGaps(m model, from int, columns [][]float64, sums *moments) {
	n := len(columns[0])
	for len(c.errors) < len(columns) {
		c.errors = append(c.errors, nil)
	}
	for len(c.filled) < len(columns) {
		c.filled = append(c.filled, nil)
	}
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
			sums.add(1)
		}
	}
}
