package foreshock

import (
	"math"
	"time"
)

// Forecast is the demand expected for one dimension of one workload.
type Forecast struct {
	Workload  ID            `json:"workload"`
	Dimension Dimension     `json:"dimension"`
	Fitted    time.Time     `json:"fitted"`    // end of the last step that the models were fitted to
	At        time.Time     `json:"at"`        // end of the last step that it knows, by updates since they were fitted
	Length    time.Duration `json:"length_ns"` // of a step; Mean[i] is for At+(i+1)*Length
	Model     string        `json:"model"`     // the one used, or "combination"; Choice has the weights
	Mean      []float64     `json:"mean"`      // the middle of what is expected: as likely to be passed as not
	Levels    []float64     `json:"levels"`    // quantiles, ascending, for example 0.5 0.9 0.95 0.99
	Quantiles [][]float64   `json:"quantiles"` // per level, per step
	Skill     float64       `json:"skill"`     // 1 - pinball loss / seasonal naive's; above 0 is better than naive
	Coverage  float64       `json:"coverage"`  // share of back-test values below the highest level
	Origins   int           `json:"origins"`   // back-test origins behind Skill and Coverage
	Reason    string        `json:"reason"`    // why these models, or why there is no forecast
	Choice    []ModelScore  `json:"choice"`
}

// ModelScore is how a model did in the back-test.
type ModelScore struct {
	Model   string  `json:"model"`
	Pinball float64 `json:"pinball"` // mean loss, in the dimension's unit
	Weight  float64 `json:"weight"`  // its share of the forecast; 0: not used
	Err     string  `json:"err,omitempty"`
}

// Usable says whether the forecast may be used in a decision.
func (f *Forecast) Usable() bool { return f != nil && len(f.Mean) > 0 }

// Level is the level nearest to the one that is wanted among those from the lowest to the highest that the forecast has.
func (f *Forecast) Level(want float64) float64 {
	return max(f.Levels[0], min(f.Levels[len(f.Levels)-1], want))
}

// Peak is the highest value of the quantile at [Forecast.Level] among the steps that overlap [from, to]; between the levels that there are it is
// interpolated as if the forecast were normal. ok is false where the forecast does not reach.
func (f *Forecast) Peak(level float64, from, to time.Time) (peak float64, at time.Time, ok bool) {
	if !f.Usable() || len(f.Levels) == 0 {
		return 0, time.Time{}, false
	}
	below, above, part := f.around(f.Level(level))
	for i, x := range f.Quantiles[below] {
		end := f.At.Add(time.Duration(i+1) * f.Length)
		if end.Before(from) || end.Add(-f.Length).After(to) {
			continue
		}
		if part > 0 {
			x += part * (f.Quantiles[above][i] - x)
		}
		if !ok || x > peak {
			peak, at, ok = x, end, true
		}
	}
	return peak, at, ok
}

// around finds the levels on both sides of one, and how much of the way from one to the other it is.
func (f *Forecast) around(level float64) (below, above int, part float64) {
	for above < len(f.Levels)-1 && f.Levels[above] < level {
		above++
	}
	if above == 0 || f.Levels[above] == level {
		return above, above, 0
	}
	below = above - 1
	z := func(p float64) float64 { return math.Erfinv(2*p - 1) }
	return below, above, (z(level) - z(f.Levels[below])) / (z(f.Levels[above]) - z(f.Levels[below]))
}
