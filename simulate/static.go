package simulate

// fixed asks for one size, once it is known, and never again.
type fixed struct {
	size  float64
	after int64 // the first step's end at which it is asked for, Unix seconds
	asked bool
}

// Static is a policy that has one size from the first step on.
func Static(size float64) Policy { return &fixed{size: size} }

// Answer implements [Policy].
func (f *fixed) Answer(s Sample) ([]float64, error) {
	if f.asked || s.Time < f.after {
		return nil, nil
	}
	f.asked = true
	return []float64{f.size}, nil
}

// staticMean has what serves the mean demand of the steps that count.
func staticMean(t *Trace, _ Provider) Policy {
	var sum, n float64
	for i, demand := range t.Demand {
		if t.Scored(i) {
			sum, n = sum+demand, n+1
		}
	}
	return Static(Need(sum / max(n, 1)))
}

// staticPeak has what serves the highest demand of the steps that count, which nobody knows beforehand.
func staticPeak(t *Trace, _ Provider) Policy { return Static(t.Peak()) }

// staticHistory has what served the highest demand of the warm-up, from its end on.
func staticHistory(t *Trace, _ Provider) Policy {
	var most float64
	for i, demand := range t.Demand[:min(max(t.Warmup, 60), len(t.Demand))] {
		if !t.Missing[i] {
			most = max(most, Need(demand))
		}
	}
	return &fixed{size: most, after: t.Start + int64(t.Warmup)*stepSeconds}
}

// planned carries out a plan that knows the future.
type planned struct {
	ask   []float64
	start int64
}

func planOf(t *Trace, p Provider) Policy { return &planned{Clairvoyant(t, p), t.Start} }

// Answer implements [Policy].
func (p *planned) Answer(s Sample) ([]float64, error) {
	if i := (s.Time - p.start) / stepSeconds; int(i) < len(p.ask) {
		return []float64{p.ask[i]}, nil
	}
	return nil, nil
}
