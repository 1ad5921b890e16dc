package stl

import (
	"fmt"
	"slices"
)

// MultiConfig says how to decompose a series with several seasons. The zero value
// of all but Periods are the defaults of forecast::mstl.
type MultiConfig struct {
	Periods         []int  // steps of each season; those not below half the series are left out
	SeasonalWindows []int  // for each period used, ascending; the last serves the rest; nil: 11, 15, 19, …
	Iterations      int    // rounds over all periods; 0: 2; a single period needs only 1
	Base            Config // all other settings; its Period and SeasonalWindow are ignored
}

// MultiResult is a decomposition with several seasons:
//
//	x = Trend + Seasonal[0] + Seasonal[1] + … + Remainder
type MultiResult struct {
	Periods   []int       // the periods used, ascending
	Seasonal  [][]float64 // the season of each
	Trend     []float64
	Remainder []float64 // NaN where the reading is missing
	Weights   []float64 // as in Result, of the last decomposition
}

// DecomposeMulti splits x by decomposing it for each period in turn, shortest first,
// without the seasons found for the others, several times over. ErrShort means that
// no period is below half the series.
func DecomposeMulti(x []float64, cfg MultiConfig) (MultiResult, error) {
	periods := fitting(cfg.Periods, len(x))
	if len(periods) == 0 {
		return MultiResult{}, fmt.Errorf("stl: %w: %d readings, periods %v", ErrShort, len(x), cfg.Periods)
	}
	rounds := or(cfg.Iterations, 2)
	if len(periods) == 1 {
		rounds = 1
	}
	if rounds < 0 {
		return MultiResult{}, fmt.Errorf("stl: iterations must not be negative, but are %d", rounds)
	}
	result := MultiResult{Periods: periods, Seasonal: make([][]float64, len(periods))}
	for i := range periods {
		result.Seasonal[i] = make([]float64, len(x))
	}
	workspaces := make([]Workspace, len(periods))
	rest := slices.Clone(x) // x without the seasons found so far
	var part Result
	for range rounds {
		for i, period := range periods {
			add(rest, result.Seasonal[i], 1)
			one := cfg.Base
			one.Period, one.SeasonalWindow = period, cfg.window(i)
			if err := workspaces[i].Decompose(&part, rest, one); err != nil {
				return MultiResult{}, err
			}
			copy(result.Seasonal[i], part.Seasonal)
			add(rest, part.Seasonal, -1)
		}
	}
	add(rest, part.Trend, -1)
	result.Trend, result.Remainder, result.Weights = part.Trend, rest, part.Weights
	return result, nil
}

// fitting returns the periods of which a series of n readings has more than two.
func fitting(periods []int, n int) []int {
	fit := slices.DeleteFunc(slices.Clone(periods), func(p int) bool { return p < 2 || n-p <= p })
	slices.Sort(fit)
	return slices.Compact(fit)
}

func (c MultiConfig) window(i int) int {
	if n := len(c.SeasonalWindows); n > 0 {
		return c.SeasonalWindows[min(i, n-1)]
	}
	return 11 + 4*i
}

func add(x, y []float64, sign float64) {
	for i, v := range y {
		x[i] += sign * v
	}
}
