package decide

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// deliberation is a decision in the making: the state, what is wanted so far, and the reasons.
type deliberation struct {
	State
	policy    Policy // with its defaults
	out       foreshock.Decision
	dims      []measure // the dimensions that can be changed
	wishes    []wish    // what is wanted of them, in their order
	emergency bool      // it may use what is kept for emergencies
	held      bool      // a constraint holds it back
	ask       bool      // a person must agree
	undoes    bool      // what is wanted is a roll-back
	spent     float64   // what the wishes that passed the constraints add to the cost of an hour
	grant     string    // the capacity reservation
	trimmed   []binding // what bound each wish
	holds     []string  // codes of what holds all of them back
}

// binding is a constraint on one dimension.
type binding struct {
	foreshock.Dimension
	code string
}

// measure is one dimension that can be changed, as it stands.
type measure struct {
	foreshock.Dimension
	rule      foreshock.Rule
	bounds    Bounds
	have      float64 // allocated, above 0
	demand    float64
	known     bool // demand is
	saturated bool
}

// share is demand over what is allocated.
func (m *measure) share() float64 { return m.demand / m.have }

// wish is an amount that is wanted of one dimension.
type wish struct {
	measure
	to   float64
	need float64 // what was wanted before the constraints, or is kept; no reduction goes below it
}

const (
	// nearSaturation is the share of what is allocated below which demand is far from being limited.
	nearSaturation = 0.6
	// worthwhile is the least relative change for which a forecast or low use alone is a reason.
	worthwhile = 0.05
	// leastOrigins is how many back-test origins must stand behind a forecast that acts.
	leastOrigins = 3
)

func deliberate(s State) *deliberation {
	d := &deliberation{State: s}
	d.out = foreshock.Decision{
		Workload: s.Step.ID, Time: s.Now, Severity: s.Finding.Severity, Score: orZero(s.Finding.Score),
	}
	if s.Policy != nil {
		d.policy = s.Policy.WithDefaults()
		d.policy.Headroom = max(0, orZero(d.policy.Headroom)) // whatever a policy says, less than demand is never wanted
		d.out.Policy = d.policy.Name
	}
	return d
}

// because adds a reason.
func (d *deliberation) because(code, format string, args ...any) {
	d.out.Reasons = append(d.out.Reasons, foreshock.Reason{Code: code, Text: fmt.Sprintf(format, args...)})
}

// bind says what the decision comes to, and by which constraint.
func (d *deliberation) bind(kind foreshock.Kind, code string) { d.out.Kind, d.out.Bound = kind, code }

// hold keeps what is wanted from being done.
func (d *deliberation) hold(code, format string, args ...any) {
	d.because(code, format, args...)
	d.held, d.out.Bound = true, code
	d.holds = append(d.holds, code)
}

// rest settles without a wish.
func (d *deliberation) rest() bool {
	switch {
	case d.out.Kind == foreshock.Hold: // growth of which nothing was left
	case d.Finding.Severity == foreshock.Low:
		d.out.Kind = foreshock.Watch
		d.because(WatchClosely, "severity low: it is watched closely")
	case d.Finding.Severity > foreshock.None || d.slow():
		d.out.Kind = foreshock.Watch
	}
	return true
}

// see tells what detection saw.
func (d *deliberation) see() {
	f := d.Finding
	switch {
	case f.Severity > foreshock.None && d.out.Score < f.Threshold:
		d.because(Anomalous, "score %.2f is below the threshold %.2f again, the anomaly has not ended yet, severity %s%s", d.out.Score, f.Threshold, f.Severity, leading(f.Anomaly))
	case f.Severity > foreshock.None:
		d.because(Anomalous, "score %.2f is over the threshold %.2f, severity %s%s", d.out.Score, f.Threshold, f.Severity, leading(f.Anomaly))
	case d.Stage < foreshock.Provisional:
		d.because(Unscored, "what is normal is not known yet: the profile is at stage %q", d.Stage)
	default:
		d.because(Normal, "score %.2f, threshold %.2f: normal", d.out.Score, f.Threshold)
	}
	if d.slow() {
		latency, _ := d.latency()
		d.because(Objective, "latency %s is above the %s that the policy wants",
			foreshock.FormatMetric(foreshock.Latency, latency), span(d.policy.MaxLatency))
	}
}

// leading tells of the metric that leads an anomaly.
func leading(a *foreshock.Anomaly) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf(": %s %s", metricName(a.Metric), a.Compared())
}

// quality is the worst that is known of the data.
func (d *deliberation) quality() foreshock.Quality {
	switch {
	case d.Quality != foreshock.Fresh:
		return d.Quality
	case d.Step.Quality != foreshock.Fresh:
		return d.Step.Quality
	case d.stale(d.Step.Time, d.Now):
		return foreshock.Stale
	}
	return foreshock.Fresh
}

// stale says whether what was read at a time tells nothing of now. What was read later than now was read before the clock was put back, nobody knows how long ago.
func (d *deliberation) stale(read, now time.Time) bool {
	return now.Sub(read).Abs() > d.policy.Validity+d.Step.Length
}

// clock is what the clock says.
func (d *deliberation) clock() time.Time { return d.Now.Add(d.Late) }

// latency is that of the last step in seconds.
func (d *deliberation) latency() (float64, bool) {
	x, ok := d.Step.Values.Get(foreshock.Latency)
	return x, ok && finite(x)
}

// slow says whether latency is above what people want.
func (d *deliberation) slow() bool {
	x, ok := d.latency()
	return ok && d.policy.MaxLatency > 0 && x > d.policy.MaxLatency.Seconds()
}

// survey lists the dimensions that can be changed, as they stand.
func (d *deliberation) survey() {
	named := false
	for dim := range foreshock.Dimension(foreshock.NumDimensions) {
		bounds, allowed := d.policy.Bounds[dim]
		rule, possible := d.Resource.Rules[dim]
		if !allowed || !possible {
			continue
		}
		named = true
		m := measure{Dimension: dim, rule: rule, bounds: bounds, saturated: d.Saturated[dim]}
		var known bool
		if m.have, known = d.Resource.Allocated.Get(dim); !known || !finite(m.have) || m.have <= 0 {
			d.because(AllocationUnknown, "the allocation of %s is not known", dim)
			continue
		}
		m.demand, m.known = d.Demand.Get(dim)
		m.known = m.known && finite(m.demand) && m.demand >= 0
		d.dims = append(d.dims, m)
	}
	if !named {
		d.because(NoDimension, "the target %s can change none of the dimensions that the policy names", d.policy.Target)
	}
}

// leadTime is how long it takes until a change of the dimension is in effect.
func (d *deliberation) leadTime(dim foreshock.Dimension) time.Duration {
	return d.policy.LeadTimeOf(d.Learned[dim])
}

// spacing is how long a change must last when changes are scarce: what is left is spread over the provider's window.
func (d *deliberation) spacing() time.Duration {
	b := d.Resource.Budget
	if !b.Limited || b.Left < 1 {
		return 0
	}
	every := b.Window / time.Duration(b.Left)
	if wait := b.NextFree.Sub(d.Now); wait > 0 {
		every = min(every, wait)
	}
	return every
}

// kept is how many of the provider's changes are kept for emergencies; never all that there are.
func (d *deliberation) kept() int {
	kept := max(0, d.policy.Limits.BudgetKept)
	if total := d.Resource.Budget.Total; total > 0 {
		kept = min(kept, total-1)
	}
	return kept
}

// withHeadroom is demand with the policy's headroom.
func (d *deliberation) withHeadroom(demand float64) float64 { return demand * (1 + d.policy.Headroom) }

// want raises what is wanted of a dimension to at least to.
func (d *deliberation) want(m measure, to float64) {
	if !finite(to) {
		return
	}
	for i := range d.wishes {
		if d.wishes[i].Dimension == m.Dimension {
			d.wishes[i].to = math.Max(d.wishes[i].to, to)
			return
		}
	}
	d.wishes = append(d.wishes, wish{measure: m, to: to})
}

// wanted is what is wanted of a dimension so far; what it has where nothing is.
func (d *deliberation) wanted(m measure) float64 {
	for _, w := range d.wishes {
		if w.Dimension == m.Dimension {
			return w.to
		}
	}
	return m.have
}

// expected is a forecast's peak from now over a time.
type expected struct {
	peak  float64
	other float64 // of it, what those ask who share what there is
	level float64 // its quantile
	over  time.Duration
	full  bool // the forecast reaches to the end
	model string
	skill float64
}

// text is the peak in words.
func (e *expected) text(m *measure) string { return m.shared(e.peak, e.other) }

// shared is an amount in words, with what of it others ask for.
func (m *measure) shared(x, other float64) string {
	if other == 0 {
		return m.text(x)
	}
	return fmt.Sprintf("%s (%s of it asked by others now)", m.text(x), m.text(other))
}

// peak is what is foretold, and is told to the decision.
func (d *deliberation) peak(m measure, over time.Duration) (e expected, ok bool) {
	if e, ok = d.foretold(m, over); !ok {
		return e, false
	}
	said := foreshock.Expected{Dimension: m.Dimension, Peak: e.peak, Level: e.level, Over: over, Model: e.model, Skill: orZero(e.skill)}
	if !slices.Contains(d.out.Expected, said) {
		d.out.Expected = append(d.out.Expected, said)
	}
	return e, true
}

// foretold is the highest forecast demand from now over a time, corrected by what was learned of the forecasts' bias; ok is false where
// there is no forecast, or one that is not whole. Those who share what there is are taken to ask for as much as now.
func (d *deliberation) foretold(m measure, over time.Duration) (e expected, ok bool) {
	f := d.Forecasts[m.Dimension]
	if !f.Usable() || len(f.Levels) == 0 || len(f.Quantiles) != len(f.Levels) {
		return e, false
	}
	learned := d.Learned[m.Dimension]
	level := f.Level(d.policy.QuantileOf(learned))
	peak, _, ok := f.Peak(level, d.Now, d.Now.Add(over))
	other := d.others(m)
	e = expected{
		peak: peak*bias(learned.Bias) + other, other: other, level: level,
		over: over, model: f.Model, skill: f.Skill,
	}
	e.full = !f.At.Add(time.Duration(len(f.Mean)) * f.Length).Before(d.Now.Add(over))
	return e, ok && finite(e.peak) && e.peak >= 0
}

// others is what is asked now by those who share what there is.
func (d *deliberation) others(m measure) float64 {
	x, _ := d.Others.Get(m.Dimension)
	return max(0, orZero(x))
}

// maxBias is the most that the learned bias, a mean of logarithms, may correct a forecast by.
const maxBias = 0.4

func bias(b float64) float64 {
	if !finite(b) {
		return 1
	}
	return math.Exp(math.Max(-maxBias, math.Min(maxBias, b)))
}

// acting says whether the forecast may by itself be a reason to grow, and if not, why.
func (d *deliberation) acting(m measure) (why string, ok bool) {
	f := d.Forecasts[m.Dimension]
	switch {
	case !f.Usable():
		return "there is none", false
	case !(f.Skill > 0):
		return fmt.Sprintf("%s is no better than seasonal naive, skill %.2f", f.Model, f.Skill), false
	case f.Origins < leastOrigins:
		return fmt.Sprintf("%s was tested from %d origins only", f.Model, f.Origins), false
	}
	return "", true
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func orZero(x float64) float64 {
	if finite(x) {
		return x
	}
	return 0
}
