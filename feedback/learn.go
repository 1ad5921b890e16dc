package feedback

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

const (
	learnRate    = 0.3            // weight of the newest action
	farthestMove = 3              // times; one action moves no farther than it
	shortest     = time.Second    // lead time that is learned
	longest      = 24 * time.Hour // lead time that is learned
	leastGain    = -2.0
	mostGain     = 5.0
	biasRate     = 0.05 // weight of the newest step
	mostBias     = 0.4  // of the mean logarithm: 1.5 times
	biasStep     = 0.7  // one step counts as no more: 2 times
	biasOfNote   = 0.15 // a change that is told
)

// Learn folds the judgement on an action into what is known of one of its dimensions, and says what changed. Each change is bounded: after the
// first, one odd action moves the lead time by a factor of 1.4, 3 to the power of 0.3, at the most.
func Learn(l foreshock.Learned, d foreshock.Dimension, e foreshock.Evaluation) (foreshock.Learned, []foreshock.Correction) {
	before := l
	if !e.Reduced { // less is there at once where more must start, and it is more that is waited for
		l.LeadTime = learnLeadTime(l.LeadTime, e.LeadTime)
	}
	if e.Verdict != foreshock.Unclear {
		l.Actions++
		if e.Verdict == foreshock.Helped {
			l.Helped++
		}
		l.Gain = learnGain(before, e)
	}
	var list []foreshock.Correction
	moved := func(what string, from, to float64) {
		if from != to {
			list = append(list, foreshock.Correction{Workload: e.Workload, What: what + "/" + d.String(), From: from, To: to, Why: "action " + e.Action + ": " + e.Text})
		}
	}
	moved("lead_time", before.LeadTime.Seconds(), l.LeadTime.Seconds())
	moved("gain", before.Gain, l.Gain)
	return l, list
}

// learnLeadTime is a moving mean of logarithms, each bounded against the last.
func learnLeadTime(known, seen time.Duration) time.Duration {
	if seen <= 0 {
		return known
	}
	seen = min(max(seen, shortest), longest)
	if known <= 0 {
		return seen
	}
	move := math.Log(seen.Seconds() / known.Seconds())
	move = math.Max(-math.Log(farthestMove), math.Min(math.Log(farthestMove), move))
	learned := time.Duration(float64(known) * math.Exp(learnRate*move))
	return min(max(learned.Round(time.Millisecond), shortest), longest)
}

// learnGain is a moving mean. An action that was ahead of its time tells nothing of it.
func learnGain(l foreshock.Learned, e foreshock.Evaluation) float64 {
	seen := finite(e.Gain)
	if seen == 0 && e.Verdict != foreshock.DidNotHelp {
		return l.Gain
	}
	seen = math.Max(leastGain, math.Min(mostGain, seen))
	if l.Actions == 0 {
		return seen
	}
	return l.Gain + learnRate*(seen-l.Gain)
}

// LearnBias folds one demand that was seen, and what had been forecast for it, into the forecasts' bias. A change is told when it is of note: when the bias
// is 0.15 away from what was last told.
func LearnBias(l foreshock.Learned, d foreshock.Dimension, id foreshock.ID, seen, forecast float64) (foreshock.Learned, []foreshock.Correction) {
	ratio := math.Log(seen / forecast)
	if !(seen > 0) || !(forecast > 0) || math.IsInf(ratio, 0) || math.IsNaN(ratio) {
		return l, nil
	}
	l.Bias += biasRate * (math.Max(-biasStep, math.Min(biasStep, ratio)) - l.Bias)
	l.Bias = math.Max(-mostBias, math.Min(mostBias, l.Bias))
	told := l.BiasTold
	if math.Abs(l.Bias-told) < biasOfNote {
		return l, nil
	}
	l.BiasTold = l.Bias
	return l, []foreshock.Correction{{
		Workload: id, What: "bias/" + d.String(), From: told, To: l.Bias,
		Why: "demand is " + relative(l.Bias) + " against its forecasts",
	}}
}
