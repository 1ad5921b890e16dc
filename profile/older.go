package profile

import (
	"fmt"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// renew makes a profile that an older version has written what this one would have.
func renew(p *foreshock.Profile, version uint, data []byte) error {
	if version >= 3 {
		return nil
	}
	var old older
	if err := decoding.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	if err := old.histories(p); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	if version < 2 {
		prime(p)
	} else {
		old.sizes(p)
	}
	if !slices.ContainsFunc(p.Learned, func(l foreshock.Learned) bool { return l != foreshock.Learned{} }) {
		p.Learned = nil
	}
	if p.Shift != nil && *p.Shift == (foreshock.Shift{}) {
		p.Shift = nil
	}
	return nil
}

// older is what versions 1 and 2 kept in another form.
type older struct {
	Profile struct {
		Metrics [foreshock.NumMetrics]*struct {
			Coarse quantile.Ring
			Rarity struct {
				Size [surprise.NumScales]struct{ Mean, Weight float64 }
			}
		}
		Demand  [foreshock.NumDimensions]*quantile.Ring
		Anomaly *quantile.Ring
	}
}

// histories takes over what was kept in two bytes for each coarse step.
func (o *older) histories(p *foreshock.Profile) error {
	take := func(r *quantile.Ring) (*quantile.History, error) {
		if r == nil {
			return nil, nil
		}
		if err := r.Valid(); err != nil {
			return nil, err
		}
		if r.Capacity > mostCodes {
			return nil, fmt.Errorf("capacity %d is above %d", r.Capacity, mostCodes)
		}
		h := quantile.NewHistory(int(r.Capacity))
		h.Append(r)
		return &h, nil
	}
	for m, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		h, err := take(&o.Profile.Metrics[m].Coarse)
		if err != nil {
			return fmt.Errorf("coarse steps of %s: %w", foreshock.Metric(m), err)
		}
		mp.Coarse = *h
	}
	for d, r := range o.Profile.Demand {
		h, err := take(r)
		if err != nil {
			return fmt.Errorf("demand of %s: %w", foreshock.Dimension(d), err)
		}
		p.Demand[d] = h
	}
	h, err := take(o.Profile.Anomaly)
	if err != nil {
		return fmt.Errorf("anomaly scores: %w", err)
	}
	p.Anomaly = h
	return nil
}

// prime makes the record of deviations, which version 1 had none of, from the readings in the windows.
func prime(p *foreshock.Profile) {
	step := max(p.Length, 1)
	for _, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		mp.Rarity = surprise.NewMetric(step.Seconds(), true)
		xs := mp.Window.Values(nil)
		for i, x := range xs {
			mp.Rarity.Observe(p.Updated.Add(time.Duration(i+1-len(xs))*step-step/2).Unix(), x)
		}
	}
}

// sizes takes over the usual sizes of deviations, each of which had a weight of its own.
func (o *older) sizes(p *foreshock.Profile) {
	for m, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		for i, size := range o.Profile.Metrics[m].Rarity.Size {
			mp.Rarity.Sizes[i], mp.Rarity.SizeWeight = size.Mean, size.Weight
		}
	}
}
