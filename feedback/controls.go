package feedback

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Control is a workload like the one that was acted on, to which nothing was done in the time that is judged and which does not share its resource.
type Control struct {
	ID          foreshock.ID
	Correlation float64   // of its past with that of the workload
	Steps       []Reading // oldest first
}

// Reading is one step of a control.
type Reading struct {
	Time    time.Time
	Latency float64 // seconds; NaN where it was not read
	Rate    float64 // IOPS, or B/s where those are not read; NaN where neither is
	Share   float64 // demand over what is allocated, of the dimension that binds most; NaN where it is not known
}

const (
	// mostControls are compared with, leastControls are needed: of one alone it cannot be said whether what happened to it happened to all.
	mostControls  = 5
	leastControls = 2
	leastCommon   = 8 // steps of two workloads that make a correlation
	leastRead     = 3 // latencies of a control before, and as many after
	// unexplained is by how much latency changes, as the standard deviation of its logarithm, for reasons that neither the demand nor the capacity has: what
	// the forecast without the action does not know of. Where the controls changed by more, such a change is taken to be that large.
	unexplained = 1
	// different is how much like workloads differ in that, before it was seen.
	different = 0.15
)

// Alike chooses the controls whose past is most like the workload's: by the mean of the correlations of log latency and of log rate, and where those
// are equal by their IDs, so that the order in which they are listed does not matter. Twice as many are chosen as are compared with: some may be acted on meanwhile.
func Alike(mine []Reading, list []Control) []Control {
	chosen := make([]Control, 0, len(list))
	for _, c := range list {
		if r, ok := correlation(mine, c.Steps); ok {
			c.Correlation = r
			chosen = append(chosen, c)
		}
	}
	slices.SortFunc(chosen, func(a, b Control) int {
		return cmp.Or(cmp.Compare(b.Correlation, a.Correlation), cmp.Compare(a.ID, b.ID))
	})
	return chosen[:min(len(chosen), 2*mostControls)]
}

// correlation is over the steps that both have; ok is false where there are too few with a latency.
func correlation(a, b []Reading) (r float64, ok bool) {
	var latency, rate pairs
	for i, k := 0, 0; i < len(a) && k < len(b); {
		switch order := a[i].Time.Compare(b[k].Time); {
		case order < 0:
			i++
		case order > 0:
			k++
		default:
			latency.add(a[i].Latency, b[k].Latency)
			rate.add(a[i].Rate, b[k].Rate)
			i, k = i+1, k+1
		}
	}
	if latency.n < leastCommon {
		return 0, false
	}
	if rate.n < leastCommon {
		return latency.correlation(), true
	}
	return (latency.correlation() + rate.correlation()) / 2, true
}

// pairs sums up two series of logarithms.
type pairs struct{ n, x, y, xx, xy, yy float64 }

func (p *pairs) add(x, y float64) {
	x, y = math.Log(x), math.Log(y)
	if math.IsNaN(x+y) || math.IsInf(x+y, 0) {
		return
	}
	p.n, p.x, p.y = p.n+1, p.x+x, p.y+y
	p.xx, p.xy, p.yy = p.xx+x*x, p.xy+x*y, p.yy+y*y
}

// correlation is Pearson's, 0 where one of the series does not vary.
func (p *pairs) correlation() float64 {
	xx, yy := p.n*p.xx-p.x*p.x, p.n*p.yy-p.y*p.y
	if !(xx > 1e-9*p.n*p.n) || !(yy > 1e-9*p.n*p.n) {
		return 0
	}
	return math.Max(-1, math.Min(1, (p.n*p.xy-p.x*p.y)/math.Sqrt(xx*yy)))
}

// common is what happened to all: how latency changed for reasons that neither demand nor capacity has, as its logarithm. It joins two opinions by
// inverse variance: the forecast's without the action, that nothing happened, and that of the controls. Its zero value is the forecast's alone.
type common struct {
	sample                 // n is the number of controls
	change  float64        // of the controls, their median
	weight  float64        // of the controls, 0 to 1
	members []foreshock.ID // the controls, the likest first
}

// shared compares the controls before and after (difference in differences): each one's change of log latency less what a queue's law says of its own
// change of demand. Of these it is the median, so that an incident of one of them changes little.
func (f *facts) shared() common {
	var changes []float64
	var of common
	noise := 0.0
	for _, c := range f.Controls {
		before, after := c.within(f.before, f.Length), c.within(f.after, f.Length)
		was, is := summarise(before.latencies), summarise(after.latencies)
		if was.n < leastRead || is.n < leastRead || after.share >= binds {
			continue
		}
		changes = append(changes, is.mean-was.mean-law(before.share, after.share))
		noise += was.variance + is.variance
		if of.members = append(of.members, c.ID); len(changes) == mostControls {
			break
		}
	}
	k := float64(len(changes))
	if len(changes) < leastControls {
		return common{}
	}
	of.change = robust.Median(changes)
	spread := robust.MAD(changes)
	between := (k*spread*spread + 2*different*different) / (k + 2)
	// The median of k is known as well as the mean of 2k/π (Kenney and Keeping 1962), and the workload itself differs from the others as they do.
	variance := between + math.Pi/2*(between+noise/k)/k
	if math.Abs(of.change) < 2*math.Sqrt(variance) {
		return of // they confirm that nothing happened, and the forecast is not made less sure by that
	}
	prior := math.Max(unexplained*unexplained, of.change*of.change)
	of.weight = prior / (prior + variance)
	of.sample = sample{n: len(changes), mean: of.weight * of.change, variance: of.weight * variance, df: k + 1}
	return of
}

// part is what a control was like in a time.
type part struct {
	latencies []float64
	share     float64 // mean; NaN where it is not known
}

// within is the control's part in the time of some steps.
func (c *Control) within(steps []Step, length time.Duration) (p part) {
	p.share = math.NaN()
	if len(steps) == 0 {
		return p
	}
	from, to := steps[0].Time.Add(-length), steps[len(steps)-1].Time
	var shares []float64
	for i := range c.Steps {
		r := &c.Steps[i]
		if !r.Time.After(from) || r.Time.After(to) {
			continue
		}
		if r.Latency > 0 && !math.IsInf(r.Latency, 0) {
			p.latencies = append(p.latencies, r.Latency)
		}
		if r.Share >= 0 && !math.IsInf(r.Share, 0) {
			shares = append(shares, r.Share)
		}
	}
	if m, ok := mean(shares); ok {
		p.share = m
	}
	return p
}

// law is the change of log latency of a queue with random arrivals (M/M/1) from one share of its capacity to another; 0 where one is not known.
func law(before, after float64) float64 {
	if math.IsNaN(before) || math.IsNaN(after) {
		return 0
	}
	return math.Log((1 - math.Min(0.95, before)) / (1 - math.Min(0.95, after)))
}

// text says what the controls came to.
func (c *common) text() string {
	if len(c.members) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d like it that were not touched: %s", len(c.members), relative(c.change))
}

// against says what the judgement is against.
func (c *common) against() foreshock.Against {
	a := foreshock.Against{Source: "forecast", Change: mostExpm1(c.change), Controls: c.members}
	if c.n > 0 {
		a.Source, a.Weight = "forecast and controls", c.weight
	}
	return a
}
