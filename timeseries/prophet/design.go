package prophet

import (
	"math"
	"time"
)

// component is a run of columns of the design: a seasonality, a regressor or a holiday.
type component struct {
	name         string
	mode         Mode
	scale        float64 // of the prior of each coefficient
	first, count int     // columns
}

// components lists them in the order of Params.Beta: seasonalities, regressors, holidays. Seasonalities and regressors have
// a value in every row; holidays, which may be many, have one in few.
func (m *Model) components() (list []component, dense, columns int) {
	add := func(name string, mode Mode, scale float64, count int) {
		list = append(list, component{name, mode, scale, columns, count})
		columns += count
	}
	for _, s := range m.Seasonalities {
		add(s.Name, s.Mode, s.Scale, 2*s.Order)
	}
	for _, r := range m.Config.Regressors {
		add(r.Name, r.Mode, r.Scale, 1)
	}
	dense = columns
	for _, h := range m.Config.Holidays {
		add(h.Name, h.Mode, h.Scale, h.Before+1+h.After)
	}
	return list, dense, columns
}

// design is the matrix X of rows and columns.
type design struct {
	rows    int
	dense   []float64 // row by row
	width   int       // columns of dense
	columns int       // of all
	events  [][]int32 // the columns behind dense that are 1 in a row; nil where there are no holidays
}

func (d *design) row(i int) []float64 { return d.dense[i*d.width : (i+1)*d.width] }

func (d *design) eventsOf(i int) []int32 {
	if d.events == nil {
		return nil
	}
	return d.events[i]
}

// dot is the product of a row and coefficients.
func (d *design) dot(i int, beta []float64) float64 {
	sum := 0.0
	row := d.row(i)
	beta0 := beta[:len(row)]
	for j, x := range row {
		sum += x * beta0[j]
	}
	for _, j := range d.eventsOf(i) {
		sum += beta[j]
	}
	return sum
}

// design makes the matrix of the rows in use.
func (m *Model) design(rows Rows, use []int) design {
	_, dense, columns := m.components()
	d := design{rows: len(use), dense: make([]float64, len(use)*dense), width: dense, columns: columns}
	at := 0
	for _, s := range m.Seasonalities {
		holds := rows.Conditions[s.Condition]
		for i, row := range use {
			if s.Condition == "" || holds[row] {
				fourier(d.dense[i*dense+at:i*dense+at+2*s.Order], rows.Times[row], s.Period)
			}
		}
		at += 2 * s.Order
	}
	for j, r := range m.Config.Regressors {
		x, std := rows.Regressors[r.Name], m.Standards[j]
		for i, row := range use {
			d.dense[i*dense+at] = std.of(x[row])
		}
		at++
	}
	if len(m.Config.Holidays) > 0 {
		effects := m.effects()
		d.events = make([][]int32, len(use))
		for i, row := range use {
			d.events[i] = effects[date(rows.Times[row])]
		}
	}
	return d
}

// effects gives the columns of holidays by date.
func (m *Model) effects() map[int64][]int32 {
	_, first, _ := m.components()
	byDate := map[int64][]int32{}
	for _, h := range m.Config.Holidays {
		seen := map[[2]int64]bool{} // a day that is listed twice counts once
		for _, d := range h.Days {
			for offset := -h.Before; offset <= h.After; offset++ {
				on, column := date(d)+int64(offset), int32(first+h.Before+offset)
				if key := [2]int64{on, int64(column)}; !seen[key] {
					seen[key] = true
					byDate[on] = append(byDate[on], column)
				}
			}
		}
		first += h.Before + 1 + h.After
	}
	return byDate
}

// date counts the days since 1970-01-01 in UTC.
func date(t time.Time) int64 {
	const perDay = 24 * 60 * 60
	s := t.Unix()
	d := s / perDay
	if s%perDay < 0 {
		d--
	}
	return d
}

// Standard brings a regressor to mean 0 and standard deviation 1.
type Standard struct{ Mean, StdDev float64 }

func (s Standard) of(x float64) float64 { return (x - s.Mean) / s.StdDev }

// standard is 0 and 1 for a regressor that is left as it is.
func standard(reg Regressor, x []float64, use []int) Standard {
	raw := Standard{0, 1}
	if reg.Raw {
		return raw
	}
	size, binary := 0.0, true
	for _, i := range use {
		size = max(size, math.Abs(x[i]))
		binary = binary && (x[i] == 0 || x[i] == 1)
	}
	if binary || size == 0 {
		return raw
	}
	n, mean, squares := float64(len(use)), 0.0, 0.0
	for _, i := range use {
		mean += x[i] / n
	}
	for _, i := range use { // in units of the largest, so that no square overflows
		d := (x[i] - mean) / size
		squares += d * d
	}
	sd := size * math.Sqrt(squares/(n-1))
	if !(sd > 1e-12*size) { // constant but for rounding
		return raw
	}
	return Standard{mean, sd}
}
