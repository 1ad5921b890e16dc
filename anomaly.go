package foreshock

import "time"

// Part is what one method says of one metric in one step.
type Part struct {
	Method    string  `json:"method"`
	Metric    Metric  `json:"metric"`
	Ready     bool    `json:"ready"`     // the method has enough history
	Deviation float64 `json:"deviation"` // with sign, in the method's own spreads
	Score     float64 `json:"score"`     // calibrated; 1.0 is the boundary
	Weight    float64 `json:"weight"`
	Expected  float64 `json:"expected"` // in the metric's unit, like the bounds
	Lower     float64 `json:"lower"`
	Upper     float64 `json:"upper"`
}

// Finding is the verdict of detection on one step.
type Finding struct {
	Score     float64  // worst metric's weighted mean; 1.0 is the boundary
	Threshold float64  // where this workload's boundary stands
	Severity  Severity // from score over threshold and from how long it lasts
	Lead      Metric   // the metric that leads
	Stage     Stage
	// Scores of each metric, 0 where there is none.
	Scores [NumMetrics]float64
	// Parts holds, per metric, each method's part, in the detector's order. Only the first Methods of each count.
	Parts   [NumMetrics][MaxMethods]Part
	Methods int
}

// Anomaly is a run of steps that are not normal.
type Anomaly struct {
	ID        string    `json:"id"`
	Workload  ID        `json:"workload"`
	Start     time.Time `json:"start"`
	Time      time.Time `json:"time"` // of the latest step
	End       time.Time `json:"end,omitzero"`
	Severity  Severity  `json:"severity"` // now
	Worst     Severity  `json:"worst"`    // so far
	Score     float64   `json:"score"`    // now
	Peak      float64   `json:"peak"`     // so far
	Threshold float64   `json:"threshold"`
	Metric    Metric    `json:"metric"` // that led
	Observed  float64   `json:"observed"`
	Expected  float64   `json:"expected"`
	Lower     float64   `json:"lower"`
	Upper     float64   `json:"upper"`
	Parts     []Part    `json:"parts"`
	Stage     Stage     `json:"stage"`
	Text      string    `json:"text"` // one sentence for people
}
