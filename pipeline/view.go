package pipeline

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
)

// View is a workload as it is shown: one row of a list.
type View struct {
	ID        foreshock.ID         `json:"id"`
	Source    string               `json:"source"`
	Stage     foreshock.Stage      `json:"stage"`
	Quality   foreshock.Quality    `json:"quality"`
	Severity  foreshock.Severity   `json:"severity"`
	Score     float64              `json:"score"`
	Threshold float64              `json:"threshold"`
	Time      time.Time            `json:"time"` // of the last step; zero before the first
	StepS     float64              `json:"step_seconds"`
	Steps     int64                `json:"steps"`
	Metrics   foreshock.Values     `json:"metrics"` // of the last step
	P50       float64              `json:"latency_p50_seconds,omitempty"`
	P95       float64              `json:"latency_p95_seconds,omitempty"`
	P99       float64              `json:"latency_p99_seconds,omitempty"`
	Pressure  float64              `json:"pressure,omitempty"`
	Allocated foreshock.Allocation `json:"allocated,omitzero"`
	Demand    foreshock.Allocation `json:"demand"`
	Profile   profile.Summary      `json:"profile"`
	Policy    string               `json:"policy,omitempty"`
	Decision  string               `json:"decision,omitempty"` // the last, as one line
}

// Detail is all that is shown of one workload.
type Detail struct {
	View
	Findings   []foreshock.Part       `json:"findings"` // each method on each metric, of the last step
	Anomaly    *foreshock.Anomaly     `json:"anomaly,omitempty"`
	Forecasts  []*foreshock.Forecast  `json:"forecasts"`
	Last       *foreshock.Decision    `json:"last_decision,omitempty"`
	Resource   *foreshock.Resource    `json:"resource,omitempty"`
	ResourceEr string                 `json:"resource_error,omitempty"`
	Learned    map[string]LearnedView `json:"learned,omitempty"` // by dimension
	Judging    string                 `json:"judging,omitempty"` // the action that is being watched
	Slow       []ingest.Operation     `json:"slow,omitempty"`
	// Stored says that nothing was heard of it since the program began, or for so long that it was forgotten: this is what the store has.
	Stored bool `json:"stored,omitempty"`
}

// LearnedView is what acting on a dimension has taught.
type LearnedView struct {
	LeadTimeS float64 `json:"lead_time_seconds"`
	Gain      float64 `json:"gain"`
	Actions   int32   `json:"actions"`
	Helped    int32   `json:"helped"`
	Covered   float64 `json:"covered,omitempty"` // share of times at which demand stayed below its forecast
	Checks    int32   `json:"checks,omitempty"`  // of that
	Quantile  float64 `json:"quantile,omitempty"`
}

// Workloads lists all workloads, the worst first.
func (p *Pipeline) Workloads(ctx context.Context) ([]View, error) {
	parts := make(chan []View, len(p.owners))
	for i := range p.owners {
		p.tell(i, func(o *owner) {
			list := make([]View, 0, len(o.order))
			for _, w := range o.order {
				list = append(list, o.view(w))
			}
			parts <- list
		})
	}
	all := []View{}
	if err := gather(ctx, p, parts, func(list []View) { all = append(all, list...) }); err != nil {
		return nil, err
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := &all[i], &all[j]
		switch {
		case a.Severity != b.Severity:
			return a.Severity > b.Severity
		case a.Score != b.Score:
			return a.Score > b.Score
		}
		return a.ID < b.ID
	})
	return all, nil
}

// PerPolicy counts the workloads under each policy, by its name.
func (p *Pipeline) PerPolicy(ctx context.Context) (map[string]int, error) {
	parts := make(chan map[string]int, len(p.owners))
	for i := range p.owners {
		p.tell(i, func(o *owner) {
			under := map[string]int{}
			for _, w := range o.order {
				if w.policy != nil {
					under[w.policy.Name]++
				}
			}
			parts <- under
		})
	}
	all := map[string]int{}
	err := gather(ctx, p, parts, func(under map[string]int) {
		for name, n := range under {
			all[name] += n
		}
	})
	return all, err
}

// gather takes what each owner answers.
func gather[T any](ctx context.Context, p *Pipeline, parts <-chan T, take func(T)) error {
	for range p.owners {
		select {
		case part := <-parts:
			take(part)
		case <-p.done:
			return ErrStopping
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Workload gives all of one workload; ok is false when it is not known, neither here nor to the store.
func (p *Pipeline) Workload(ctx context.Context, id foreshock.ID) (d Detail, ok bool, err error) {
	err = p.look(ctx, id, func(o *owner, w *workload, stored bool) {
		if d = o.detail(w); stored {
			d.Stored, d.Time = true, w.profile.Updated()
			d.Profile = profile.Summarize(w.profile, d.Time, &p.Profile)
		}
	})
	if errors.Is(err, act.ErrNotFound) {
		return d, false, nil
	}
	return d, err == nil, err
}

// Known says how many workloads there are.
func (p *Pipeline) Known() int { return p.count() }

func (o *owner) view(w *workload) View {
	v := View{
		ID: w.id, Source: w.about.Source, Stage: w.stage, Quality: w.quality, Severity: w.severity,
		Score: w.score, Threshold: w.threshold, Time: w.last.Time, StepS: w.profile.Length.Seconds(), Steps: w.profile.Steps,
		Metrics: w.last.Values, P50: w.last.LatencyP50, P95: w.last.LatencyP95, P99: w.last.LatencyP99, Pressure: w.last.Pressure,
		Allocated: o.allocation(w, &w.last), Demand: w.demand, Profile: profile.Summarize(w.profile, w.last.Time, &o.Profile),
	}
	if w.policy != nil {
		v.Policy = w.policy.Name
	}
	if w.decision != nil {
		v.Decision = w.decision.Text()
	}
	return v
}

func (o *owner) detail(w *workload) Detail {
	d := Detail{View: o.view(w), Forecasts: []*foreshock.Forecast{}, Findings: []foreshock.Part{}, Last: w.decision, Slow: append([]ingest.Operation(nil), w.slow...)}
	if w.profile.Current != nil {
		copied := *w.profile.Current
		copied.Parts = slices.Clone(copied.Parts) // the owner writes into it
		d.Anomaly = &copied
	}
	for _, f := range w.forecasts {
		if f != nil {
			d.Forecasts = append(d.Forecasts, f)
		}
	}
	if w.scalable() {
		r := o.resources.get(w.key())
		d.Resource, d.ResourceEr = r.resource, r.err
	}
	d.Learned = map[string]LearnedView{}
	for i, l := range w.learned() {
		if l.Actions > 0 || l.Checks > 0 {
			d.Learned[foreshock.Dimension(i).String()] = LearnedView{l.LeadTime.Seconds(), l.Gain, l.Actions, l.Helped, l.Covered, l.Checks, l.Quantile}
		}
	}
	if w.pending != nil {
		d.Judging = w.pending.action.ID
	}
	if !w.last.Time.IsZero() {
		o.Detector.Explain(&o.finding, w.profile, &w.last)
		for m := range o.finding.Parts {
			for _, part := range o.finding.Parts[m][:o.finding.Methods] {
				if part.Method != "" {
					d.Findings = append(d.Findings, part)
				}
			}
		}
	}
	return d
}

// Counts are the pipeline's own counters since the start.
type Counts struct {
	Workloads   int              `json:"workloads"`
	Forgotten   int64            `json:"workloads_forgotten"` // they were not heard of for long, and left
	Readings    int64            `json:"readings"`
	Steps       int64            `json:"steps"`
	Events      int64            `json:"events"`
	EventsLost  int64            `json:"events_lost"`
	Saved       int64            `json:"profiles_saved"`
	SaveErrors  int64            `json:"store_errors"`
	Damaged     int64            `json:"profiles_damaged"`
	Jobs        int64            `json:"background_jobs"`
	JobsRefused int64            `json:"background_jobs_refused"`
	JobsWaiting int              `json:"background_jobs_waiting"`
	Dropped     []ingest.Dropped `json:"dropped"`
}

// Counts gives the counters.
func (p *Pipeline) Counts() Counts {
	s := &p.stats
	return Counts{
		Workloads: p.Known(), Forgotten: s.forgotten.load(), Readings: s.readings.load(), Steps: s.steps.load(), Events: s.events.load(), EventsLost: s.eventsLost.load(),
		Saved: s.saved.load(), SaveErrors: s.saveErrors.load(), Damaged: s.damaged.load(),
		Jobs: s.jobs.load(), JobsRefused: s.jobsRefused.load(), JobsWaiting: len(p.work.queue), Dropped: p.Drops.List(),
	}
}

// Normal is what is normal for a metric; ok is false when it is not known.
func (v *View) Normal(m foreshock.Metric) (s profile.MetricSummary, ok bool) {
	for _, s := range v.Profile.Metrics {
		if s.Metric == m {
			return s, s.Count > 0
		}
	}
	return s, false
}
