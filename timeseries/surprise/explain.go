package surprise

import (
	"fmt"
	"math"
)

// Around gives the reading, in the metric's unit, to which a scale compares the one that was judged, and the distances below and
// above from which on the scale is surprised by so many decades: of a reading, of an average where the scale has one. It is for
// display, and slower than Judge.
func (m *Metric) Around(j *Judgement, s Scale, surprise float64) (expected, below, above float64) {
	level, longest := m.Levels[middle].Mean, m.Levels[slow].Mean
	reference := float64([NumScales]float32{
		Reading: level, Average6: level, Average24: longest,
		Chart6: m.Short[0], Chart30: m.Levels[quick].Mean, Chart600: longest, Change: m.Last,
	}[s])
	usual := m.usual(s, j.Spread)
	return float64(j.x) - (float64(j.y) - reference), usual * m.Tails[s][1].reach(surprise), usual * m.Tails[s][0].reach(surprise)
}

// Relative is the deviation of a scale in units of its usual ones, with sign.
func (m *Metric) Relative(j *Judgement, s Scale) float64 {
	d := j.Deviations[s]
	return math.Copysign(relative(math.Abs(d), m.usual(s, j.Spread)), d)
}

// reach is the least relative deviation that surprises by so many decades.
func (t *Tail) reach(surprise float64) float64 {
	least, most := 0.0, float64(buckets)
	for range 12 {
		if middle := (least + most) / 2; t.surprise(min(middle+marginBuckets, buckets-0.01)) < surprise {
			least = middle
		} else {
			most = middle
		}
	}
	return math.Exp2(most/perOctave - octavesBelow)
}

// Expect is what is expected of a reading at a time; ok is false before there was one.
func (m *Metric) Expect(second int64) (x float64, ok bool) {
	if m.Count == 0 {
		return 0, false
	}
	level := m.Level()
	if m.Season == none {
		return level, true
	}
	if here := m.season(int(m.Season)).mean(hours(second + mondays)[m.Season]); !math.IsNaN(float64(here)) {
		level += float64(here)
	}
	return level, true
}

// Valid returns an error that tells what is wrong with a metric read from outside.
func (m *Metric) Valid() error {
	for _, x := range append([]float32{m.Last, m.Held, m.WithSeason}, m.Short[:]...) {
		if !sane(x) {
			return fmt.Errorf("surprise: level %g", x)
		}
	}
	switch {
	case !(m.Step > 0) || math.IsInf(m.step(), 0):
		return fmt.Errorf("surprise: step %g is not above 0", m.Step)
	case m.Outside < -mostFormer:
		return fmt.Errorf("surprise: %d readings outside", m.Outside)
	case m.Season < none || int(m.Season) >= m.seasons():
		return fmt.Errorf("surprise: season %d is not there", m.Season)
	}
	for _, list := range [...][]mean{m.Levels[:], m.sizes(), {m.Spread, m.Height}} {
		for _, one := range list {
			if !one.valid() {
				return fmt.Errorf("surprise: mean %+v", one)
			}
		}
	}
	for i := range m.Tails {
		for k := range m.Tails[i] {
			if err := m.Tails[i][k].valid(); err != nil {
				return err
			}
		}
	}
	for i := range m.seasons() {
		if err := m.season(i).valid(); err != nil {
			return err
		}
	}
	return m.waitingValid()
}

// sizes are those of the scales with their weight.
func (m *Metric) sizes() (list []mean) {
	for _, size := range m.Sizes {
		list = append(list, mean{size, m.SizeWeight})
	}
	return list
}

func (m *Metric) waitingValid() error {
	for i := range uint32(wait) {
		if digits := m.Late.row(i); digits >= allPlaces {
			return fmt.Errorf("surprise: %d are no places", digits)
		}
	}
	for _, at := range m.Farthest {
		if at >= places {
			return fmt.Errorf("surprise: place %d is in no tail", at)
		}
	}
	return nil
}

// sane says whether x is what readings within the limit can make.
func sane(x float32) bool { return math.Abs(float64(x)) <= 4*Most }

func (m mean) valid() bool {
	return sane(m.Mean) && m.Weight >= 0 && m.Weight <= 1+1e-6
}

func (t *Tail) valid() error {
	sum := 0
	for _, n := range t.Counts {
		sum += int(countOf[n])
	}
	if sum != int(t.Total) || sum > 1.25*memory*unit {
		return fmt.Errorf("surprise: counts sum to %d, not %d", sum, t.Total)
	}
	return nil
}

func (s season) valid() error {
	if !s.Level.valid() || !s.Error.valid() || !sane(s.Raw) || s.Exponent < leastExponent || s.Exponent > mostExponent {
		return fmt.Errorf("surprise: season of %+v", *s.Season)
	}
	if int(s.Hour) > len(s.codes) {
		return fmt.Errorf("surprise: hour %d of %d", s.Hour, len(s.codes))
	}
	for _, x := range []float32{s.Here, s.Least, s.Most} {
		if x == x && !sane(x) { // NaN is unseen
			return fmt.Errorf("surprise: season of %g", x)
		}
	}
	return nil
}

// Valid returns an error that tells what is wrong with a row's state read from outside.
func (r *Row) Valid() error {
	d := &r.Daily
	if !(r.Lately >= 0 && r.Lately < 1e6) || d.Slot < 0 || d.Slot > slots || !(d.Peak >= 0 && d.Peak < 1e6) {
		return fmt.Errorf("surprise: row of %g, %g in slot %d", r.Lately, d.Peak, d.Slot)
	}
	sum, used := uint16(0), int8(0)
	for _, code := range d.Codes {
		if sum += uint16(code); code > 0 {
			used++
		}
	}
	if sum != d.CodeSum || used != d.Used {
		return fmt.Errorf("surprise: %d peaks sum to %d, not %d to %d", used, sum, d.Used, d.CodeSum)
	}
	return nil
}
