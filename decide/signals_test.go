package decide

import (
	"math"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// signs is one combination of what a reduction or a growth depends on.
type signs struct {
	quality, step foreshock.Quality
	stage         foreshock.Stage
	severity      foreshock.Severity
	allowed, down bool
	latency       int // 0 unknown, 1 normal, 2 above what is wanted
	allocation    int // 0 unknown, 1 known, 2 not finite
	demand        int // 0 unknown, 1 low, 2 above what is allocated, 3 not finite
	peak          int // 0 unknown, 1 low, 2 high
	forecast      int // 0 none, 1 low, 2 high, 3 short, 4 not finite
}

// shrinks is what the promise says: every sign is there, and each speaks for it.
func (s signs) shrinks() bool {
	return s.quality == foreshock.Fresh && s.step == foreshock.Fresh && s.stage == foreshock.Trusted && s.severity == foreshock.None &&
		s.allowed && s.down && s.latency == 1 && s.allocation == 1 && s.demand == 1 && s.peak == 1 && s.forecast == 1
}

// grows is what the promise says: fresh signals only, and something that presses where demand is near, or a forecast that is whole.
func (s signs) grows() bool {
	known := s.quality == foreshock.Fresh && s.step == foreshock.Fresh && s.stage == foreshock.Trusted && s.allocation == 1
	presses := s.severity >= foreshock.Medium || s.latency == 2
	return known && (presses && s.demand == 2 || s.forecast == 2)
}

func (s signs) state() State {
	x := base()
	x.Policy.MaxLatency, x.Policy.Consent = 1e7, true
	x.Policy.Reduce.Allowed = s.allowed
	x.Resource.Rules[foreshock.DimIOPS] = foreshock.Rule{Min: 100, Max: 16000, Quantum: 100, Down: s.down}
	x.Quality, x.Step.Quality, x.Stage, x.Finding.Severity = s.quality, s.step, s.stage, s.severity
	if s.severity > foreshock.None {
		x.Finding.Score = 3
	}
	x.Step.Values.Set(foreshock.Latency, [...]float64{math.NaN(), 0.0003, 0.015}[s.latency])
	x.Resource.Allocated.Set(foreshock.DimIOPS, [...]float64{math.NaN(), 1000, math.Inf(1)}[s.allocation])
	x.Demand.Set(foreshock.DimIOPS, [...]float64{math.NaN(), 300, 1500, math.Inf(1)}[s.demand])
	x.RecentPeak.Set(foreshock.DimIOPS, [...]float64{math.NaN(), 320, 800}[s.peak])
	x.Forecasts[foreshock.DimIOPS] = [...]*foreshock.Forecast{nil, flat(300, 60), flat(1500, 60), flat(300, 10), flat(math.Inf(1), 60)}[s.forecast]
	return x
}

// flat is a forecast of the same demand for some minutes.
func flat(demand float64, minutes int) *foreshock.Forecast {
	f := &foreshock.Forecast{At: noon, Length: 60e9, Model: "ets", Levels: []float64{0.95}, Skill: 0.2, Origins: 9}
	for range minutes {
		f.Mean = append(f.Mean, demand)
	}
	f.Quantiles = [][]float64{f.Mean}
	return f
}

// TestSignals goes through every combination: missing is not zero, and missing never scales down.
func TestSignals(t *testing.T) {
	n, shrunk, grown := 0, 0, 0
	check := func(s signs) {
		n++
		d := Decide(s.state())
		shrinks := d.Action != nil && d.Action.Reduces()
		grows := d.Action != nil && !shrinks
		if shrinks != s.shrinks() || grows != s.grows() {
			t.Fatalf("%+v\nshrinks %v, expected %v; grows %v, expected %v\n%s", s, shrinks, s.shrinks(), grows, s.grows(), render(&d))
		}
		if shrinks {
			shrunk++
		}
		if grows {
			grown++
		}
	}
	qualities := []foreshock.Quality{foreshock.Absent, foreshock.Fresh, foreshock.Late, foreshock.Stale, foreshock.Implausible}
	for _, quality := range qualities {
		for _, step := range []foreshock.Quality{foreshock.Absent, foreshock.Fresh} {
			for _, stage := range []foreshock.Stage{foreshock.Provisional, foreshock.Trusted} {
				for severity := range foreshock.High + 1 {
					for policy := range 4 {
						for rest := range 3 * 3 * 4 * 3 * 5 {
							check(signs{
								quality: quality, step: step, stage: stage, severity: severity, allowed: policy&1 > 0, down: policy&2 > 0,
								latency: rest % 3, allocation: rest / 3 % 3, demand: rest / 9 % 4, peak: rest / 36 % 3, forecast: rest / 108,
							})
						}
					}
				}
			}
		}
	}
	if shrunk == 0 || grown == 0 {
		t.Errorf("of %d combinations %d shrink and %d grow; the table tests nothing", n, shrunk, grown)
	}
	t.Logf("combinations=%d shrink=%d grow=%d", n, shrunk, grown)
}
