package feedback

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
)

// ruling is a verdict with its grounds.
type ruling struct {
	verdict  foreshock.Verdict
	why      string
	rollBack bool
	latch    bool
	wait     bool // more steps may make it clear
}

// rule judges by the first that applies.
func rule(f *facts) ruling {
	switch {
	case f.was.n == 0:
		return ruling{why: "no latency was read before it"}
	case f.is.n < least:
		return ruling{why: fmt.Sprintf("latency was read in %d steps after it, %d are needed", f.is.n, least), wait: true}
	case f.shrank:
		return reduction(f)
	case f.bad(f.was):
		return relieved(f)
	}
	return prepared(f)
}

// reduction judges an action that gave less: it is good when nothing is felt of it, or latency is what people say that they want.
func reduction(f *facts) ruling {
	back := f.Action.Undoes == "" // what was taken back is not taken back again
	switch {
	case f.slow() && f.worse() && !f.accepted(f.is):
		return ruling{verdict: foreshock.TooMuch, why: "latency rose since", rollBack: back}
	case f.saturated():
		return ruling{verdict: foreshock.TooMuch, why: "what is left is saturated", rollBack: back}
	case !f.bad(f.is), f.accepted(f.is):
		return ruling{verdict: foreshock.Helped, why: "less is allocated, and latency is as it should be"}
	}
	return ruling{why: "latency is bad, but no worse by the reduction"}
}

// relieved judges a growth that was to relieve a latency that was bad.
func relieved(f *facts) ruling {
	u, known := f.bound()
	full, saturated := f.limiting()
	other, elsewhere := f.elsewhere()
	stayed := (f.worse() || f.unimproved()) && f.bad(f.is)
	switch {
	case stayed && !saturated && elsewhere:
		return otherwise(other)
	case stayed && !saturated && f.asFull():
		return ruling{verdict: foreshock.TooLittle, why: fmt.Sprintf("latency stayed, as %s of what was given is asked for", percent(u.is()))}
	case f.worse() && !saturated && f.slow():
		return f.useless("latency rose since, though what was given does not limit")
	case f.unimproved() && saturated:
		return ruling{verdict: foreshock.TooLittle, why: fmt.Sprintf("%s is still saturated", full.Dimension)}
	case f.unimproved() && f.bad(f.is):
		return f.useless("latency stayed, though what was given does not limit")
	case f.recoveredEarly():
		return ruling{why: "latency was well again before it took effect"}
	case f.loadFell():
		return ruling{why: "the load fell by itself, the old amount would do now"}
	case f.unimproved() && !f.needed():
		return f.useless("latency fell as much where nothing was done")
	case f.bad(f.is) && saturated:
		return ruling{verdict: foreshock.TooLittle, why: fmt.Sprintf("latency fell, but %s is still saturated", full.Dimension)}
	case !f.improved() && f.change.known && f.change.upper < 0:
		return ruling{why: "latency fell, but by less than half of what it was too much", wait: true}
	case !f.improved():
		return ruling{why: "the change of latency is within what it varies by", wait: true}
	case known && u.was() < binds && math.Exp(-f.change.ratio) > u.credible():
		return ruling{why: fmt.Sprintf("demand was %s of the old amount, which does not explain that much: something else changed", percent(u.was()))}
	case f.oversized():
		return ruling{verdict: foreshock.TooMuch, why: fmt.Sprintf("latency is well, but at most %s of the %s given is asked for", u.text(u.peak), u.text(u.to))}
	}
	if f.bad(f.is) && !f.slow() {
		return ruling{verdict: foreshock.Helped, why: "latency is bad, but would be far worse: it is everywhere"}
	}
	return ruling{verdict: foreshock.Helped, why: "latency fell while demand stayed"}
}

// prepared judges a growth that was decided ahead of a demand.
func prepared(f *facts) ruling {
	u, known := f.bound()
	full, saturated := f.limiting()
	other, elsewhere := f.elsewhere()
	switch {
	case f.bad(f.is) && saturated:
		return ruling{verdict: foreshock.TooLittle, why: fmt.Sprintf("demand came, and %s is saturated", full.Dimension)}
	case f.slow() && elsewhere:
		return otherwise(other)
	case f.slow() && f.worse() && known && u.peak < 1.2*u.before:
		return f.useless("latency rose since, though demand did not")
	case f.slow() && !saturated && f.explained():
		return ruling{verdict: foreshock.Helped, why: "demand came that would have saturated the old amount, and latency rose no further than demand explains"}
	case f.slow():
		return ruling{why: "latency rose, but what was given does not limit"}
	case !known:
		return ruling{why: "latency was well before and is, and the demand is not known"}
	case u.peak >= binds*u.from && f.oversized():
		return ruling{verdict: foreshock.TooMuch, why: fmt.Sprintf("latency stayed well, but at most %s of the %s given is asked for", u.text(u.peak), u.text(u.to))}
	case u.peak >= binds*u.from:
		return ruling{verdict: foreshock.Helped, why: "demand came that would have saturated the old amount, and latency stayed well"}
	}
	peak, at, ok := f.ahead(u.Dimension, time.Hour)
	switch {
	case ok && at.After(f.Now):
		return ruling{why: fmt.Sprintf("demand is forecast to come by %s, and has not yet", at.UTC().Format("15:04 UTC"))}
	case ok && peak > u.peak:
		return ruling{verdict: foreshock.TooMuch, why: fmt.Sprintf("%s was forecast, at most %s came", u.text(peak), u.text(u.peak))}
	}
	return ruling{why: "latency was well before and is, and the old amount would do"}
}

// otherwise is the ruling on a growth that may have helped, were it not for a dimension that it did not change.
func otherwise(d foreshock.Dimension) ruling {
	return ruling{why: fmt.Sprintf("latency is bad, but %s limits now, which was not changed", d)}
}

// useless is the ruling on a growth that did not help: it is taken back where that can be done and the old amount would do, and
// nothing more is tried.
func (f *facts) useless(why string) ruling {
	v := ruling{verdict: foreshock.DidNotHelp, why: why, latch: true, rollBack: f.Action.Undoes == ""}
	for _, u := range f.dims {
		fits := u.known && u.peak < binds*u.from || !u.known
		if !f.Reversible[u.Dimension] || u.Dimension == foreshock.DimSize || !fits {
			v.rollBack = false
		}
	}
	return v
}

// generous is how many times the demand with a quarter of headroom an amount may be before it is too much.
const generous = 1.6

// oversized says whether much more was given than is asked for, now and in what was forecast.
func (f *facts) oversized() bool {
	u, known := f.bound()
	if !known || u.relative() < 0.5 {
		return false
	}
	need := u.peak
	if peak, _, ok := f.ahead(u.Dimension, time.Hour); ok {
		need = math.Max(need, peak)
	}
	return need*1.25*generous < u.to
}

// evaluation writes the ruling down.
func (f *facts) evaluation(v ruling) foreshock.Evaluation {
	return foreshock.Evaluation{
		Action: f.Action.ID, Workload: f.Action.Workload, Verdict: v.verdict,
		Before: f.window(f.before, func(u use) float64 { return u.was() }), After: f.window(f.after, func(u use) float64 { return u.is() }),
		Reduced: f.shrank, Without: finite(f.without()), Effect: f.change.effect(), Against: f.all.against(), LeadTime: f.LeadTime, Gain: f.gain(v), Text: f.text(v),
		RollBack: v.rollBack, Latch: v.latch,
	}
}

// gain is the share of the excess latency that went away per relative unit of capacity added; see [foreshock.Learned].
func (f *facts) gain(v ruling) float64 {
	u, known := f.bound()
	if v.verdict == foreshock.Unclear || f.shrank || !known || !f.bad(f.was) || u.relative() <= 0 {
		return 0
	}
	return finite(f.relief() / u.relative())
}

func (f *facts) window(steps []Step, share func(use) float64) foreshock.Window {
	w := foreshock.Window{Steps: len(steps)}
	if len(steps) == 0 {
		return w
	}
	w.From, w.To = steps[0].Time.Add(-f.Length), steps[len(steps)-1].Time
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if x, ok := mean(readings(steps, m)); ok {
			w.Mean.Set(m, x)
		}
	}
	for _, u := range f.dims {
		if x, ok := mean(demands(steps, u.Dimension)); ok {
			w.Demand.Set(u.Dimension, x)
		}
		if u.known {
			w.Saturation = math.Max(w.Saturation, finite(share(u)))
		}
	}
	return w
}

// text is the ruling with both figures and how sure it is.
func (f *facts) text(v ruling) string {
	s := v.verdict.String() + ": " + v.why
	if f.was.n == 0 || f.is.n == 0 {
		return s
	}
	s += fmt.Sprintf("; latency %s → %s", latency(f.was.level()), latency(f.is.level()))
	if f.Normal.Level > 0 {
		s += fmt.Sprintf(" (normal %s)", latency(f.Normal.Level))
	}
	s += fmt.Sprintf(", %s (95 %%: %s to %s)", relative(f.change.ratio), relative(f.change.lower), relative(f.change.upper))
	if u, known := f.bound(); known {
		s += ", demand " + u.text(u.before)
		if math.Abs(u.after-u.before) > 0.05*u.before {
			s += " → " + u.text(u.after)
		}
		s += fmt.Sprintf(" of %s → %s", u.text(u.from), u.text(u.to))
	}
	if x := f.without(); x > 0 && !math.IsInf(x, 0) {
		s += "; without it " + latency(x) + " was to be expected"
	}
	return s + f.all.text()
}

func (u use) text(x float64) string { return foreshock.FormatAmount(u.Dimension, x) }

func latency(x float64) string { return foreshock.FormatMetric(foreshock.Latency, x) }

// relative writes a logarithm of a ratio as a change: -97 %.
func relative(log float64) string {
	change := math.Expm1(log)
	if change > 10 {
		return strconv.FormatFloat(change+1, 'f', 0, 64) + " times"
	}
	return strconv.FormatFloat(100*change, 'f', 0, 64) + " %"
}

func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 0, 64) + " %" }

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
