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
	if version >= Version {
		return nil
	}
	var old older
	if err := decoding.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	if err := old.histories(p, version); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	old.coarse(p)
	if version >= 7 {
		return nil
	}
	old.taught(p)
	if version >= 6 {
		return nil
	}
	old.times(p)
	if version >= 5 {
		return nil
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
		Demand    [foreshock.NumDimensions]*olderHistory
		Anomaly   *olderHistory
		Ceiling   [foreshock.NumDimensions]float32
		Threshold struct {
			Decayed, RestUntil time.Time // before version 4
			Counted            bool
		}
		Coarse struct {
			Sum    [foreshock.NumMetrics]float32
			Count  [foreshock.NumMetrics]int32
			Score  float64
			Steps  int32
			Demand [foreshock.NumDimensions]quantile.Code // one more than that; from version 4
			End    time.Time                              // before version 6
		}
		// Before version 6:
		Created, Updated time.Time
		Row              struct{ Daily olderDaily }

		foreshock.Taught // before version 7
	}
	// Peaks are the highest demands so far in the coarse step, NaN where there is none; before version 4.
	Peaks [foreshock.NumDimensions]float64
}

type olderMetric struct {
	Window struct {
		Bytes        []byte // from version 5
		Scale        quantile.Scale
		olderHistory              // of version 4
		Ring         olderHistory // before
	}
	Coarse    olderHistory
	Relearned time.Time
	Rarity    struct {
		surprise.Older
		Size [surprise.NumScales]struct{ Mean, Weight float32 } // before version 3
	}
}

// olderHistory is a history that was kept by itself: from version 3 on as a column is now, before as a ring.
type olderHistory struct {
	quantile.Histories
	Codes quantile.Codes
}

// values are the readings, oldest first, nil where there are none.
func (o *olderHistory) values(version uint) ([]float64, error) {
	var c checker
	switch {
	case o == nil || o.Capacity == 0:
	case o.Capacity > mostCodes:
		return nil, fmt.Errorf("capacity %d is above %d", o.Capacity, mostCodes)
	case version < 3:
		ring := quantile.Ring{Codes: o.Codes, Capacity: o.Capacity, Head: uint32(o.Head)}
		if c.valid("ring", ring.Valid()); c.err == nil {
			return ring.Values(nil), nil
		}
	default:
		const fine = quantile.Rough + 1
		o.Begun = 1 << fine
		if c.history("history", &o.Histories); c.err == nil {
			return o.Column(fine).Values(nil), nil
		}
	}
	return nil, c.err
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

// histories takes over the windows, and what was kept of coarse steps in a history for each.
func (o *older) histories(p *foreshock.Profile, version uint) error {
	var columns [quantile.Columns][]float64
	rows, capacity := 0, uint32(0)
	take := func(column int, h *olderHistory) error {
		values, err := h.values(version)
		if h != nil {
			columns[column], rows, capacity = values, max(rows, len(values)), max(capacity, h.Capacity)
		}
		return err
	}
	for m, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		old := o.Profile.Metrics[m]
		if err := old.window(&mp.Window, version); err != nil {
			return fmt.Errorf("window of %s: %w", foreshock.Metric(m), err)
		}
		if err := take(foreshock.MeansColumn+m, &old.Coarse); err != nil {
			return fmt.Errorf("coarse steps of %s: %w", foreshock.Metric(m), err)
		}
	}
	for _, d := range served { // there was none of others
		if err := take(foreshock.DemandColumn+int(d), o.Profile.Demand[d]); err != nil {
			return fmt.Errorf("demand of %s: %w", d, err)
		}
	}
	if err := take(foreshock.ScoresColumn, o.Profile.Anomaly); err != nil {
		return fmt.Errorf("anomaly scores: %w", err)
	}
	if capacity == 0 {
		return nil
	}
	p.History = quantile.NewHistories(int(capacity))
	for back := rows; back > 0; back-- { // all end together
		row := quantile.NoRow()
		for i, column := range columns {
			if back <= len(column) {
				row[i] = quantile.Encode(column[len(column)-back])
			}
		}
		p.History.Add(&row)
	}
	return nil
}

// coarse takes over what there was in the coarse step so far, which is with each metric now, and the rates that were served at most.
func (o *older) coarse(p *foreshock.Profile) {
	c := &o.Profile.Coarse
	if c.Steps > 0 {
		p.Highest = 1 + float32(c.Score)
	}
	for m, mp := range p.Metrics {
		if mp != nil {
			mp.Sum, mp.Count, mp.Peak = c.Sum[m], c.Count[m], none
		}
	}
	for _, d := range served {
		m, _ := d.Metric()
		mp := p.Metrics[m]
		switch {
		case mp == nil:
			continue
		case o.Peaks[d] > 0:
			mp.Peak = float32(o.Peaks[d])
		case c.Demand[d] > 0:
			mp.Peak = float32(quantile.Decode(c.Demand[d] - 1))
		}
		mp.Ceiling = o.Profile.Ceiling[d]
	}
}

// window makes w of what was read of it: its newest readings, as far as there is room.
func (o *olderMetric) window(w *quantile.Compact, version uint) error {
	old := &o.Window
	if n := len(old.Bytes); version >= 5 {
		*w = quantile.Compact{Scale: old.Scale, Size: uint8(min(n, quantile.MostReadings)), Next: uint8(old.Head)}
		if n > quantile.MostReadings && int(old.Head) < n {
			old.Bytes = slices.Concat(old.Bytes[old.Head:], old.Bytes[:old.Head])[n-quantile.MostReadings:]
			w.Next = 0
		}
		copy(w.Bytes[:], old.Bytes)
		return nil // whether it is valid is asked of all
	}
	h := &old.olderHistory
	if version < 4 {
		h, version = &old.Ring, 0
	}
	values, err := h.values(version)
	if err != nil || h.Capacity == 0 {
		return err
	}
	*w = quantile.NewCompact(int(min(h.Capacity, quantile.MostReadings)))
	for _, x := range values {
		w.Add(x)
	}
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
