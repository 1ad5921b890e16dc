package surprise

import "math"

const (
	// Hold is how many readings a surprise is remembered for: another within them must surpass it by holdRatio to count in full.
	Hold      = 200
	holdRatio = 1.4
	holdLeast = 1.0
	heldShare = 0.8
	heldMost  = 1.4
)

// Stream is what is remembered of several metrics that are read together, in rows. Make one with NewStream.
type Stream struct {
	Metrics  []Metric
	Still    []Still // of each metric
	Row      Row
	Held     float64 // the surprise that others must surpass
	Left     int32   // for so many rows
	Patience int32   // see Metric.Learn
}

// NewStream returns what is remembered of so many metrics that are read every step seconds. It panics as NewMetric does, and when metrics is negative.
func NewStream(step float64, metrics int) *Stream {
	s := &Stream{Metrics: make([]Metric, metrics), Still: make([]Still, metrics), Patience: Patience(step)}
	for i := range s.Metrics {
		s.Metrics[i] = NewMetric(step)
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

// Observe judges a row, which has a reading per metric, NaN where it is missing, by the rows before, and then learns it. Second is Unix time. Of a row
// that is too short the last metrics are missing, of one that is too long the rest is not looked at; of one without a reading there is no surprise.
func (s *Stream) Observe(second int64, row []float64) (v Verdict) {
	var j Judgement
	sum, n := 0.0, 0.0
	for i := range s.Metrics {
		s.Metrics[i].Touch()
	}
	for i := range s.Metrics {
		if i >= len(row) {
			break
		}
		m := &s.Metrics[i]
		if !m.Judge(&j, second, row[i]) {
			continue
		}
		if still := s.Still[i].judge(row[i], s.Patience); still > 0 && j.Ready && !m.isNothing(j.x) { // runs of nothing are told of by themselves
			j.Record, j.Outside = max(j.Record, still), true
			j.Surprise = math.Sqrt(math.Sqrt(fourth(j.Surprise) + fourth(still)/float64(NumScales)))
		}
		s.Still[i].learn(row[i])
		m.Learn(&j, Handling{j.Outside, s.Patience, EventWeight})
		if sum += j.Surprise; n == 0 || j.Surprise > v.Judgement.Surprise {
			v.Lead, v.Judgement = i, j
		}
		n++
	}
	if n == 0 {
		return v
	}
	v.Surprise = s.Row.Judge(second, sum/n)
	s.Row.Learn(second, sum/n)
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
