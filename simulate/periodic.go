package simulate

const (
	periodicDays  = 7
	periodicAhead = 60 // steps
)

// periodic is the HPA on the larger of the load and what the coming hour of the last days came to on average, which stands for the
// daily part of a spectral forecast as Crane's.
type periodic struct {
	hpa
	loads days
}

func newPeriodic(_ *Trace, p Provider) Policy {
	return &periodic{hpa: hpa{provider: p, target: hpaTarget}, loads: newDays(periodicDays)}
}

// Answer implements [Policy].
func (c *periodic) Answer(s Sample) ([]float64, error) {
	if c.loads.add(s); s.Missing {
		return nil, nil
	}
	load := s.IOPS
	for k := range periodicAhead {
		load = max(load, c.forecast(k))
	}
	return ask(s, c.recommend(s, load)), nil
}

// forecast is the load k steps after the next; 0 before a day has passed.
func (c *periodic) forecast(k int) float64 {
	days := min(c.loads.n/daySteps, periodicDays)
	var sum float64
	for day := 1; day <= days; day++ {
		sum += c.loads.ago(day, k)
	}
	return sum / float64(max(days, 1))
}
