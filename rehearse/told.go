package rehearse

// toldSignals are the names of the signals that come from other stages.
var toldSignals = [...]string{"the forecast", "the forecast or the last 5 min", "the last 5 min, grown as after anomalies of this height"}

// growths are, by the height of an anomaly, by how much demand grew until a change would have worked: a high quantile of the ratio, learned as
// it came by stochastic approximation (Robbins and Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951).
type growths [len(heights) + 1]float64

// heights are the scores that tell anomalies apart; 1 is about the threshold.
var heights = [...]float64{0.5, 1, 1.5, 2.5, 4}

const (
	growthQuantile = 0.95
	growthStep     = 0.25 // of the estimate
)

func height(score float64) int {
	for k, h := range heights {
		if score < h {
			return k
		}
	}
	return len(heights)
}

// learn takes in what came of the minute whose horizon has just ended.
func (g *growths) learn(r *Rehearsal) {
	from, to := r.horizon()
	i := r.past.n - 1 - to
	before := r.past.highest(i-4, i)
	if i < 5 || before <= 0 {
		return
	}
	q := &g[height(r.past.scoreAt(i))]
	*q = max(*q, 1)
	if r.past.highest(i+from, i+to) > *q*before {
		*q *= 1 + growthStep*growthQuantile
	} else {
		*q *= 1 - growthStep*(1-growthQuantile)
	}
}

// readTold gives the signals that come from other stages, in the order of their names.
func (r *Rehearsal) readTold() []float64 {
	i := r.past.n - 1
	last, expected := r.past.highest(i-4, i), r.ahead
	if expected <= 0 {
		expected = last
	}
	return []float64{expected, max(expected, last), last * max(1, r.growths[height(r.past.scoreAt(i))])}
}
