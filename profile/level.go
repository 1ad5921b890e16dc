package profile

import (
	"math"
	"slices"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// rescaleEvery is after how many readings the scale is looked at again.
const rescaleEvery = 64

// add takes a clean reading x, which is y on the level's scale, into the window and its level. Mean and squares follow each
// arrival and departure (Welford 1962, run backwards for the departure) and are computed afresh once per turn of the
// ring. What departs is the reading as the window had it, within quantile.RelativeError of what arrived.
func (l *learner) add(x, y float64) {
	w, level := &l.mp.Window, &l.mp.Level
	full := len(w.Ring.Codes) == int(w.Ring.Capacity)
	old := 0.0
	if full && level.Scale > 0 {
		old = level.On(quantile.Decode(w.Ring.Codes[w.Ring.Head]))
	}
	if !w.Add(x) {
		return
	}
	n := w.Count()
	if turned := full && w.Ring.Head == 0; turned || n == 1 || due(n, full, w.Ring.Head, l.cfg.ScoreSteps) {
		if l.rescale(turned || !full) {
			return
		}
	}
	if before := y - level.Mean; full {
		mean := level.Mean + (y-old)/float64(n)
		level.Squares = max(0, level.Squares+(y-old)*(y-mean+old-level.Mean))
		level.Mean = mean
	} else {
		level.Mean += before / float64(n)
		level.Squares += before * (y - level.Mean)
	}
	level.Spread = spread(level, n, l.cfg)
}

// due says whether the scale is to be looked at: as soon as there is something to score with, and then now and again.
func due(n int, full bool, head uint32, scoreSteps int) bool {
	if full {
		return head%rescaleEvery == 0
	}
	return n == 4 || n == scoreSteps || n%rescaleEvery == 0
}

// spread is the standard deviation of n readings about the level, at least its floor. It is known from a few readings on.
func spread(level *foreshock.Level, n int, cfg *Config) float64 {
	if n < cfg.ScoreSteps {
		return 0
	}
	return max(level.Floor, math.Sqrt(level.Squares/float64(n-1)))
}

// rescale looks at the scale, a quarter of the median. It is changed only when that is off by half, so that deviations stay
// comparable. When it was, or when it must be done, the level is computed from the window; the answer says so.
func (l *learner) rescale(must bool) (computed bool) {
	w, level := &l.mp.Window, &l.mp.Level
	floor := l.cfg.Floors.of(l.metric)
	wanted := max(w.Quantile(0.5), floor) / 4
	if !(level.Scale > wanted/1.5 && level.Scale < wanted*1.5) {
		level.Scale, must = wanted, true
	}
	if must {
		level.Mean, level.Squares = moments(level, w.Ring.Codes)
	}
	height := level.Value(level.Mean)
	level.Floor = math.Log1p(max(l.cfg.RelativeFloor*height, floor) / (level.Scale + height))
	level.Spread = spread(level, w.Count(), l.cfg)
	return must
}

// moments gives mean and sum of squared differences of the readings on the level's scale. Differences are taken from the
// first reading, so that a constant gives exactly itself and 0.
func moments(level *foreshock.Level, codes quantile.Codes) (mean, squares float64) {
	if len(codes) == 0 {
		return 0, 0
	}
	origin := level.On(quantile.Decode(codes[0]))
	sum := 0.0
	for _, c := range codes {
		d := level.On(quantile.Decode(c)) - origin
		sum += d
		squares += d * d
	}
	shift := sum / float64(len(codes))
	return origin + shift, max(0, squares-sum*shift)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Clone(x)
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
