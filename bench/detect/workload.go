package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	"github.com/foreshock-io/foreshock/detect/stl"
	"github.com/foreshock-io/foreshock/detect/zscore"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// rarity is the state of the scorer of one metric: how rare its readings are at each scale, its seasons with them.
func rarity(steps int) *surprise.Metric {
	m := surprise.NewMetric(liveStep.Seconds())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range steps {
		m.Observe(m.Second+int64(liveStep/time.Second), level(rng, i))
	}
	return &m
}

// raritiesLike makes many of one.
func raritiesLike(m *surprise.Metric, n int) []*surprise.Metric {
	list := make([]*surprise.Metric, n)
	for i := range list {
		one := *m
		if m.Week != nil {
			week := *m.Week
			one.Week = &week
		}
		list[i] = &one
	}
	return list
}

// liveStep is that of the running program.
const liveStep = 10 * time.Second

// stages are what a step of a workload passes in the running program, without what is done with it.
type stages struct {
	detector *detect.Detector
	cfg      profile.Config
	finding  foreshock.Finding
}

func newStages(cfg detect.Config) (*stages, error) {
	var methods []detect.Weighted
	for _, factory := range []detect.Factory{zscore.Factory, ewma.Factory, stl.Factory} {
		method, err := factory.New(func(any) error { return nil })
		if err != nil {
			return nil, err
		}
		methods = append(methods, detect.Weighted{Method: method, Weight: 1})
	}
	d, err := detect.New(cfg, methods...)
	return &stages{detector: d, cfg: profile.Default()}, err
}

// step takes the workload's next step.
func (s *stages) step(p *foreshock.Profile, v foreshock.Values) {
	s.stepAt(p, p.Updated().Add(p.Length), v)
}

func (s *stages) stepAt(p *foreshock.Profile, at time.Time, v foreshock.Values) {
	step := &foreshock.Step{ID: p.ID, Time: at, Length: p.Length, Values: v, Quality: foreshock.Fresh}
	p.Touch(at)
	use := profile.Demand(step, p)
	s.detector.Score(&s.finding, p, step)
	s.detector.Track(p, &s.finding, step)
	profile.Learn(p, step, &s.finding, &use, &s.cfg)
}

// live is the scoring of the running program, of a workload with one metric of which every change counts, also a small one or a fall.
var live = detector{"foreshock, as a workload", true, func(step time.Duration, _ int) (observe, error) {
	cfg := detect.Default()
	cfg.Metrics.Throughput = detect.Limit{Up: 1, Down: 1}
	s, err := newStages(cfg)
	if err != nil {
		return nil, err
	}
	p := profile.New("row", "bench", step)
	return func(at time.Time, row []float64) (v pipeline.Verdict) {
		if p.Steps > 0 && !at.After(p.Updated()) {
			at = p.Updated().Add(step) // clocks were put back
		}
		var values foreshock.Values
		values.Set(foreshock.Throughput, row[0])
		s.stepAt(p, at, values)
		v.Score, v.Severity = s.finding.Score, s.finding.Severity
		if p.Current == nil || p.Current.Steps > 1 || !p.Current.Time.Equal(at) {
			v.Score = min(v.Score, heldScore) // the anomaly was told of
		}
		if err := s.seasons(p); err != nil {
			v.Score = 0
		}
		return v
	}, nil
}}

// heldScore bounds the score of rows within an anomaly that was told of.
const heldScore = 0.8

// seasons looks for the seasons that are due, as the background does now and again.
func (s *stages) seasons(p *foreshock.Profile) error {
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if !profile.SeasonDue(p, m, p.Updated(), &s.cfg) {
			continue
		}
		season, err := profile.FindSeason(profile.SeasonInput(p, m))
		if err != nil {
			return err
		}
		profile.SetSeason(p, m, season)
	}
	return nil
}

// grown is a workload of the first metrics that has taken so many steps of a daily season with noise, and more until it is at ease.
func (s *stages) grown(metrics, steps int) (*foreshock.Profile, error) {
	p := profile.New("disk/vda", "bench", liveStep)
	p.UpdatedAt = quietStart.UnixNano()
	rng := rand.New(rand.NewPCG(1, 1))
	for i := 0; i < steps || p.Current != nil; i++ {
		s.step(p, reading(rng, metrics, i))
		if err := s.seasons(p); err != nil {
			return nil, fmt.Errorf("season after %d steps: %w", i+1, err)
		}
	}
	return p, nil
}

// reading is a step's values.
func reading(rng *rand.Rand, metrics, step int) (v foreshock.Values) {
	for m := range foreshock.Metric(metrics) {
		v.Set(order[m], level(rng, step))
	}
	return v
}

// level is the value of one metric in a step.
func level(rng *rand.Rand, step int) float64 {
	return season(int(time.Duration(step)*liveStep/quietStep)) * (1 + 0.1*rng.NormFloat64())
}

// order in which a workload of few metrics has them.
var order = [foreshock.NumMetrics]foreshock.Metric{foreshock.IOPS, foreshock.Throughput, foreshock.Latency, foreshock.QueueDepth}

// profilesLike makes many of one, as a restart does.
func profilesLike(p *foreshock.Profile, n int) []*foreshock.Profile {
	data, err := profile.Encode(p)
	if err != nil {
		panic(err) // what the program has made can be written
	}
	list := make([]*foreshock.Profile, n)
	for i := range list {
		if list[i], err = profile.Decode(data); err != nil {
			panic(err) // and read
		}
	}
	return list
}
