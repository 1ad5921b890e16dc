package surprise

// Older is what was kept of a metric in another form, in profiles before version 4.
type Older struct {
	// Tails had 32 buckets that began two octaves lower.
	Tails   [NumScales][2]struct{ Counts []uint8 }
	Waiting [wait][NumScales]int8
	Pending [NumScales]int8
	Seasons [2]struct { // of a day and of a week
		Season
		Base mean
	}
}

// lower is how many buckets tails began lower.
const lower = 2 * perOctave

// Renewed is a bucket of today that has what was in one of them.
func renewed(bucket int) int { return min(max(bucket-lower, 0), buckets-1) }

// Take makes of the older form what today's has of it.
func (m *Metric) Take(o *Older) {
	for scale := range m.Tails {
		for below := range m.Tails[scale] {
			t := &m.Tails[scale][below]
			*t = Tail{}
			for i, code := range o.Tails[scale][below].Counts {
				t.add(renewed(i), countOf[code], 1<<15)
			}
		}
	}
	for i := range o.Waiting {
		for scale, at := range o.Waiting[i] {
			m.Waiting[i][scale] = replaced(at)
		}
	}
	for scale, at := range o.Pending {
		m.Pending[scale] = replaced(at)
	}
	for i := range o.Seasons {
		o.Seasons[i].Raw = o.Seasons[i].Base.Mean
	}
	m.Day = o.Seasons[0].Season
	if week := o.Seasons[1].Season; week.Table != nil {
		m.Week = &week
	}
}

// replaced is a place in the tails, as in Metric.Waiting, among the buckets of today.
func replaced(at int8) int8 {
	switch {
	case at > 0:
		return int8(renewed(int(at)-1) + 1)
	case at < 0:
		return -int8(renewed(int(-at)-1) + 1)
	}
	return 0
}
