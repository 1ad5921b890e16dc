package feedback

import (
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// facts are what the input comes to: latency before and after, and how much of the old and the new amounts was asked for.
type facts struct {
	Input
	before, after []Step  // those that are compared
	was, is       sample  // log latency
	all           common  // what happened to all
	change        change  // beyond that
	limit         float64 // the latency up to which all is well, seconds
	shrank        bool
	dims          []use
	binding       int // index of the dimension that binds most; -1 where no demand is known
}

// use is one changed dimension: the amounts, and the demand before and after.
type use struct {
	foreshock.Dimension
	from, to      float64
	before, after float64 // mean demand
	peak          float64 // highest demand after
	known         bool    // the demands are
}

func (u use) was() float64      { return u.before / u.from } // share of the old amount asked for before
func (u use) is() float64       { return u.after / u.to }    // share of the new amount asked for after
func (u use) wouldBe() float64  { return u.after / u.from }  // share of the old amount that would be asked for now
func (u use) relative() float64 { return u.to/u.from - 1 }   // what was added

func gather(in Input) *facts {
	f := &facts{Input: in, binding: -1, shrank: in.Action.Reduces()}
	f.before, f.after = f.spans()
	f.was, f.is = summarise(latencies(f.before)), summarise(latencies(f.after))
	f.all = f.shared()
	f.change = compare(f.was, f.is, f.all.sample)
	f.limit = f.well()
	for _, d := range in.Action.To.Dimensions() {
		if u, ok := f.use(d); ok {
			f.dims = append(f.dims, u)
		}
	}
	for i, u := range f.dims {
		if u.known && (f.binding < 0 || u.wouldBe() > f.dims[f.binding].wouldBe()) {
			f.binding = i
		}
	}
	return f
}

// spans chooses the steps that are compared. Before: the abnormal ones, those under way among them as long as nothing had changed, where there are any. After: without
// those in which it settles; of many the later half.
func (f *facts) spans() (before, after []Step) {
	all := slices.Concat(f.Before, f.Meanwhile)
	for _, s := range all {
		if s.Abnormal {
			before = append(before, s)
		}
	}
	if before == nil {
		before = all
	}
	for _, s := range f.After {
		if s.Time.After(f.Completed.Add(settling * f.Length)) {
			after = append(after, s)
		}
	}
	return before, after[max(0, min(len(after)-least, len(after)/2)):]
}

// farthestNormal is how many times its level a latency may be and still be normal.
const farthestNormal = 5

func latencies(steps []Step) (xs []float64) { return readings(steps, foreshock.Latency) }

func readings(steps []Step, m foreshock.Metric) (xs []float64) {
	for i := range steps {
		if x, ok := steps[i].Values.Get(m); ok && !math.IsInf(x, 0) {
			xs = append(xs, x)
		}
	}
	return xs
}

func demands(steps []Step, d foreshock.Dimension) (xs []float64) {
	for i := range steps {
		if x, ok := steps[i].Demand.Get(d); ok && x >= 0 && !math.IsInf(x, 0) {
			xs = append(xs, x)
		}
	}
	return xs
}

// well is the latency up to which all is well: what is normal with its upper bound, or what people want where that is less. The upper bound
// may hold what an incident left in it, so it counts up to some times the level only. Where nothing is known of either, half of what it was.
func (f *facts) well() float64 {
	limit := 1.5 * f.Normal.Level
	if upper := f.Normal.Upper; upper > limit {
		limit = math.Min(upper, farthestNormal*f.Normal.Level)
	}
	if want := f.MaxLatency.Seconds(); want > 0 && (limit <= 0 || want < limit) {
		limit = want
	}
	if limit <= 0 {
		limit = f.was.level() / 2
	}
	return limit
}

func (f *facts) use(d foreshock.Dimension) (use, bool) {
	u := use{Dimension: d}
	var known bool
	if u.from, known = f.Action.From.Get(d); !known || u.from <= 0 {
		return u, false
	}
	u.to, _ = f.Action.To.Get(d)
	before, after := demands(f.before, d), demands(f.after, d)
	var hasBefore, hasAfter bool
	u.before, hasBefore = mean(before)
	u.after, hasAfter = mean(after)
	u.known = hasBefore && hasAfter
	if u.known {
		u.peak = slices.Max(after)
	}
	return u, u.to > 0
}

// bound is the dimension that binds most.
func (f *facts) bound() (use, bool) {
	if f.binding < 0 {
		return use{}, false
	}
	return f.dims[f.binding], true
}

// unsettled says whether more steps are needed: too few were read, or latency was bad and fell within those that are compared.
func (f *facts) unsettled() bool {
	xs := latencies(f.after)
	if len(xs) < least {
		return true
	}
	early, late := summarise(xs[len(xs)-6:len(xs)-3]), summarise(xs[len(xs)-3:])
	return late.mean < early.mean-0.3 && early.level() > f.limit
}

// bad says whether a latency is worse than well.
func (f *facts) bad(s sample) bool { return s.n > 0 && s.level() > f.limit }

// accepted says whether people say that a latency is good enough for them, be it above what is normal.
func (f *facts) accepted(s sample) bool {
	want := f.MaxLatency.Seconds()
	return want > 0 && s.level() <= want
}

// own is the latency since, without what happened to all.
func (f *facts) own() sample {
	s := f.is
	s.mean -= f.all.mean
	return s
}

// slow says whether latency since is worse than well, by the workload itself and not only by what happened to all.
func (f *facts) slow() bool { return f.bad(f.is) && f.bad(f.own()) }

// excess is how much a latency is above what is normal.
func (f *facts) excess(level float64) float64 {
	normal := f.Normal.Level
	if normal <= 0 || normal > f.limit {
		normal = f.limit
	}
	return math.Max(0, level-normal)
}

// relief is the share of the excess latency that went away, where latency was bad.
func (f *facts) relief() float64 { return 1 - f.excess(f.own().level())/f.excess(f.was.level()) }

// improved says whether latency surely fell, by at least half of the excess.
func (f *facts) improved() bool { return f.change.known && f.change.upper < 0 && f.relief() >= 0.5 }

// unimproved says whether it can be ruled out that half of the excess went away.
func (f *facts) unimproved() bool {
	best := f.was.level() * math.Exp(f.change.lower)
	return f.change.known && f.excess(best) > 0.5*f.excess(f.was.level())
}

// worse says whether latency surely rose, by at least a quarter.
func (f *facts) worse() bool {
	return f.change.known && f.change.lower > 0 && f.change.ratio > math.Log(1.25)
}

// binds is the share of an amount from which on it limits.
const binds = 0.9

// limiting is the changed dimension of which the new amount limits, the fullest of several.
func (f *facts) limiting() (fullest use, limits bool) {
	for _, u := range f.dims {
		if u.known && u.is() >= binds && (!limits || u.is() > fullest.is()) {
			fullest, limits = u, true
		}
	}
	return fullest, limits
}

// saturated says whether the new amount limits.
func (f *facts) saturated() bool {
	_, limits := f.limiting()
	return limits
}

// elsewhere is a dimension that limits now and was not changed, though it may be: what was given let through what it holds up.
func (f *facts) elsewhere() (foreshock.Dimension, bool) {
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		_, may := f.Reversible[d]
		have, known := f.Action.From.Get(d)
		if _, rate := d.Metric(); !may || !rate || !known || f.Action.To.Has(d) {
			continue
		}
		if demand, seen := mean(demands(f.after, d)); seen && demand >= binds*have {
			return d, true
		}
	}
	return 0, false
}

// needed says whether the demand of now would saturate the old amount.
func (f *facts) needed() bool {
	u, ok := f.bound()
	return ok && u.wouldBe() >= binds
}

// loadFell says whether the demand, which had been more, would fit into the old amount now.
func (f *facts) loadFell() bool {
	if u, ok := f.bound(); ok {
		return u.after < 0.85*u.before && u.wouldBe() < 0.85
	}
	for _, m := range []foreshock.Metric{foreshock.IOPS, foreshock.Throughput} {
		before, known := mean(readings(f.before, m))
		after, seen := mean(readings(f.after, m))
		if known && seen && after < 0.7*before {
			return true
		}
	}
	return false
}

// recoveredEarly says whether latency was well again before the action took effect, though no more was served than the old amount allows.
func (f *facts) recoveredEarly() bool {
	n := len(f.Meanwhile)
	if n < 2 {
		return false
	}
	last := f.Meanwhile[n-2:]
	if xs := latencies(last); len(xs) < 2 || slices.Max(xs) > f.limit {
		return false
	}
	for _, u := range f.dims {
		m, shows := u.Metric()
		if served, ok := mean(readings(last, m)); shows && ok && served > 1.02*u.from {
			return false
		}
	}
	return true
}

// slower is how many times as long requests wait in a queue with random arrivals (M/M/1) where a share of its capacity is in use as where another is.
func slower(share, other float64) float64 { return idle(other) / idle(share) }

// idle is the share of a capacity that is not in use, of which latency is the inverse; a little is left of any.
func idle(share float64) float64 { return 1 - math.Min(0.99, share) }

// credible is the factor by which latency may fall at the most that more of what did not limit is credited with: below twice, and the less the fuller it
// was. The queue's law alone would allow the more the fuller it was; but there a neighbour that goes looks the same.
func (u use) credible() float64 { return 2 * slower(u.is(), u.was()) }

// explained says whether latency since is no more than demand explains, and than people want, where they say so.
func (f *facts) explained() bool {
	return (f.MaxLatency <= 0 || f.accepted(f.own())) && f.asFull()
}

// asFull says whether demand came up with what was given: the old amount would be saturated by it, and latency since, without what happened to all, is at most twice
// what the queue's law makes of before by the change of what is in use.
func (f *facts) asFull() bool {
	u, ok := f.bound()
	return ok && f.needed() && f.own().level() <= 2*slower(u.is(), u.was())*f.was.level()
}

// without is the latency in seconds that was to be expected had nothing been done: that of before while demand would still saturate the old
// amount, less by the queue's law where it would not, and what happened to all. 0 where it cannot be said.
func (f *facts) without() float64 { return f.forecast() * math.Exp(f.all.mean) }

// forecast is that of the latency without the action, as far as demand and capacity tell.
func (f *facts) forecast() float64 {
	u, ok := f.bound()
	late := summarise(latencies(f.before[len(f.before)/2:]))
	switch {
	case late.n == 0:
		return 0
	case f.shrank, !ok:
		return late.level()
	case u.wouldBe() >= binds && f.bad(f.was):
		return late.level()
	case u.wouldBe() >= binds: // it was decided ahead: what the queue's law says of a saturated amount
		return f.own().level() * slower(u.wouldBe(), u.is())
	case f.loadFell() && f.Normal.Level > 0:
		return f.Normal.Level
	}
	return late.level() * slower(u.wouldBe(), u.was())
}

// ahead is the peak of the demand that was forecast for the time to come.
func (f *facts) ahead(d foreshock.Dimension, over time.Duration) (peak float64, at time.Time, ok bool) {
	peak, at, ok = f.Forecasts[d].Peak(0.5, f.Completed, f.Now.Add(over))
	return peak, at, ok && !math.IsNaN(peak) && !math.IsInf(peak, 0)
}
