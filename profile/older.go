package profile

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// renew makes a profile that an older version has written what this one would have.
func renew(p *foreshock.Profile, version uint, data []byte) error {
	if version >= Version {
		return nil
	}
	var old older
	if err := decoding.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	old.taught(p)
	if version >= 6 {
		return nil
	}
	old.times(p)
	if version >= 5 {
		return nil
	}
	if err := old.histories(p, version); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	if version < 2 {
		prime(p)
	} else {
		old.records(p, version)
	}
	old.Profile.Row.Daily.give(&p.Row.Daily)
	if version < 4 {
		old.rest(p)
	}
	return nil
}

// older is what versions before had in another form.
type older struct {
	Profile struct {
		Metrics   [foreshock.NumMetrics]*olderMetric
		Demand    [foreshock.NumDimensions]*quantile.Ring // before version 3
		Anomaly   *quantile.Ring                          // before version 3
		Threshold struct {
			Decayed, RestUntil time.Time // before version 4
			Counted            bool
		}
		// Before version 6:
		Created, Updated time.Time
		Coarse           struct{ End time.Time }
		Row              struct{ Daily olderDaily }

		foreshock.Taught // before version 7
	}
	// Peaks are the highest demands so far in the coarse step, NaN where there is none.
	Peaks [foreshock.NumDimensions]float64
}

type olderMetric struct {
	Window struct {
		quantile.History               // of version 4
		Ring             quantile.Ring // before
	}
	Coarse    quantile.Ring // before version 3
	Relearned time.Time
	Rarity    struct {
		surprise.Older
		Size [surprise.NumScales]struct{ Mean, Weight float32 } // before version 3
	}
}

// olderDaily is a surprise.Daily before version 5.
type olderDaily struct {
	Peaks [96]uint16 // of version 4: in steps of 1/2048, plus 1; 0 where no day was seen
	Usual [96]float32
	Days  [96]uint8
}

// give gives d what is usual at each time of day.
func (o *olderDaily) give(d *surprise.Daily) {
	*d = surprise.Daily{Slot: d.Slot, Peak: d.Peak}
	for slot := range o.Peaks {
		switch {
		case o.Peaks[slot] > 0:
			d.Put(slot, float32(o.Peaks[slot]-1)/2048)
		case o.Days[slot] > 0:
			d.Put(slot, o.Usual[slot])
		}
	}
}

// taught takes over what was taught, which was among the rest before version 7.
func (o *older) taught(p *foreshock.Profile) {
	taught := &o.Profile.Taught
	if taught.Learned != nil && *taught.Learned == ([foreshock.NumDimensions]foreshock.Learned{}) {
		taught.Learned = nil
	}
	if taught.Trials != nil && *taught.Trials == ([foreshock.NumDimensions]*foreshock.Trial{}) {
		taught.Trials = nil
	}
	if taught.Learned != nil || taught.Trials != nil || len(taught.Weights) > 0 {
		known := *taught
		p.Taught = &known
	}
}

// times takes over what was told in texts before version 6, and whether the anomaly that lasts is counted.
func (o *older) times(p *foreshock.Profile) {
	old := &o.Profile
	p.CreatedAt, p.UpdatedAt, p.Coarse.EndsAt = nanoseconds(old.Created), nanoseconds(old.Updated), nanoseconds(old.Coarse.End)
	p.Counted = old.Threshold.Counted
}

// histories takes over what was kept in more bytes: the windows, and before version 3 the coarse steps.
func (o *older) histories(p *foreshock.Profile, version uint) error {
	for m, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		old := o.Profile.Metrics[m]
		if err := old.window(&mp.Window, version); err != nil {
			return fmt.Errorf("window of %s: %w", foreshock.Metric(m), err)
		}
		if version < 3 {
			if err := packed(&mp.Coarse, &old.Coarse); err != nil {
				return fmt.Errorf("coarse steps of %s: %w", foreshock.Metric(m), err)
			}
		}
	}
	if version >= 3 {
		return nil
	}
	for d, r := range o.Profile.Demand[:len(p.Demand)] { // there was none of others
		if r != nil {
			if err := packed(p.Demand[d], r); err != nil {
				return fmt.Errorf("demand of %s: %w", foreshock.Dimension(d), err)
			}
		}
	}
	if r := o.Profile.Anomaly; r != nil {
		if err := packed(p.Anomaly, r); err != nil {
			return fmt.Errorf("anomaly scores: %w", err)
		}
	}
	return nil
}

// window makes w of what was read of it.
func (o *olderMetric) window(w *quantile.Compact, version uint) error {
	old := &o.Window.History
	if version < 4 {
		if err := packed(old, &o.Window.Ring); err != nil {
			return err
		}
	}
	var c checker
	if c.history("readings", old); c.err != nil {
		return c.err
	}
	*w = quantile.NewCompact(int(old.Capacity))
	for _, x := range old.Values(nil) {
		w.Add(x)
	}
	return nil
}

// packed makes h of a ring.
func packed(h *quantile.History, r *quantile.Ring) error {
	if err := r.Valid(); err != nil {
		return err
	}
	if r.Capacity > mostCodes {
		return fmt.Errorf("capacity %d is above %d", r.Capacity, mostCodes)
	}
	*h = quantile.NewHistory(int(r.Capacity))
	h.Append(r)
	return nil
}

// prime makes the record of deviations, which version 1 had none of, from the readings in the windows.
func prime(p *foreshock.Profile) {
	step := max(p.Length, 1)
	for _, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		mp.Rarity = surprise.NewMetric(step.Seconds())
		xs := mp.Window.Values(nil)
		for i, x := range xs {
			mp.Rarity.Observe(p.Updated().Add(time.Duration(i+1-len(xs))*step-step/2).Unix(), x)
		}
	}
}

// records takes over the records of deviations.
func (o *older) records(p *foreshock.Profile, version uint) {
	for m, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		old := &o.Profile.Metrics[m].Rarity
		mp.Rarity.Take(&old.Older, version < 4)
		if version > 2 {
			continue
		}
		for i, size := range old.Size {
			mp.Rarity.Sizes[i], mp.Rarity.SizeWeight = size.Mean, size.Weight
		}
	}
}

// rest takes over what is small: times that were texts, and what nothing is said in.
func (o *older) rest(p *foreshock.Profile) {
	old := &o.Profile
	for m, mp := range p.Metrics {
		if mp != nil {
			mp.LearnedAt = nanoseconds(old.Metrics[m].Relearned)
		}
	}
	p.Threshold.DecayedAt, p.Threshold.RestsTill = nanoseconds(old.Threshold.Decayed), nanoseconds(old.Threshold.RestUntil)
	for d, peak := range o.Peaks[:len(p.Coarse.Demand)] {
		if peak >= 0 {
			p.Coarse.Demand[d] = quantile.Encode(peak) + 1
		}
	}
	if p.Shift != nil && *p.Shift == (foreshock.Shift{}) {
		p.Shift = nil
	}
}

// nanoseconds is a time since 1970; 0 is never.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
