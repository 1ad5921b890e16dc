package pipeline

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/profile"
)

// Stream judges the rows of one workload with any number of metrics of unknown unit, one after the other, by the code that judges a
// workload's steps: what it says of a row depends on the rows up to it. It is for files and for measurements; not safe for
// concurrent use.
type Stream struct {
	detector *detect.Detector
	cfg      profile.Config
	columns  []column
}

type column struct {
	profile *foreshock.Profile
	finding foreshock.Finding
}

// Verdict is what a Stream says of a row.
type Verdict struct {
	Score    float64 // 1.0 is the boundary of an anomaly
	Severity foreshock.Severity
	Stage    foreshock.Stage
	Lead     int  // the column that leads
	Began    bool // an anomaly begins with this row
}

// AnomalyScore is the score on a scale from 0 to 1 on which 0.5 is the boundary: 1 - 2^-Score.
func (v *Verdict) AnomalyScore() float64 { return -math.Expm1(-math.Ln2 * max(0, v.Score)) }

// NewStream returns a stream of rows with so many metrics, read in steps of the given length, which must be above 0.
func NewStream(d *detect.Detector, cfg profile.Config, step time.Duration, metrics int) *Stream {
	s := &Stream{detector: d, cfg: cfg, columns: make([]column, metrics)}
	for i := range s.columns {
		s.columns[i].profile = profile.New("stream", "file", step)
	}
	return s
}

// Observe judges a row, which has a reading per metric, NaN where it is missing, and learns it. Rows come in order of time: one
// that is not later than the last is judged as nothing.
func (s *Stream) Observe(at time.Time, row []float64) Verdict {
	var v Verdict
	for i := range s.columns {
		c := &s.columns[i]
		if !at.After(c.profile.Updated) || i >= len(row) {
			continue
		}
		step := foreshock.Step{ID: c.profile.ID, Time: at, Length: c.profile.Length, Quality: foreshock.Fresh}
		step.Values.Set(foreshock.IOPS, row[i])
		s.detector.Score(&c.finding, c.profile, step)
		changes := s.detector.Track(c.profile, &c.finding, step)
		s.detector.Record(c.profile, &c.finding)
		profile.Learn(c.profile, step, &c.finding, foreshock.Allocation{}, &s.cfg)
		if profile.SeasonDue(c.profile, foreshock.IOPS, at, &s.cfg) {
			if season, err := profile.FindSeason(profile.SeasonInput(c.profile, foreshock.IOPS, &s.cfg)); err == nil {
				profile.SetSeason(c.profile, foreshock.IOPS, season)
			}
		}
		if score := c.finding.Score / c.finding.Threshold; i == 0 || score > v.Score {
			v.Score, v.Lead = score, i
		}
		v.Severity, v.Stage = max(v.Severity, c.finding.Severity), max(v.Stage, c.finding.Stage)
		for _, a := range changes.Anomalies {
			v.Began = v.Began || a.Steps == 1 && a.End.IsZero()
		}
	}
	return v
}
