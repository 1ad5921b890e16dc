package prophet

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Errors of settings and data that cannot be fitted, to be matched with errors.Is.
var (
	ErrConfig = errors.New("settings cannot be fitted")
	ErrShort  = errors.New("history has no two readings at different times")
	ErrRows   = errors.New("rows do not fit")
)

// limit is the largest number that is taken: above it, products of what is computed from it could overflow.
const limit = 1e100

// Rows are times with what is known at each, in any order. Past rows are fitted, future rows are forecast.
type Rows struct {
	Times []time.Time

	// Bounds of logistic growth: one for each row, or one for all. No Floor is 0.
	Cap, Floor []float64

	Regressors map[string][]float64 // by name, a value for each row
	Conditions map[string][]bool    // of conditional seasonalities: whether it holds in each row
}

// Every is n rows at regular steps.
func Every(start time.Time, step time.Duration, n int) Rows {
	times := make([]time.Time, max(n, 0))
	for i := range times {
		times[i] = start
		start = start.Add(step)
	}
	return Rows{Times: times}
}

// check returns an error when what the configuration needs is not there or is no number. Only rows in use need to have values.
func (r Rows) check(c Config, seasonalities []Seasonality, use []int) error {
	n := len(r.Times)
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("prophet: %w: %s", ErrRows, fmt.Sprintf(format, args...))
	}
	if c.Growth == Logistic {
		if len(r.Cap) != n && len(r.Cap) != 1 {
			return wrong("logistic growth needs a Cap for each of %d rows or one for all, not %d", n, len(r.Cap))
		}
		if len(r.Floor) > 1 && len(r.Floor) != n {
			return wrong("Floor has a value for each of %d rows or one for all, not %d", n, len(r.Floor))
		}
		for _, i := range use {
			ceiling, floor := r.bounds(i)
			if !(floor < ceiling && math.Abs(floor) <= limit && math.Abs(ceiling) <= limit) {
				return wrong("row %d: the cap is above the floor, but here they are %g and %g", i, ceiling, floor)
			}
		}
	}
	for _, reg := range c.Regressors {
		x, ok := r.Regressors[reg.Name]
		if !ok || len(x) != n {
			return wrong("regressor %q has a value for each of %d rows, not %d", reg.Name, n, len(x))
		}
		for _, i := range use {
			if !(math.Abs(x[i]) <= limit) {
				return wrong("row %d: regressor %q is %g; fill it in or leave the row out", i, reg.Name, x[i])
			}
		}
	}
	for _, s := range seasonalities {
		if s.Condition != "" && len(r.Conditions[s.Condition]) != n {
			return wrong("condition %q has a value for each of %d rows, not %d", s.Condition, n, len(r.Conditions[s.Condition]))
		}
	}
	return nil
}

// check returns an error when rows do not go with the model.
func (m *Model) check(rows Rows, use []int) error {
	if err := rows.check(m.Config, m.Seasonalities, use); err != nil {
		return err
	}
	for j, r := range m.Config.Regressors {
		for _, i := range use {
			if x := m.Standards[j].of(rows.Regressors[r.Name][i]); !(math.Abs(x) <= limit) {
				return fmt.Errorf("prophet: %w: row %d: regressor %q is %.3g standard deviations from what it was", ErrRows, i, r.Name, x)
			}
		}
	}
	return nil
}

// bounds returns cap and floor of a row.
func (r Rows) bounds(i int) (ceiling, floor float64) {
	pick := func(x []float64) float64 {
		switch {
		case len(x) == 0:
			return 0
		case len(x) == 1:
			return x[0]
		}
		return x[i]
	}
	return pick(r.Cap), pick(r.Floor)
}

// readings lists the rows that have a reading, by time.
func (r Rows) readings(y []float64) ([]int, error) {
	if len(y) != len(r.Times) {
		return nil, fmt.Errorf("prophet: %w: %d values for %d times", ErrRows, len(y), len(r.Times))
	}
	var use []int
	for i, v := range y {
		if math.Abs(v) > limit {
			return nil, fmt.Errorf("prophet: %w: row %d: value %g is too large", ErrRows, i, v)
		}
		if v == v {
			use = append(use, i)
		}
	}
	slices.SortStableFunc(use, func(a, b int) int { return r.Times[a].Compare(r.Times[b]) })
	return use, nil
}

// all is the index of every row.
func (r Rows) all() []int {
	use := make([]int, len(r.Times))
	for i := range use {
		use[i] = i
	}
	return use
}

// steps are the shortest and the median distance between neighbours of the rows in use, which are in order of time; no distance is no step.
func (r Rows) steps(use []int) (shortest, median time.Duration) {
	var all []time.Duration
	for i := 1; i < len(use); i++ {
		if d := r.Times[use[i]].Sub(r.Times[use[i-1]]); d > 0 {
			all = append(all, d)
		}
	}
	slices.Sort(all)
	return all[0], all[len(all)/2]
}

// seconds is the time from a to b. Unlike time.Duration it does not end at 292 years.
func seconds(a, b time.Time) float64 {
	return float64(b.Unix()) - float64(a.Unix()) + float64(b.Nanosecond()-a.Nanosecond())/1e9
}

// byTime orders indexes of scaled times.
func byTime(t []float64) []int {
	order := make([]int, len(t))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t[a], t[b]) })
	return order
}
