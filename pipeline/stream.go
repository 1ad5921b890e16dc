package pipeline

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Stream judges the rows of one workload with any number of metrics of unknown unit, one after the other: what it says of a row
// depends on the rows up to it. The rows are scored by timeseries/surprise; anomalies, severities and the threshold are led
// as those of a workload's steps. It is for files and for measurements; not safe for concurrent use.
type Stream struct {
	detector *detect.Detector
	cfg      profile.Config
	record   *surprise.Stream
	profile  *foreshock.Profile // of the stream as a whole; it has no metrics
	finding  foreshock.Finding
}

// Verdict is what a Stream says of a row.
type Verdict struct {
	// Score is 1.0 at the boundary of an anomaly. While one lasts, rows that are not much stranger than it was score a little below,
	// so that the rows at or above are those that someone should be told of.
	Score    float64
	Severity foreshock.Severity // of the anomaly that lasts
	Stage    foreshock.Stage
	Lead     int  // the column that leads
	Began    bool // an anomaly begins with this row
}

// AnomalyScore is the score on a scale from 0 to 1 on which 0.5 is the boundary: 1 - 2^-Score.
func (v *Verdict) AnomalyScore() float64 { return -math.Expm1(-math.Ln2 * max(0, v.Score)) }

// NewStream returns a stream of rows with so many metrics, read in steps of the given length, which must be above 0.
func NewStream(d *detect.Detector, cfg profile.Config, step time.Duration, metrics int) *Stream {
	s := &Stream{
		detector: d, cfg: cfg,
		record:  surprise.NewStream(step.Seconds(), metrics),
		profile: profile.New("stream", "file", step),
	}
	s.record.Patience = cfg.PersistSteps(step, foreshock.Trusted)
	return s
}

// Observe judges a row, which has a reading per metric, NaN where it is missing, and learns it. Rows come in the order in which they were
// made: where clocks are put back an hour comes twice, and a row of the second is judged as one of that time of day.
func (s *Stream) Observe(at time.Time, row []float64) Verdict {
	p, f := s.profile, &s.finding
	said := s.record.Observe(at.Unix(), row)
	if p.Steps > 0 && !at.After(p.Updated()) {
		at = p.Updated().Add(p.Length)
	}
	if p.Steps == 0 {
		p.CreatedAt = at.UnixNano()
	}
	p.Stage = profile.StageOf(p, at, &s.cfg)
	s.detector.Rate(f, p, said.Surprise)
	changes := s.detector.Track(p, f, &foreshock.Step{ID: p.ID, Time: at, Length: p.Length, Quality: foreshock.Fresh})
	p.Steps++
	p.UpdatedAt = at.UnixNano()
	v := Verdict{Severity: f.Severity, Stage: f.Stage, Lead: said.Lead}
	if f.Stage >= foreshock.Provisional {
		v.Score = s.detector.Scored(p, said.Alert)
	}
	for i := range changes.Anomalies {
		v.Began = v.Began || changes.Anomalies[i].Steps == 1 && changes.Anomalies[i].End.IsZero()
	}
	return v
}
