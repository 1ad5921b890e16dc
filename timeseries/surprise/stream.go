package surprise

import "math"

const (
	// A row counts for as much as the average surprise of the last rows, this one included, confirms: confirm is that average's share,
	// and lately the weight of the newest row in it.
	lately, confirm = 0.3, 0.3

	slots    = 96 // of a day, 15 minutes each
	slotGain = 0.3
	// slotShare of what is usual there is taken from a surprise.
	slotShare = 0.7

	// Hold is how many readings a surprise is remembered for: another within them must surpass it by holdRatio to count in full.
	Hold      = 200
	holdRatio = 1.4
	holdLeast = 1.0
	heldShare = 0.8
	heldMost  = 1.4
)

// Stream is what is remembered of several metrics that are read together, in rows. Make one with NewStream.
type Stream struct {
	Metrics []Metric
	Lately  float64 // the average surprise of the last few rows
	Daily   Daily
	Held    float64 // the surprise that others must surpass
	Left    int32   // for so many rows
}

// NewStream returns what is remembered of so many metrics that are read every step seconds. It panics when step is not above 0.
func NewStream(step float64, metrics int) *Stream {
	s := &Stream{Metrics: make([]Metric, metrics)}
	for i := range s.Metrics {
		s.Metrics[i] = NewMetric(step, true)
	}
	return s
}

// Verdict is what is said of a row.
type Verdict struct {
	Surprise float64 // of the row, in decades
	Alert    float64 // the same where the row is new; less where it goes on with what was surprising lately
	Lead     int     // the metric that is most surprising
	Judgement
}

// Observe judges a row, which has a reading per metric, NaN where it is missing, by the rows before, and then learns it.
func (s *Stream) Observe(second int64, row []float64) (v Verdict) {
	sum, n := 0.0, 0.0
	for i := range s.Metrics {
		if i >= len(row) || math.IsNaN(row[i]) || math.IsInf(row[i], 0) {
			continue
		}
		j := s.Metrics[i].Observe(second, row[i])
		if sum += j.Surprise; n == 0 || j.Surprise > v.Judgement.Surprise {
			v.Lead, v.Judgement = i, j
		}
		n++
	}
	if n == 0 {
		return v
	}
	s.Lately += lately * (sum/n - s.Lately)
	confirmed := (1-confirm)*sum/n + confirm*s.Lately
	v.Surprise = s.Daily.Observe(second, confirmed)
	v.Alert = s.hold(v.Surprise)
	return v
}

// hold gives a surprise in full when it surpasses those of the last Hold rows.
func (s *Stream) hold(v float64) float64 {
	if s.Left--; s.Left < 0 {
		s.Held, s.Left = 0, 0
	}
	if v <= holdLeast {
		return v
	}
	if v <= s.Held*holdRatio {
		return heldShare * min(v, heldMost)
	}
	s.Held, s.Left = v, Hold
	return v
}

// Daily is the highest surprise in each quarter of an hour of the day, averaged over the days: what comes back every day is expected.
type Daily struct {
	Usual [slots]float32
	Days  [slots]uint8
	Sum   float64 // of Usual
	Used  int32   // slots with a day
	Slot  int8    // being filled, from 1; 0 before the first
	Peak  float32 // in it so far
}

// Observe takes from a surprise what is usual at this time of day beyond the day's mean, and learns it.
func (d *Daily) Observe(second int64, surprise float64) float64 {
	slot := int(((second/(day/slots))%slots + slots) % slots)
	if int(d.Slot) != slot+1 {
		d.close()
		d.Slot, d.Peak = int8(slot+1), 0
	}
	d.Peak = max(d.Peak, float32(surprise))
	if d.Used == 0 {
		return surprise
	}
	usual := max(d.Usual[slot], d.Usual[(slot+1)%slots], d.Usual[(slot+slots-1)%slots])
	return max(0.01*surprise, surprise-slotShare*max(0, float64(usual)-d.Sum/float64(d.Used)))
}

func (d *Daily) close() {
	if d.Slot == 0 {
		return
	}
	i := d.Slot - 1
	if d.Days[i] == 0 {
		d.Used++
	}
	gain := max(slotGain, 1/float32(d.Days[i]+3))
	by := gain * (d.Peak - d.Usual[i])
	d.Usual[i] += by
	d.Sum += float64(by)
	d.Days[i] = min(d.Days[i]+1, 200)
}
