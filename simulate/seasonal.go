package simulate

import (
	"math"
	"slices"
)

const (
	seasonMargin = 1.2
	seasonAhead  = 15 // steps, or until a change is allowed again where that is later
)

// seasonal is the HPA, and the highest load of the same window of yesterday with a margin.
type seasonal struct {
	hpa
	loads days
}

func newSeasonal(_ *Trace, p Provider) Policy {
	return &seasonal{hpa: hpa{provider: p, target: hpaTarget}, loads: newDays(1)}
}

// Answer implements [Policy].
func (y *seasonal) Answer(s Sample) ([]float64, error) {
	y.loads.add(s)
	load := 0.0
	if y.loads.n >= daySteps {
		ahead := delaySteps(y.provider) + max(seasonAhead, int(spacing(y.provider)/Step))
		for k := range min(ahead, daySteps-1) {
			load = max(load, y.loads.ago(1, k))
		}
	}
	// The margin is on the load that the limit of utilisation allows.
	floor := y.provider.Fit(Need(load) * seasonMargin)
	if s.Missing {
		return ask(s, max(floor, s.Provisioned)), nil
	}
	return ask(s, max(floor, y.recommend(s, s.IOPS))), nil
}

// Holt and Winters' smoothing of level, trend and a day's season, additive, on steps of ten minutes.
const (
	wintersSteps                           = 10
	wintersLevel, wintersTrend, wintersDay = 0.3, 0.01, 0.3
	wintersSeason                          = daySteps / wintersSteps
)

// winters is the HPA on the larger of the load and Holt and Winters' forecast.
type winters struct {
	hpa
	level, trend float64
	season       []float64
	first        []float64 // the first day's, until there is a season
	n            int       // buckets taken
	most         float64   // of the bucket that is being filled
	steps        int
}

func newWinters(_ *Trace, p Provider) Policy {
	return &winters{hpa: hpa{provider: p, target: hpaTarget}}
}

// Answer implements [Policy].
func (w *winters) Answer(s Sample) ([]float64, error) {
	if !s.Missing {
		w.most = max(w.most, s.IOPS)
	}
	if w.steps++; w.steps == wintersSteps {
		w.take(w.most)
		w.steps, w.most = 0, 0
	}
	if s.Missing {
		return nil, nil
	}
	load := s.IOPS
	for k := range 1 + (delaySteps(w.provider)+wintersSteps)/wintersSteps {
		load = max(load, w.forecast(k+1))
	}
	return ask(s, w.recommend(s, load)), nil
}

func (w *winters) take(x float64) {
	if w.season == nil {
		if w.first = append(w.first, x); len(w.first) == wintersSeason {
			for _, x := range w.first {
				w.level += x / float64(wintersSeason)
			}
			w.season = slices.Clone(w.first)
			for i := range w.season {
				w.season[i] -= w.level
			}
		}
		return
	}
	at := w.n % wintersSeason
	before := w.level
	w.level = wintersLevel*(x-w.season[at]) + (1-wintersLevel)*(w.level+w.trend)
	w.trend = wintersTrend*(w.level-before) + (1-wintersTrend)*w.trend
	w.season[at] = wintersDay*(x-w.level) + (1-wintersDay)*w.season[at]
	w.n++
}

// forecast is the load k buckets ahead; 0 before there is a season.
func (w *winters) forecast(k int) float64 {
	if w.season == nil {
		return 0
	}
	return math.Max(0, w.level+float64(k)*w.trend+w.season[(w.n+k-1)%wintersSeason])
}
