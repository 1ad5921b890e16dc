package foreshock

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Part is what one method says of one metric in one step.
type Part struct {
	Method    string  `json:"method"`
	Metric    Metric  `json:"metric"`
	Ready     bool    `json:"ready"`     // the method has enough history
	Deviation float64 `json:"deviation"` // with sign, in usual deviations of the scale on which it is strangest
	Score     float64 `json:"score"`     // calibrated; 1.0 is the boundary
	Weight    float64 `json:"weight"`
	// In the metric's unit what is expected and the bounds beyond which the method's score is above the threshold; stated
	// only for metrics that are at their boundary or beyond.
	Expected float64 `json:"expected"`
	Lower    float64 `json:"lower"`
	Upper    float64 `json:"upper"`
}

// Finding is the verdict of detection on one step. It is large: keep one and hand out its address.
type Finding struct {
	Score     float64  // worst metric's weighted mean; 1.0 is the boundary
	Threshold float64  // where this workload's boundary stands
	Severity  Severity // from score over threshold and from how long it lasts
	Lead      Metric   // the metric that leads
	Stage     Stage
	// Scores of each metric, 0 where there is none: only what is worse counts.
	Scores [NumMetrics]float64
	// Distance is each metric's weighted mean before it is asked whether the change is for the worse: with the sign of the
	// change, 1.0 at the boundary.
	Distance [NumMetrics]float64
	// Expected of each metric, in its unit, and the readings beyond which it is surprising; valid where Judged, the bounds where
	// the metric leads beyond the threshold or an explanation was asked for.
	Expected, Lower, Upper [NumMetrics]float64
	Judged                 [NumMetrics]bool // the step has a reading, and enough is known to judge it

	Read     [NumMetrics]bool               // the step has a reading of a metric that is known, which is said in
	Rarity   [NumMetrics]surprise.Judgement // what is to be learned of it
	Surprise float64                        // of the step, in decades, before what is usual at its time of day is taken from it

	// Parts holds each method's part of the metric that leads, and of every metric where an explanation was asked for, in the detector's order. Only the first
	// Methods of each count.
	Parts   [NumMetrics][MaxMethods]Part
	Methods int
}

// Anomaly is a run of steps that are not normal.
type Anomaly struct {
	ID        string    `json:"id"`
	Workload  ID        `json:"workload"`
	Start     time.Time `json:"start"`
	Time      time.Time `json:"time"`         // end of the latest step that was not normal
	End       time.Time `json:"end,omitzero"` // zero while it lasts
	Steps     int       `json:"steps"`        // that were not normal
	Severity  Severity  `json:"severity"`     // now
	Worst     Severity  `json:"worst"`        // so far
	Score     float64   `json:"score"`        // now
	Peak      float64   `json:"peak"`         // so far
	Threshold float64   `json:"threshold"`
	// At the peak: the metric that led, what was read and what was expected.
	Metric   Metric  `json:"metric"`
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	Lower    float64 `json:"lower"`
	Upper    float64 `json:"upper"`
	Parts    []Part  `json:"parts"`
	First    *Metric `json:"first,omitempty"` // the metric that led when it began, where that is another
	Stage    Stage   `json:"stage"`
	Text     string  `json:"text"` // one sentence for people
	// Incident is what the anomaly is a part of, nil while it stands alone.
	Incident *Incident `json:"incident,omitempty"`
}

// Compared is what was read beside what was expected, for example "15.90 ms, expected 300 µs (100 µs to 500 µs)". A reading that is within its bounds
// is no anomaly alone: what several steps had is, and that is said. So is a rise or a fall over several steps that is
// what is unusual while the last of them is on the other side of what was expected.
func (a *Anomaly) Compared() string {
	format := func(x float64) string { return FormatMetric(a.Metric, x) }
	bounds := format(a.Lower) + " to " + format(a.Upper)
	within, lately := a.Observed >= a.Lower && a.Observed <= a.Upper, ""
	switch side := a.side(); {
	case side > 0 && a.Observed < a.Expected:
		lately = "a rise over several steps"
	case side < 0 && a.Observed > a.Expected:
		lately = "a fall over several steps"
	}
	switch {
	case lately != "" && within:
		bounds += ", but what is unusual is " + lately
	case lately != "":
		bounds += "; more unusual is " + lately
	case within:
		bounds += ", which one step may have and not several"
	}
	return fmt.Sprintf("%s, expected %s (%s)", format(a.Observed), format(a.Expected), bounds)
}

// side is above 0 when what the most surprised method compared at the peak rose, below 0 when it fell.
func (a *Anomaly) side() (deviation float64) {
	most := 0.0
	for i := range a.Parts {
		if p := &a.Parts[i]; p.Ready && p.Score > most {
			most, deviation = p.Score, p.Deviation
		}
	}
	return deviation
}

// Incident is anomalies of several workloads that began together, where one cause is likelier than several. It is not changed once it is
// handed out.
type Incident struct {
	ID        string `json:"id"`        // the same in each of its anomalies
	Cause     string `json:"cause"`     // what the workloads share
	Workloads []ID   `json:"workloads"` // the first MaxIncidentNames, in order of beginning
	Count     int    `json:"count"`     // of all that take part,
	Of        int    `json:"of"`        // among those that share it
}

// MaxIncidentNames bounds the workloads that an Incident names.
const MaxIncidentNames = 16

// Text is for example "4 of 8 workloads of node1 go together, node1/sda first: a shared cause".
func (i *Incident) Text() string {
	return fmt.Sprintf("%d of %d workloads of %s go together, %s first: a shared cause", i.Count, i.Of, i.Cause, i.Workloads[0])
}
