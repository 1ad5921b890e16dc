package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Protocol is the version of the line protocol: JSON objects, one per line, from a simulator to a controller and back.
const Protocol = 1

// Message is a line to a controller. What a line does not state is nil, or 0 where that says nothing. Whole numbers may be written as others are: 60.0.
type Message struct {
	Type        string   `json:"type"` // hello, sample, action_result, bye
	ID          string   `json:"id"`
	Time        *float64 `json:"t"` // Unix seconds, whole
	Protocol    float64  `json:"protocol"`
	StepSeconds float64  `json:"step_s"`
	Unit        string   `json:"unit"`
	Missing     bool     `json:"missing"`
	Provisioned *float64 `json:"provisioned"`
	Effective   *float64 `json:"effective"`
	NextAction  *float64 `json:"next_action_t"`
	Latency     *float64 `json:"latency_ms"`
	Throughput  *float64 `json:"throughput_bps"`
	IOPS        *float64 `json:"iops"`
	QueueDepth  *float64 `json:"queue_depth"`
	Provider    *struct {
		Name     string  `json:"name"`
		Quantum  float64 `json:"quantum"`
		Min      float64 `json:"min"`
		Max      float64 `json:"max"`
		Delay    float64 `json:"apply_delay_s"`
		Cooldown float64 `json:"cooldown_s"`
	} `json:"provider"`
	SLO struct {
		Latency     float64 `json:"latency_ms"`
		Idle        float64 `json:"base_latency_ms"`
		Utilisation float64 `json:"max_utilisation"`
	} `json:"slo"`
	Objective struct {
		LateWeight float64 `json:"late_weight"`
	} `json:"objective"`
}

// Parse reads a line. NaN and Infinity, which JSON has not and Python writes, say that nothing was measured, as null does.
func (m *Message) Parse(line []byte) error {
	*m = Message{}
	err := json.Unmarshal(line, m)
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) && bytes.ContainsAny(line, "NI") {
		*m = Message{}
		err = json.Unmarshal(noNumber.ReplaceAllFunc(line, func(found []byte) []byte {
			if found[0] == '"' {
				return found
			}
			return []byte("null")
		}), m)
	}
	kind := new(json.UnmarshalTypeError)
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s: %s stands where %s is expected", kind.Field, kind.Value, wanted(kind.Type))
	case err != nil:
		return fmt.Errorf("%w; one JSON object per line is expected", err)
	case m.Type == "":
		return fmt.Errorf("the object has no type; there is: hello, sample, action_result, bye")
	}
	return nil
}

// noNumber finds them, and text, in which they are text.
var noNumber = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b`)

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64:
		return "a number below 1e308"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	}
	return "an object"
}

const (
	lastSecond  = 253402300799 // of the year 9999; times in milliseconds are beyond it
	longestRule = 366 * 86400  // seconds that a delay or a cooldown may take
)

// Volume is what a hello tells. Where it states no utilisation, that is the one at which an M/M/1 queue meets the objective.
func (m *Message) Volume() (Volume, error) {
	v := Volume{
		ID: foreshock.ID(m.ID), Step: seconds(m.StepSeconds), MaxLatency: seconds(m.SLO.Latency / 1000),
		Utilisation: m.SLO.Utilisation, LateWeight: m.Objective.LateWeight,
	}
	o, p := m.SLO, m.Provider
	wrong := func(format string, args ...any) (Volume, error) { return v, fmt.Errorf("hello: "+format, args...) }
	switch {
	case m.Protocol != Protocol:
		return wrong("protocol %g is not known; there is: %d", m.Protocol, Protocol)
	case m.Time == nil || !second(*m.Time) || !(m.StepSeconds >= 1) || m.StepSeconds > 86400 || m.StepSeconds != math.Trunc(m.StepSeconds):
		return wrong("t, in whole Unix seconds from 1970 to the year 9999, and step_s, whole and between 1 and 86400, are needed")
	case m.Unit != "" && m.Unit != "iops":
		return wrong("capacity in %q cannot be simulated; there is: iops", m.Unit)
	case p == nil || !(p.Max > 0) || !(p.Min >= 0) || p.Min > p.Max || p.Quantum < 0:
		return wrong("a provider with 0 <= min <= max, above 0, and a quantum of at least 0 is needed")
	case !(p.Delay >= 0) || p.Delay > longestRule || !(p.Cooldown >= 0) || p.Cooldown > longestRule:
		return wrong("provider: apply_delay_s %g and cooldown_s %g must be between 0 and %d, a year", p.Delay, p.Cooldown, longestRule)
	case m.Provisioned == nil || !(*m.Provisioned > 0):
		return wrong("provisioned, above 0, is needed")
	case !(o.Latency >= 0) || o.Latency > 1e9 || o.Latency > 0 && o.Latency <= o.Idle:
		return wrong("slo.latency_ms is %g; it must be above base_latency_ms, %g, which an idle volume takes, and at most 1e9", o.Latency, o.Idle)
	case !(o.Utilisation >= 0) || o.Utilisation > 1:
		return wrong("slo.max_utilisation is %g; between 0 and 1 is allowed, for example 0.9", o.Utilisation)
	case !(m.Objective.LateWeight >= 0) || m.Objective.LateWeight > 0 && m.Objective.LateWeight <= 1:
		return wrong("objective.late_weight is %g; above 1 is needed, else the least capacity is always the cheapest; 0 states none", m.Objective.LateWeight)
	}
	if v.Utilisation == 0 && o.Idle > 0 && o.Latency > 0 {
		v.Utilisation = 1 - o.Idle/o.Latency
	}
	v.Provider = Provider{Name: p.Name, Quantum: p.Quantum, Min: p.Min, Max: p.Max, ApplyDelay: seconds(p.Delay), Cooldown: seconds(p.Cooldown)}
	v.Start, v.Provisioned = time.Unix(int64(*m.Time), 0).UTC(), *m.Provisioned
	if err := v.ID.Check(); err != nil {
		return wrong("id: %w; name the volume, for example vol-1", err)
	}
	return v, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// second says whether t is a time that a message may have.
func second(t float64) bool { return t == math.Trunc(t) && t >= 0 && t <= lastSecond }

// Sample is what a sample tells. Readings that it does not state are NaN.
func (m *Message) Sample() (Sample, error) {
	if m.Time == nil || m.Provisioned == nil || !second(*m.Time) || !(*m.Provisioned >= 0) {
		return Sample{}, fmt.Errorf("sample: t, in whole Unix seconds from 1970 to the year 9999, and provisioned, at least 0, are needed")
	}
	or := func(x *float64, otherwise float64) float64 {
		if x == nil {
			return otherwise
		}
		return *x
	}
	s := Sample{
		Time: int64(*m.Time), Missing: m.Missing, Provisioned: *m.Provisioned, Effective: or(m.Effective, *m.Provisioned),
		Latency: or(m.Latency, math.NaN()), Throughput: or(m.Throughput, math.NaN()), IOPS: or(m.IOPS, math.NaN()), QueueDepth: or(m.QueueDepth, math.NaN()),
	}
	if m.NextAction != nil { // a time beyond all others is one that never comes
		s.NextAction = int64(min(max(0, *m.NextAction), 2*lastSecond))
	}
	return s, nil
}
