package pipeline

import (
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/feedback"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/rehearse"
)

// never is later than any step.
var never = time.Unix(1<<40, 0)

// workload is what an owner holds of one workload. Only its owner touches it.
type workload struct {
	id      foreshock.ID
	handle  ingest.Handle
	about   ingest.About
	fold    *ingest.Fold
	little  ingest.Little
	profile *foreshock.Profile

	policy   *decide.Policy // the first that names it, or nil
	resource string         // what its policy's target changes, or ""
	groups   []*group       // of workloads that it shares something with
	grouped  string         // the anomaly that they were told of, and not yet its end
	member   *member        // of those that others are compared with, or nil

	last      foreshock.Step
	score     float64
	threshold float64
	severity  foreshock.Severity
	stage     foreshock.Stage
	quality   foreshock.Quality
	shares    bool // what it has with others
	demand    foreshock.Allocation
	asked     foreshock.Allocation // the demand of all who share what it has
	saturated uint8                // bit per dimension
	hidden    bool                 // demand is a guess: what limits hides it

	chosen    []*forecast.Chosen    // the models in use, kept up to date
	planned   []*foreshock.Forecast // by dimension: as it was when the models were fitted
	forecasts []*foreshock.Forecast // by dimension, corrected by what came since; nil until there is one
	outlooks  [foreshock.NumDimensions]outlook
	decision  *foreshock.Decision
	told      decide.Told
	sequence  uint64
	grant     *decide.Grant
	reserving bool
	decideAt  time.Time
	checkAt   time.Time // when a workload that can be scaled is looked at without cause

	// rehearsals try rules of capacity, by dimension, where the policy says what capacity and lateness cost.
	rehearsals [foreshock.NumDimensions]*rehearse.Rehearsal
	undo       *foreshock.Action // the roll-back that feedback asks for
	pending    *pending          // the action that is to be judged
	controls   controls          // that the last action submitted is compared with
	said       []feedback.Said   // what the methods said of the anomaly that it was upon, or nil
	latest     *foreshock.Anomaly
	near       []nearMiss // the latest, oldest first
	judgeAt    time.Time
	coarseSeen time.Time // the coarse step that the forecasts have taken in
	recent     *recent   // steps lately, of workloads that can be scaled
	slow       []ingest.Operation
	seen       *seen // steps lately, for charts; nil where none are kept

	jobs        []job // background results that are not due yet
	seasonsBusy uint8 // bit per metric
	forecastAt  time.Time
	forecasting bool
	early       bool      // when it came there were fewer than are forecast
	changed     bool      // since it was saved
	saved       time.Time // when it was
	heard       time.Time // when a source last pushed something, by the clock, whether it was of use or not
	aheadSince  time.Time // since when the clock is far behind the data; zero: it is not
	leaving     bool      // its last state is on its way to the store
	tryAt       time.Time // when it is tried next to let it go; zero: not yet
	awaits      bool      // the store has not said yet what it has; until then nothing is written over it
	awaitsKept  bool      // the same of rehearsals
	keepAt      time.Time // when they are written next; zero: there are none yet
}

// scalable says whether anything can be done for the workload.
func (w *workload) scalable() bool { return w.policy != nil && w.resource != "" }

// saveSoon has the profile saved in the next round: what a person has said is in the journal, and a kill must not take it back.
func (w *workload) saveSoon() { w.changed, w.saved = true, time.Time{} }

// remember keeps what the last step came to.
func (w *workload) remember(step *foreshock.Step, f *foreshock.Finding, use *profile.Use) {
	was := w.severity
	wasStage := w.stage
	w.last, w.changed, w.tryAt = *step, true, time.Time{}
	w.score, w.threshold, w.severity, w.stage = f.Score, f.Threshold, f.Severity, f.Stage
	w.demand, w.saturated, w.hidden = use.Demand, 0, use.Hidden
	for d, yes := range use.Saturated {
		if yes {
			w.saturated |= 1 << d
		}
	}
	if w.scalable() {
		if over := bucketOf(w.policy.Reduce.After); w.recent == nil || w.recent.bucket != over {
			w.recent = &recent{bucket: over}
		}
		w.recent.add(step, w.asked, f.Score >= f.Threshold)
	}
	switch {
	case w.severity > foreshock.None || was > foreshock.None, w.stage != wasStage, w.decision == nil:
		w.decideAt = step.Time
	case w.scalable() && !step.Time.Before(w.checkAt):
		w.decideAt = step.Time
		w.checkAt = step.Time.Add(max(step.Length, checkEvery))
	}
}

// checkEvery is how often a workload that can be scaled is looked at without cause.
const checkEvery = time.Minute

func (w *workload) decided(d *foreshock.Decision, now time.Time) {
	w.decision = d
	w.decideAt = never
	if d.Kind == foreshock.Grow || d.Kind == foreshock.Hold {
		w.decideAt = now.Add(1) // it is wanted still: at the next step again
	}
}

// recent holds the steps of the last while, and the peak demand over a longer one.
type recent struct {
	steps [recentSteps]recentStep
	next  int
	count int

	bucket time.Duration // of peaks
	peaks  [peakBuckets]foreshock.Allocation
	ends   [peakBuckets]time.Time
	// watched is, by dimension, since when the demand was known without a gap, and when it last was.
	watched [foreshock.NumDimensions]struct{ since, last time.Time }
}

const (
	recentSteps = 128
	beforeSteps = 8
	peakBuckets = 16
)

type recentStep struct {
	time     time.Time
	values   foreshock.Values
	demand   foreshock.Allocation // of all who share what the workload has
	abnormal bool
}

// bucketOf is the length of peaks that are kept over a time.
func bucketOf(over time.Duration) time.Duration { return max(over/(peakBuckets-1), time.Second) }

func (r *recent) add(step *foreshock.Step, demand foreshock.Allocation, abnormal bool) {
	r.steps[r.next] = recentStep{step.Time, step.Values, demand, abnormal}
	r.next = (r.next + 1) % recentSteps
	r.count = min(r.count+1, recentSteps)

	end := step.Time.Truncate(r.bucket).Add(r.bucket)
	i := int(end.UnixNano()/int64(r.bucket)) % peakBuckets
	if !r.ends[i].Equal(end) {
		r.ends[i], r.peaks[i] = end, foreshock.Allocation{}
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		x, ok := demand.Get(d)
		if !ok {
			continue
		}
		w := &r.watched[d]
		if w.since.IsZero() || step.Time.Sub(w.last) > r.bucket+2*step.Length {
			w.since = step.Time
		}
		w.last = step.Time
		if peak, had := r.peaks[i].Get(d); !had || x > peak {
			r.peaks[i].Set(d, x)
		}
	}
}

// peak is the highest demand over the time before now, or nothing of what was not watched that long.
func (r *recent) peak(now time.Time, over time.Duration) foreshock.Allocation {
	var highest foreshock.Allocation
	if r == nil {
		return highest
	}
	for i := range r.peaks {
		if r.ends[i].Before(now.Add(-over)) {
			continue
		}
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if w := &r.watched[d]; w.since.IsZero() || now.Sub(w.since) < over {
				continue
			}
			if x, ok := r.peaks[i].Get(d); ok {
				if peak, had := highest.Get(d); !had || x > peak {
					highest.Set(d, x)
				}
			}
		}
	}
	return highest
}

// between calls f for each step with from < time <= to, oldest first.
func (r *recent) between(from, to time.Time, f func(*recentStep)) {
	if r == nil {
		return
	}
	for i := range r.count {
		s := &r.steps[(r.next-r.count+i+recentSteps)%recentSteps]
		if s.time.After(from) && !s.time.After(to) {
			f(s)
		}
	}
}

// window is the mean of the last steps.
func (r *recent) window(now time.Time, steps int) foreshock.Window {
	w := foreshock.Window{To: now}
	if r == nil {
		return w
	}
	var sum [foreshock.NumMetrics]float64
	var n [foreshock.NumMetrics]int
	var asked [foreshock.NumDimensions]float64
	var known [foreshock.NumDimensions]int
	for i := range min(steps, r.count) {
		s := &r.steps[(r.next-1-i+recentSteps)%recentSteps]
		w.From = s.time
		w.Steps++
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			if x, ok := s.values.Get(m); ok {
				sum[m], n[m] = sum[m]+x, n[m]+1
			}
		}
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if x, ok := s.demand.Get(d); ok {
				asked[d], known[d] = asked[d]+x, known[d]+1
			}
		}
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if n[m] > 0 {
			w.Mean.Set(m, sum[m]/float64(n[m]))
		}
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if known[d] > 0 {
			w.Demand.Set(d, asked[d]/float64(known[d]))
		}
	}
	return w
}
