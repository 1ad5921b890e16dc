package detect

import (
	"errors"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Config says what is an anomaly.
type Config struct {
	// Probability of a normal reading to be at the boundary, per metric and step; default 0: it follows from LowPerWeek.
	Probability float64 `yaml:"probability"`
	// LowPerWeek is how many times a week a workload may be found at the boundary by chance; default 7.
	LowPerWeek float64 `yaml:"low_per_week"`
	// AlarmsPerWeek is how many anomalies above low severity a workload should have; default 1. Its threshold follows.
	AlarmsPerWeek float64 `yaml:"alarms_per_week"`

	Release float64       `yaml:"release"` // an anomaly lasts while the score is above this share of the threshold; default 0.7
	Quiet   int           `yaml:"quiet"`   // and ends after so many steps below, or those of an hour (at least 3) where they are fewer; default 6
	Rest    time.Duration `yaml:"rest"`    // after an anomaly only one of medium strength begins; default 10m
	Gap     time.Duration `yaml:"gap"`     // without data an anomaly ends after so long, and quiet steps at least; default 1h

	Severity Boundaries `yaml:"severity"`
	Metrics  Limits     `yaml:"metrics"`
}

// Boundaries of the severities, in scores over threshold. Low begins at 1.
type Boundaries struct {
	Medium float64 `yaml:"medium"` // default 1.5
	High   float64 `yaml:"high"`   // default 2
	// So many steps in a row must be anomalous, so that a single one is never more than low.
	MediumSteps int `yaml:"medium_steps"` // default 2
	HighSteps   int `yaml:"high_steps"`   // default 3
	// What lasts becomes worse: low after so many steps medium, medium strength after so many high.
	MediumAfter int `yaml:"medium_after"` // default 12
	HighAfter   int `yaml:"high_after"`   // default 18
}

// Limits of each metric.
type Limits struct {
	Latency    Limit `yaml:"latency_seconds"`
	Throughput Limit `yaml:"throughput_bps" unit:"bytes/s"`
	IOPS       Limit `yaml:"iops"`
	QueueDepth Limit `yaml:"queue_depth"`
}

// Limit says which changes of a metric count. A change must be at least as large as both Absolute and Relative say.
type Limit struct {
	Up       float64 `yaml:"up" unit:"number"`       // weight of a rise
	Down     float64 `yaml:"down" unit:"number"`     // weight of a fall
	Absolute float64 `yaml:"absolute"`               // in the metric's unit
	Relative float64 `yaml:"relative" unit:"number"` // of what is expected
}

// Default is the configuration when nothing is stated. Latency and queue depth count only when they rise. Throughput and IOPS
// count both ways: a rise is demand that comes, a fall (counting a little less) demand that is gone or held back.
func Default() Config {
	return Config{
		LowPerWeek: 7, AlarmsPerWeek: 1,
		Release: 0.7, Quiet: 6, Rest: 10 * time.Minute, Gap: time.Hour,
		Severity: Boundaries{Medium: 1.5, High: 2, MediumSteps: 2, HighSteps: 3, MediumAfter: 12, HighAfter: 18},
		Metrics: Limits{
			Latency:    Limit{Up: 1, Absolute: 500e-6, Relative: 0.2},
			Throughput: Limit{Up: 1, Down: 0.8, Absolute: 256 << 10, Relative: 0.2},
			IOPS:       Limit{Up: 1, Down: 0.8, Absolute: 10, Relative: 0.2},
			QueueDepth: Limit{Up: 1, Absolute: 0.5, Relative: 0.2},
		},
	}
}

// Check says everything that is wrong with the configuration.
func (c *Config) Check() error {
	var faults []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	must(c.Probability == 0 || c.Probability >= 1e-9 && c.Probability <= 0.01, "probability must be 0 or from 1e-9 to 0.01, not %g", c.Probability)
	must(c.LowPerWeek > 0, "low_per_week must be above 0, not %g", c.LowPerWeek)
	must(c.AlarmsPerWeek > 0, "alarms_per_week must be above 0, not %g", c.AlarmsPerWeek)
	must(c.Release > 0 && c.Release <= 1, "release must be above 0 and at most 1, not %g", c.Release)
	must(c.Quiet >= 1, "quiet must be at least 1, not %d", c.Quiet)
	must(c.Rest >= 0 && c.Gap > 0, "rest must not be negative and gap must be above 0, not %s and %s", c.Rest, c.Gap)
	s := &c.Severity
	must(s.Medium >= 1, "severity: medium must be at least 1, not %g", s.Medium)
	must(s.High >= s.Medium, "severity: high must be at least medium (%g), not %g", s.Medium, s.High)
	must(s.MediumSteps >= 1 && s.HighSteps >= s.MediumSteps, "severity: medium_steps must be at least 1 and high_steps at least that, not %d and %d", s.MediumSteps, s.HighSteps)
	must(s.MediumAfter >= s.MediumSteps && s.HighAfter >= s.HighSteps, "severity: medium_after and high_after must be at least medium_steps and high_steps, not %d and %d", s.MediumAfter, s.HighAfter)
	for m, l := range c.Metrics.all() {
		must(l.Up >= 0 && l.Down >= 0 && l.Up <= 1 && l.Down <= 1, "metrics: %s: up and down must be from 0 to 1, not %g and %g", foreshock.Metric(m), l.Up, l.Down)
		must(l.Absolute >= 0 && l.Relative >= 0, "metrics: %s: absolute and relative must not be negative, not %g and %g", foreshock.Metric(m), l.Absolute, l.Relative)
	}
	return errors.Join(faults...)
}

func (l *Limits) all() [foreshock.NumMetrics]Limit {
	return [...]Limit{foreshock.Latency: l.Latency, foreshock.Throughput: l.Throughput, foreshock.IOPS: l.IOPS, foreshock.QueueDepth: l.QueueDepth}
}

// New returns a detector of the methods.
func New(cfg Config, methods ...Weighted) (*Detector, error) {
	faults := []error{cfg.Check()}
	if n := len(methods); n < 1 || n > foreshock.MaxMethods {
		faults = append(faults, fmt.Errorf("methods: there must be 1 to %d, not %d", foreshock.MaxMethods, n))
	}
	d := &Detector{cfg: cfg, methods: methods, limits: cfg.Metrics.all()}
	names := map[string]bool{}
	for _, w := range methods {
		if !(w.Weight > 0 && w.Weight <= 100) {
			faults = append(faults, fmt.Errorf("methods: the weight of %s must be above 0 and at most 100, not %g", w.Method.Name(), w.Weight))
		}
		if names[w.Method.Name()] {
			faults = append(faults, fmt.Errorf("methods: %s is named twice", w.Method.Name()))
		}
		names[w.Method.Name()] = true
		d.names = append(d.names, w.Method.Name())
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	d.plain, d.season = share(methods, false), share(methods, true)
	return d, nil
}
