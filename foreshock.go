// Package foreshock holds the words that the stages of the program speak: plain data, no behaviour beyond
// reading and writing it. A type lives here when it passes between two stages; else it lives with its stage.
//
// Units are in the type or in the name: seconds, bytes, operations. What is absent is absent, never zero:
// see [Values] and [Allocation].
package foreshock

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"path"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// ID is a primary identifier: it names a workload (a volume, a database, a VM, a service), for example
// "disk/vda". It is at most [MaxID] bytes.
type ID string

// MaxID is the longest ID in bytes.
const MaxID = 512

// Check says what is wrong with an ID, or nothing.
func (id ID) Check() error {
	switch {
	case id == "":
		return fmt.Errorf("workload id is empty")
	case len(id) > MaxID:
		return fmt.Errorf("workload id is %d bytes long; at most %d are allowed", len(id), MaxID)
	case strings.ContainsFunc(string(id), func(r rune) bool { return unicode.IsControl(r) || r == '\uFFFD' }):
		return fmt.Errorf("workload id %q has a control character or is not UTF-8", string(id))
	}
	return nil
}

// Path gives an ID as the rest of an address. Its slashes stay where everybody takes the address as it stands; "a//b" and "a/../b" would be
// made shorter on the way.
func (id ID) Path() string {
	switch s := string(id); {
	case s == "." || s == "..":
		return strings.ReplaceAll(s, ".", "%2E")
	case strings.TrimSuffix(path.Clean("/"+s), "/") != strings.TrimSuffix("/"+s, "/"):
		return url.PathEscape(s)
	default:
		return strings.ReplaceAll(url.PathEscape(s), "%2F", "/")
	}
}

// Metric is one of the four readings of a workload that are profiled and scored.
type Metric uint8

// The metrics and their units.
const (
	Latency    Metric = iota // seconds per request
	Throughput               // bytes per second
	IOPS                     // requests per second
	QueueDepth               // requests waiting or in service
	NumMetrics = 4
)

var metricNames = [NumMetrics]string{"latency_seconds", "throughput_bps", "iops", "queue_depth"}

func (m Metric) String() string {
	if int(m) < len(metricNames) {
		return metricNames[m]
	}
	return fmt.Sprintf("metric(%d)", uint8(m))
}

// MarshalText writes the metric's name.
func (m Metric) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a metric's name.
func (m *Metric) UnmarshalText(text []byte) error {
	i, err := lookup("metric", metricNames[:], string(text))
	*m = Metric(i)
	return err
}

// Dimension is something of a workload's capacity that can be scaled.
type Dimension uint8

// The dimensions and their units.
const (
	DimIOPS       Dimension = iota // requests per second
	DimThroughput                  // bytes per second
	DimSize                        // bytes
	DimVCPU                        // processors
	DimMemory                      // bytes
	DimReplicas                    // count
	NumDimensions = 6
)

var dimensionNames = [NumDimensions]string{"iops", "throughput", "size", "vcpu", "memory", "replicas"}

func (d Dimension) String() string {
	if int(d) < len(dimensionNames) {
		return dimensionNames[d]
	}
	return fmt.Sprintf("dimension(%d)", uint8(d))
}

// MarshalText writes the dimension's name.
func (d Dimension) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a dimension's name.
func (d *Dimension) UnmarshalText(text []byte) error {
	i, err := lookup("dimension", dimensionNames[:], string(text))
	*d = Dimension(i)
	return err
}

// Metric is the metric that shows the use of d, if one does.
func (d Dimension) Metric() (Metric, bool) {
	switch d {
	case DimIOPS:
		return IOPS, true
	case DimThroughput:
		return Throughput, true
	}
	return 0, false
}

func lookup(kind string, names []string, name string) (int, error) {
	for i, n := range names {
		if n == name {
			return i, nil
		}
	}
	return 0, NoSuch(kind, name, names)
}

// Values holds a reading of each metric that was read. The zero value holds none.
type Values struct {
	v   [NumMetrics]float64
	has uint8
}

// Get gives the reading of m and whether there is one.
func (v *Values) Get(m Metric) (float64, bool) { return v.v[m], v.has&(1<<m) != 0 }

// Reading gives the reading of m, and whether it counts: a latency of a step without requests says nothing, and what is negative or not
// finite is no reading.
func (v *Values) Reading(m Metric) (float64, bool) {
	x, ok := v.Get(m)
	return x, ok && x >= 0 && x <= quantile.MaxValue && !(m == Latency && v.idle(x))
}

// idleIOPS is the rate below which the latency of a step says nothing.
const idleIOPS = 0.5

// idle says whether a latency is of a step without requests.
func (v *Values) idle(latency float64) bool {
	iops, known := v.Get(IOPS)
	return known && iops < idleIOPS || latency == 0
}

// Has says whether there is a reading of m.
func (v *Values) Has(m Metric) bool { return v.has&(1<<m) != 0 }

// Set puts a reading of m in; a NaN takes it out.
func (v *Values) Set(m Metric, x float64) {
	if math.IsNaN(x) {
		v.v[m], v.has = 0, v.has&^(1<<m)
		return
	}
	v.v[m], v.has = x, v.has|1<<m
}

// Empty says whether nothing was read.
func (v *Values) Empty() bool { return v.has == 0 }

// MarshalJSON writes the metrics that there are, in their fixed order.
func (v Values) MarshalJSON() ([]byte, error) {
	return marshalPresent(metricNames[:], v.v[:], v.has)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Values) UnmarshalJSON(data []byte) error {
	has, err := unmarshalPresent("metric", metricNames[:], v.v[:], data)
	v.has = has
	return err
}

// Allocation is how much of each dimension there is, or is wanted. The zero value says nothing about any.
type Allocation struct {
	v   [NumDimensions]float64
	has uint8
}

// Get gives the amount of d and whether it is known.
func (a *Allocation) Get(d Dimension) (float64, bool) { return a.v[d], a.has&(1<<d) != 0 }

// Has says whether the amount of d is known.
func (a *Allocation) Has(d Dimension) bool { return a.has&(1<<d) != 0 }

// Set states the amount of d; a NaN makes it unknown.
func (a *Allocation) Set(d Dimension, x float64) {
	if math.IsNaN(x) {
		a.v[d], a.has = 0, a.has&^(1<<d)
		return
	}
	a.v[d], a.has = x, a.has|1<<d
}

// Empty says whether nothing is known.
func (a *Allocation) Empty() bool { return a.has == 0 }

// Dimensions lists the dimensions that are known.
func (a *Allocation) Dimensions() []Dimension {
	var list []Dimension
	for d := range Dimension(NumDimensions) {
		if a.Has(d) {
			list = append(list, d)
		}
	}
	return list
}

// Over gives b laid over a: b's amounts where it has them, else a's.
func (a Allocation) Over(b Allocation) Allocation {
	for d := range Dimension(NumDimensions) {
		if x, ok := b.Get(d); ok {
			a.Set(d, x)
		}
	}
	return a
}

// Covers says whether a has, within a relative 1e-6, every amount that b states.
func (a Allocation) Covers(b Allocation) bool {
	for d := range Dimension(NumDimensions) {
		want, stated := b.Get(d)
		have, known := a.Get(d)
		if stated && (!known || math.Abs(have-want) > 1e-6*math.Max(1, math.Abs(want))) {
			return false
		}
	}
	return true
}

func (a Allocation) String() string {
	var parts []string
	for d := range Dimension(NumDimensions) {
		if x, ok := a.Get(d); ok {
			parts = append(parts, fmt.Sprintf("%s=%g", d, x))
		}
	}
	if parts == nil {
		return "unknown"
	}
	return strings.Join(parts, " ")
}

// MarshalJSON writes the dimensions that are known, in their fixed order.
func (a Allocation) MarshalJSON() ([]byte, error) {
	return marshalPresent(dimensionNames[:], a.v[:], a.has)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Allocation) UnmarshalJSON(data []byte) error {
	has, err := unmarshalPresent("dimension", dimensionNames[:], a.v[:], data)
	a.has = has
	return err
}

func marshalPresent(names []string, values []float64, has uint8) ([]byte, error) {
	b := []byte{'{'}
	for i, name := range names {
		if has&(1<<i) == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		x, err := json.Marshal(values[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b = append(append(append(append(b, '"'), name...), '"', ':'), x...)
	}
	return append(b, '}'), nil
}

func unmarshalPresent(kind string, names []string, values []float64, data []byte) (uint8, error) {
	var m map[string]float64
	if err := json.Unmarshal(data, &m); err != nil {
		return 0, err
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var has uint8
	for _, k := range keys {
		i, err := lookup(kind, names, k)
		if err != nil {
			return 0, err
		}
		values[i], has = m[k], has|1<<i
	}
	return has, nil
}

// Step is one regular reading of a workload, folded from what its source read between Time-Length and Time.
type Step struct {
	ID     ID            `json:"id"`
	Time   time.Time     `json:"time"` // the end of the step
	Length time.Duration `json:"length_ns"`
	Values Values        `json:"values"`
	// Percentiles of the latency in seconds, where the source sees single requests; else zero.
	LatencyP50 float64 `json:"latency_p50_seconds,omitempty"`
	LatencyP95 float64 `json:"latency_p95_seconds,omitempty"`
	LatencyP99 float64 `json:"latency_p99_seconds,omitempty"`
	// Pressure is the share of time (0-1) in which something waited for I/O (PSI "some"), where known; else zero.
	Pressure  float64    `json:"pressure,omitempty"`
	Allocated Allocation `json:"allocated"` // as the source read it at that time
	Quality   Quality    `json:"quality"`
}

// Quality is what a workload's data are worth at a time. Anything but Fresh forbids every reduction.
type Quality uint8

// The qualities of data.
const (
	Absent      Quality = iota // nothing was ever read
	Fresh                      // the last step is complete and in time
	Late                       // the last step has not come in time
	Stale                      // nothing has come for several steps
	Implausible                // what came contradicts itself (Little's law)
	numQualities
)

var qualityNames = [numQualities]string{"absent", "fresh", "late", "stale", "implausible"}

func (q Quality) String() string { return nameOf(qualityNames[:], int(q)) }

// MarshalText writes the quality's name.
func (q Quality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads a quality's name.
func (q *Quality) UnmarshalText(text []byte) error {
	i, err := lookup("quality", qualityNames[:], string(text))
	*q = Quality(i)
	return err
}

// Stage is how far a workload's profile may be trusted. Each stage limits what may be done.
type Stage uint8

// The stages of trust.
const (
	NoData      Stage = iota // nothing is known
	Learning                 // too little is known to score
	Provisional              // scored, but no severity above low, and nothing acts
	Trusted                  // enough is known to act
	numStages
)

var stageNames = [numStages]string{"no data", "learning", "provisional", "trusted"}

func (s Stage) String() string { return nameOf(stageNames[:], int(s)) }

// MarshalText writes the stage's name.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a stage's name.
func (s *Stage) UnmarshalText(text []byte) error {
	i, err := lookup("stage", stageNames[:], string(text))
	*s = Stage(i)
	return err
}

// Severity is how soon to look.
type Severity uint8

// The severities.
const (
	None Severity = iota
	Low
	Medium
	High
	numSeverities
)

var severityNames = [numSeverities]string{"none", "low", "medium", "high"}

func (s Severity) String() string { return nameOf(severityNames[:], int(s)) }

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a severity's name.
func (s *Severity) UnmarshalText(text []byte) error {
	i, err := lookup("severity", severityNames[:], string(text))
	*s = Severity(i)
	return err
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// mostOutside is how many characters of a text from outside are kept.
const mostOutside = 300

// OneLine is text from outside as it may stand in logs, errors and pages: one line of valid UTF-8, of a bounded length.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > mostOutside {
		s = string(r[:mostOutside]) + "…"
	}
	return strings.TrimSpace(s)
}
