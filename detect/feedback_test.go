package detect_test

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// trained is a rig that knows its workload.
func trained(t *testing.T) *rig {
	rng := newRand(3)
	r := newRig(t, time.Second)
	for range 2000 {
		r.step(volume(rng, 1000, 300e-6))
	}
	return r
}

// The weights of feedback are on top of the configured ones: the score follows the method that counts more.
func TestWeights(t *testing.T) {
	r := trained(t)
	step := foreshock.Step{ID: r.p.ID, Time: r.now.Add(time.Second), Length: time.Second, Values: volume(newRand(4), 1000, 1.5e-3), Quality: foreshock.Fresh}
	score := func(weights ...foreshock.MethodWeight) (foreshock.Finding, float64) {
		r.p.Weigh(weights)
		var f foreshock.Finding
		r.detector.Score(&f, r.p, &step)
		return f, f.Distance[foreshock.Latency]
	}
	plain, mean := score()
	high, low := plain.Parts[foreshock.Latency][0], plain.Parts[foreshock.Latency][1]
	if low.Score > high.Score {
		high, low = low, high
	}
	if !high.Ready || !low.Ready || high.Score-low.Score < 0.05 {
		t.Fatalf("the methods say the same: %+v, %+v", high, low)
	}
	_, more := score(foreshock.MethodWeight{Method: high.Method, Factor: 3}, foreshock.MethodWeight{Method: "another", Factor: 9})
	_, less := score(foreshock.MethodWeight{Method: low.Method, Factor: 3})
	if !(less < mean && mean < more) {
		t.Errorf("distance %g with more of %s, %g alike, %g with more of %s", more, high.Method, mean, less, low.Method)
	}
	if f, same := score(foreshock.MethodWeight{Method: low.Method, Factor: 1}); same != mean || f.Parts[foreshock.Latency][1].Weight != plain.Parts[foreshock.Latency][1].Weight {
		t.Errorf("distance %g, %g without weights", same, mean)
	}
}

// Verdicts move the threshold: actions that were wasted raise it within its bounds, those that helped take that back and no more.
func TestVerdicts(t *testing.T) {
	r := trained(t)
	before := r.p.Threshold.Value
	c := r.detector.Wasted(r.p, "action a")
	if c.What != "threshold" || c.To <= c.From || c.To > 1.061*c.From || c.Why == "" {
		t.Errorf("%+v", c)
	}
	r.detector.Helped(r.p, "action b")
	within(t, "threshold after one that helped", r.p.Threshold.Value, before, 0.02*before)
	for range 10 {
		r.detector.Helped(r.p, "action c")
	}
	if b := r.p.Threshold.Bias; b != 1 {
		t.Errorf("actions that helped moved the opinions on it to %g", b)
	}
	for range 100 {
		r.detector.Wasted(r.p, "action d")
	}
	if v := r.p.Threshold.Value; v > 4 || v < 2*before {
		t.Errorf("the threshold is at %g", v)
	}
	from := r.p.Threshold.Value
	r.detector.Undo(r.p, foreshock.Correction{What: "threshold", From: 1, To: 1.06})
	if v := r.p.Threshold.Value; math.Abs(v-from/1.06) > 1e-9 {
		t.Errorf("undone from %g to %g", from, v)
	}
}

// A quiet history lowers the threshold by a fifth at most, however long it is; people who miss something lower it further.
func TestQuietHistory(t *testing.T) {
	r := trained(t)
	r.p.Threshold = foreshock.Threshold{Watched: (52 * 7 * 24 * time.Hour).Seconds()}
	r.detector.Useful(r.p)
	within(t, "threshold after a quiet year", r.p.Threshold.Value, 0.8, 1e-9)
	if r.detector.Missed(r.p); r.p.Threshold.Value >= 0.79 || r.p.Threshold.Value < 0.7 {
		t.Errorf("the threshold is at %g when something was missed", r.p.Threshold.Value)
	}
	r.p.Threshold.Alarms, r.p.Threshold.Bias = 200, 0
	if r.detector.Useful(r.p); r.p.Threshold.Value <= 1 {
		t.Errorf("the threshold is at %g after four alarms a week", r.p.Threshold.Value)
	}
}
