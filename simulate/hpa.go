package simulate

import (
	"math"
	"slices"
)

// Settings of the Kubernetes HorizontalPodAutoscaler as it comes: a tolerance of 10 %, no wait before growing, and before shrinking the
// highest recommendation of five minutes. Its limit of doubling, or four pods, in 15 s is beyond what the ratio asks for in a step of a minute.
const (
	hpaTarget     = 0.65 // utilisation that it steers to
	hpaTolerance  = 0.1
	hpaStabilised = 5 // steps
)

// hpa is the Kubernetes HPA on utilisation.
type hpa struct {
	provider Provider
	target   float64
	recent   []float64 // recommendations
}

func newHPA(_ *Trace, p Provider) Policy { return &hpa{provider: p, target: hpaTarget} }

// Answer implements [Policy].
func (h *hpa) Answer(s Sample) ([]float64, error) {
	if s.Missing {
		return nil, nil
	}
	return ask(s, h.recommend(s, s.IOPS)), nil
}

// recommend is the amount for a load in I/O per second, where what does not work yet counts as idle.
func (h *hpa) recommend(s Sample, load float64) float64 {
	want := s.Provisioned
	if ratio := load / (s.Provisioned * h.target); math.Abs(ratio-1) > hpaTolerance {
		want = h.provider.Fit(load / h.target)
	}
	h.recent = append(h.recent, want)
	h.recent = h.recent[max(0, len(h.recent)-hpaStabilised):]
	return max(want, min(s.Provisioned, slices.Max(h.recent)))
}

// ask asks for an amount where a change is allowed.
func ask(s Sample, want float64) []float64 {
	if s.NextAction > s.Time || want == s.Provisioned {
		return nil
	}
	return []float64{want}
}
