package forecast

import "math"

// windows are the lags, in steps from and up to, over which anomaly scores are averaged to regressors: fine near by, coarse further off.
var windows = [...][2]int{{1, 1}, {2, 2}, {3, 4}, {5, 8}}

// Regressors is how many there are.
const Regressors = len(windows)

// reach is the longest lag.
const reach = 8

// Anomalies makes regressors of anomaly scores: what happened some steps before. A score counts by how far it is above 1, the boundary of an anomaly, as ln(score), so
// that what is normal is 0. Beyond the last step that is known, a score decays as scores did in the history: x_(t+1) = Decay·x_t, by least squares.
type Anomalies struct {
	Decay float64
	past  [reach]float64 // of the last steps, a ring
	next  int
}

// NewAnomalies learns from the scores of a history; ok is false when too few of them are above 1 to learn from.
func NewAnomalies(scores []float64) (a Anomalies, ok bool) {
	var cross, square float64
	seen, last := 0, 0.0
	for _, s := range scores {
		x := excess(s)
		cross += x * last
		square += last * last
		if x > 0 {
			seen++
		}
		last = x
		a.Update(s)
	}
	if seen < 2*Regressors {
		return a, false
	}
	a.Decay = max(0, min(0.98, cross/square))
	return a, true
}

// excess of a score above the boundary; 0 when there is none.
func excess(score float64) float64 {
	if !(score > 1) {
		return 0
	}
	return math.Log(min(score, 20))
}

// Columns is the regressors at each step of the history.
func Columns(scores []float64) [Regressors][]float64 {
	var columns [Regressors][]float64
	for i, w := range windows {
		columns[i] = make([]float64, len(scores))
		for t := range scores {
			sum := 0.0
			for lag := w[0]; lag <= w[1] && lag <= t; lag++ {
				sum += excess(scores[t-lag])
			}
			columns[i][t] = sum / float64(w[1]-w[0]+1)
		}
	}
	return columns
}

// Ahead is the regressors k steps after the last; 0 is the next step, for which all is known.
func (a *Anomalies) Ahead(k int) (x [Regressors]float64) {
	for i, w := range windows {
		for lag := w[0]; lag <= w[1]; lag++ {
			if back := lag - k; back >= 1 {
				x[i] += a.past[(a.next-back+reach)%reach]
			} else {
				x[i] += a.past[(a.next-1+reach)%reach] * math.Pow(a.Decay, float64(1-back))
			}
		}
		x[i] /= float64(w[1] - w[0] + 1)
	}
	return x
}

// Update takes in the score of the next step.
func (a *Anomalies) Update(score float64) {
	a.past[a.next] = excess(score)
	a.next = (a.next + 1) % reach
}
