package detect_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	"github.com/foreshock-io/foreshock/detect/stl"
	"github.com/foreshock-io/foreshock/detect/zscore"
)

func TestConfig(t *testing.T) {
	method, err := zscore.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	one := detect.Weighted{Method: method, Weight: 1}
	f := func(change func(*detect.Config), want string, methods ...detect.Weighted) {
		t.Helper()
		cfg := detect.Default()
		change(&cfg)
		if _, err := detect.New(cfg, methods...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *detect.Config) { c.Probability = 0.5 }, "probability must be 0 or from", one)
	f(func(c *detect.Config) { c.AlarmsPerWeek = 0 }, "alarms_per_week must be above 0", one)
	f(func(c *detect.Config) { c.Severity.High = 1 }, "severity: high must be at least medium (1.5), not 1", one)
	f(func(c *detect.Config) { c.Quiet = 0 }, "quiet must be at least 1", one)
	f(func(c *detect.Config) { c.Metrics.IOPS.Up = 2 }, "metrics: iops: up and down", one)
	f(func(*detect.Config) {}, "there must be 1 to 4, not 0")
	f(func(*detect.Config) {}, "zscore is named twice", one, one)
	f(func(*detect.Config) {}, "weight of zscore must be above 0", detect.Weighted{Method: method})
}

func TestFactories(t *testing.T) {
	for name, factory := range map[string]detect.Factory{"zscore": zscore.Factory, "ewma": ewma.Factory, "stl": stl.Factory} {
		method, err := factory.New(func(any) error { return nil })
		if err != nil || factory.Name != name || method.Name() != name {
			t.Errorf("%s: %v, %q", name, err, factory.Name)
		}
		refused := errors.New("unknown setting")
		if _, err := factory.New(func(any) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestText(t *testing.T) {
	rng := newRand(11)
	r := newRig(t, time.Second)
	for range 300 {
		r.step(volume(rng, 1000, 300e-6))
	}
	for range 20 {
		r.step(volume(rng, 1000, 9e-3))
	}
	for range 10 {
		r.step(volume(rng, 1000, 300e-6))
	}
	if len(r.journal) < 3 {
		t.Fatalf("%+v", r.journal)
	}
	for _, a := range r.journal {
		for _, want := range []string{a.Metric.String(), "expected", "x the boundary; zscore ", ", ewma "} {
			if !strings.Contains(a.Text, want) {
				t.Errorf("%q lacks %q", a.Text, want)
			}
		}
		if a.Workload != r.p.ID || a.ID != r.journal[0].ID || a.Observed <= a.Expected || a.Upper < a.Expected || a.Lower > a.Expected {
			t.Errorf("%+v", a)
		}
	}
	first, last := r.journal[0], r.journal[len(r.journal)-1]
	if strings.HasPrefix(first.Text, "ended") || !strings.HasPrefix(last.Text, "ended after 20s (worst high, ") {
		t.Errorf("%q, %q", first.Text, last.Text)
	}
	t.Log(first.Text)
	t.Log(last.Text)
}

// A queue that fills before latency shows it is told of beside what is the most unusual.
func TestWhatLedAtFirstIsTold(t *testing.T) {
	rng := newRand(13)
	r := newRig(t, time.Second)
	for range 600 {
		r.step(volume(rng, 1000, 300e-6))
	}
	for k := range 30 {
		v := volume(rng, 1000, 300e-6)
		v.Set(foreshock.QueueDepth, 3)
		if k >= 10 {
			v.Set(foreshock.Latency, 0.5)
		}
		r.step(v)
	}
	if len(r.journal) < 2 {
		t.Fatalf("%+v", r.journal)
	}
	first, last := r.journal[0], r.p.Current
	if first.Metric != foreshock.QueueDepth || first.First != nil {
		t.Errorf("it begins with %+v", first)
	}
	if last == nil || last.Metric != foreshock.Latency || last.First == nil || *last.First != foreshock.QueueDepth {
		t.Fatalf("it goes on with %+v", last)
	}
	for range 40 {
		r.step(volume(rng, 1000, 300e-6))
	}
	if told := r.journal[len(r.journal)-1]; told.End.IsZero() || !strings.HasSuffix(told.Text, "; it began with queue_depth") {
		t.Errorf("at its end it says %q", told.Text)
	}
}

func TestAnomalyEndsWhenDataStop(t *testing.T) {
	rng := newRand(12)
	r := newRig(t, 10*time.Second)
	for range 300 {
		r.step(volume(rng, 1000, 300e-6))
	}
	for range 5 {
		r.step(volume(rng, 1000, 9e-3))
	}
	r.skip(2 * time.Hour)
	r.step(volume(rng, 1000, 300e-6))
	last := r.journal[len(r.journal)-1]
	if r.p.Current != nil || last.End.IsZero() || last.End.Sub(last.Start) != 50*time.Second || !strings.Contains(last.Text, "data stopped coming") {
		t.Errorf("%+v", last)
	}
}

// A detector with other methods goes on with the record that the profile has.
func TestTheRecordIsKeptWhenMethodsChange(t *testing.T) {
	rng := newRand(13)
	r := newRig(t, 10*time.Second)
	for range 1000 {
		r.step(volume(rng, 1000, 300e-6))
	}
	method, err := ewma.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r.detector, err = detect.New(detect.Default(), detect.Weighted{Method: method, Weight: 1}); err != nil {
		t.Fatal(err)
	}
	r.step(volume(rng, 1000, 300e-6))
	if !r.f.Judged[foreshock.Latency] || r.f.Severity != foreshock.None || r.f.Methods != 1 {
		t.Errorf("a usual step is %s: %+v", r.f.Severity, r.f.Scores)
	}
	for range 3 {
		r.step(volume(rng, 1000, 9e-3))
	}
	if r.f.Severity != foreshock.High {
		t.Errorf("an incident is %s: score %.2f", r.f.Severity, r.f.Score)
	}
}

func TestExplainStatesBounds(t *testing.T) {
	rng := newRand(14)
	r := newRig(t, 10*time.Second)
	for range 500 {
		r.step(volume(rng, 1000, 300e-6))
	}
	step := r.steps(1)[0]
	r.detector.Score(&r.f, r.p, &step)
	scored := r.f
	r.detector.Explain(&r.f, r.p, &step)
	if scored.Score != r.f.Score || scored.Scores != r.f.Scores {
		t.Errorf("explained, the score is %g, not %g", r.f.Score, scored.Score)
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		part := r.f.Parts[m][0]
		if !(part.Ready && part.Lower < part.Expected && part.Expected < part.Upper) {
			t.Errorf("%+v", part)
		}
		if !(r.f.Lower[m] < r.f.Expected[m] && r.f.Expected[m] < r.f.Upper[m]) {
			t.Errorf("%s: %g within %g to %g", m, r.f.Expected[m], r.f.Lower[m], r.f.Upper[m])
		}
	}
}
