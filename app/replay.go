package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/dryrun"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest/replay"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/promote"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// ReplayOptions say what is replayed.
type ReplayOptions struct {
	File     string
	Step     time.Duration // 0: found in the data
	Metric   string        // what a single value column is
	Event    func(*foreshock.Event)
	Scored   func(*foreshock.Step, *foreshock.Finding) // each step, which may not be kept; nil: not called
	Progress func(read, total int64)
	Reports  bool // say what each policy would have done, and whether it should be let
	// What was provisioned, where the data do not say; 0: unknown.
	AllocatedIOPS, AllocatedThroughput float64
}

// ReplaySummary is what a replay comes to.
type ReplaySummary struct {
	Type      string             `json:"type"` // "summary"
	Report    replay.Report      `json:"input"`
	Steps     int64              `json:"steps"`
	Covers    float64            `json:"covers_seconds"`    // from the first step to the last
	Events    map[string]int     `json:"events"`            // by type
	Anomalies map[string]int     `json:"anomalies"`         // by worst severity
	Decisions map[string]int     `json:"decisions"`         // by kind
	Scores    map[string]float64 `json:"scores"`            // quantiles over all steps
	Reports   []promote.Report   `json:"reports,omitempty"` // of the policies, where they are asked for
}

// Replay runs recorded data through the stages of c in virtual time. Nothing is acted upon: targets are replaced by one that only
// says what is allocated, and every policy observes.
func Replay(ctx context.Context, c config.Config, o ReplayOptions) (ReplaySummary, error) {
	summary := ReplaySummary{Type: "summary", Events: map[string]int{}, Anomalies: map[string]int{}, Decisions: map[string]int{}, Scores: map[string]float64{}}
	c.Sources = nil
	p, err := build(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return summary, err
	}
	p.chooser = p.chooser.Unhurried() // what is found must not depend on how fast the machine is
	reader, err := replay.Open(o.File, replay.Options{Step: o.Step, Metric: o.Metric, Progress: o.Progress, Drops: p.drops})
	if err != nil {
		return summary, err
	}
	defer func() { _ = reader.Close() }()

	scores := quantile.NewWindow(scoresKept)
	clock := time.Time{}
	stages := p.stages()
	stages.Ledger = act.NewLedger()
	stages.Executor, err = p.observeOnly(o, stages.Ledger, func() time.Time { return clock })
	if err != nil {
		return summary, err
	}
	if o.Reports {
		for i := range p.policies {
			summary.Reports = append(summary.Reports, promote.Report{Policy: p.policies[i].Name})
		}
	}
	line := pipeline.New(stages, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: reader.Step(), Most: c.Limits.Workloads, Forget: c.Limits.ForgetAfter, Forecasts: c.Limits.Forecasts, Slowest: c.Limits.Slow,
		Virtual: true, Drops: p.drops,
		Scored: func(step *foreshock.Step, f *foreshock.Finding) {
			clock = step.Time
			summary.Steps++
			scores.Add(f.Score)
			if o.Scored != nil {
				o.Scored(step, f)
			}
		},
		Event: func(e *foreshock.Event) {
			summary.count(e)
			for i := range summary.Reports {
				summary.Reports[i].Take(e)
			}
			if o.Event != nil {
				o.Event(e)
			}
		},
	})
	if err := reader.Run(ctx, line); err != nil {
		return summary, err
	}
	summary.Report = reader.Report()
	for i := range summary.Reports {
		summary.Reports[i].Conclude(p.policies[i].Price)
	}
	summary.Covers = summary.Report.To.Sub(summary.Report.From).Seconds()
	for i, q := range scores.Quantiles(nil, scoreQuantiles...) {
		summary.Scores[fmt.Sprintf("p%g", 100*scoreQuantiles[i])] = q
	}
	return summary, nil
}

const scoresKept = 1 << 22

var scoreQuantiles = []float64{0.5, 0.9, 0.99, 0.999, 1}

// observeOnly replaces the targets: the resource of every policy has what the options say, and is only looked at.
func (p *parts) observeOnly(o ReplayOptions, ledger *act.Ledger, now func() time.Time) (*act.Executor, error) {
	amounts := dryrun.Amounts{}
	if o.AllocatedIOPS > 0 {
		amounts[foreshock.DimIOPS] = o.AllocatedIOPS
	}
	if o.AllocatedThroughput > 0 {
		amounts[foreshock.DimThroughput] = o.AllocatedThroughput
	}
	const name = "declared"
	for i := range p.policies {
		policy := &p.policies[i]
		policy.Mode = foreshock.Observe
		switch {
		case len(amounts) == 0:
			policy.Target = ""
		default:
			policy.Target = name
			if len(policy.Bounds) == 0 {
				policy.Bounds = map[foreshock.Dimension]decide.Bounds{}
				for d := range amounts {
					policy.Bounds[d] = decide.Bounds{}
				}
				policy.Reduce.Allowed = true
				*policy = policy.WithDefaults()
			}
		}
	}
	declared, err := dryrun.New(dryrun.Config{Allocated: amounts}, act.Env{Name: name})
	if err != nil {
		return nil, err
	}
	return act.New(act.Options{
		Config: p.executor, Targets: map[string]act.Target{name: declared}, Ledger: ledger, Now: now,
		Recorder: act.RecorderFunc(func(context.Context, ...*foreshock.Event) error { return nil }),
	}), nil
}

func (s *ReplaySummary) count(e *foreshock.Event) {
	s.Events[e.Type]++
	switch {
	case e.Anomaly != nil && !e.Anomaly.End.IsZero():
		s.Anomalies[e.Anomaly.Worst.String()]++
	case e.Decision != nil:
		s.Decisions[e.Decision.Kind.String()]++
	}
}

// Text is the summary for people.
func (s *ReplaySummary) Text() string {
	var b strings.Builder
	r := s.Report
	fmt.Fprintf(&b, "\n%s: %s of %s, %s to %s, a step of %s\n", r.File, foreshock.Count(int(r.Rows), "row", "rows"), foreshock.Count(r.Workloads, "workload", "workloads"),
		r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339), r.Step)
	fmt.Fprintf(&b, "  read: %s\n", strings.Join(r.Columns, ", "))
	if len(r.Unread) > 0 {
		fmt.Fprintf(&b, "  not read: %s\n", strings.Join(r.Unread, ", "))
	}
	for _, w := range r.Wrong {
		fmt.Fprintf(&b, "  not used: %s, %s", foreshock.Count(int(w.Count), "row", "rows"), w.Reason)
		for _, e := range w.Examples {
			fmt.Fprintf(&b, "\n    line %d: %s: %s", e.Line, e.Why, e.Text)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "  anomalies that ended: %d low, %d medium, %d high\n", s.Anomalies["low"], s.Anomalies["medium"], s.Anomalies["high"])
	fmt.Fprintf(&b, "  decisions: %d nothing, %d watch, %d hold, %d grow, %d shrink\n",
		s.Decisions["nothing"], s.Decisions["watch"], s.Decisions["hold"], s.Decisions["grow"], s.Decisions["shrink"])
	fmt.Fprintf(&b, "  scores: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, highest %.2f\n",
		s.Scores["p50"], s.Scores["p90"], s.Scores["p99"], s.Scores["p99.9"], s.Scores["p100"])
	for i := range s.Reports {
		b.WriteString(s.Reports[i].Text())
	}
	return b.String()
}

// Measured is the pipeline that c describes, live, with a clock of its own, with nothing around it: no journal, no store, no targets. For benchmarks.
func Measured(c config.Config, log *slog.Logger, now func() time.Time) (*pipeline.Pipeline, error) {
	c.Sources, c.Targets = nil, nil
	p, err := build(c, log)
	if err != nil {
		return nil, err
	}
	return pipeline.New(p.stages(), pipeline.Options{
		Log: log, Step: c.Step, Most: c.Limits.Workloads, Forget: c.Limits.ForgetAfter, Forecasts: c.Limits.Forecasts, Slowest: c.Limits.Slow, Drops: p.drops, Now: now,
	}), nil
}
