package surprise

// Older is what was kept of a metric in another form, in profiles before version 5. Deviations that waited were a bucket plus 1, below the level with
// a minus, and means of hours and all levels what they are, with a weight each.
type Older struct {
	Levels  [4]mean // of half-lives 6, 30, 150 and 600
	Average [2]mean
	Raw     mean // level of readings with their season
	Waiting [wait][NumScales]int8
	Pending [NumScales]int8
	Day     olderHours
	Week    *olderHours
	Records [2]struct { // logarithms, plus 800
		Top  [tops]float32
		Peak float32
	}

	// Before version 4:
	Tails   [NumScales][2]struct{ Counts []uint8 } // of 32 buckets that began two octaves lower
	Seasons [2]olderSeason                         // of a day and of a week
}

type olderHours struct {
	Table []float32
	Start int64 // when the first reading was made
}

type olderSeason struct {
	Season
	Base mean // what Raw is now
	olderHours
}

// lower is how many buckets tails began lower.
const lower = 2 * perOctave

// Take makes of the older form what today's has of it. From wide tails it takes those that began lower as well.
func (m *Metric) Take(o *Older, wide bool) {
	m.Short = [3]float32{o.Levels[0].Mean, o.Average[0].Mean, o.Average[1].Mean}
	m.WithSeason = o.Raw.Mean
	copy(m.Levels[:], o.Levels[1:])
	by := 0
	if wide {
		by = lower
		m.takeWide(o)
	}
	for i, row := range o.Waiting {
		var places [NumScales]Place
		for scale, at := range row {
			places[scale] = placeNow(at, by)
		}
		m.Late.put(uint32(i), places)
	}
	for scale, at := range o.Pending {
		m.Farthest[scale] = placeNow(at, by)
	}
	for i := range o.Records {
		for k, top := range o.Records[i].Top {
			m.Records[i].Greatest[k] = heightNow(top)
		}
		m.Records[i].Lasting = heightNow(o.Records[i].Peak)
	}
	m.season(0).take(&o.Day)
	if o.Week != nil {
		m.Week = &Week{Season: m.Week.Season}
		m.season(1).take(o.Week)
	}
}

// takeWide takes over the tails of before version 4, and the seasons, which had their place beside one another.
func (m *Metric) takeWide(o *Older) {
	for scale := range m.Tails {
		for below := range m.Tails[scale] {
			t := &m.Tails[scale][below]
			*t = Tail{}
			for i, code := range o.Tails[scale][below].Counts {
				t.add(bucketNow(i, lower), countOf[code], 1<<15)
			}
		}
	}
	day, week := &o.Seasons[0], &o.Seasons[1]
	m.Day, o.Day = day.Season, day.olderHours
	m.Day.Raw = day.Base.Mean
	if week.Table != nil {
		m.Week, o.Week = &Week{Season: week.Season}, &week.olderHours
		m.Week.Raw = week.Base.Mean
	}
}

// take takes over the means of the hours.
func (s season) take(o *olderHours) {
	s.Since = int32(o.Start / 3600)
	s.clear()
	for hour, mean := range o.Table[:min(len(o.Table), len(s.codes))] {
		s.put(hour, mean)
	}
}

// bucketNow is a bucket of today that has what was in one that began so many lower.
func bucketNow(bucket, lower int) int { return min(max(bucket-lower, 0), buckets-1) }

// placeNow is the place of what waited.
func placeNow(at int8, lower int) Place {
	switch {
	case at > 0:
		return placeOf(bucketNow(int(at)-1, lower), 0)
	case at < 0:
		return placeOf(bucketNow(int(-at)-1, lower), 1)
	}
	return 0
}

// heightNow is the height of an excursion.
func heightNow(top float32) uint16 {
	if top > 0 {
		return heightOf(float64(top) - 800)
	}
	return 0
}
