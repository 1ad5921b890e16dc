package profile

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Summary is what people and programs are shown of a profile.
type Summary struct {
	ID        foreshock.ID    `json:"id"`
	Source    string          `json:"source"`
	Stage     foreshock.Stage `json:"stage"`
	Step      time.Duration   `json:"step_ns"`
	Steps     int64           `json:"steps"`
	Created   time.Time       `json:"created"`
	Updated   time.Time       `json:"updated"`
	Threshold float64         `json:"threshold"`
	Metrics   []MetricSummary `json:"metrics"`
}

// MetricSummary is what is normal for one metric, in its unit.
type MetricSummary struct {
	Metric   foreshock.Metric `json:"metric"`
	Count    int              `json:"count"` // readings in the window
	Last     float64          `json:"last"`
	Mean     float64          `json:"mean"`
	StdDev   float64          `json:"std_dev"`
	P50      float64          `json:"p50"`
	P90      float64          `json:"p90"`
	P95      float64          `json:"p95"`
	P99      float64          `json:"p99"`
	EWMA     float64          `json:"ewma"`   // the fast average, without the season
	Usual    float64          `json:"usual"`  // the slow one
	Spread   float64          `json:"spread"` // mean distance from it
	Outside  int32            `json:"outside,omitempty"`
	Learned  time.Time        `json:"relearned,omitzero"`   // when a new level was last taken as normal
	Periods  []time.Duration  `json:"periods_ns,omitempty"` // of the season
	Strength float64          `json:"season_strength,omitempty"`
	Renewed  time.Time        `json:"season_renewed,omitzero"`
}

// Summarize describes a profile. It allocates and scans the windows: it is for display.
func Summarize(p *foreshock.Profile, now time.Time, cfg *Config) Summary {
	s := Summary{Stage: StageOf(p, now, cfg)}
	if p == nil {
		return s
	}
	s.ID, s.Source, s.Step, s.Steps = p.ID, p.Source, p.Length, p.Steps
	s.Created, s.Updated, s.Threshold = p.Created(), p.Updated(), p.Threshold.Value
	for m, mp := range p.Metrics {
		if mp != nil && mp.Window.Len() > 0 {
			s.Metrics = append(s.Metrics, summarizeMetric(foreshock.Metric(m), mp))
		}
	}
	return s
}

func summarizeMetric(m foreshock.Metric, mp *foreshock.MetricProfile) MetricSummary {
	readings := mp.Window.Values(nil)
	q := robust.Quantiles(nil, readings, 0.5, 0.9, 0.95, 0.99)
	s := MetricSummary{
		Metric: m, Count: len(readings), Last: mp.Last,
		P50: q[0], P90: q[1], P95: q[2], P99: q[3],
		EWMA: float64(mp.Rarity.Short[0]), Usual: mp.Rarity.Level(), Spread: float64(mp.Rarity.Spread.Mean),
		Outside: max(0, mp.Rarity.Outside),
	}
	s.Mean, s.StdDev = moments(readings)
	if mp.LearnedAt != 0 {
		s.Learned = time.Unix(0, mp.LearnedAt).UTC()
	}
	if season := mp.Season; season != nil {
		s.Renewed = season.Renewed
		for _, period := range season.Periods {
			s.Periods = append(s.Periods, time.Duration(period)*season.Length)
		}
		if len(s.Periods) > 0 {
			s.Strength = season.Strength
		}
	}
	return s
}

// moments are the mean and the sample standard deviation, 0 of a single reading.
func moments(readings []float64) (mean, deviation float64) {
	squares := 0.0
	for i, x := range readings { // Welford 1962
		d := x - mean
		mean += d / float64(i+1)
		squares += d * (x - mean)
	}
	return mean, math.Sqrt(squares / float64(max(1, len(readings)-1)))
}

// Expected is what is to be expected of m in the step that ends at a time, in its unit: from the season where there is one,
// else the usual level. ok is false while nothing is known.
func Expected(p *foreshock.Profile, m foreshock.Metric, at time.Time) (x float64, ok bool) {
	if p == nil || int(m) >= len(p.Metrics) || p.Metrics[m] == nil {
		return 0, false
	}
	if x, ok = p.Metrics[m].Rarity.Expect(at.Add(-p.Length / 2).Unix()); ok {
		x = max(0, x)
	}
	return x, ok
}
